"""Makes contacts: those of rows first seen (I5), sharing the table's form with those of people."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from assent.ledger import entries as ledger
from assent.ledger.entries import Entry
from assent.policy.identity import Origin
from assent.policy.permission import LegalBasis
from assent.policy.sides import ADDRESS, CATEGORIES, PERMISSION, Contact, Link, LinkKey
from assent.ports import Actor, ActorKind, NewContact
from assent.store.contact_rows import contact_values, holders, named
from assent.store.counters import lock_account, take_revisions
from assent.store.journal import Journal
from assent.store.marks import NOTHING, Marks
from assent.store.pending import mark
from assent.store.people import linked
from assent.store.schema import contacts
from assent.store.ties import insert_links


@dataclass(frozen=True, slots=True)
class Birth:
    """A contact about to be stored, with what only the hub shows."""

    contact: Contact
    shown_email: str
    first_name: str
    last_name: str
    origin: Origin


def insert_contacts(
    connection: Connection, account_id: int, births: Sequence[Birth], now: datetime
) -> list[Contact]:
    """Store new contacts under fresh revisions; gives them with these."""
    if not births:
        return []
    revisions = take_revisions(connection, account_id, len(births))
    connection.execute(
        contacts.insert(),
        [
            {
                "account_id": account_id,
                "contact_id": birth.contact.contact_id,
                "email": birth.contact.email,
                "shown_email": birth.shown_email,
                "addressed": revision,
                "first_name": birth.first_name,
                "last_name": birth.last_name,
                "named": named(birth.first_name, birth.last_name),
                "origin": birth.origin.value,
                "created_at": now,
                **contact_values(birth.contact, revision, now),
            }
            for birth, revision in zip(births, revisions, strict=True)
        ],
    )
    return [replace(b.contact, revision=r) for b, r in zip(births, revisions, strict=True)]


def created(birth: Birth, actor: Actor, rule: str, cause: LinkKey | None, personal: dict[str, str]) -> Entry:
    """Say in the ledger that a contact came to be, and with what."""
    shown = {"first_name": birth.first_name, "last_name": birth.last_name} | personal
    return Entry(
        kind=ledger.CREATED,
        actor_kind=actor.kind.value,
        actor=actor.ident,
        contact_id=birth.contact.contact_id,
        field=PERMISSION | ADDRESS | CATEGORIES,
        new={
            "basis": int(birth.contact.basis),
            "value": birth.contact.value,
            "hold": birth.contact.hold,
            "origin": birth.origin.value,
        },
        rule=rule,
        cause=cause,
        personal={"new_email": birth.contact.email} | {k: v for k, v in shown.items() if v},
    )


@dataclass(frozen=True, slots=True)
class FromRows:
    """Creates contacts from rows and links them."""

    journal: Journal
    marks: Marks
    now: datetime

    def run(self, connection: Connection, account_id: int, new: Sequence[NewContact]) -> dict[LinkKey, UUID]:
        """Create and link; gives the contact of each row.

        A row linked meanwhile keeps its contact, an address taken meanwhile links to its holder, an
        address erased meanwhile creates nothing (I6), one with a remembered refusal starts
        Withdrawn (I3).
        """
        lock_account(connection, account_id)
        given = linked(connection, account_id, {n.source for n in new})
        addresses = {n.contact.email for n in new}
        taken = holders(connection, account_id, addresses)
        remembered = self.marks.of(connection, account_id, addresses)
        births: list[tuple[Birth, LinkKey]] = []
        ties: list[tuple[UUID, Link]] = []
        for item in new:
            marks = remembered.get(item.contact.email, NOTHING)
            if item.source in given or marks.erased:
                continue
            holder = taken.get(item.contact.email)
            if holder is None:
                births.append((_birth(item, refused=marks.refused), item.source))
                holder = taken[item.contact.email] = item.contact.contact_id
            given[item.source] = holder
            ties.append((holder, Link(item.source, None)))
        insert_contacts(connection, account_id, [birth for birth, _ in births], self.now)
        insert_links(connection, account_id, ties)
        entries = [created(birth, _of(source), "I5", source, {}) for birth, source in births]
        self.journal.append(connection, account_id, entries)
        mark(connection, account_id, {holder for holder, _ in ties}, self.now)
        return given


def _of(source: LinkKey) -> Actor:
    return Actor(ActorKind.CONNECTION, str(source.connection_id))


def _birth(item: NewContact, *, refused: bool) -> Birth:
    contact = replace(item.contact, basis=LegalBasis.WITHDRAWN) if refused else item.contact
    return Birth(contact, contact.email, item.first_name, item.last_name, Origin.OTHER_CONNECTION)
