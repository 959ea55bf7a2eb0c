"""Reads people as a merge sees them: contacts with every link, act and waiting refusal."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from uuid import UUID

from sqlalchemy import Connection, select

from assent.policy.sides import Link, LinkKey, Person
from assent.store.batches import by_connection
from assent.store.contact_rows import acts_of, contacts_at
from assent.store.link_rows import AT_ROWS, links_of
from assent.store.notices import waiting_for
from assent.store.schema import links

#: Per row: the fields waiting notices reported refused, and the newest version they told.
Refusals = dict[LinkKey, tuple[int, int]]

_OWNERS = select(links.c.row_id, links.c.contact_id).where(AT_ROWS)


def people(connection: Connection, account_id: int, contact_ids: Collection[UUID]) -> list[Person]:
    """The named contacts with all their links, sightings, bases and waiting notices."""
    wanted = set(contact_ids)
    acted = acts_of(connection, account_id, wanted)
    known = contacts_at(connection, account_id, wanted)
    found = links_of(connection, account_id, wanted)
    refused = refusals(connection, account_id, [key for links in found.values() for key in links])
    return [
        Person(
            contact if contact_id not in acted else replace(contact, acted=acted[contact_id]),
            _links(found.get(contact_id, {}), refused),
        )
        for contact_id, contact in known.items()
    ]


def refusals(connection: Connection, account_id: int, keys: Collection[LinkKey]) -> Refusals:
    """What waiting notices report refused on rows (M8)."""
    found: Refusals = {}
    for notice in waiting_for(connection, account_id, keys):
        if notice.refused:
            key = LinkKey(notice.connection_id, notice.row_id)
            mask, newest = found.get(key, (0, 0))
            found[key] = (mask | notice.refused, max(newest, notice.version))
    return found


def linked(connection: Connection, account_id: int, keys: Collection[LinkKey]) -> dict[LinkKey, UUID]:
    """Which contact each linked row belongs to."""
    found = {}
    for connection_id, row_ids in by_connection(keys):
        asked = {"account_id": account_id, "connection_id": connection_id, "row_ids": row_ids}
        for row_id, contact_id in connection.execute(_OWNERS, asked).all():
            found[LinkKey(connection_id, row_id)] = contact_id
    return found


def _links(found: Mapping[LinkKey, Link], refused: Refusals) -> tuple[Link, ...]:
    """Links in a fixed order, each with what notices told of it."""
    links = [link if key not in refused else _told(link, *refused[key]) for key, link in found.items()]
    return tuple(sorted(links, key=_order)) if len(links) > 1 else tuple(links)


def _told(link: Link, refused: int, version: int) -> Link:
    return replace(link, refused=refused, refused_version=version)


def _order(link: Link) -> tuple[int, int]:
    return link.key.connection_id, link.key.row_id.int
