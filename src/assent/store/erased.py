"""Leaves nothing of a person but what bars their address, once their rows have the refusal (I6)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, and_, delete, exists, select

from assent.ledger import entries as ledger
from assent.ledger.entries import Entry
from assent.policy.address import normalise
from assent.policy.erasing import RowEnd, row_end
from assent.policy.identity import AddressMarks
from assent.policy.sides import Person
from assent.ports import Notice
from assent.store import erasing
from assent.store.among import among_guids
from assent.store.batches import chunked
from assent.store.contact_rows import contacts_at, holders
from assent.store.counters import lock_account
from assent.store.desk_schema import mailed_addresses, returns, troubles
from assent.store.erasing import ErasedRow, Erasure
from assent.store.journal import Journal, destroy_keys
from assent.store.marks import Marks
from assent.store.notices import post
from assent.store.people import people
from assent.store.schema import acts, contacts, former_links, gone_rows, links, requests

#: What is kept of a contact elsewhere than in its own row, in an order no reference minds.
_KEPT = (requests, acts, former_links, gone_rows, links, troubles, returns, mailed_addresses, contacts)


@dataclass(frozen=True, slots=True)
class Finishing:
    """Erases people whose rows refuse, or whom a person decided not to wait for."""

    journal: Journal
    marks: Marks
    now: datetime

    def run(self, connection: Connection, account_id: int, contact_ids: Collection[UUID]) -> set[UUID]:
        """Erase whoever is ready, all of it in one transaction; gives them.

        Tables forget them, the ledger's key of theirs is destroyed, and what stays is the mark of the
        address, the ledger's plain entries, and how each row stood.
        """
        lock_account(connection, account_id)
        due = erasing.under_way(connection, account_id, contact_ids)
        contacts_at(connection, account_id, due, lock=True)
        ended = [
            (person, due[person.contact.contact_id], rows)
            for person in people(connection, account_id, due)
            if (rows := self._rows(connection, account_id, person, due[person.contact.contact_id]))
            is not None
        ]
        if not ended:
            return set()
        gone = {person.contact.contact_id for person, _, _ in ended}
        self._bar(connection, account_id, [person for person, _, _ in ended])
        self.journal.append(connection, account_id, [_entry(erasure, rows) for _, erasure, rows in ended])
        _forget(connection, account_id, gone)
        post(connection, account_id, self._elsewhere([person for person, _, _ in ended]), self.now)
        erasing.finish(connection, account_id, [(erasure, rows) for _, erasure, rows in ended], self.now)
        return gone

    def _rows(
        self, connection: Connection, account_id: int, person: Person, erasure: Erasure
    ) -> list[ErasedRow] | None:
        """How the person's rows stand; None while one waits that is waited for."""
        found = standing_rows(connection, account_id, person)
        if erasure.patient:
            settled = not _pending(connection, account_id, person.contact.contact_id)
            return found if settled and all(row.end is not RowEnd.WAITS for row in found) else None
        return [
            ErasedRow(row.connection_id, row.row_id, RowEnd.UNCONFIRMED) if row.end is RowEnd.WAITS else row
            for row in found
        ]

    def _elsewhere(self, gone: Sequence[Person]) -> list[Notice]:
        """Have rows that bear another address by now looked at: somebody else's, whom no feed will tell."""
        return [
            Notice(link.key.connection_id, link.key.row_id, "let go", 0, 0, self.now)
            for person in gone
            for link in person.links
            if link.row is not None and normalise(link.row.email) not in (person.contact.email, None)
        ]

    def _bar(self, connection: Connection, account_id: int, gone: Sequence[Person]) -> None:
        """Mark every address of theirs: the contact's, and those its rows got that nobody else holds."""
        own = {person.contact.email for person in gone}
        on_rows = {
            address
            for person in gone
            for link in person.links
            if link.row is not None and (address := normalise(link.row.email)) is not None
        }
        free = (on_rows - own) - holders(connection, account_id, on_rows - own).keys()
        self.marks.add(connection, account_id, own | free, AddressMarks(erased=True), self.now)


def standing_rows(connection: Connection, account_id: int, person: Person) -> list[ErasedRow]:
    """How every row of a person who is being erased stands, those that are gone in Dynamics too."""
    found = [
        ErasedRow(link.key.connection_id, link.key.row_id, row_end(person.contact, link))
        for link in person.links
    ]
    return found + _deleted(connection, account_id, person.contact.contact_id)


def _deleted(connection: Connection, account_id: int, contact_id: UUID) -> list[ErasedRow]:
    """Rows of theirs that are gone; one that is linked again is with somebody."""
    g = gone_rows.c
    linked = exists().where(
        and_(
            links.c.account_id == g.account_id,
            links.c.connection_id == g.connection_id,
            links.c.row_id == g.row_id,
        )
    )
    statement = (
        select(g.connection_id, g.row_id)
        .where(g.account_id == account_id, g.contact_id == contact_id, ~linked)
        .order_by(g.connection_id, g.row_id)
    )
    return [ErasedRow(*row, RowEnd.DELETED) for row in connection.execute(statement)]


def _pending(connection: Connection, account_id: int, contact_id: UUID) -> bool:
    """Whether a row of theirs was written to, or told of, and not read since."""
    statement = select(contacts.c.pending).where(
        contacts.c.account_id == account_id, contacts.c.contact_id == contact_id
    )
    return bool(connection.execute(statement).scalar_one())


def _forget(connection: Connection, account_id: int, gone: Collection[UUID]) -> None:
    """Take them out of every table, and destroy their keys."""
    for piece in chunked(gone):
        for table in _KEPT:
            theirs = among_guids(table.c.contact_id, piece)
            connection.execute(delete(table).where(table.c.account_id == account_id, theirs))
    destroy_keys(connection, account_id, gone)


def _entry(erasure: Erasure, rows: Sequence[ErasedRow]) -> Entry:
    """Say that a person was erased, for whoever asked for it; the hold and the rest went before."""
    refused = sum(row.end is RowEnd.REFUSED for row in rows)
    return Entry(
        kind=ledger.ERASED,
        actor_kind=erasure.actor.kind.value,
        actor=erasure.actor.ident,
        contact_id=erasure.contact_id,
        new={"rows": len(rows), "refused": refused},
        rule="I6",
    )
