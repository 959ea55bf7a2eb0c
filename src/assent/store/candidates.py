"""Contacts that lack something in a connection: a row (I5), or values in one (T6)."""

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Connection, Select, and_, bindparam, exists, func, or_, select, text

from assent.policy.identity import Origin
from assent.policy.permission import BulkEmail, LegalBasis
from assent.ports import Candidate
from assent.ports.setup import Waiting
from assent.store.categories import active_mask
from assent.store.contact_rows import CONTACT_COLUMNS, contact_from
from assent.store.schema import contacts, former_links, links


def _addressed() -> Select[Any]:
    c = contacts.c
    linked, formerly = (
        exists().where(
            table.c.account_id == c.account_id,
            table.c.contact_id == c.contact_id,
            table.c.connection_id == bindparam("connection_id"),
        )
        for table in (links, former_links)
    )
    return (
        select(*CONTACT_COLUMNS, c.origin, c.addressed, c.first_name, c.last_name, or_(linked, formerly))
        .where(c.account_id == bindparam("account_id"), c.addressed > bindparam("after"))
        .order_by(c.addressed)
        .limit(bindparam("limit"))
    )


def _blanks() -> Select[Any]:
    wanted = bindparam("wanted", type_=BigInteger)
    held = links.c.known.bitwise_or(links.c.unread).bitwise_and(wanted)
    silent = and_(links.c.toggle == BulkEmail.NULL, contacts.c.basis != LegalBasis.NONE)
    joined = and_(contacts.c.account_id == links.c.account_id, contacts.c.contact_id == links.c.contact_id)
    return (
        select(links.c.contact_id)
        .select_from(links.join(contacts, joined))
        .where(
            links.c.account_id == bindparam("account_id"),
            links.c.connection_id == bindparam("connection_id"),
            links.c.active.is_(True),
            links.c.base_crm_version.is_not(None),
            contacts.c.pending == 0,
            or_(held != wanted, silent),
        )
        .order_by(links.c.row_id)
        .limit(bindparam("limit"))
    )


ADDRESSED, _BLANKS = _addressed(), _blanks()
_COUNT_BLANKS = select(func.count()).select_from(_BLANKS.limit(None).order_by(None).subquery())
_COUNT_PENDING = (
    select(func.count())
    .select_from(contacts)
    .where(contacts.c.account_id == bindparam("account_id"), text("pending > 0"))
)


def addressed(
    connection: Connection, account_id: int, connection_id: int, after: int, limit: int
) -> list[Candidate]:
    """Contacts addressed after a revision, in order, and whether each had a row in this connection (I5)."""
    asked = {"account_id": account_id, "connection_id": connection_id, "after": after, "limit": limit}
    return [
        Candidate(
            contact_from(contact), Origin(origin), revision, first_name, last_name, had_row=bool(had_row)
        )
        for *contact, origin, revision, first_name, last_name, had_row in connection.execute(ADDRESSED, asked)
    ]


def blanks(connection: Connection, account_id: int, connection_id: int, limit: int) -> list[UUID]:
    """Settled contacts with an active row that holds no value where the hub has one (T6)."""
    wanted = active_mask(connection, account_id)
    asked = {"account_id": account_id, "connection_id": connection_id, "wanted": wanted, "limit": limit}
    return list(dict.fromkeys(connection.execute(_BLANKS, asked).scalars()))


def waiting(connection: Connection, account_id: int, connection_id: int) -> Waiting:
    """How many contacts are to be settled; and, of those that are, how many rows hold a blank."""
    asked = {"account_id": account_id, "connection_id": connection_id}
    wanted = active_mask(connection, account_id)
    unsettled = connection.execute(_COUNT_PENDING, asked).scalar_one()
    return Waiting(unsettled, connection.execute(_COUNT_BLANKS, {**asked, "wanted": wanted}).scalar_one())
