"""Tells the journal how far a step of setup is and how long it took: the time left is made of that."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from assent.ports import Clock
from assent.ports.setup import Journal

#: Seconds between words of a step that deals with many contacts.
_EVERY_S = 1.0


@dataclass(slots=True)
class Stepping:
    """One step of a setup that is under way; `of` is how many contacts it deals with, 0 where none."""

    journal: Journal
    clock: Clock
    connection_id: int
    step: str
    of: int = 0
    passed: int = 0
    since: datetime = field(init=False)
    told: datetime = field(init=False)

    async def begin(self) -> None:
        """It begins."""
        self.since = self.clock.now()
        await self._tell()

    async def passes(self, contacts: int) -> None:
        """So many more contacts are dealt with; said now and then."""
        self.passed += contacts
        if self.of and (self.clock.now() - self.told).total_seconds() >= _EVERY_S:
            await self._tell()

    async def _tell(self) -> None:
        self.told = self.clock.now()
        counted = {"passed": self.passed, "of": self.of} if self.of else {}
        await self._mark("running", {"since": self.since.isoformat(), **counted})

    async def pause(self, detail: Mapping[str, object]) -> None:
        """A person has to choose."""
        await self._mark("paused", detail)

    async def end(self, figures: Mapping[str, object]) -> None:
        """It is done."""
        seconds = round((self.clock.now() - self.since).total_seconds(), 3)
        counted = {"of": self.of} if self.of else {}
        await self._mark("done", {**figures, **counted, "seconds": seconds})

    async def _mark(self, state: str, detail: Mapping[str, object]) -> None:
        await self.journal.mark(self.connection_id, self.step, state, detail)
