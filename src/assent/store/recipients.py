"""Whom a send is for, what the gate said of each, and how far the mail got: set at a time."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, func, literal, select, update
from sqlalchemy.sql.elements import ColumnElement

from assent.errors import Invalid
from assent.policy.audience import Audience
from assent.policy.gate import Reason, Verdict
from assent.policy.sending import RecipientState, SendState, Step, may_happen
from assent.store import sends as stored
from assent.store.among import among_guids
from assent.store.counters import lock_account
from assent.store.desk_schema import recipients, sends
from assent.store.dialects import insert
from assent.store.gate_facts import GateFacts, GateReader
from assent.store.schema import contacts
from assent.store.search import condition
from assent.store.sends import StoredSend

#: Of each send, how many recipients stand where and why.
Counts = Mapping[int, Mapping[tuple[RecipientState, Reason], int]]

#: The verdict on a recipient who is no contact any more: erased, or joined with another.
GONE = Verdict(Reason.UNVERIFIED, "no such contact")

_WITH_CONTACTS = recipients.outerjoin(
    contacts,
    (contacts.c.account_id == recipients.c.account_id) & (contacts.c.contact_id == recipients.c.contact_id),
)


@dataclass(frozen=True, slots=True)
class Mark:
    """The new standing of one recipient."""

    contact_id: UUID
    state: RecipientState
    reason: Reason
    detail: str = ""
    due_at: datetime | None = None


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


def _of(account_id: int, send_id: int, *states: RecipientState) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [
        recipients.c.account_id == account_id,
        recipients.c.send_id == send_id,
    ]
    if states:
        found.append(recipients.c.state.in_([state.value for state in states]))
    return found


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
    statement = insert(connection, recipients).from_select(names, everybody)
    return connection.execute(statement.on_conflict_do_nothing()).rowcount


def unchecked(connection: Connection, account_id: int, send_id: int, now: datetime, limit: int) -> list[UUID]:
    """Recipients the gate is to be asked about now."""
    c = recipients.c
    statement = (
        select(c.contact_id)
        .where(*_of(account_id, send_id, RecipientState.WAITING))
        .where(c.due_at.is_(None) | (c.due_at <= now))
        .order_by(c.contact_id)
        .limit(limit)
    )
    return list(connection.execute(statement).scalars())


def stale(connection: Connection, account_id: int, send_id: int, before: datetime, limit: int) -> list[UUID]:
    """Of the next to be mailed, those whose check is older than that."""
    c = recipients.c
    following = (
        select(c.contact_id, c.checked_at)
        .where(*_of(account_id, send_id, RecipientState.CHECKED))
        .order_by(c.contact_id)
        .limit(limit)
        .subquery()
    )
    statement = select(following.c.contact_id).where(following.c.checked_at < before)
    return list(connection.execute(statement).scalars())


def mark_checked(
    connection: Connection, account_id: int, send_id: int, marks: Sequence[Mark], began: datetime
) -> None:
    """Store what the gate said; `began` is when the check began that it rests on."""
    _mark(connection, account_id, send_id, marks, began, (RecipientState.WAITING, RecipientState.CHECKED))


def mark_handed(
    connection: Connection, account_id: int, send_id: int, marks: Sequence[Mark], now: datetime
) -> None:
    """Store what became of mails that were being handed over.

    One that another process took for lost meanwhile is told as it was.
    """
    _mark(connection, account_id, send_id, marks, now, (RecipientState.HANDING, RecipientState.UNCERTAIN))


def _mark(
    connection: Connection,
    account_id: int,
    send_id: int,
    marks: Sequence[Mark],
    at: datetime,
    states: tuple[RecipientState, ...],
) -> None:
    if not marks:
        return
    later = {RecipientState.DEFERRED, RecipientState.REFUSED, RecipientState.SENT}
    values: dict[str, Any] = {
        "state": bindparam("to_state"),
        "reason": bindparam("to_reason"),
        "detail": bindparam("to_detail"),
        "due_at": bindparam("to_due", type_=recipients.c.due_at.type),
        "at": at,
        "attempts": recipients.c.attempts + bindparam("more"),
    }
    if RecipientState.WAITING in states:
        values["checked_at"] = at
    statement = (
        update(recipients)
        .where(*_of(account_id, send_id, *states), recipients.c.contact_id == bindparam("of_contact"))
        .values(values)
    )
    connection.execute(
        statement,
        [
            {
                "of_contact": mark.contact_id,
                "to_state": mark.state.value,
                "to_reason": mark.reason.value,
                "to_detail": mark.detail[:200],
                "to_due": mark.due_at,
                "more": int(mark.state in later),
            }
            for mark in marks
        ],
    )


@dataclass(frozen=True, slots=True)
class Taking:
    """Takes the next recipients to be handed over, on the facts as they stand in that transaction.

    `judge` gives the gate's word on what is known here. Whoever it refuses is left out; the others are
    stored as being handed over before anything is (P1, P6).
    """

    reader: GateReader
    judge: Callable[[GateFacts], Verdict]
    checked_since: datetime
    limit: int
    now: datetime

    def run(self, connection: Connection, account_id: int, send_id: int) -> list[Taken]:
        """Take them; nobody once the send was stopped, or where the check became too old."""
        lock_account(connection, account_id)
        state = connection.execute(
            select(sends.c.state).where(sends.c.account_id == account_id, sends.c.send_id == send_id)
        ).scalar_one_or_none()
        if state != SendState.SENDING.value:
            return []
        following = self._following(connection, account_id, send_id)
        facts = self.reader.run(connection, account_id, [taken.contact_id for taken in following])
        verdicts = {
            taken.contact_id: self.judge(facts[taken.contact_id]) if taken.contact_id in facts else GONE
            for taken in following
        }
        may = [taken for taken in following if verdicts[taken.contact_id].may]
        _mark(
            connection,
            account_id,
            send_id,
            [
                Mark(contact_id, RecipientState.LEFT_OUT, verdict.reason, verdict.detail)
                for contact_id, verdict in verdicts.items()
                if not verdict.may
            ],
            self.now,
            (RecipientState.CHECKED,),
        )
        _mark(
            connection,
            account_id,
            send_id,
            [Mark(taken.contact_id, RecipientState.HANDING, Reason.MAY) for taken in may],
            self.now,
            (RecipientState.CHECKED,),
        )
        return may

    def _following(self, connection: Connection, account_id: int, send_id: int) -> list[Taken]:
        c = recipients.c
        statement = (
            select(
                c.contact_id,
                func.coalesce(contacts.c.shown_email, ""),
                func.coalesce(contacts.c.first_name, ""),
                func.coalesce(contacts.c.last_name, ""),
                c.attempts,
            )
            .select_from(_WITH_CONTACTS)
            .where(*_of(account_id, send_id, RecipientState.CHECKED), c.checked_at >= self.checked_since)
            .order_by(c.contact_id)
            .limit(self.limit)
        )
        return [Taken(*row) for row in connection.execute(statement)]


def give_back(connection: Connection, account_id: int, send_id: int, contact_ids: Collection[UUID]) -> None:
    """Let recipients wait whose mail was certainly not handed over."""
    _restate(
        connection,
        [
            *_of(account_id, send_id, RecipientState.HANDING),
            among_guids(recipients.c.contact_id, contact_ids),
        ],
        RecipientState.CHECKED,
    )


def orphans(connection: Connection, account_id: int, send_id: int) -> int:
    """Call uncertain what was being handed over when its process ended; it is never repeated (P6)."""
    return _restate(connection, _of(account_id, send_id, RecipientState.HANDING), RecipientState.UNCERTAIN)


def begin(connection: Connection, account_id: int, send_id: int, audience: Audience, now: datetime) -> bool:
    """Start a draft and write down everybody it is for; tells whether it still was one.

    Raises Invalid where the audience is empty.
    """
    moved = stored.move(
        connection,
        account_id,
        send_id,
        may_happen(Step.START),
        state=SendState.CHECKING,
        started_at=now,
    )
    if moved and not enlist(connection, account_id, send_id, audience, now):
        raise Invalid("Nobody is in this audience. Choose other filters, or add contacts, then start it.")
    return moved


def end(
    connection: Connection, account_id: int, send_id: int, step: Step, problem: str, now: datetime
) -> bool:
    """End a send by a step, for whoever's turn has not come too; tells whether the step could be done."""
    state = {Step.STOP: SendState.STOPPED, Step.FAIL: SendState.FAILED, Step.FINISH: SendState.DONE}[step]
    ended = stored.move(
        connection,
        account_id,
        send_id,
        may_happen(step),
        state=state,
        finished_at=now,
        problem=problem,
    )
    if ended:
        close(connection, account_id, send_id)
    return ended


