"""Jobs that note what happened to them, to be run by the real durable engine."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from assent.work.durable import Errand


@dataclass
class Bench:
    """Jobs of many accounts: what was stored, what drains saw of it, and who fails how often."""

    begun: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    stored: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    seen: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    drains: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    tries: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    swept: list[tuple[int, int]] = field(default_factory=list)
    trouble: dict[int, list[Exception]] = field(default_factory=lambda: defaultdict(list))
    early: dict[int, list[Exception]] = field(default_factory=lambda: defaultdict(list))
    owed_sweeps: list[tuple[int, int]] = field(default_factory=list)
    owed_drains: list[int] = field(default_factory=list)
    owed_errands: list[Errand] = field(default_factory=list)
    performed: dict[Errand, int] = field(default_factory=lambda: defaultdict(int))
    ends: dict[Errand, int] = field(default_factory=lambda: defaultdict(int))
    at_once: dict[Errand, int] = field(default_factory=lambda: defaultdict(int))
    most_at_once: int = 0
    ticks: int = 0
    takes_s: float = 0.02

    async def drain(self, account_id: int) -> Mapping[str, Any]:
        """Begin by taking a number, as the product does, look, and finish after a while."""
        self.tries[account_id] += 1
        if self.early[account_id]:
            raise self.early[account_id].pop(0)
        self.begun[account_id] += 1
        looked = set(self.stored[account_id])
        await asyncio.sleep(self.takes_s)
        if self.trouble[account_id]:
            raise self.trouble[account_id].pop(0)
        self.seen[account_id] |= looked
        self.drains[account_id] += 1
        return {"seen": len(looked)}

    async def sweep(self, account_id: int, slot: int) -> Mapping[str, Any]:
        """Note a sweep."""
        self.tries[account_id] += 1
        await asyncio.sleep(self.takes_s)
        if self.trouble[account_id]:
            raise self.trouble[account_id].pop(0)
        self.swept.append((account_id, slot))
        return {}

    async def due(self) -> list[tuple[int, int]]:
        """What is due, as long as it is owed."""
        self.ticks += 1
        return list(self.owed_sweeps)

    async def waiting(self) -> list[int]:
        """Who waits, as long as they do."""
        return list(self.owed_drains)

    def now(self) -> datetime:
        """The present moment."""
        return datetime.now(UTC)

    async def generation(self, account_id: int) -> int:
        """How many drains have begun."""
        return self.begun[account_id]

    async def skip(self, account_id: int, count: int) -> None:
        """Count drains as begun whose names are used up."""
        self.begun[account_id] += count

    async def perform(self, errand: Errand) -> Mapping[str, Any]:
        """Note who is at it at the same time, and finish after a while."""
        self.at_once[errand] += 1
        self.most_at_once = max(self.most_at_once, self.at_once[errand])
        await asyncio.sleep(self.takes_s)
        self.at_once[errand] -= 1
        self.performed[errand] += 1
        if self.trouble[errand.account_id]:
            raise self.trouble[errand.account_id].pop(0)
        return {}

    async def ended(self, errand: Errand) -> int:
        """How many times it ended."""
        return self.ends[errand]

    async def end(self, errand: Errand, count: int) -> None:
        """Count ends."""
        self.ends[errand] += count

    async def errands(self) -> list[Errand]:
        """What is owed, as long as it is."""
        return list(self.owed_errands)
