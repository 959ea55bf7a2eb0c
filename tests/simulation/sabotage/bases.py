"""Bugs in what is remembered of the last agreement (M3, M4, M7)."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import assent.crm.contacts
import assent.crm.requests.contacts
import assent.engine.reconcile
import assent.engine.sweep
import assent.policy.plan
import assent.policy.sightings
import assent.store.sightings
from assent.crm.contacts import DataverseContacts
from assent.engine.claiming import Claims
from assent.engine.run import Report
from assent.errors import AssentError, Retry
from assent.policy.permission import BulkEmail
from assent.policy.plan import RowWrite
from assent.policy.sides import PERMISSION, Base, Link, Row
from assent.store.memory import SqlMemory

from ..script import Move, step, tale
from .planting import ANSWERS, LINES, NOTICES, RESTORE, as_written, bug, each, owners, replaced


@bug(
    "our own write comes back as a rep's act (T4)",
    tale(step(Move.BASIS, 3, other=1), step(Move.TAKE_BACK, 3, 40.0), step(Move.PHONE, 3, 40.0)),
    "granted",
    "nuance",
    "invented",
    "stillness",
    "agreement",
)
def echo() -> Iterator[None]:
    """Whatever a row says after it moved counts as an act on every column, our own writes too (M3)."""
    kept = assent.policy.sightings.acted_fields

    def acted_fields(link: Link, base: Base, row: Row) -> int:
        moved = row.version > base.crm_version and row.toggle is BulkEmail.ALLOW
        return kept(link, base, row) | (PERMISSION if moved else 0)

    with replaced(assent.policy.sightings, "acted_fields", acted_fields):
        yield


@bug(
    "an unconfirmed write of ours is taken for a rep's act (M4)",
    tale(step(Move.BASIS, 3, other=1), step(Move.TAKE_BACK, 3, 3.0), faults=ANSWERS),
    "nuance",
    "invented",
    "refusal",
    "granted",
)
def own_write_unknown() -> Iterator[None]:
    """What we wrote and nobody confirmed counts as an act of the CRM's people, whoever the writer is."""

    def nobodys(*_: object) -> bool:
        return False

    def nobody(_: Link) -> None:
        """No writer."""

    with (
        replaced(assent.policy.plan, "is_ours", nobodys),
        replaced(assent.policy.plan, "_writer", nobody),
        replaced(assent.policy.sightings, "is_ours", nobodys),
    ):
        yield


@bug(
    "only values are compared, never who touched what (M3)",
    tale(step(Move.TOGGLE, 3), step(Move.OPT_OUT, 3, 0.05)),
    "refusal",
)
def value_only_base() -> Iterator[None]:
    """The style of most sync products: a value that is as it was means that nothing happened."""
    kept = SqlMemory.people

    async def people(self: SqlMemory, account_id: int, contact_ids: Collection[UUID]) -> Any:
        return [
            replace(p, links=tuple(replace(k, hub_touched=0, crm_touched=0, same_at=None) for k in p.links))
            for p in await kept(self, account_id, contact_ids)
        ]

    with replaced(SqlMemory, "people", people):
        yield


@bug(
    "a base is set before the write is confirmed (M4)",
    tale(step(Move.SWEEP), step(Move.BASIS, 3, 20.0), faults=LINES, harshness=5),
    "refusal",
    "agreement",
    "granted",
)
def base_before_confirmation() -> Iterator[None]:
    """Whatever became of a write, the base says that it took effect."""
    kept = assent.engine.reconcile._write_rows

    async def write_rows(run: Any, claims: Claims, work: Sequence[Any]) -> Any:
        writes: list[RowWrite] = [write for item in work for write in item.plan.writes]
        people = await run.memory.people(run.account_id, await owners(run, writes))
        rows = {link.key: link.row for person in people for link in person.links}
        answers = await kept(run, claims, work)
        for write in writes:
            found, row = answers.get(write.key), rows.get(write.key)
            if found is not None and isinstance(found.row, AssentError) and row is not None:
                answers[write.key] = replace(found, row=as_written(row, write))
        return answers

    with replaced(assent.engine.reconcile, "_write_rows", write_rows):
        yield


@bug(
    "a time-out is taken for success (M6)",
    tale(step(Move.SWEEP), step(Move.BASIS, 3, 20.0), faults=LINES, harshness=5),
    "refusal",
    "agreement",
    "granted",
)
def swallowed_timeout() -> Iterator[None]:
    """Where no answer came, the row is believed to say what was written."""
    kept = DataverseContacts.write

    async def write(self: DataverseContacts, writes: Sequence[RowWrite]) -> dict[UUID, Row | AssentError]:
        done = await kept(self, writes)
        for one in writes:
            if isinstance(done.get(one.key.row_id), Retry):
                there = await self.read([one.key.row_id])
                if one.key.row_id in there:
                    done[one.key.row_id] = as_written(there[one.key.row_id], one)
        return done

    with replaced(DataverseContacts, "write", write):
        yield


@bug(
    "a base is set at whatever revision the hub has by then (M4)",
    tale(
        step(Move.SWEEP),
        step(Move.BULK, 0, 40.0),
        *each(Move.OPT_OUT, 0.3),
        slowness=10,
        faults=NOTICES,
        harshness=3,
    ),
    "refusal",
    "agreement",
)
def hasty_base() -> Iterator[None]:
    """An act of the last moment is covered by a base that never saw it."""
    kept = SqlMemory.settle

    async def settle(self: SqlMemory, account_id: int, settlements: Any, written: Any) -> Any:
        people = await self.people(account_id, {s.contact_id for s in settlements})
        now = {p.contact.contact_id: p.contact.revision for p in people}
        hasty = [
            replace(s, hub_revision=at, base=replace(s.base, hub_revision=at))
            for s in settlements
            if (at := now.get(s.contact_id)) is not None
        ]
        return await kept(self, account_id, hasty, written)

    with replaced(SqlMemory, "settle", settle):
        yield


@bug(
    "a restore is taken for reps allowing again (M7)",
    tale(step(Move.BACKUP), step(Move.OPT_OUT, 0, 1.0), step(Move.RESTORE, 0, 20.0), faults=RESTORE),
    "refusal",
    "agreement",
)
def restore_for_allow() -> Iterator[None]:
    """An older row, or a feed that went back, is ordinary news."""

    def never(*_: object, **__: object) -> bool:
        return False

    async def unseen(*_: object, **__: object) -> Report:
        return Report()

    with (
        replaced(assent.engine.sweep, "_look_again", unseen),
        replaced(assent.store.sightings, "proves_restore", never),
        replaced(assent.crm.requests.contacts, "went_back", never),
    ):
        yield
