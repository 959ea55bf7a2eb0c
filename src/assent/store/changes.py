"""Applies what a merge decided to hub contacts, by compare-and-set, each change in the ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from uuid import UUID

from sqlalchemy import Connection

from assent.errors import Bug
from assent.ledger import entries as ledger
from assent.ledger.entries import Entry, Scalar
from assent.policy.identity import AddressMarks
from assent.policy.permission import LegalBasis
from assent.policy.plan import FieldChange
from assent.policy.sides import ADDRESS, CATEGORIES, PERMISSION, Contact
from assent.ports import SYSTEM, Actor, ActorKind, Change
from assent.store.contact_rows import contact_values, contacts_at, holders, update_contacts
from assent.store.counters import lock_account, take_numbers, take_revisions
from assent.store.dialects import insert
from assent.store.journal import Journal
from assent.store.marks import Marks
from assent.store.pending import mark
from assent.store.schema import requests
from assent.store.ties import held


def moved_fields(before: Contact, after: Contact) -> int:
    """Name the fields in which two states of a contact differ."""
    mask = (before.value ^ after.value) & CATEGORIES
    mask |= PERMISSION if before.basis is not after.basis else 0
    return mask | (ADDRESS if before.email != after.email else 0)


def plain_state(contact: Contact, field: int) -> dict[str, Scalar]:
    """Give what the ledger may show in clear of some fields of a contact."""
    state: dict[str, Scalar] = {}
    if field & PERMISSION:
        state["basis"] = int(contact.basis)
    if field & CATEGORIES:
        state["value"] = contact.value & field & CATEGORIES
    return state


def personal_move(before: Contact, after: Contact, field: int) -> dict[str, str]:
    """Give what must be sealed of a change: addresses."""
    if not field & ADDRESS:
        return {}
    return {"old_email": before.email, "new_email": after.email}


@dataclass(frozen=True, slots=True)
class Applying:
    """Changes contacts whose revision still stands."""

    journal: Journal
    marks: Marks
    now: datetime

    def run(self, connection: Connection, account_id: int, changes: Sequence[Change]) -> dict[UUID, int]:
        """Apply; gives each changed contact's new revision, or the standing one where only a question
        was opened.

        Contacts whose revision moved, and those whose new address another contact holds, are left
        out. Raises Bug when the field changes do not explain what differs.
        """
        lock_account(connection, account_id)
        standing = contacts_at(connection, account_id, [c.before.contact_id for c in changes], lock=True)
        fit = self._fitting(connection, account_id, changes, standing)
        moving = [change for change in fit if _moves(change)]
        revisions = take_revisions(connection, account_id, len(moving)) if moving else range(0)
        given = dict(zip((c.after.contact_id for c in moving), revisions, strict=True))
        self._write(connection, account_id, moving, given)
        entries = [entry for change in moving for entry in _entries(change)]
        self.journal.append(connection, account_id, entries)
        self._ask(connection, account_id, fit)
        mark(connection, account_id, given, self.now)
        return {c.before.contact_id: c.before.revision for c in fit} | given

    def _fitting(
        self,
        connection: Connection,
        account_id: int,
        changes: Sequence[Change],
        standing: dict[UUID, Contact],
    ) -> list[Change]:
        arrivals = {c.after.email for c in changes if c.after.email != c.before.email}
        taken = holders(connection, account_id, arrivals) if arrivals else {}
        fit: list[Change] = []
        for change in changes:
            now = standing.pop(change.before.contact_id, None)
            if now is None or now.revision != change.before.revision:
                continue
            _explained(change)
            fit.append(change)
        while len(possible := _possible(fit, taken)) < len(fit):
            fit = possible
        return fit

    def _write(
        self, connection: Connection, account_id: int, moving: Sequence[Change], given: dict[UUID, int]
    ) -> None:
        update_contacts(
            connection,
            account_id,
            [
                (c.after.contact_id, contact_values(c.after, given[c.after.contact_id], self.now))
                for c in moving
            ],
        )
        readdressed = [c for c in moving if _readdressed(c)]
        wanted = {c.after.email for c in readdressed}
        # Whose address another takes in the same transaction steps aside first: no two hold one at a time.
        aside = [c.before.contact_id for c in readdressed if c.before.email in wanted]
        update_contacts(connection, account_id, [(one, {"email": f" {one}"}) for one in aside])
        update_contacts(
            connection,
            account_id,
            [
                (
                    c.after.contact_id,
                    {
                        "email": c.after.email,
                        "shown_email": c.after.email,
                        "addressed": given[c.after.contact_id],
                    },
                )
                for c in readdressed
            ],
        )
        left = [c.before.email for c in readdressed if c.after.basis is LegalBasis.WITHDRAWN]
        self.marks.add(connection, account_id, left, AddressMarks(refused=True), self.now)

    def _ask(self, connection: Connection, account_id: int, fit: Sequence[Change]) -> None:
        """Open questions; one already open for the same contact and kind stays the only one."""
        asked = [(c.before.contact_id, request.value) for c in fit for request in c.requests]
        if not asked:
            return
        numbers = take_numbers(connection, account_id, "request", len(asked))
        # Behind the entries of this merge, before those of any later one.
        opened_at = self.journal.clock.now()
        rows = [
            {
                "account_id": account_id,
                "request_id": number,
                "contact_id": contact_id,
                "kind": kind,
                "opened_at": opened_at,
            }
            for number, (contact_id, kind) in zip(numbers, asked, strict=True)
        ]
        connection.execute(insert(requests).on_conflict_do_nothing(), rows)


def _readdressed(change: Change) -> bool:
    return change.after.email != change.before.email


def _possible(changes: Sequence[Change], taken: Mapping[str, UUID]) -> list[Change]:
    """Leave out who goes to an address that somebody keeps, or that another goes to before them."""
    leaving = {change.before.contact_id for change in changes if _readdressed(change)}
    possible, arrived = list[Change](), set[str]()
    for change in changes:
        if _readdressed(change):
            holder = taken.get(change.after.email)
            if change.after.email in arrived or (holder is not None and holder not in leaving):
                continue
            arrived.add(change.after.email)
        possible.append(change)
    return possible


def _moves(change: Change) -> bool:
    return bool(change.fields) or change.after.hold != change.before.hold


def _explained(change: Change) -> None:
    """Every difference has its field change, and every field change its difference (P7)."""
    named = reduce(or_, (field.field for field in change.fields), 0)
    if named != moved_fields(change.before, change.after):
        raise Bug("a change of a contact differs from the field changes that should explain it")


def _entries(change: Change) -> list[Entry]:
    before, after = change.before, change.after
    entries = [_entry(before, after, field) for field in change.fields]
    if after.hold != before.hold:
        entries.append(held(after.contact_id, before.hold, after.hold, "I3"))
    return entries


def _entry(before: Contact, after: Contact, change: FieldChange) -> Entry:
    actor = SYSTEM
    if change.cause is not None:
        actor = Actor(ActorKind.CONNECTION, str(change.cause.connection_id))
    return Entry(
        kind=ledger.CHANGED,
        actor_kind=actor.kind.value,
        actor=actor.ident,
        contact_id=after.contact_id,
        field=change.field,
        old=plain_state(before, change.field),
        new=plain_state(after, change.field),
        rule=change.rule,
        cause=change.cause,
        personal=personal_move(before, after, change.field),
    )
