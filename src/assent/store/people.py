"""Reads people as a merge sees them: contacts with every link, act and waiting refusal."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Connection, and_, select

from assent.policy.sides import Link, LinkKey, Person
from assent.store.among import among_guids
from assent.store.batches import by_connection, chunked
from assent.store.contact_rows import CONTACT_COLUMNS, acts_of, contact_from
from assent.store.link_rows import LINK_COLUMNS, link_from
from assent.store.notices import REFUSES, any_refusing
from assent.store.schema import contacts, links, notices

#: Per row: the fields waiting notices reported refused, and the newest version they told.
Refusals = dict[LinkKey, tuple[int, int]]


def people(connection: Connection, account_id: int, contact_ids: Collection[UUID]) -> list[Person]:
    """The named contacts with all their links, sightings, bases and waiting notices."""
    wanted = set(contact_ids)
    refused = refusals(connection, account_id, wanted)
    acted = acts_of(connection, account_id, wanted)
    found: dict[UUID, list[Link]] = {}
    people: list[Person] = []
    for piece in chunked(sorted(wanted)):
        linked = select(*LINK_COLUMNS).where(
            links.c.account_id == account_id, among_guids(links.c.contact_id, piece)
        )
        for row in connection.execute(linked).all():
            told = refused.get(LinkKey(row[1], row[2]), (0, 0)) if refused else (0, 0)
            found.setdefault(row[0], []).append(link_from(row, *told))
        held = select(*CONTACT_COLUMNS).where(
            contacts.c.account_id == account_id, among_guids(contacts.c.contact_id, piece)
        )
        for known in connection.execute(held).all():
            contact = contact_from(known, acted.get(known[0]))
            people.append(Person(contact, tuple(sorted(found.pop(known[0], ()), key=_order))))
    return people


def refusals(connection: Connection, account_id: int, contact_ids: Collection[UUID]) -> Refusals:
    """What waiting notices report refused on the rows of contacts (M8)."""
    found: Refusals = {}
    if not any_refusing(connection, account_id):
        return found
    joined = and_(
        notices.c.account_id == links.c.account_id,
        notices.c.connection_id == links.c.connection_id,
        notices.c.row_id == links.c.row_id,
    )
    for piece in chunked(contact_ids):
        statement = (
            select(notices.c.connection_id, notices.c.row_id, notices.c.refused, notices.c.version)
            .select_from(links.join(notices, joined))
            .where(
                links.c.account_id == account_id,
                among_guids(links.c.contact_id, piece),
                notices.c.lane == REFUSES,
            )
        )
        for connection_id, row_id, refused, version in connection.execute(statement).all():
            key = LinkKey(connection_id, row_id)
            mask, newest = found.get(key, (0, 0))
            found[key] = (mask | refused, max(newest, version))
    return found


def linked(connection: Connection, account_id: int, keys: Collection[LinkKey]) -> dict[LinkKey, UUID]:
    """Which contact each linked row belongs to."""
    found = {}
    for connection_id, row_ids in by_connection(keys):
        statement = select(links.c.row_id, links.c.contact_id).where(
            links.c.account_id == account_id,
            links.c.connection_id == connection_id,
            among_guids(links.c.row_id, row_ids),
        )
        for row_id, contact_id in connection.execute(statement).all():
            found[LinkKey(connection_id, row_id)] = contact_id
    return found


def _order(link: Link) -> tuple[int, UUID]:
    return link.key.connection_id, link.key.row_id