def retry_deferred(connection: Connection, account_id: int, send_id: int, now: datetime) -> int:
    """Let whoever the mail server put off until now be checked and tried again."""
    due = [*_of(account_id, send_id, RecipientState.DEFERRED), recipients.c.due_at <= now]
    return _restate(connection, due, RecipientState.WAITING)


def close(connection: Connection, account_id: int, send_id: int) -> int:
    """End it for everybody whose turn has not come; what is being handed over tells its own end."""
    waiting = (RecipientState.WAITING, RecipientState.CHECKED, RecipientState.DEFERRED)
    return _restate(connection, _of(account_id, send_id, *waiting), RecipientState.STOPPED)


def _restate(connection: Connection, conditions: Sequence[ColumnElement[bool]], state: RecipientState) -> int:
    return connection.execute(update(recipients).where(*conditions).values(state=state.value)).rowcount


def next_due(connection: Connection, account_id: int, send_id: int) -> datetime | None:
    """When the next of those who wait may be tried; None where nobody waits for a moment."""
    waiting = (RecipientState.WAITING, RecipientState.DEFERRED)
    statement = select(func.min(recipients.c.due_at)).where(*_of(account_id, send_id, *waiting))
    found: datetime | None = connection.execute(statement).scalar_one()
    return found


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
        .select_from(_WITH_CONTACTS)
        .where(*_of(account_id, send_id, *wanted.states))
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
