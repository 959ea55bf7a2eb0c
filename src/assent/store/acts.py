"""Carries out acts on contacts: decided first, all or none, then written set at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from assent.errors import Conflict, Invalid, Unknown
from assent.ledger import entries as ledger
from assent.ledger.entries import Entry
from assent.policy.identity import AddressMarks
from assent.policy.permission import LegalBasis
from assent.policy.sides import ADDRESS, CATEGORIES, PERMISSION, Contact, Hold
from assent.ports import Act, Actor, ActorKind, Evidence
from assent.store.changes import personal_move, plain_state
from assent.store.contact_rows import contact_values, contacts_at, holders, record_acts, update_contacts
from assent.store.counters import lock_account, take_revisions
from assent.store.evidence import evidence_of
from assent.store.joins import passed_on
from assent.store.journal import Journal
from assent.store.link_rows import touch_hub
from assent.store.marks import NOTHING, Marks, address_of
from assent.store.naming import Renamed, names_of, rename, write_names
from assent.store.pending import mark

#: Whoever is being erased stays refused: nobody's act lifts that any more (I6).
BEING_ERASED = "this person is being erased, so nothing about them can be changed any more"


@dataclass(frozen=True, slots=True)
class Acted:
    """What one act did to its contact: the states before and after, and the fields it named."""

    act: Act
    before: Contact
    after: Contact
    fields: int
    shown_email: str | None
    renamed: Renamed | None = None

    @property
    def contact_id(self) -> UUID:
        """Whose contact it is."""
        return self.after.contact_id


@dataclass(slots=True)
class Addresses:
    """Who holds which address while acts are decided one after another."""

    holders: dict[str, UUID]
    remembered: Mapping[str, AddressMarks] = field(default_factory=dict)

    def move(self, contact: Contact, address: str) -> None:
        """Let a contact move to an address; raises Invalid where it is taken or barred."""
        if self.holders.get(address, contact.contact_id) != contact.contact_id:
            raise Conflict("another contact already holds this email address")
        if self.remembered.get(address, NOTHING).erased:
            raise Invalid("this address was erased; only the person's own confirmed sign-up lifts that")
        self.holders.pop(contact.email, None)
        self.holders[address] = contact.contact_id


def decide(contact: Contact, act: Act, actor: Actor, addresses: Addresses) -> Acted:
    """Decide what an act leads to; raises Invalid for what may not be."""
    if act.revision not in (None, contact.revision):
        raise Conflict("this contact was changed meanwhile; look at it again and repeat what still applies")
    if contact.hold == Hold.ERASING.value:
        raise Conflict(BEING_ERASED)
    after, fields, shown = contact, act.answered, None
    if act.answered & ~CATEGORIES:
        raise Invalid("answered categories must be bits of categories")
    if act.answered:
        after = replace(after, value=(after.value & ~act.answered) | (act.value & act.answered))
    if act.basis is not None:
        after = _with_basis(after, act.basis, actor)
        fields |= PERMISSION
    if act.email is not None:
        address = address_of(act.email)
        addresses.move(contact, address)
        after, shown = replace(after, email=address), act.email.strip()
        fields |= ADDRESS
    return Acted(act, contact, replace(after, synced=after.synced & ~fields), fields, shown)


def _with_basis(contact: Contact, basis: LegalBasis, actor: Actor) -> Contact:
    if basis is LegalBasis.NONE and contact.basis is LegalBasis.WITHDRAWN:
        raise Invalid("None cannot be set over Withdrawn: it is the absence of an opinion (T7)")
    personally = contact.refused_personally and not basis.positive
    if basis is LegalBasis.WITHDRAWN and actor.kind is ActorKind.CONTACT:
        personally = True
    positive = basis if basis.positive else contact.last_positive
    return replace(contact, basis=basis, last_positive=positive, refused_personally=personally)


@dataclass(frozen=True, slots=True)
class Acting:
    """Carries out acts of one actor."""

    journal: Journal
    marks: Marks
    actor: Actor
    evidence: Evidence
    now: datetime

    def run(self, connection: Connection, account_id: int, acts: Sequence[Act]) -> None:
        """Carry out all acts or none; raises Unknown for a contact of another account, and Invalid."""
        lock_account(connection, account_id)
        standing = contacts_at(connection, account_id, [act.contact_id for act in acts], lock=True)
        if self.actor.kind is ActorKind.CONTACT:
            acts = [*acts, *passed_on(connection, account_id, acts, standing)]
        addresses = self._addresses(connection, account_id, acts)
        naming = [act.contact_id for act in acts if act.first_name is not None or act.last_name is not None]
        names = names_of(connection, account_id, naming)
        acted: list[Acted] = []
        for act in acts:
            if act.contact_id not in standing:
                raise Unknown("this account has no such contact")
            done = decide(standing[act.contact_id], act, self.actor, addresses)
            standing[act.contact_id] = done.after
            renamed = rename(names, act)
            if done.fields or renamed is not None:
                acted.append(done if renamed is None else replace(done, renamed=renamed))
        self._write(connection, account_id, acted, standing)
        write_names(connection, account_id, [(d.contact_id, d.renamed.new) for d in acted if d.renamed])
        self._touch(connection, account_id, acted)
        self.journal.append(connection, account_id, [self._entry(done) for done in acted])
        mark(connection, account_id, {done.contact_id for done in acted}, self.now)

    def _addresses(self, connection: Connection, account_id: int, acts: Sequence[Act]) -> Addresses:
        wanted = {address_of(act.email) for act in acts if act.email is not None}
        if not wanted:
            return Addresses({})
        held = holders(connection, account_id, wanted)
        return Addresses(held, self.marks.of(connection, account_id, wanted))

    def _write(
        self,
        connection: Connection,
        account_id: int,
        acted: Sequence[Acted],
        standing: Mapping[UUID, Contact],
    ) -> None:
        moving = list(dict.fromkeys(done.after.contact_id for done in acted))
        if not moving:
            return
        revisions = dict(zip(moving, take_revisions(connection, account_id, len(moving)), strict=True))
        values = [
            (contact_id, contact_values(standing[contact_id], revision, self.now))
            for contact_id, revision in revisions.items()
        ]
        update_contacts(connection, account_id, values)
        # In the order of the acts, so that an address given up may be taken by the next.
        shown: list[tuple[UUID, dict[str, object]]] = [
            (
                d.after.contact_id,
                {
                    "email": d.after.email,
                    "shown_email": d.shown_email,
                    "addressed": revisions[d.after.contact_id],
                },
            )
            for d in acted
            if d.fields & ADDRESS
        ]
        update_contacts(connection, account_id, shown)
        left = [
            d.before.email
            for d in acted
            if d.before.email != d.after.email and d.after.basis is LegalBasis.WITHDRAWN
        ]
        self.marks.add(connection, account_id, left, AddressMarks(refused=True), self.now)

    def _touch(self, connection: Connection, account_id: int, acted: Sequence[Acted]) -> None:
        """Mark on every link what was acted on, and remember when (M3)."""
        fields: dict[UUID, int] = {}
        for done in acted:
            if done.fields:
                fields[done.contact_id] = fields.get(done.contact_id, 0) | done.fields
        touch_hub(connection, account_id, fields)
        last = {done.contact_id: done.after for done in acted}
        named = [(last[contact_id], mask) for contact_id, mask in fields.items()]
        now = self.journal.clock.now()
        record_acts(connection, account_id, named, self.actor, asked_at=self.now, now=now)

    def _entry(self, done: Acted) -> Entry:
        return Entry(
            kind=ledger.ACTED,
            actor_kind=self.actor.kind.value,
            actor=self.actor.ident,
            contact_id=done.after.contact_id,
            field=done.fields,
            old=plain_state(done.before, done.fields),
            new=plain_state(done.after, done.fields),
            personal=personal_move(done.before, done.after, done.fields)
            | (done.renamed.personal() if done.renamed else {})
            | evidence_of(done.act.evidence or self.evidence),
        )
