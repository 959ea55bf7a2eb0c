"""One worker at a time has a contact: taken before it is read, still held before anything is written."""

from collections.abc import AsyncIterator, Collection, Set
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from assent.engine.run import Run

#: As long as a write may take: three pauses of a minute, and two minutes for the answer. A worker's claims
#: fall free after it, or with its process.
LEASE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Claims:
    """The contacts nobody else works on, and in whose name they are held."""

    owner: UUID
    mine: Set[UUID]

    async def still(self, run: Run) -> Set[UUID]:
        """Those that were not taken over since; a worker that slept or waited too long has lost them."""
        return await run.memory.renew(run.account_id, self.owner, run.clock.now() + LEASE)


@asynccontextmanager
async def claimed(run: Run, contact_ids: Collection[UUID]) -> AsyncIterator[Claims]:
    """Hold contacts while the block runs: gives those that nobody else works on."""
    owner = run.ids.new()
    mine = await run.memory.claim(run.account_id, contact_ids, owner, run.clock.now() + LEASE)
    try:
        yield Claims(owner, mine)
    finally:
        await run.memory.release(run.account_id, owner)
