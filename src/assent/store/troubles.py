"""What the CRM refused or could not be reached for, until it goes well or a person puts it aside."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Insert,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)

from assent.policy.sides import LinkKey
from assent.store.contact_rows import holders, update_contacts
from assent.store.counters import lock_account, take_revisions
from assent.store.desk_schema import troubles
from assent.store.dialects import insert
from assent.store.people import linked
from assent.store.schema import connections, contacts, former_links, links

#: The row of troubles that concern a whole connection.
CONNECTION_ITSELF = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Found:
    """Something that went wrong just now; `address` tells whose row could not be created."""

    connection_id: int
    row_id: UUID
    kind: str
    message: str
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that went wrong and has not gone well since."""

    connection_id: int
    row_id: UUID
    contact_id: UUID | None
    kind: str
    message: str
    first_at: datetime
    last_at: datetime
    times: int
    aside_at: datetime | None
    connection_name: str
    connection_url: str


def _linked(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """The trouble's row is linked to somebody."""
    t = troubles.c
    return exists().where(
        links.c.account_id == t.account_id,
        links.c.connection_id == t.connection_id,
        links.c.row_id == t.row_id,
        *conditions,
    )


def _over() -> ColumnElement[bool]:
    """The trouble's row is of a contact who settled, or nobody's and stays so."""
    t, c = troubles.c, contacts.c
    settled = _linked(c.account_id == t.account_id, c.contact_id == links.c.contact_id, c.pending == 0)
    there = exists().where(c.account_id == t.account_id, c.contact_id == t.contact_id)
    has_row, had_row = (
        exists().where(
            table.c.account_id == t.account_id,
            table.c.contact_id == t.contact_id,
            table.c.connection_id == t.connection_id,
        )
        for table in (links, former_links)
    )
    due_a_row = and_(there, ~has_row, ~had_row)
    return or_(settled, and_(~_linked(), ~due_a_row))


def _upsert() -> Insert:
    """A new trouble, or one more time of the same; another kind of trouble is no longer put aside."""
    statement, t = insert(troubles), troubles.c
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=["account_id", "connection_id", "row_id"],
        set_={
            "contact_id": new.contact_id,
            "message": new.message,
            "last_at": new.last_at,
            "times": t.times + 1,
            "aside_at": case((t.kind == new.kind, t.aside_at), else_=None),
            "kind": new.kind,
        },
    )


_KEEP = _upsert()
_OF_ROWS = and_(troubles.c.account_id == bindparam("account_id"), troubles.c.row_id != CONNECTION_ITSELF)
_FIRST_ROW = select(troubles.c.row_id).where(_OF_ROWS).limit(1)
_DROP_ROWS = delete(troubles).where(_OF_ROWS, _over())
_DROP_CONNECTIONS = delete(troubles).where(
    troubles.c.account_id == bindparam("account_id"),
    troubles.c.row_id == CONNECTION_ITSELF,
    troubles.c.connection_id.in_(bindparam("reached", expanding=True)),
)


def keep(
    connection: Connection, account_id: int, found: Sequence[Found], reached: Collection[int], now: datetime
) -> None:
    """Write down what went wrong, and drop what went well.

    That is: organisations that were reached, contacts that settled, rows that are gone.
    """
    _drop_connections(connection, account_id, reached)
    _write(connection, account_id, found, now)
    _drop_rows(connection, account_id)


def counts(connection: Connection, account_id: int) -> dict[int, int]:
    """How many troubles each connection has that were not put aside."""
    t = troubles.c
    statement = (
        select(t.connection_id, func.count())
        .where(t.account_id == account_id, t.aside_at.is_(None))
        .group_by(t.connection_id)
    )
    return {row[0]: row[1] for row in connection.execute(statement)}


