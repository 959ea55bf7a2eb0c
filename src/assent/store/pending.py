"""Which contacts have sides that moved since their bases. Derived; `mark` alone writes it down.

Every transaction that changes what `_waits` reads ends with `mark` for the contacts concerned.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    text,
    update,
)

from assent.policy.permission import BulkEmail, LegalBasis
from assent.policy.sides import CATEGORIES, PERMISSION, LinkKey
from assent.store.among import among_guids
from assent.store.batches import by_connection, chunked, in_order
from assent.store.link_rows import AT_ROWS
from assent.store.schema import contacts, links, notices
from assent.store.waits import REFUSAL, record

SETTLED, MOVED, REFUSING = 0, 1, REFUSAL


def _waits() -> ColumnElement[bool]:
    """A side of the link moved since its base, or there is no base yet."""
    return or_(
        links.c.base_crm_version.is_(None),
        links.c.version > links.c.base_crm_version,
        contacts.c.revision > links.c.base_hub_revision,
        links.c.hub_touched != 0,
        links.c.crm_touched != 0,
        # A column that was emptied, or deleted and made again, without the row moving: a No goes back there.
        _emptied() != 0,
    )


def _emptied() -> ColumnElement[int]:
    """Categories that both sides agreed on, that the hub refuses, and that the row is silent on now (T6)."""
    return links.c.base_known.bitwise_and(links.c.known.bitwise_not()).bitwise_and(
        contacts.c.value.bitwise_not()
    )


def _refuses() -> ColumnElement[bool]:
    """One side of the link says no where the other was not proved to, or said so again."""
    withdrawn = contacts.c.basis == LegalBasis.WITHDRAWN
    allows = or_(links.c.toggle.is_(None), links.c.toggle.in_([BulkEmail.ALLOW, BulkEmail.NULL]))
    hub_no = links.c.hub_touched.bitwise_and(contacts.c.value.bitwise_not()).bitwise_and(CATEGORIES)
    either = links.c.value.bitwise_or(contacts.c.value)
    both = links.c.value.bitwise_and(contacts.c.value)
    return or_(
        and_(withdrawn, allows),
        and_(withdrawn, links.c.hub_touched.bitwise_and(PERMISSION) != 0),
        and_(contacts.c.basis != LegalBasis.WITHDRAWN, links.c.toggle == BulkEmail.DO_NOT_ALLOW),
        hub_no != 0,
        links.c.known.bitwise_and(either - both) != 0,
    )


def _ranks() -> Select[Any]:
    """The named contacts as they are marked, and the highest rank their links give them."""
    rank = case((_waits(), case((_refuses(), REFUSING), else_=MOVED)), else_=SETTLED)
    joined = and_(links.c.account_id == contacts.c.account_id, links.c.contact_id == contacts.c.contact_id)
    linked = case((links.c.row_id.is_(None), SETTLED), else_=rank)
    told = (contacts.c.contact_id, contacts.c.pending, contacts.c.pending_since)
    said = (contacts.c.basis, contacts.c.value)
    return (
        select(*told, *said, func.max(linked))
        .select_from(contacts.outerjoin(links, joined))
        .where(_NAMED)
        .group_by(*told, *said)
    )


_AMONG = among_guids(contacts.c.contact_id, bindparam("contact_ids"))
_NAMED = and_(contacts.c.account_id == bindparam("account_id"), _AMONG)
_LOCK = select(contacts.c.contact_id).where(_NAMED).order_by(contacts.c.contact_id).with_for_update()
_RANKS = _ranks()
_MARK = (
    update(contacts)
    .where(contacts.c.account_id == bindparam("at_account"), _AMONG)
    .values(pending=bindparam("set_pending"))
)
_MARK_SINCE = _MARK.values(pending_since=bindparam("set_since"))
_PENDING = (
    select(contacts.c.contact_id)
    .where(contacts.c.account_id == bindparam("account_id"), text("pending > 0"))
    .order_by(contacts.c.pending.desc(), contacts.c.contact_id.desc())
    .limit(bindparam("limit"))
)
_OWNERS = select(links.c.contact_id).where(AT_ROWS)
_LINKED = select(links.c.connection_id, links.c.row_id, links.c.contact_id).where(
    links.c.account_id == bindparam("account_id"), among_guids(links.c.contact_id, bindparam("contact_ids"))
)
_FIRST_NOTICE = select(notices.c.notice_id).where(notices.c.account_id == bindparam("account_id")).limit(1)
_TOLD = (
    select(notices.c.row_id, func.max(case((notices.c.refused != 0, REFUSING), else_=MOVED)))
    .where(
        notices.c.account_id == bindparam("account_id"),
        notices.c.connection_id == bindparam("connection_id"),
        among_guids(notices.c.row_id, bindparam("row_ids")),
    )
    .group_by(notices.c.row_id)
)


def mark(connection: Connection, account_id: int, contact_ids: Collection[UUID], now: datetime) -> None:
    """Write down for each contact whether it is pending, as the tables stand in this transaction.

    The contacts are locked first, so that of two writers the second judges what both wrote. How long
    a refusal had waited is remembered when it is in effect on both sides, unless a grant replaced it.
    """
    if not contact_ids:
        return
    noticed = any_waits(connection, account_id)
    for piece in chunked(in_order(contact_ids)):
        asked = {"account_id": account_id, "contact_ids": piece}
        if connection.dialect.name != "sqlite":
            connection.execute(_LOCK, asked)
        due = _by_notice(connection, account_id, piece) if noticed else {}
        moved: dict[tuple[int, bool], list[UUID]] = {}
        in_effect: list[tuple[UUID, datetime]] = []
        for contact_id, was, since, basis, value, rank in connection.execute(_RANKS, asked).all():
            now_pending = max(rank, due.get(contact_id, SETTLED))
            if now_pending != was:
                moved.setdefault((now_pending, was == SETTLED), []).append(contact_id)
                refuses = basis is LegalBasis.WITHDRAWN or CATEGORIES & ~value
                if was == REFUSING and since is not None and refuses:
                    in_effect.append((contact_id, since))
        record(connection, account_id, in_effect, now)
        for (pending, began), moved_ids in moved.items():
            as_of_now = {"set_since": now if pending else None} if began or not pending else {}
            connection.execute(
                _MARK_SINCE if as_of_now else _MARK,
                {"at_account": account_id, "contact_ids": moved_ids, "set_pending": pending, **as_of_now},
            )


def mark_rows(connection: Connection, account_id: int, keys: Collection[LinkKey], now: datetime) -> None:
    """Mark the contacts these rows are linked to."""
    contact_ids: set[UUID] = set()
    for connection_id, row_ids in by_connection(keys):
        asked = {"account_id": account_id, "connection_id": connection_id, "row_ids": row_ids}
        contact_ids.update(connection.execute(_OWNERS, asked).scalars())
    mark(connection, account_id, contact_ids, now)


def pending(connection: Connection, account_id: int, limit: int) -> list[UUID]:
    """Pending contacts, those with a waiting refusal first; costs nothing while there are none."""
    return list(connection.execute(_PENDING, {"account_id": account_id, "limit": limit}).scalars())


def any_waits(connection: Connection, account_id: int) -> bool:
    """Whether any notice of the account waits."""
    return connection.execute(_FIRST_NOTICE, {"account_id": account_id}).first() is not None


def _by_notice(connection: Connection, account_id: int, contact_ids: Sequence[UUID]) -> dict[UUID, int]:
    """What waiting notices alone make of contacts; asked by row, for the inbox may be in flood."""
    theirs = connection.execute(_LINKED, {"account_id": account_id, "contact_ids": contact_ids})
    owners = {LinkKey(row[0], row[1]): row[2] for row in theirs.all()}
    due: dict[UUID, int] = {}
    for connection_id, row_ids in by_connection(owners):
        asked = {"account_id": account_id, "connection_id": connection_id, "row_ids": row_ids}
        for row_id, rank in connection.execute(_TOLD, asked).all():
            owner = owners[LinkKey(connection_id, row_id)]
            due[owner] = max(rank, due.get(owner, SETTLED))
    return due
