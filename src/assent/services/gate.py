"""The gate as everybody asks it: proved within a deadline, then judged in pieces, however many there are."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

from assent.engine.presend import prove
from assent.engine.proof import TOGETHER, Judged, Pages, Proof, Targets, unproved
from assent.engine.run import Run
from assent.errors import Retry
from assent.policy.audience import Audience
from assent.policy.gate import Message
from assent.store import search
from assent.store.opening import Store
from assent.store.standings import Reader

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
        async for people in self.targets.pages():
            yield self.proof.judge(people)


async def proved(run: Run, targets: Targets, message: Message, within: timedelta = DEADLINE) -> Proof:
    """Ask Dynamics, for so long; what could not be verified by then is left out (the gate fails closed)."""
    began = run.clock.now()
    try:
        async with asyncio.timeout(within.total_seconds()):
            return await prove(run, targets, message)
    except TimeoutError:
        error = Retry(TOO_LATE.format(seconds=within.total_seconds()))
        return unproved(run, message, began, error)


async def everybody(store: Store, account_id: int, audience: Audience) -> Targets:
    """The contacts of an audience, as they stand each time they are asked for."""
    reader, database = Reader(store.accounts.marking), store.database

    async def pages() -> Pages:
        people, after = await database.read(lambda c: reader.page(c, account_id, audience, 0, TOGETHER))
        while people:
            yield people
            start = after
            people, after = await database.read(
                lambda c: reader.page(c, account_id, audience, start, TOGETHER)  # noqa: B023 - awaited here
            )

    return Targets(await database.read(lambda c: search.count(c, account_id, audience)), pages)
