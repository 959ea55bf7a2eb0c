"""Whom a send is for, what the gate said of each, and how far the mail got: set at a time."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, Connection, bindparam, func, literal, or_, select
from sqlalchemy.sql.elements import ColumnElement

from assent.policy.audience import Audience
from assent.policy.gate import Reason
from assent.policy.sending import RecipientState
from assent.store import sends as stored
from assent.store.among import among_guids
from assent.store.desk_schema import recipients
from assent.store.dialects import insert
from assent.store.schema import contacts
from assent.store.search import condition
from assent.store.sends import StoredSend

#: Of each send, how many recipients stand where and why.
Counts = Mapping[int, Mapping[tuple[RecipientState, Reason], int]]

#: Recipients with what is known of them as contacts.
WITH_CONTACTS = recipients.outerjoin(
    contacts,
    (contacts.c.account_id == recipients.c.account_id) & (contacts.c.contact_id == recipients.c.contact_id),
)


@dataclass(frozen=True, slots=True)
class Taken:
    """A recipient whose mail is about to be handed over, with what the mail needs."""

    contact_id: UUID
    email: str
    first_name: str
    last_name: str
    attempts: int


@dataclass(frozen=True, slots=True)
class ListedRecipient:
    """A recipient as a list shows it; the address is empty for one who is no contact any more."""

    contact_id: UUID
    email: str
    first_name: str
    last_name: str
    state: RecipientState
    reason: Reason
    detail: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which recipients a list shows."""

    states: frozenset[RecipientState] = frozenset()
    reason: Reason | None = None
    after: UUID | None = None
    limit: int = 100


def of_send(
    account_id: int | BindParameter[int], send_id: int | BindParameter[int], *states: RecipientState
) -> list[ColumnElement[bool]]:
    """What must hold of the recipients of a send in these states, or in any."""
    found: list[ColumnElement[bool]] = [
        recipients.c.account_id == account_id,
        recipients.c.send_id == send_id,
    ]
    if states:
        # No IN: it cannot be run for many rows at once.
        found.append(or_(*(recipients.c.state == state.value for state in states)))
    return found


_ACCOUNT: BindParameter[int] = bindparam("account_id")
_SEND: BindParameter[int] = bindparam("send_id")
_DUE = (
    *of_send(_ACCOUNT, _SEND, RecipientState.WAITING),
    or_(recipients.c.due_at.is_(None), recipients.c.due_at <= bindparam("now")),
)
_UNCHECKED = (
    select(recipients.c.contact_id).where(*_DUE).order_by(recipients.c.contact_id).limit(bindparam("limit"))
)
_UNCHECKED_AFTER = _UNCHECKED.where(recipients.c.contact_id > bindparam("after"))
_UNCHECKED_COUNT = select(func.count()).select_from(recipients).where(*_DUE)
_NEXT = (
    select(recipients.c.contact_id, recipients.c.checked_at)
    .where(*of_send(_ACCOUNT, _SEND, RecipientState.CHECKED))
    .order_by(recipients.c.contact_id)
    .limit(bindparam("limit"))
    .subquery()
)
_STALE = select(_NEXT.c.contact_id).where(_NEXT.c.checked_at < bindparam("before"))


def enlist(connection: Connection, account_id: int, send_id: int, audience: Audience, now: datetime) -> int:
    """Write down everybody the audience has now; gives how many. Later contacts are not added."""
    everybody = select(
        literal(account_id),
        literal(send_id),
        contacts.c.contact_id,
        literal(Reason.UNVERIFIED.value),
        literal(RecipientState.WAITING.value),
        literal(now, recipients.c.at.type),
    ).where(*condition(connection, account_id, audience))
    names = ["account_id", "send_id", "contact_id", "reason", "state", "at"]
    statement = insert(recipients).from_select(names, everybody)
    return connection.execute(statement.on_conflict_do_nothing()).rowcount


