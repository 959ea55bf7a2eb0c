"""Finds contacts: the filter of an audience as one condition, read in pages or counted."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, and_, case, exists, func, or_, select, text

from assent.policy.address import normalise
from assent.policy.audience import Audience, fold
from assent.policy.permission import LegalBasis
from assent.store.among import among_guids
from assent.store.contact_rows import holders
from assent.store.schema import contacts, links


@dataclass(frozen=True, slots=True)
class Found:
    """A contact as a list shows it; `links` counts its rows in Dynamics."""

    links: int
    contact_id: UUID
    email: str
    shown_email: str
    first_name: str
    last_name: str
    basis: LegalBasis
    value: int
    hold: str | None
    pending: bool
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Exported:
    """A contact as a file holds it."""

    email: str
    shown_email: str
    first_name: str
    last_name: str
    basis: LegalBasis
    value: int
    hold: str | None
    created_at: datetime
    updated_at: datetime


_COLUMNS = (
    contacts.c.contact_id,
    contacts.c.email,
    contacts.c.shown_email,
    contacts.c.first_name,
    contacts.c.last_name,
    contacts.c.basis,
    contacts.c.value,
    contacts.c.hold,
    (contacts.c.pending > 0).label("waits"),
    contacts.c.updated_at,
)


def page(connection: Connection, account_id: int, audience: Audience, after: str, limit: int) -> list[Found]:
    """The contacts of an audience behind an address, in the order of their addresses."""
    statement = _behind(connection, account_id, audience, select(*_COLUMNS), (after, limit))
    if audience.text and audience == Audience(audience.text):
        # A text alone is looked for in its index, and only what was found is read from the table.
        within = _behind(connection, account_id, audience, select(contacts.c.email), (after, limit))
        theirs = (contacts.c.account_id == account_id, contacts.c.email.in_(within))
        statement = select(*_COLUMNS).where(*theirs).order_by(contacts.c.email)
    rows: Sequence[Any] = connection.execute(statement).all()
    linked = _links(connection, account_id, [row[0] for row in rows])
    return [Found(linked.get(row[0], 0), *row) for row in rows]


def count(connection: Connection, account_id: int, audience: Audience) -> int:
    """How many contacts an audience has."""
    statement = _matching(connection, account_id, audience, select(func.count()).select_from(contacts))
    return int(connection.execute(statement).scalar_one())


def exported(
    connection: Connection, account_id: int, audience: Audience, after: str, limit: int
) -> list[Exported]:
    """The contacts of an audience behind an address, as a file holds them."""
    c = contacts.c
    columns = (c.email, c.shown_email, c.first_name, c.last_name, c.basis, c.value, c.hold)
    statement = select(*columns, c.created_at, c.updated_at)
    window = _behind(connection, account_id, audience, statement, (after, limit))
    rows: Sequence[Any] = connection.execute(window).all()
    return [Exported(*row) for row in rows]


def subscribers(connection: Connection, account_id: int, bits: Sequence[int]) -> dict[int, int]:
    """How many contacts say Yes to each category, in one pass over them."""
    if not bits:
        return {}
    yes = [func.sum(case((contacts.c.value.bitwise_and(bit) != 0, 1), else_=0)) for bit in bits]
    row = connection.execute(select(*yes).where(contacts.c.account_id == account_id)).one()
    return {bit: int(total or 0) for bit, total in zip(bits, row, strict=True)}


def holder(connection: Connection, account_id: int, email: str) -> UUID | None:
    """Which contact holds an address, however it is spelled."""
    address = normalise(email)
    return holders(connection, account_id, [address]).get(address) if address else None


def ids(
    connection: Connection, account_id: int, audience: Audience, limit: int, after: UUID | None = None
) -> list[UUID]:
    """The contacts of an audience in the order of their ids, at most so many from behind one."""
    statement = _matching(connection, account_id, audience, select(contacts.c.contact_id))
    if after is not None:
        statement = statement.where(contacts.c.contact_id > after)
    ordered = statement.order_by(contacts.c.contact_id).limit(limit)
    return list(connection.execute(ordered).scalars())


def _behind(
    connection: Connection,
    account_id: int,
    audience: Audience,
    statement: Select[Any],
    window: tuple[str, int],
) -> Select[Any]:
    """An audience in the order of its addresses, so many from behind one."""
    after, limit = window
    found = _matching(connection, account_id, audience, statement)
    if after:
        found = found.where(contacts.c.email > after)
    return found.order_by(contacts.c.email).limit(limit)


def _matching(
    connection: Connection, account_id: int, audience: Audience, statement: Select[Any]
) -> Select[Any]:
    return statement.where(*condition(connection, account_id, audience))


def condition(connection: Connection, account_id: int, audience: Audience) -> list[ColumnElement[bool]]:
    """What must hold of a row of `contacts` for it to be meant."""
    c = contacts.c
    found: list[ColumnElement[bool]] = [c.account_id == account_id]
    found += [_says(connection, term) for term in audience.terms]
    if audience.bases:
        found.append(c.basis.in_(sorted(audience.bases)))
    if audience.subscribed:
        found.append(c.value.bitwise_and(audience.subscribed) == audience.subscribed)
    if audience.unsubscribed:
        found.append(c.value.bitwise_and(audience.unsubscribed) == 0)
    if audience.linked is not None or audience.connection is not None:
        row = _row(audience.connection)
        found.append(~row if audience.linked is False else row)
    if audience.held is not None:
        found.append(c.hold.is_not(None) if audience.held else c.hold.is_(None))
    if audience.pending is not None:
        found.append(text("pending > 0") if audience.pending else c.pending == 0)  # type: ignore[arg-type]
    if audience.contact_ids is not None:
        found.append(among_guids(c.contact_id, audience.contact_ids))
    return found


def _says(connection: Connection, term: str) -> ColumnElement[bool]:
    """An address or a name has the word in it, wherever: without case, and names without accents."""
    within = func.instr if connection.dialect.name == "sqlite" else func.strpos
    spellings = sorted({term.casefold(), term.lower()})  # a domain keeps letters that a name would fold
    address = [within(contacts.c.email, spelling) > 0 for spelling in spellings]
    return or_(*address, within(contacts.c.named, fold(term)) > 0)


def _row(connection_id: int | None) -> ColumnElement[bool]:
    theirs = and_(links.c.account_id == contacts.c.account_id, links.c.contact_id == contacts.c.contact_id)
    if connection_id is None:
        return exists().where(theirs)
    return exists().where(theirs, links.c.connection_id == connection_id)


def _links(connection: Connection, account_id: int, contact_ids: Collection[UUID]) -> dict[UUID, int]:
    if not contact_ids:
        return {}
    statement = (
        select(links.c.contact_id, func.count())
        .where(links.c.account_id == account_id, among_guids(links.c.contact_id, contact_ids))
        .group_by(links.c.contact_id)
    )
    rows: Sequence[Any] = connection.execute(statement).all()
    return dict(rows)
