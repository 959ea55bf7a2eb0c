"""Known faults, planted on purpose, that the judge of histories must notice."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast
from uuid import UUID

from assent.errors import AssentError
from assent.policy.plan import RowWrite
from assent.policy.sides import Row
from assent.ports import Crm, Memory, Settlement, Sighting, Written

#: Turns sound ports into broken ones.
Sabotage = Callable[[Memory, Crm], tuple[Memory, Crm]]


class Port:
    """Passes everything on."""

    def __init__(self, target: Any) -> None:
        self.target = target

    def __getattr__(self, name: str) -> Any:
        return getattr(self.target, name)


class _Blind(Port):
    async def write(self, writes: Sequence[RowWrite]) -> dict[UUID, Row | AssentError]:
        """Write on condition of whatever version stands, which is no condition."""
        rows: dict[UUID, Row] = await self.target.read([write.key.row_id for write in writes])
        blind = [
            replace(w, if_version=rows[w.key.row_id].version) if w.if_version and w.key.row_id in rows else w
            for w in writes
        ]
        result: dict[UUID, Row | AssentError] = await self.target.write(blind)
        return result


class _Hasty(Port):
    async def settle(
        self, account_id: int, settlements: Sequence[Settlement], written: Sequence[Written]
    ) -> set[UUID]:
        """Settle at whatever revision stands: acts of the last moment are covered."""
        people = await self.target.people(account_id, {s.contact_id for s in settlements})
        revisions = {p.contact.contact_id: p.contact.revision for p in people}
        hasty = [
            replace(s, hub_revision=now, base=replace(s.base, hub_revision=now))
            for s in settlements
            for now in [revisions[s.contact_id]]
        ]
        settled: set[UUID] = await self.target.settle(account_id, hasty, written)
        return settled


class _Forgetful(Port):
    async def see(self, account_id: int, sightings: Sequence[Sighting]) -> None:
        """Lose the last row of every page."""
        await self.target.see(account_id, sightings[:-1])


def blind_writes(memory: Memory, crm: Crm) -> tuple[Memory, Crm]:
    """Grants are written over whatever a rep did meanwhile (M6)."""
    return memory, cast("Crm", _Blind(crm))


def hasty_bases(memory: Memory, crm: Crm) -> tuple[Memory, Crm]:
    """A base says that both sides stood together when they did not (M4)."""
    return cast("Memory", _Hasty(memory)), crm


def lost_sightings(memory: Memory, crm: Crm) -> tuple[Memory, Crm]:
    """The cursor moves over rows that were not stored (cursors)."""
    return cast("Memory", _Forgetful(memory)), crm
