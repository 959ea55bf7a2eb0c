"""Erasures from the day they are asked for: who is refused, held and barred until nothing is left (I6)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection, bindparam, select, update

from assent.errors import Unknown
from assent.ledger import entries as ledger
from assent.ledger.entries import Entry
from assent.policy.erasing import RowEnd
from assent.policy.identity import AddressMarks
from assent.policy.permission import LegalBasis
from assent.policy.sides import PERMISSION, Contact, Hold
from assent.ports import Actor, ActorKind, Evidence
from assent.store.among import among_guids
from assent.store.batches import chunked
from assent.store.contact_rows import contact_at, contact_values, record_acts, update_contacts
from assent.store.counters import lock_account, take_numbers, take_revisions
from assent.store.desk_schema import erasures
from assent.store.evidence import evidence_of
from assent.store.journal import Journal
from assent.store.link_rows import touch_hub
from assent.store.marks import Marks
from assent.store.pending import mark
from assent.store.schema import requests


class ErasedRow(msgspec.Struct, frozen=True):
    """A row of a person who was erased, and how it stood then."""

    connection_id: int
    row_id: UUID
    end: RowEnd


@dataclass(frozen=True, slots=True)
class Erasure:
    """An erasure as stored; `patient` tells that it waits for rows that cannot be reached.

    `rows` are those of a person who was erased; of one who is being erased they are the links.
    """

    erasure_id: int
    contact_id: UUID
    actor: Actor
    asked_at: datetime
    finished_at: datetime | None
    patient: bool
    rows: tuple[ErasedRow, ...]


_COLUMNS = (
    erasures.c.erasure_id,
    erasures.c.contact_id,
    erasures.c.actor_kind,
    erasures.c.actor,
    erasures.c.asked_at,
    erasures.c.finished_at,
    erasures.c.patient,
    erasures.c.rows,
)
_ROWS = msgspec.json.Decoder(tuple[ErasedRow, ...])

_UNDER_WAY = select(*_COLUMNS).where(
    erasures.c.account_id == bindparam("account_id"), erasures.c.finished_at.is_(None)
)
_UNDER_WAY_OF = _UNDER_WAY.where(among_guids(erasures.c.contact_id, bindparam("contact_ids")))


def newest(connection: Connection, account_id: int, before: int | None, limit: int) -> list[Erasure]:
    """Erasures, the newest first, from before a number."""
    statement = select(*_COLUMNS).where(erasures.c.account_id == account_id)
    if before is not None:
        statement = statement.where(erasures.c.erasure_id < before)
    ordered = statement.order_by(erasures.c.erasure_id.desc()).limit(limit)
    return [_erasure(row) for row in connection.execute(ordered)]


def read(connection: Connection, account_id: int, erasure_id: int) -> Erasure:
    """One erasure; raises Unknown."""
    statement = select(*_COLUMNS).where(
        erasures.c.account_id == account_id, erasures.c.erasure_id == erasure_id
    )
    row = connection.execute(statement).first()
    if row is None:
        raise Unknown("this account has no such erasure")
    return _erasure(row)


def under_way(
    connection: Connection, account_id: int, contact_ids: Collection[UUID] | None = None
) -> dict[UUID, Erasure]:
    """The erasures that are not finished, of some contacts or of all, by contact."""
    asked = {"account_id": account_id}
    if contact_ids is None:
        rows = connection.execute(_UNDER_WAY, asked).all()
    else:
        pieces = chunked(contact_ids)
        rows = [
            row
            for piece in pieces
            for row in connection.execute(_UNDER_WAY_OF, {**asked, "contact_ids": piece}).all()
        ]
    return {erasure.contact_id: erasure for erasure in map(_erasure, rows)}


def go_on_without(connection: Connection, account_id: int, erasure_id: int) -> None:
    """Let an erasure finish although rows of it wait; raises Unknown."""
    lock_account(connection, account_id)
    read(connection, account_id, erasure_id)
    connection.execute(
        update(erasures)
        .where(erasures.c.account_id == account_id, erasures.c.erasure_id == erasure_id)
        .values(patient=False)
    )


def finish(
    connection: Connection,
    account_id: int,
    ended: Sequence[tuple[Erasure, Sequence[ErasedRow]]],
    now: datetime,
) -> None:
    """Write down that erasures are over, and how each row stood."""
    statement = (
        update(erasures)
        .where(erasures.c.account_id == account_id, erasures.c.erasure_id == bindparam("of_erasure"))
        .values(finished_at=now, rows=bindparam("at_end"))
    )
    connection.execute(
        statement,
        [
            {"of_erasure": erasure.erasure_id, "at_end": msgspec.json.encode(list(rows)).decode()}
            for erasure, rows in ended
        ],
    )


@dataclass(frozen=True, slots=True)
class Beginning:
    """Begins erasures for one caller."""

    journal: Journal
    marks: Marks
    actor: Actor
    evidence: Evidence
    now: datetime

    def run(self, connection: Connection, account_id: int, contact_id: UUID) -> int:
        """Refuse, hold and bar a person in one transaction; gives the erasure's number.

        From then on no mail reaches them, also where the process ends here. One that was asked for
        before goes on as it is. Raises Unknown for a contact of another account.
        """
        lock_account(connection, account_id)
        contact = contact_at(connection, account_id, contact_id)
        if (standing := under_way(connection, account_id, [contact_id]).get(contact_id)) is not None:
            return standing.erasure_id
        after = replace(
            contact,
            basis=LegalBasis.WITHDRAWN,
            hold=Hold.ERASING.value,
            synced=contact.synced & ~PERMISSION,
        )
        (revision,) = take_revisions(connection, account_id, 1)
        update_contacts(connection, account_id, [(contact_id, contact_values(after, revision, self.now))])
        self._touch(connection, account_id, after)
        self.marks.add(connection, account_id, [contact.email], AddressMarks(erased=True), self.now)
        number = self._write_down(connection, account_id, contact_id)
        self.journal.append(connection, account_id, [self._entry(contact, after)])
        mark(connection, account_id, [contact_id], self.now)
        return number

    def _touch(self, connection: Connection, account_id: int, after: Contact) -> None:
        """It is the newest act on the permission, for every row; open questions are over."""
        touch_hub(connection, account_id, {after.contact_id: PERMISSION})
        now = self.journal.clock.now()
        record_acts(connection, account_id, [(after, PERMISSION)], self.actor, asked_at=self.now, now=now)
        connection.execute(
            update(requests)
            .where(
                requests.c.account_id == account_id,
                requests.c.contact_id == after.contact_id,
                requests.c.closed_at.is_(None),
            )
            .values(closed_at=self.now)
        )

    def _write_down(self, connection: Connection, account_id: int, contact_id: UUID) -> int:
        number = take_numbers(connection, account_id, "erasure")[0]
        connection.execute(
            erasures.insert().values(
                account_id=account_id,
                erasure_id=number,
                contact_id=contact_id,
                actor_kind=self.actor.kind.value,
                actor=self.actor.ident,
                asked_at=self.now,
            )
        )
        return number

    def _entry(self, before: Contact, after: Contact) -> Entry:
        return Entry(
            kind=ledger.ERASING,
            actor_kind=self.actor.kind.value,
            actor=self.actor.ident,
            contact_id=after.contact_id,
            field=PERMISSION,
            old={"basis": int(before.basis), "hold": before.hold},
            new={"basis": int(after.basis), "hold": after.hold},
            rule="I6",
            personal=evidence_of(self.evidence),
        )


def _erasure(row: Any) -> Erasure:
    number, contact_id, kind, ident, asked_at, finished_at, patient, rows = row
    actor = Actor(ActorKind(kind), ident)
    return Erasure(number, contact_id, actor, asked_at, finished_at, patient, _ROWS.decode(rows))
