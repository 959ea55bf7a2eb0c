"""Group commit: an answer waits for its commit, a commit serves everybody who waits."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from assent.errors import Invalid

log = structlog.get_logger()

T = TypeVar("T")

#: Stores what several callers brought for an account, all or nothing.
Store = Callable[[int, Sequence[T]], Awaitable[None]]
Wake = Callable[[int], Awaitable[None]]

#: After a commit the next one waits so long: clicks that come one by one would else take one each.
BETWEEN_COMMITS_S = 0.005

#: After a wake-up the next one waits so long: whatever is stored meanwhile shares it.
BETWEEN_WAKES_S = 0.25


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[T]):
    account_id: int
    item: T
    stored: "asyncio.Future[None]"


class Together(Generic[T]):
    """Stores items durably, many at a time, and wakes the accounts they concern.

    Losing the wake-up after the commit costs time, not items: the next tick finds them.
    """

    def __init__(self, store: Store[T], wake: Wake) -> None:
        self._store = store
        self._wake = wake
        self._waiting: list[_Waiting[T]] = []
        self._writer: asyncio.Task[None] | None = None
        self._owed: set[int] = set()
        self.waking: dict[int, asyncio.Task[None]] = {}

    async def add(self, account_id: int, item: T) -> None:
        """Return once the item is durable; raises what storing it alone raises."""
        stored = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(account_id, item, stored))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        await stored

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            for account_id in dict.fromkeys(one.account_id for one in batch):
                await self._commit(account_id, [one for one in batch if one.account_id == account_id])
            await asyncio.sleep(BETWEEN_COMMITS_S)

    async def _commit(self, account_id: int, mine: Sequence[_Waiting[T]]) -> None:
        try:
            await self._store(account_id, [one.item for one in mine])
        except Invalid as error:
            if len(mine) == 1:
                _fail(mine, error)
                return
            for one in mine:  # one of them is wrong; it must not keep the others from being stored
                await self._commit(account_id, [one])
            return
        except Exception as error:  # noqa: BLE001 - whoever waits must hear of it, whatever it was
            _fail(mine, error)
            return
        for one in mine:
            if not one.stored.done():
                one.stored.set_result(None)
        # Not waited for: whatever keeps a wake-up must not keep the next ones from being stored.
        self._owed.add(account_id)
        if account_id not in self.waking:
            self.waking[account_id] = asyncio.create_task(self._wake_up(account_id))

    async def _wake_up(self, account_id: int) -> None:
        try:
            while account_id in self._owed:
                self._owed.discard(account_id)
                await self._wake(account_id)
                await asyncio.sleep(BETWEEN_WAKES_S)
        except Exception as error:  # noqa: BLE001 - what was stored is durable; the next tick wakes for it
            log.warning("wake_failed", account_id=account_id, error=type(error).__name__)
        finally:
            del self.waking[account_id]


def _fail(mine: Sequence[_Waiting[T]], error: Exception) -> None:
    for one in mine:
        if not one.stored.done():
            one.stored.set_exception(error)
