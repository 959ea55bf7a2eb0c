"""The shared budget: who goes first, what stays reserved, and that nobody's place gets lost."""

import asyncio

from assent.crm.budget import Budget
from assent.crm.transport import Lane

from .samples import StillClock


class Yard:
    """Requests that stay under way until told to end, and the order in which they began."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.began: list[str] = []
        self.ends: dict[str, asyncio.Event] = {}

    async def run(self, name: str, lane: Lane) -> None:
        """One request."""
        self.ends[name] = asyncio.Event()
        async with self.budget.turn(lane):
            self.began.append(name)
            await self.ends[name].wait()

    def start(self, name: str, lane: Lane) -> "asyncio.Task[None]":
        """Begin one in the background."""
        return asyncio.get_running_loop().create_task(self.run(name, lane))


async def settled() -> None:
    """Let everything that can run, run."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_refusals_have_a_reserved_share_and_go_first() -> None:
    """Backfills leave a place free for a refusal; of those who wait, the refusal is next (section 3)."""
    yard = Yard(Budget(StillClock(), start=3))
    tasks = [yard.start(f"b{number}", Lane.BACKFILL) for number in range(4)]
    await settled()
    assert yard.began == ["b0", "b1"]
    tasks += [yard.start("o", Lane.ORDINARY), yard.start("r0", Lane.REFUSAL), yard.start("r1", Lane.REFUSAL)]
    await settled()
    assert yard.began == ["b0", "b1", "r0"]
    for ends in ("b0", "b1", "r0"):
        yard.ends[ends].set()
        await settled()
    assert yard.began == ["b0", "b1", "r0", "r1", "o", "b2"]
    for event in yard.ends.values():
        event.set()
    await settled()
    for event in yard.ends.values():
        event.set()
    await asyncio.gather(*tasks)


async def test_one_at_a_time_still_lets_a_refusal_pass() -> None:
    """Where the organisation recommends one request at a time, a refusal does not wait for a backfill."""
    budget = Budget(StillClock())
    budget.recommend("1")
    yard = Yard(budget)
    tasks = [yard.start("b", Lane.BACKFILL), yard.start("r", Lane.REFUSAL), yard.start("b2", Lane.BACKFILL)]
    await settled()
    assert sorted(yard.began) == ["b", "r"]
    for event in yard.ends.values():
        event.set()
    await asyncio.gather(*tasks)


async def test_whoever_gives_up_takes_no_place_along() -> None:
    """Cancelled while waiting, while admitted, or in the same breath: every place comes back."""
    budget = Budget(StillClock(), start=2)
    yard = Yard(budget)
    running = yard.start("a", Lane.ORDINARY)
    await settled()
    waiting = [yard.start(f"w{number}", Lane.ORDINARY) for number in range(3)]
    await settled()
    waiting[0].cancel()
    running.cancel()
    waiting[2].cancel()
    await asyncio.gather(running, waiting[0], waiting[2], return_exceptions=True)
    await settled()
    assert yard.began == ["a", "w1"]
    late = yard.start("w3", Lane.ORDINARY)
    await settled()
    yard.ends["w1"].set()
    await asyncio.sleep(0)
    late.cancel()  # admitted a moment ago, not yet running
    await asyncio.gather(waiting[1], late, return_exceptions=True)
    last = yard.start("z", Lane.ORDINARY)
    await settled()
    assert yard.began[-1] == "z"
    yard.ends["z"].set()
    await last


def test_only_a_sane_hint_is_taken() -> None:
    """x-ms-dop-hint bounds concurrency within what we allow ourselves (4.3)."""
    budget = Budget(StillClock(), start=4, most=24)
    for hint, expected in ((None, 4), ("48", 24), ("0", 1), ("x", 1), ("-3", 1), ("9999999", 1), ("6", 6)):
        budget.recommend(hint)
        assert budget.limit == expected


def test_a_pause_never_shrinks() -> None:
    """A second, shorter pause does not open the gate early; none is longer than an hour."""
    clock = StillClock()
    budget = Budget(clock)
    assert budget.pause(30) == 30
    assert budget.pause(5) == 30
    assert budget.pause(1e9) == 3600
