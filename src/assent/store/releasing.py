"""Lets held contacts go: a person looked, and says so in the ledger."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from assent.errors import Conflict
from assent.ledger import entries as ledger
from assent.ledger.entries import Entry
from assent.policy.sides import Hold
from assent.ports import Actor, Evidence
from assent.store.acts import BEING_ERASED
from assent.store.contact_rows import contact_at, update_contacts
from assent.store.counters import lock_account, take_revisions
from assent.store.evidence import evidence_of
from assent.store.journal import Journal
from assent.store.pending import mark


@dataclass(frozen=True, slots=True)
class Releasing:
    """Releases contacts for one person."""

    journal: Journal
    actor: Actor
    evidence: Evidence
    now: datetime

    def run(self, connection: Connection, account_id: int, contact_id: UUID) -> None:
        """Release a contact; raises Unknown, and Conflict where it is not held."""
        lock_account(connection, account_id)
        contact = contact_at(connection, account_id, contact_id)
        if contact.hold is None:
            raise Conflict("this contact is not held; somebody may have released it already")
        if contact.hold == Hold.ERASING.value:
            raise Conflict(BEING_ERASED)
        (revision,) = take_revisions(connection, account_id, 1)
        values: dict[str, object] = {"hold": None, "revision": revision, "updated_at": self.now}
        update_contacts(connection, account_id, [(contact_id, values)])
        entry = Entry(
            kind=ledger.HELD,
            actor_kind=self.actor.kind.value,
            actor=self.actor.ident,
            contact_id=contact_id,
            old={"hold": contact.hold},
            new={"hold": None},
            personal=evidence_of(self.evidence),
        )
        self.journal.append(connection, account_id, [entry])
        mark(connection, account_id, [contact_id], self.now)
