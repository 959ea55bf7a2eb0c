"""Lets mail go to an address again that only bounced (G3): a person looked, and says so in the ledger."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, delete

from assent.errors import Conflict
from assent.ledger import entries as ledger
from assent.ledger.entries import Entry
from assent.policy.identity import AddressMarks
from assent.policy.returning import Return
from assent.ports import Actor, Evidence
from assent.store.contact_rows import contact_at
from assent.store.counters import lock_account
from assent.store.desk_schema import returns
from assent.store.evidence import evidence_of
from assent.store.journal import Journal
from assent.store.marks import NOTHING, Marks

NOT_SUPPRESSED = "mail may go to this address already; somebody may have lifted the suppression before"
COMPLAINED = (
    "this address takes no mail because somebody reported ours as spam. That is a refusal, and nobody but "
    "the person could take it back; it stays"
)


@dataclass(frozen=True, slots=True)
class Lifting:
    """Lifts the suppression of a contact's address for one person."""

    journal: Journal
    marks: Marks
    actor: Actor
    evidence: Evidence
    now: datetime

    def run(self, connection: Connection, account_id: int, contact_id: UUID) -> None:
        """Lift it; raises Unknown, and Conflict where there is none or it is more than a bounce."""
        lock_account(connection, account_id)
        contact = contact_at(connection, account_id, contact_id)
        marks = self.marks.of(connection, account_id, [contact.email]).get(contact.email, NOTHING)
        if not marks.suppressed:
            raise Conflict(NOT_SUPPRESSED)
        if not marks.bounced_only:
            raise Conflict(COMPLAINED)
        self.marks.lift(connection, account_id, contact.email, AddressMarks(suppressed=True), self.now)
        self._forget(connection, account_id, contact_id)
        entry = Entry(
            kind=ledger.LIFTED,
            actor_kind=self.actor.kind.value,
            actor=self.actor.ident,
            contact_id=contact_id,
            old={"suppressed": 1},
            new={"suppressed": 0},
            rule="G3",
            personal=evidence_of(self.evidence),
        )
        self.journal.append(connection, account_id, [entry])

    def _forget(self, connection: Connection, account_id: int, contact_id: UUID) -> None:
        """A bounce that names neither send nor event would pass for told before when it comes again."""
        r = returns.c
        connection.execute(
            delete(returns).where(
                r.account_id == account_id,
                r.contact_id == contact_id,
                r.kind == Return.HARD.value,
                r.send_id == 0,
                r.event == "",
            )
        )
