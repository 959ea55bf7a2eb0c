"""The gate as everybody asks it: proved within a deadline, then judged in pieces, however many there are."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from assent.engine.presend import prove
from assent.engine.proof import TOGETHER, Judged, Proof, Targets, judged, unproved
from assent.engine.run import Run
from assent.errors import Retry
from assent.policy.audience import Audience
from assent.policy.gate import Message
from assent.store import search
from assent.store.database import Database

#: How long Dynamics is waited for, where nobody says otherwise.
DEADLINE = timedelta(minutes=10)

TOO_LATE = (
    "Dynamics did not answer everything within {seconds:g} seconds, the deadline of this check, so nothing "
    "is proved and nobody is mailed. Check again, or give it more time."
)


@dataclass(frozen=True, slots=True)
class Checked:
    """A check whose questions to Dynamics are over; its verdicts are given as they are read."""

    run: Run
    targets: Targets
    proof: Proof

    async def verdicts(self) -> AsyncIterator[list[Judged]]:
        """The verdict on everybody, in pieces."""
        async for contact_ids in self.targets.pages():
            yield await judged(self.run, self.proof, contact_ids)


async def proved(run: Run, targets: Targets, message: Message, within: timedelta = DEADLINE) -> Proof:
    """Ask Dynamics, for so long; what could not be verified by then is left out (the gate fails closed)."""
    began = run.clock.now()
    try:
        async with asyncio.timeout(within.total_seconds()):
            return await prove(run, targets, message)
    except TimeoutError:
        error = Retry(TOO_LATE.format(seconds=within.total_seconds()))
        return unproved(run, message, began, error)


async def everybody(database: Database, account_id: int, audience: Audience) -> Targets:
    """The contacts of an audience, read in pieces each time they are asked for."""

    async def pages() -> AsyncIterator[Sequence[UUID]]:
        after: UUID | None = None
        while True:
            start = after
            ids = await database.read(
                lambda c: search.ids(c, account_id, audience, TOGETHER, start)  # noqa: B023 - awaited here
            )
            if ids:
                yield ids
                after = ids[-1]
            if len(ids) < TOGETHER:
                return

    return Targets(await database.read(lambda c: search.count(c, account_id, audience)), pages)
