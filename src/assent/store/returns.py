"""What came back of mail that was sent: each once, with its entry in the ledger and its suppression (G3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, exists, func, select

from assent.ledger import entries as ledger
from assent.ledger.entries import Entry
from assent.policy.identity import AddressMarks
from assent.policy.returning import Return
from assent.ports import Actor, Evidence
from assent.store.counters import lock_account
from assent.store.desk_schema import returns
from assent.store.dialects import insert
from assent.store.evidence import evidence_of
from assent.store.journal import Journal
from assent.store.marks import Marks
from assent.store.schema import contacts

#: Stands for a contact who is none of the account's, or not any more.
NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Came:
    """One mail that came back: of which contact and send, and the address that takes no mail any more.

    `event` tells two apart that are of no known send. `suppress` is empty where the address is not known.
    """

    kind: Return
    contact_id: UUID = NOBODY
    send_id: int = 0
    event: str = ""
    suppress: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ReturnedMail:
    """A mail of a contact that came back."""

    kind: Return
    send_id: int
    detail: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Returning:
    """Writes returns down."""

    journal: Journal
    marks: Marks
    actor: Actor
    source: str
    now: datetime

    def run(self, connection: Connection, account_id: int, came: Sequence[Came]) -> int:
        """Write down those that were not told before, all or none; gives how many."""
        lock_account(connection, account_id)
        fresh = [one for one in came if self._added(connection, account_id, one)]
        for kind in Return:
            addresses = {one.suppress for one in fresh if one.suppress and one.kind is kind}
            mark = AddressMarks(suppressed=kind.suppresses, complained=kind is Return.COMPLAINT)
            if kind.suppresses:
                self.marks.add(connection, account_id, addresses, mark, self.now)
        self.journal.append(connection, account_id, [self._entry(one) for one in fresh])
        return len(fresh)

    def _added(self, connection: Connection, account_id: int, one: Came) -> bool:
        values = {
            "account_id": account_id,
            "contact_id": one.contact_id,
            "send_id": one.send_id,
            "kind": one.kind.value,
            "event": one.event,
            "detail": one.detail[:300],
            "at": self.now,
        }
        statement = insert(returns).values(values).on_conflict_do_nothing()
        return connection.execute(statement.returning(returns.c.kind)).first() is not None

    def _entry(self, one: Came) -> Entry:
        known = one.contact_id != NOBODY
        new: dict[str, int | str | None] = {"returned": one.kind.value, "send": one.send_id or None}
        if one.suppress and one.kind.suppresses:
            new["suppressed"] = 1
        return Entry(
            kind=ledger.RETURNED,
            actor_kind=self.actor.kind.value,
            actor=self.actor.ident,
            contact_id=one.contact_id if known else None,
            new=new,
            rule="G3" if one.kind.suppresses else "",
            personal=evidence_of(Evidence(one.detail, self.source)) if known else {},
        )


def told_before(connection: Connection, account_id: int, one: Came) -> bool:
    """Whether it was written down already."""
    r = returns.c
    same = exists().where(
        r.account_id == account_id,
        r.contact_id == one.contact_id,
        r.send_id == one.send_id,
        r.kind == one.kind.value,
        r.event == one.event,
    )
    return bool(connection.execute(select(same)).scalar_one())


def of_contact(connection: Connection, account_id: int, contact_id: UUID, limit: int) -> list[ReturnedMail]:
    """What came back of a contact's mail, the newest first."""
    r = returns.c
    statement = (
        select(r.kind, r.send_id, r.detail, r.at)
        .where(r.account_id == account_id, r.contact_id == contact_id)
        .order_by(r.at.desc(), r.send_id.desc())
        .limit(limit)
    )
    return [ReturnedMail(Return(kind), *rest) for kind, *rest in connection.execute(statement)]


def counts(connection: Connection, account_id: int, send_id: int) -> Mapping[Return, int]:
    """How many mails of a send came back, by kind."""
    r = returns.c
    statement = (
        select(r.kind, func.count()).where(r.account_id == account_id, r.send_id == send_id).group_by(r.kind)
    )
    return {Return(kind): number for kind, number in connection.execute(statement)}


def contact_of(connection: Connection, account_id: int, contact_id: UUID) -> str | None:
    """The address a contact has now; None where there is no such contact."""
    statement = select(contacts.c.email).where(
        contacts.c.account_id == account_id, contacts.c.contact_id == contact_id
    )
    return connection.execute(statement).scalar_one_or_none()
