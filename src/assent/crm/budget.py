"""The shared budget of one organisation: how many requests at once, who goes first, and when to pause."""

import asyncio
import heapq
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from assent.crm.transport import Lane
from assent.errors import Throttled
from assent.ports import Clock


class Budget:
    """Admits requests by lane, keeping a share for refusals and pre-send (design section 3).

    `most` bounds the concurrency whatever the organisation recommends: its limit of 52 is shared
    with everything else that signs in as the same user (dataverse.md 5.1).
    """

    def __init__(self, clock: Clock, *, start: int = 4, most: int = 24, patience_s: float = 60.0) -> None:
        self._clock = clock
        self._patience_s = patience_s
        self._most = most
        self._limit = min(start, most)
        self._busy = 0
        self._ordinary = 0  # how many of the busy ones may not use the reserved share
        self._count = 0
        self._waiting: list[tuple[Lane, int, asyncio.Future[None]]] = []
        self._opens_at: datetime | None = None
        self._refusals_in_a_row = 0

    @property
    def limit(self) -> int:
        """How many requests may be under way at once."""
        return self._limit

    def recommend(self, hint: str | None) -> None:
        """Take the degree of parallelism the organisation recommends (`x-ms-dop-hint`, 4.3)."""
        if hint is not None and hint.isascii() and hint.isdigit() and len(hint) < 6:
            self._limit = max(1, min(int(hint), self._most))
            self._admit()

    def pause(self, seconds: float | None) -> float:
        """Send nothing for a while; without a figure the pause doubles from 1 to 64 s (5.1).

        Gives the seconds until requests go out again.
        """
        self._refusals_in_a_row += 1
        wait = seconds if seconds is not None else float(2 ** min(self._refusals_in_a_row - 1, 6))
        until = self._clock.now() + timedelta(seconds=min(wait, 3600.0))
        self._opens_at = max(self._opens_at or until, until)
        return self.paused_s()

    def paused_s(self) -> float:
        """How many seconds of the pause are left."""
        if self._opens_at is None:
            return 0.0
        return max(0.0, (self._opens_at - self._clock.now()).total_seconds())

    def went_well(self) -> None:
        """An answer came that did not ask for a pause."""
        self._refusals_in_a_row = 0

    @asynccontextmanager
    async def turn(self, lane: Lane) -> AsyncIterator[None]:
        """Wait for a turn, and for a pause to end, then hold one of the places.

        Raises Throttled when the pause is longer than our patience: the caller plans with it.
        """
        await self._enter(lane)
        try:
            while (wait := self.paused_s()) > 0:
                if wait > self._patience_s:
                    raise Throttled("Dynamics asked for a pause that has not ended yet.", after_s=wait)
                await self._clock.sleep(wait)
            yield
        finally:
            self._leave(lane)

    async def _enter(self, lane: Lane) -> None:
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._waiting, (lane, self._count, place))
        self._admit()
        try:
            await place
        except asyncio.CancelledError:
            if not place.cancelled():
                self._leave(lane)  # admitted and cancelled in the same breath
            raise  # a cancelled place is stepped over when its turn comes

    def _leave(self, lane: Lane) -> None:
        self._busy -= 1
        self._ordinary -= lane is not Lane.REFUSAL
        self._admit()

    def _admit(self) -> None:
        while self._waiting and self._room(self._waiting[0][0]):
            lane, _, place = heapq.heappop(self._waiting)
            if place.done():
                continue
            self._busy += 1
            self._ordinary += lane is not Lane.REFUSAL
            place.set_result(None)

    def _room(self, lane: Lane) -> bool:
        if lane is Lane.REFUSAL:
            # Never behind a backfill, not even where the organisation recommends one at a time.
            return self._busy < max(2, self._limit)
        reserved = max(1, self._limit // 8) if self._limit > 1 else 0
        return self._ordinary < self._limit - reserved and self._busy < self._limit