def page(
    connection: Connection, account_id: int, after: tuple[int, UUID] | None, limit: int, *, aside: bool
) -> list[Trouble]:
    """Troubles in the order of their connections, those of a connection itself first."""
    t = troubles.c
    statement = _select(account_id).where(t.aside_at.is_not(None) if aside else t.aside_at.is_(None))
    if after is not None:
        beyond = and_(t.connection_id == after[0], t.row_id > after[1])
        statement = statement.where(or_(t.connection_id > after[0], beyond))
    statement = statement.order_by(t.connection_id, t.row_id).limit(limit)
    return [Trouble(**row._mapping) for row in connection.execute(statement)]


def one(connection: Connection, account_id: int, connection_id: int, row_id: UUID) -> Trouble | None:
    """One trouble."""
    t = troubles.c
    statement = _select(account_id).where(t.connection_id == connection_id, t.row_id == row_id)
    row = connection.execute(statement).first()
    return None if row is None else Trouble(**row._mapping)


def put_aside(
    connection: Connection, account_id: int, connection_id: int, row_id: UUID, now: datetime | None
) -> None:
    """Tell nobody of a trouble any more, or tell of it again; it goes by itself when it goes well."""
    t = troubles.c
    connection.execute(
        update(troubles)
        .where(t.account_id == account_id, t.connection_id == connection_id, t.row_id == row_id)
        .values(aside_at=now)
    )


def try_again(connection: Connection, account_id: int, connection_id: int, row_id: UUID | None) -> None:
    """Let rows that could not be created be considered once more (I5); others are tried by every drain.

    The contacts concerned, without a row all of the connection's, count as newly addressed. That is also
    seen by a drain that is under way.
    """
    t, c = troubles.c, contacts.c
    statement = (
        select(c.contact_id)
        .where(c.account_id == account_id, t.account_id == account_id, c.contact_id == t.contact_id)
        .where(t.connection_id == connection_id, ~_linked())
        .order_by(c.addressed)
    )
    if row_id is not None:
        statement = statement.where(t.row_id == row_id)
    lock_account(connection, account_id)
    if due := list(dict.fromkeys(connection.execute(statement).scalars())):
        revisions = take_revisions(connection, account_id, len(due))
        changes: list[tuple[UUID, dict[str, object]]] = [
            (one, {"addressed": number}) for one, number in zip(due, revisions, strict=True)
        ]
        update_contacts(connection, account_id, changes)


def _select(account_id: int) -> Any:
    t = troubles.c
    named = and_(connections.c.account_id == t.account_id, connections.c.connection_id == t.connection_id)
    return (
        select(*troubles.c[1:], connections.c.name.label("connection_name"))
        .add_columns(connections.c.url.label("connection_url"))
        .select_from(troubles.join(connections, named))
        .where(t.account_id == account_id)
    )


def _drop_connections(connection: Connection, account_id: int, reached: Collection[int]) -> None:
    if reached:
        connection.execute(_DROP_CONNECTIONS, {"account_id": account_id, "reached": sorted(reached)})


def _write(connection: Connection, account_id: int, found: Sequence[Found], now: datetime) -> None:
    if not found:
        return
    owners = _owners(connection, account_id, found)
    rows = [
        {
            "account_id": account_id,
            "connection_id": one.connection_id,
            "row_id": one.row_id,
            "contact_id": owners.get(LinkKey(one.connection_id, one.row_id)),
            "kind": one.kind,
            "message": one.message,
            "first_at": now,
            "last_at": now,
        }
        for one in found
    ]
    connection.execute(_KEEP, rows)


def _owners(connection: Connection, account_id: int, found: Sequence[Found]) -> dict[LinkKey, UUID]:
    """Whose rows these are: by their links, or by the address a row was to be created with."""
    keys = {LinkKey(one.connection_id, one.row_id): one.address for one in found}
    holding = holders(connection, account_id, {address for address in keys.values() if address})
    owners = {key: holding[address] for key, address in keys.items() if address in holding and address}
    return owners | linked(connection, account_id, keys)


def _drop_rows(connection: Connection, account_id: int) -> None:
    """Drop the troubles of rows that are over; mostly there are none to judge."""
    asked = {"account_id": account_id}
    if connection.execute(_FIRST_ROW, asked).first() is not None:
        connection.execute(_DROP_ROWS, asked)
