"""Group commit for notices: an answer waits for its commit, a commit serves everybody who waits."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from assent.ports import Notice

log = structlog.get_logger()

Post = Callable[[int, Sequence[Notice]], Awaitable[None]]
Wake = Callable[[int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Waiting:
    account_id: int
    notices: Sequence[Notice]
    stored: "asyncio.Future[None]"


class Inbox:
    """Stores notices durably, many at a time, and wakes the accounts they concern.

    Losing the wake-up after the commit costs time, not notices: the next tick finds them.
    """

    def __init__(self, post: Post, wake: Wake) -> None:
        self._post = post
        self._wake = wake
        self._waiting: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None
        self._waking: set[asyncio.Task[None]] = set()

    async def put(self, account_id: int, notices: Sequence[Notice]) -> None:
        """Return once the notices are durable; from then on they block sends (M8)."""
        stored = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(account_id, notices, stored))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        await stored

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            accounts = {item.account_id for item in batch}
            for account_id in accounts:
                mine = [item for item in batch if item.account_id == account_id]
                await self._store(account_id, mine)

    async def _store(self, account_id: int, mine: Sequence[_Waiting]) -> None:
        try:
            await self._post(account_id, [notice for item in mine for notice in item.notices])
        except Exception as error:  # noqa: BLE001 - whoever waits must hear of it, whatever it was
            for item in mine:
                if not item.stored.done():
                    item.stored.set_exception(error)
            return
        for item in mine:
            if not item.stored.done():
                item.stored.set_result(None)
        # Not waited for: whatever keeps a wake-up must not keep the next notices from being stored.
        waking = asyncio.create_task(self._wake_up(account_id))
        self._waking.add(waking)
        waking.add_done_callback(self._waking.discard)

    async def _wake_up(self, account_id: int) -> None:
        try:
            await self._wake(account_id)
        except Exception as error:  # noqa: BLE001 - the notices are durable; the next tick wakes for them
            log.warning("wake_failed", account_id=account_id, error=type(error).__name__)
