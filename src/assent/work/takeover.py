"""Many processes share the work: each says that it lives, and takes over what the dead left undone."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog
from dbos import DBOS, WorkflowStatus

from assent.errors import AssentError

log = structlog.get_logger()

#: Work that has not ended; a name of it is not given again.
UNDER_WAY = ("ENQUEUED", "PENDING", "DELAYED")
ENDED = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")

#: How long the engine's record of ended work is kept, and how often older records are looked for.
KEPT, FORGETS_EVERY = timedelta(days=7), timedelta(hours=1)
_BATCH = 500


class Roster(Protocol):
    """The processes that share the work, and our place among them."""

    async def beat(self) -> bool:
        """Say that we live; False once a later process has our name, because we slept too long."""

    async def claim(self) -> Mapping[str, str]:
        """The dead whose work is ours to take over now, each with its version."""

    async def strike(self, executor_id: str) -> None:
        """Forget a dead one whose work was taken over."""


class Alone:
    """A process that shares its work with nobody."""

    async def beat(self) -> bool:
        """Nobody listens."""
        return True

    async def claim(self) -> Mapping[str, str]:
        """Nobody died."""
        return {}

    async def strike(self, executor_id: str) -> None:
        """Nobody to forget."""


async def keep_beating(roster: Roster, version: str, every_s: float, replaced: asyncio.Event) -> None:
    """Beat and take over until cancelled, or until a later process has our name: that sets `replaced`."""
    while True:
        try:
            if not await roster.beat():
                log.error("replaced")
                replaced.set()
                return
            for executor_id, its_version in (await roster.claim()).items():
                taken = await _take_over(executor_id, its_version, version)
                await roster.strike(executor_id)
                log.info("took_over", executor=executor_id, workflows=taken)
        except Exception as error:
            log.warning(
                "beat_failed", error=type(error).__name__, exc_info=not isinstance(error, AssentError)
            )
        await asyncio.sleep(every_s)


async def _take_over(executor_id: str, its_version: str, version: str) -> int:
    """Let the living go on with what a dead process ran; gives how many pieces of work that were.

    What a version began that nobody runs any more is called off instead: ours cannot go on with it, and
    as all work is derived from what is stored, whatever is still due is begun anew.
    """
    if its_version != version:
        orphans = await _listed(status=list(UNDER_WAY), app_version=its_version)
        await DBOS.cancel_workflows_async([one.workflow_id for one in orphans])
        return len(orphans)
    left = await _listed(status="PENDING", executor_id=executor_id)
    by_queue: dict[str | None, list[str]] = defaultdict(list)
    for one in left:
        by_queue[one.queue_name].append(one.workflow_id)
    for queue, idents in by_queue.items():
        await DBOS.resume_workflows_async(idents, queue_name=queue)
    return len(left)


async def _listed(**which: Any) -> list[WorkflowStatus]:
    return await DBOS.list_workflows_async(**which, load_input=False, load_output=False)


class Forgetting:
    """Deletes the engine's records of work that ended long ago; nothing asks for them any more."""

    def __init__(self, kept: timedelta = KEPT) -> None:
        self._kept = kept
        self._at: datetime | None = None

    async def forget(self, now: datetime) -> int:
        """Delete what is due, once an hour; gives how many records went."""
        if self._at is not None and now - self._at < FORGETS_EVERY:
            return 0
        self._at, gone = now, 0
        while idents := await self._ended_before(now - self._kept):
            await DBOS.delete_workflows_async(idents)
            gone += len(idents)
        return gone

    async def _ended_before(self, moment: datetime) -> list[str]:
        ended = await _listed(status=list(ENDED), completed_before=moment.isoformat(), limit=_BATCH)
        return [one.workflow_id for one in ended]
