"""Bugs in how both sides are written (M6, I2, I5)."""

from collections.abc import Collection, Iterator, Sequence, Set
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import assent.crm.contacts
import assent.engine.outward
import assent.engine.reconcile
import assent.policy.plan
from assent.crm.contacts import DataverseContacts
from assent.engine.claiming import Claims
from assent.errors import AssentError
from assent.policy.plan import RowWrite
from assent.policy.sides import Row
from assent.ports import Change
from assent.store.memory import SqlMemory

from ..faults import Fault
from ..script import Move, step, tale
from .planting import NOTICES, bug, each, nobody, replaced


@bug(
    "grants are written over whatever stands (M6)",
    tale(step(Move.BASIS, 3), step(Move.DITHER, 3, 4.0), slowness=50),
    "refusal",
    "agreement",
)
def blind_grants() -> Iterator[None]:
    """Every write is conditional on the version that stands, which is no condition."""
    kept = DataverseContacts.write

    async def write(self: DataverseContacts, writes: Sequence[RowWrite]) -> dict[UUID, Row | AssentError]:
        there = await self.read([one.key.row_id for one in writes])
        blind = [
            replace(one, if_version=there[one.key.row_id].version)
            if one.if_version is not None and one.key.row_id in there
            else one
            for one in writes
        ]
        return await kept(self, blind)

    with replaced(DataverseContacts, "write", write):
        yield


@bug(
    "two workers write one contact, and nobody compares (section 3)",
    tale(step(Move.SWEEP), *each(Move.TICK_BOX, 0.2, yes=False), *each(Move.OPT_OUT, 0.3), slowness=10),
    "refusal",
    "agreement",
    "ledger",
)
def two_workers() -> Iterator[None]:
    """No guard per contact, and the hub is written over whatever its revision is."""
    kept = SqlMemory.apply

    async def claim(
        self: SqlMemory, account_id: int, keys: Collection[UUID], owner: UUID, until: Any
    ) -> set[UUID]:
        return set(keys)

    async def apply(self: SqlMemory, account_id: int, changes: Sequence[Change]) -> dict[UUID, int]:
        people = await self.people(account_id, {c.before.contact_id for c in changes})
        now = {p.contact.contact_id: p.contact.revision for p in people}
        blind = [
            replace(c, before=replace(c.before, revision=now.get(c.before.contact_id, c.before.revision)))
            for c in changes
        ]
        return await kept(self, account_id, blind)

    async def still(claims: Claims, run: Any) -> Set[UUID]:
        return claims.mine

    with (
        replaced(SqlMemory, "claim", claim),
        replaced(Claims, "still", still),
        replaced(SqlMemory, "apply", apply),
    ):
        yield


@bug(
    "only the first organisation is written (I2)",
    tale(step(Move.OPT_OUT, 0), sites=2),
    "agreement",
    "refusal",
)
def one_connection() -> Iterator[None]:
    """The result does not go to every row of the person."""
    kept = assent.engine.reconcile._due

    def due(work: Any, connection_id: int) -> Sequence[tuple[UUID, RowWrite]]:
        return kept(work, connection_id) if connection_id == 1 else []

    with replaced(assent.engine.reconcile, "_due", due):
        yield


@bug(
    "a create that is tried again makes another row (I5)",
    tale(
        step(Move.HUB_NEW, 0, other=6),
        step(Move.CRASH, 0, 0.2),
        faults=NOTICES | {Fault.CRASH},
        harshness=3,
    ),
    "doubled",
)
def created_twice() -> Iterator[None]:
    """Rows get chance ids instead of derived ones."""

    def chance(account_id: int, contact_id: UUID) -> UUID:
        return uuid4()

    with (
        replaced(assent.engine.outward, "row_id_for", chance),
        replaced(assent.engine.outward, "_link_bearing", nobody),
    ):
        yield
