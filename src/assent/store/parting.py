"""Takes a join apart again: its rows go back, and each contact keeps every refusal made since (I3)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from assent.errors import Conflict, Unknown
from assent.ledger import entries as ledger
from assent.ledger.entries import Entry
from assent.policy.parting import part
from assent.policy.sides import ADDRESS, Contact, Hold
from assent.ports import Actor, Evidence
from assent.store.changes import moved_fields, plain_state
from assent.store.contact_rows import contact_values, contacts_at, record_acts, update_contacts
from assent.store.counters import lock_account, take_revisions
from assent.store.evidence import evidence_of
from assent.store.joins import join_of
from assent.store.journal import Journal
from assent.store.link_rows import links_at, touch_hub
from assent.store.pending import mark
from assent.store.ties import Linking


@dataclass(frozen=True, slots=True)
class Parting:
    """Takes joins apart for one person."""

    journal: Journal
    actor: Actor
    evidence: Evidence
    now: datetime

    def run(self, connection: Connection, account_id: int, contact_id: UUID) -> UUID:
        """Take the join of a contact apart; gives the contact it was joined to.

        The rows that are still with that one go back, and get the contact's own address back: it is
        this person's act. Raises Unknown for a contact of another account, and Conflict where there
        is nothing to take apart.
        """
        lock_account(connection, account_id)
        join = join_of(connection, account_id, contact_id)
        ids = [contact_id] if join is None else [contact_id, join.holder]
        standing = contacts_at(connection, account_id, ids, lock=True)
        if contact_id not in standing:
            raise Unknown("this account has no such contact")
        left = standing[contact_id]
        if left.hold != Hold.JOINED.value or join is None:
            raise Conflict("this contact is not joined to another; somebody may have taken it apart already")
        holder = standing.get(join.holder)
        there = links_at(connection, account_id, join.rows)
        rows = [key for key, (owner, _) in there.items() if owner == join.holder]
        if holder is None or holder.hold == Hold.ERASING.value or not rows:
            raise Conflict(
                "none of the rows that went over is with the other contact any more, so nothing can be taken "
                "apart; release this contact if its address may still be mailed"
            )
        parted = part(left, holder, join.unmoved)
        Linking(self.journal, self.now).run(connection, account_id, dict.fromkeys(rows, contact_id), [])
        moves = [
            _Move(left, parted.left, moved_fields(left, parted.left) | ADDRESS),
            _Move(holder, parted.holder, moved_fields(holder, parted.holder)),
        ]
        self._write(connection, account_id, [move for move in moves if move.fields])
        return join.holder

    def _write(self, connection: Connection, account_id: int, moves: "Sequence[_Move]") -> None:
        revisions = take_revisions(connection, account_id, len(moves))
        values = [
            (move.contact_id, contact_values(move.written, revision, self.now))
            for move, revision in zip(moves, revisions, strict=True)
        ]
        update_contacts(connection, account_id, values)
        self._touch(connection, account_id, moves)
        self.journal.append(connection, account_id, [self._entry(move) for move in moves])
        mark(connection, account_id, {move.contact_id for move in moves}, self.now)

    def _touch(self, connection: Connection, account_id: int, moves: "Sequence[_Move]") -> None:
        """What was given back is an act of whoever took the join apart (M3)."""
        touch_hub(connection, account_id, {move.contact_id: move.fields for move in moves})
        acted = [(move.after, move.fields) for move in moves]
        now = self.journal.clock.now()
        record_acts(connection, account_id, acted, self.actor, asked_at=self.now, now=now)

    def _entry(self, move: "_Move") -> Entry:
        """One entry for each contact; the rows have theirs by their link."""
        field = move.fields & ~ADDRESS
        before, after = plain_state(move.before, field), plain_state(move.after, field)
        if move.before.hold != move.after.hold:
            before, after = {**before, "hold": move.before.hold}, {**after, "hold": move.after.hold}
        return Entry(
            kind=ledger.PARTED,
            actor_kind=self.actor.kind.value,
            actor=self.actor.ident,
            contact_id=move.contact_id,
            field=field,
            old=before,
            new=after,
            rule="I3",
            personal=evidence_of(self.evidence),
        )


@dataclass(frozen=True, slots=True)
class _Move:
    """A contact before and after, and the fields it is an act on."""

    before: Contact
    after: Contact
    fields: int

    @property
    def contact_id(self) -> UUID:
        """Whose it is."""
        return self.after.contact_id

    @property
    def written(self) -> Contact:
        """The contact as it is stored: a row of it came or went, so what the sync wrote stands as an act."""
        return replace(self.after, synced=0)
