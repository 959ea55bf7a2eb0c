"""Time and identity, injected so that a run can be repeated exactly."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache
from heapq import heappop, heappush
from itertools import count
from random import Random
from uuid import UUID, uuid5

# Names of things that have no documented id get one derived from this, so every run agrees on them.
_EMULATOR = UUID("6f2d1c5e-3a0b-5e0f-9d57-0c1f5a1b7e44")


@dataclass(frozen=True, slots=True)
class Sources:
    """The clock (seconds since 1970, UTC), the maker of row ids, and how to let seconds pass."""

    now: Callable[[], float]
    new_id: Callable[[], str]
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep


class VirtualClock:
    """Time that stands still until somebody waits, and then passes at once, in the order of the waits."""

    def __init__(self, start: float = 1_767_225_600.0) -> None:
        self._now = start
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = count()

    def now(self) -> float:
        """Seconds since 1970, UTC."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass by hand."""
        self._now += seconds

    async def pause(self, seconds: float) -> None:
        """Wait: whoever waits for an earlier moment goes on before."""
        loop = asyncio.get_running_loop()
        until: asyncio.Future[None] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._pass)
        heappush(self._waiting, (self._now + seconds, next(self._numbers), until))
        await until

    def _pass(self) -> None:
        moment, _, waiter = heappop(self._waiting)
        self._now = max(self._now, moment)
        if not waiter.done():
            waiter.set_result(None)
        if self._waiting:
            waiter.get_loop().call_soon(self._pass)


def seeded_ids(seed: int) -> Callable[[], str]:
    """Guids in a reproducible order."""
    chance = Random(seed)  # noqa: S311 - identity, not secrecy

    def make() -> str:
        return str(UUID(int=chance.getrandbits(128), version=4))

    return make


@lru_cache(maxsize=65536)
def derived_id(*parts: str) -> str:
    """The same guid for the same words, always."""
    return str(uuid5(_EMULATOR, "/".join(parts)))
