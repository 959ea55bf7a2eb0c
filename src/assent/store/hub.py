"""Acts of people in the hub: every act counts, even one that repeats what stands (M3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from assent.errors import Conflict, Invalid
from assent.policy.permission import LegalBasis
from assent.policy.sides import CATEGORIES, PERMISSION, Contact
from assent.ports import Act, Actor, ActorKind, Clock, Evidence, Ids, NewPerson
from assent.store.acts import Acting
from assent.store.births import Birth, created, insert_contacts
from assent.store.contact_rows import holders, record_acts
from assent.store.counters import lock_account
from assent.store.database import Database
from assent.store.evidence import evidence_of
from assent.store.journal import Journal
from assent.store.marks import NOTHING, Marks, address_of


@dataclass(frozen=True, slots=True)
class SqlHub:
    """`ports.Hub` on a database."""

    database: Database
    clock: Clock
    ids: Ids
    journal: Journal
    marking: Marks

    async def add(
        self, account_id: int, actor: Actor, people: Sequence[NewPerson], evidence: Evidence
    ) -> list[UUID]:
        """Create contacts, all or none; gives their ids in the order given."""
        ids = [self.ids.new() for _ in people]
        adding = Adding(self.journal, self.marking, actor, evidence, self.clock.now())
        await self.database.write(lambda c: adding.run(c, account_id, people, ids))
        return ids

    async def act(self, account_id: int, actor: Actor, acts: Sequence[Act], evidence: Evidence) -> None:
        """Record acts on contacts, all or none."""
        acting = Acting(self.journal, self.marking, actor, evidence, self.clock.now())
        await self.database.write(lambda c: acting.run(c, account_id, acts))


@dataclass(frozen=True, slots=True)
class Adding:
    """Creates contacts somebody asked for."""

    journal: Journal
    marks: Marks
    actor: Actor
    evidence: Evidence
    now: datetime

    def run(
        self, connection: Connection, account_id: int, people: Sequence[NewPerson], ids: Sequence[UUID]
    ) -> None:
        """Create all or none; raises Invalid for a malformed or barred address, Conflict for a taken one."""
        lock_account(connection, account_id)
        emails = [address_of(person.email) for person in people]
        if len(set(emails)) < len(emails) or holders(connection, account_id, emails):
            raise Conflict("another contact already holds this email address")
        remembered = self.marks.of(connection, account_id, emails)
        if any(found.erased for found in remembered.values()):
            raise Invalid("this address was erased; only the person's own confirmed sign-up lifts that")
        births: list[Birth] = []
        acted: list[tuple[Contact, int]] = []
        for person, email, contact_id in zip(people, emails, ids, strict=True):
            refused = remembered.get(email, NOTHING).refused
            birth = self._birth(person, email, contact_id, refused=refused)
            said = person.basis is LegalBasis.WITHDRAWN or (person.basis.positive and not refused)
            births.append(birth)
            acted.append((birth.contact, person.refused | (PERMISSION if said else 0)))
        insert_contacts(connection, account_id, births, self.now)
        now = self.journal.clock.now()
        record_acts(connection, account_id, acted, self.actor, asked_at=self.now, now=now)
        entries = [
            created(birth, self.actor, "", None, evidence_of(person.evidence or self.evidence))
            for birth, person in zip(births, people, strict=True)
        ]
        self.journal.append(connection, account_id, entries)

    def _birth(self, person: NewPerson, email: str, contact_id: UUID, *, refused: bool) -> Birth:
        """A remembered refusal makes the contact start Withdrawn whatever was asked for (I3)."""
        if person.refused & ~CATEGORIES:
            raise Invalid("refused categories must be bits of categories")
        basis = LegalBasis.WITHDRAWN if refused else person.basis
        contact = Contact(
            contact_id=contact_id,
            email=email,
            revision=0,
            basis=basis,
            value=CATEGORIES & ~person.refused,
            last_positive=basis if basis.positive else None,
            refused_personally=person.basis is LegalBasis.WITHDRAWN and self.actor.kind is ActorKind.CONTACT,
        )
        return Birth(contact, person.email.strip(), person.first_name, person.last_name, person.origin)
