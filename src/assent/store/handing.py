"""Every step of a send's recipients: checked, being handed over, and what became of it; set at a time."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Update, bindparam, func, select, update
from sqlalchemy.sql.elements import ColumnElement

from assent.errors import Invalid
from assent.policy.address import normalise
from assent.policy.audience import Audience
from assent.policy.gate import Reason, Verdict
from assent.policy.sending import RecipientState, SendState, Step, may_happen
from assent.store import mailed
from assent.store import sends as stored
from assent.store.among import among_guids
from assent.store.counters import lock_account
from assent.store.desk_schema import recipients
from assent.store.gate_facts import GateFacts, GateReader
from assent.store.recipients import WITH_CONTACTS, Taken, enlist, of_send
from assent.store.schema import contacts

#: The verdict on a recipient who is no contact any more: erased, or joined with another.
GONE = Verdict(Reason.UNVERIFIED, "no such contact")

#: The verdict on a recipient whose address was another recipient's when that one was written to.
MAILED = Verdict(Reason.UNVERIFIED, "this address got the mail already, when it was another contact's")

#: With these a mail may be at the address it went to.
_MAILED = frozenset({RecipientState.SENT, RecipientState.UNCERTAIN})

NOBODY_IN_IT = "Nobody is in this audience. Choose other filters, or add contacts, then start it."


_FOLLOWING = (
    select(
        recipients.c.contact_id,
        func.coalesce(contacts.c.shown_email, ""),
        func.coalesce(contacts.c.first_name, ""),
        func.coalesce(contacts.c.last_name, ""),
        recipients.c.attempts,
    )
    .select_from(WITH_CONTACTS)
    .where(*of_send(bindparam("account_id"), bindparam("send_id"), RecipientState.CHECKED))
    .where(recipients.c.checked_at >= bindparam("since"))
    .order_by(recipients.c.contact_id)
    .limit(bindparam("limit"))
)


@dataclass(frozen=True, slots=True)
class Mark:
    """The new standing of one recipient."""

    contact_id: UUID
    state: RecipientState
    reason: Reason
    detail: str = ""
    due_at: datetime | None = None


def mark_checked(
    connection: Connection, account_id: int, send_id: int, marks: Sequence[Mark], began: datetime
) -> None:
    """Store what the gate said; `began` is when the check began that it rests on."""
    _mark(connection, account_id, send_id, marks, began, (RecipientState.WAITING, RecipientState.CHECKED))


def mark_handed(
    connection: Connection,
    account_id: int,
    send_id: int,
    marks: Sequence[Mark],
    back: Collection[UUID],
    now: datetime,
) -> None:
    """Store what became of mails that were being handed over; those in `back` certainly were not.

    One that another process took for lost meanwhile is told as it was. An address that got nothing is
    free for whoever bears it next.
    """
    _mark(connection, account_id, send_id, marks, now, (RecipientState.HANDING, RecipientState.UNCERTAIN))
    nothing = [mark.contact_id for mark in marks if mark.state not in _MAILED]
    mailed.release(connection, account_id, send_id, [*nothing, *back])
    if back:
        given_back = of_send(account_id, send_id, RecipientState.HANDING)
        _restate(
            connection,
            [*given_back, among_guids(recipients.c.contact_id, back)],
            RecipientState.CHECKED,
        )
    # Whoever's turn had come when the send was stopped, and was not written to after all.
    if stored.read(connection, account_id, send_id).state.ended:
        close(connection, account_id, send_id)


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
    connection.execute(
        _marking(states),
        [
            {
                "at_account": account_id,
                "at_send": send_id,
                "at_contact": mark.contact_id,
                "set_state": mark.state.value,
                "set_reason": mark.reason.value,
                "set_detail": mark.detail[:200],
                "set_due": mark.due_at,
                "set_at": at,
                "more": int(mark.state in later),
            }
            for mark in marks
        ],
    )


@cache
def _marking(states: tuple[RecipientState, ...]) -> Update:
    """Sets the standing of a recipient who is in one of these states."""
    c = recipients.c
    at = bindparam("set_at", type_=c.at.type)
    values: dict[str, Any] = {
        "state": bindparam("set_state"),
        "reason": bindparam("set_reason"),
        "detail": bindparam("set_detail"),
        "due_at": bindparam("set_due", type_=c.due_at.type),
        "at": at,
        "attempts": c.attempts + bindparam("more"),
    }
    if RecipientState.WAITING in states:
        values["checked_at"] = at
    theirs = of_send(bindparam("at_account"), bindparam("at_send"), *states)
    return update(recipients).where(*theirs, c.contact_id == bindparam("at_contact")).values(values)


@dataclass(frozen=True, slots=True)
class Taking:
    """Takes the next recipients to be handed over, on the facts as they stand in that transaction.

    `judge` gives the gate's word on what is known here. Whoever it refuses is left out; the others are
    stored as being handed over before anything is (P1, P6). Domains that are `full` have to wait.
    """

    reader: GateReader
    judge: Callable[[GateFacts], Verdict]
    checked_since: datetime
    limit: int
    now: datetime
    full: frozenset[str] = frozenset()

    def run(self, connection: Connection, account_id: int, send_id: int) -> list[Taken]:
        """Take them; nobody once the send was stopped, or where the check became too old."""
        lock_account(connection, account_id)
        if stored.read(connection, account_id, send_id).state is not SendState.SENDING:
            return []
        following = self._following(connection, account_id, send_id)
        verdicts = self._verdicts(connection, account_id, send_id, [taken.contact_id for taken in following])
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

    def still_may(self, connection: Connection, account_id: int, send_id: int, to: Taken) -> bool:
        """Whether somebody who was taken may be mailed there even now, and the send was not stopped."""
        if stored.read(connection, account_id, send_id).state is not SendState.SENDING:
            return False
        facts = self.reader.run(connection, account_id, [to.contact_id]).get(to.contact_id)
        return facts is not None and facts.email == normalise(to.email) and self.judge(facts).may

    def _verdicts(
        self, connection: Connection, account_id: int, send_id: int, contact_ids: Sequence[UUID]
    ) -> dict[UUID, Verdict]:
        facts = self.reader.run(connection, account_id, contact_ids)
        verdicts = {one: self.judge(facts[one]) if one in facts else GONE for one in contact_ids}
        addresses = {facts[one].email: one for one, verdict in verdicts.items() if verdict.may}
        digests = self.reader.marks.digests(connection, account_id, addresses)
        to = {digest: addresses[address] for digest, address in digests.items()}
        return verdicts | dict.fromkeys(mailed.claim(connection, account_id, send_id, to), MAILED)

    def _following(self, connection: Connection, account_id: int, send_id: int) -> list[Taken]:
        statement, asked = _FOLLOWING, {"account_id": account_id, "send_id": send_id}
        if self.full:
            whole = func.coalesce(contacts.c.email, "")
            statement = statement.where(*(whole.not_like(f"%@{domain}") for domain in sorted(self.full)))
        found = connection.execute(statement, asked | {"since": self.checked_since, "limit": self.limit})
        return [Taken(*row) for row in found]


def begin(connection: Connection, account_id: int, send_id: int, audience: Audience, now: datetime) -> bool:
    """Start a send and write down everybody it is for; tells whether it still could be.

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
        raise Invalid(NOBODY_IN_IT)
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


def orphans(connection: Connection, account_id: int, send_id: int) -> int:
    """Call uncertain what was being handed over when its process ended; it is never repeated (P6)."""
    return _restate(
        connection, of_send(account_id, send_id, RecipientState.HANDING), RecipientState.UNCERTAIN
    )


def retry_deferred(connection: Connection, account_id: int, send_id: int, now: datetime) -> int:
    """Let whoever the mail server put off until now be checked and tried again."""
    due = [*of_send(account_id, send_id, RecipientState.DEFERRED), recipients.c.due_at <= now]
    return _restate(connection, due, RecipientState.WAITING)


def close(connection: Connection, account_id: int, send_id: int) -> int:
    """End it for everybody whose turn has not come; what is being handed over tells its own end."""
    waiting = (RecipientState.WAITING, RecipientState.CHECKED, RecipientState.DEFERRED)
    return _restate(connection, of_send(account_id, send_id, *waiting), RecipientState.STOPPED)


def _restate(connection: Connection, conditions: Sequence[ColumnElement[bool]], state: RecipientState) -> int:
    return connection.execute(update(recipients).where(*conditions).values(state=state.value)).rowcount