def unchecked(
    connection: Connection,
    account_id: int,
    send_id: int,
    now: datetime,
    limit: int,
    after: UUID | None = None,
) -> list[UUID]:
    """Recipients the gate is to be asked about now, from behind one of them."""
    asked = {"account_id": account_id, "send_id": send_id, "now": now, "limit": limit}
    if after is None:
        return list(connection.execute(_UNCHECKED, asked).scalars())
    return list(connection.execute(_UNCHECKED_AFTER, asked | {"after": after}).scalars())


def unchecked_count(connection: Connection, account_id: int, send_id: int, now: datetime) -> int:
    """How many they are."""
    asked = {"account_id": account_id, "send_id": send_id, "now": now}
    return int(connection.execute(_UNCHECKED_COUNT, asked).scalar_one())


def stale(connection: Connection, account_id: int, send_id: int, before: datetime, limit: int) -> list[UUID]:
    """Of the next to be mailed, those whose check is older than that."""
    asked = {"account_id": account_id, "send_id": send_id, "before": before, "limit": limit}
    return list(connection.execute(_STALE, asked).scalars())


def with_counts(connection: Connection, account_id: int, send_id: int) -> tuple[StoredSend, Counts]:
    """A send with its counts; raises Unknown."""
    return stored.read(connection, account_id, send_id), counts(connection, account_id, [send_id])


def page_with_counts(
    connection: Connection, account_id: int, before: int | None, limit: int
) -> tuple[list[StoredSend], Counts]:
    """Sends with their counts, the newest first."""
    found = stored.page(connection, account_id, before, limit)
    return found, counts(connection, account_id, [send.send_id for send in found])


def counts(connection: Connection, account_id: int, send_ids: Collection[int]) -> Counts:
    """Of each send, how many recipients stand where and why."""
    c = recipients.c
    statement = (
        select(c.send_id, c.state, c.reason, func.count())
        .where(c.account_id == account_id, c.send_id.in_(send_ids))
        .group_by(c.send_id, c.state, c.reason)
    )
    found: dict[int, dict[tuple[RecipientState, Reason], int]] = {}
    for send_id, state, reason, number in connection.execute(statement):
        found.setdefault(send_id, {})[RecipientState(state), Reason(reason)] = number
    return found


def page(connection: Connection, account_id: int, send_id: int, wanted: Wanted) -> list[ListedRecipient]:
    """Recipients in a fixed order, with their addresses; raises Unknown for no such send."""
    c = recipients.c
    stored.read(connection, account_id, send_id)
    statement = (
        select(
            c.contact_id,
            func.coalesce(contacts.c.shown_email, ""),
            func.coalesce(contacts.c.first_name, ""),
            func.coalesce(contacts.c.last_name, ""),
            c.state,
            c.reason,
            c.detail,
            c.at,
        )
        .select_from(WITH_CONTACTS)
        .where(*of_send(account_id, send_id, *wanted.states))
        .order_by(c.contact_id)
        .limit(wanted.limit)
    )
    if wanted.reason is not None:
        statement = statement.where(c.reason == wanted.reason.value)
    if wanted.after is not None:
        statement = statement.where(c.contact_id > wanted.after)
    return [_listed(row) for row in connection.execute(statement)]


def named(connection: Connection, account_id: int, contact_ids: Collection[UUID]) -> Mapping[UUID, Taken]:
    """The addresses and names of contacts."""
    c = contacts.c
    statement = select(c.contact_id, c.shown_email, c.first_name, c.last_name).where(
        c.account_id == account_id, among_guids(c.contact_id, contact_ids)
    )
    return {row[0]: Taken(*row, 0) for row in connection.execute(statement)}


def _listed(row: Any) -> ListedRecipient:
    contact_id, email, first, last, state, reason, detail, at = row
    return ListedRecipient(contact_id, email, first, last, RecipientState(state), Reason(reason), detail, at)
