"""DBOS Transact behind a port of ours: start, schedule, recover (docs/decisions/0002).

Its traps and their cures: an SQLite engine of our own (`engines`), JSON instead of pickle, an explicit
application version, bounded threads, one schedule that fans out instead of one per connection.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import structlog
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID, StepOptions

from assent.errors import AssentError, ReadAgain, Retry
from assent.work.engines import system_engine

log = structlog.get_logger()

#: Raised whenever a workflow changes shape: pending work of another version is left to its own code.
APPLICATION_VERSION = "1"

REALTIME = "realtime"
SWEEPS = "sweeps"

_UNDER_WAY = frozenset({"ENQUEUED", "PENDING", "DELAYED"})

Figures = Mapping[str, Any]


class Jobs(Protocol):
    """What is run durably. Every job is safe to run twice: work is derived from what is stored."""

    async def drain(self, account_id: int) -> Figures:
        """Real time: waiting notices and hub changes."""

    async def sweep(self, account_id: int, slot: int) -> Figures:
        """Catch up one account."""

    async def due(self) -> list[tuple[int, int]]:
        """The sweeps to start now, as (account, slot)."""

    async def waiting(self) -> list[int]:
        """Accounts with waiting notices or unsettled hub changes whose wake-up may have been lost."""

    async def generation(self, account_id: int) -> int:
        """How many drains of this account have begun."""

    async def skip(self, account_id: int, count: int) -> None:
        """Count that many drains as begun: their names are used up."""


@dataclass(frozen=True, slots=True)
class WorkSettings:
    """Where the engine keeps its state, who this process is, and how often ticks come."""

    url: str
    executor_id: str = "local"
    tick: str = "* * * * *"
    poll_s: float = 0.05
    sweeps_at_once: int = 4


#: Starts a named job unless that name was used before; tells whether it is waiting or running now.
Start = Callable[[str, str, tuple[int, ...]], Awaitable[bool]]


class Work:
    """Starts jobs; they run in whichever process is free and survive the one that started them."""

    def __init__(self, jobs: Jobs, start: Start) -> None:
        self._jobs = jobs
        self._start = start

    async def wake(self, account_id: int) -> None:
        """See to it that a drain begins after this moment.

        Drains are numbered as they begin: whoever changed something before a drain began is covered
        by it, so every caller in between asks for the same number, and it runs once. A number that
        was used up without a drain having begun (it failed before, or the store was restored
        from a backup) is passed over.
        """
        skipped = 1
        following = await self._jobs.generation(account_id) + 1
        while not await self._start(REALTIME, f"drain-{account_id}-{following}", (account_id,)):
            begun = await self._jobs.generation(account_id)
            if begun >= following:
                return
            await self._jobs.skip(account_id, skipped)
            skipped *= 2
            following = await self._jobs.generation(account_id) + 1

    async def sweep(self, account_id: int, slot: int) -> None:
        """Start the sweep of a slot unless it was started before."""
        await self._start(SWEEPS, f"sweep-{account_id}-{slot}", (account_id, slot))


def work_elsewhere(jobs: Jobs) -> Work:
    """For processes that only pass by: whoever serves finds what they leave at its next tick."""

    async def start(queue: str, ident: str, arguments: tuple[int, ...]) -> bool:
        log.debug("left_to_the_next_tick", queue=queue, ident=ident)
        return True

    return Work(jobs, start)


@asynccontextmanager
async def durable_work(jobs: Jobs, settings: WorkSettings) -> AsyncIterator[Work]:
    """Run the durable engine inside the running loop; one per process."""
    engine = system_engine(settings.url)
    DBOS(config=_config(settings, engine))

    @DBOS.workflow(name="drain")
    async def drain(account_id: int) -> Figures:
        return await DBOS.run_step_async(_step("drain"), jobs.drain, account_id)

    @DBOS.workflow(name="sweep")
    async def sweep(account_id: int, slot: int) -> Figures:
        return await DBOS.run_step_async(_step("sweep"), jobs.sweep, account_id, slot)

    async def start(queue: str, ident: str, arguments: tuple[int, ...]) -> bool:
        workflow: Callable[..., Coroutine[Any, Any, Figures]] = drain if queue == REALTIME else sweep
        with SetWorkflowID(ident):
            handle = await DBOS.enqueue_workflow_async(queue, workflow, *arguments)
        # Within a workflow the look would be recorded as a step, whose result is no plain JSON.
        return DBOS.workflow_id is not None or (await handle.get_status()).status in _UNDER_WAY

    work = Work(jobs, start)

    @DBOS.workflow(name="tick")
    async def tick(scheduled: datetime, context: Any) -> None:
        for account_id, slot in await DBOS.run_step_async(_step("due"), jobs.due):
            await work.sweep(account_id, slot)
        for account_id in await DBOS.run_step_async(_step("waiting"), jobs.waiting):
            await work.wake(account_id)

    DBOS.launch()
    try:
        await DBOS.register_queue_async(REALTIME, polling_interval_sec=settings.poll_s, worker_concurrency=8)
        await DBOS.register_queue_async(
            SWEEPS, polling_interval_sec=settings.poll_s, worker_concurrency=settings.sweeps_at_once
        )
        await DBOS.apply_schedules_async(
            [{"schedule_name": "tick", "workflow_fn": tick, "schedule": settings.tick, "context": None}]
        )
        yield work
    finally:
        # In a thread: the work it waits for runs on this loop.
        await asyncio.to_thread(DBOS.destroy, workflow_completion_timeout_sec=5, destroy_registry=True)
        engine.dispose()


def _step(name: str) -> StepOptions:
    """A step that is tried again for half a minute; the next tick takes over from there."""
    return {
        "name": name,
        "retries_allowed": True,
        "interval_seconds": 0.5,
        "backoff_rate": 2.0,
        "max_attempts": 6,
        "should_retry": _worth_repeating,
    }


def _worth_repeating(error: BaseException) -> bool:
    log.warning("step_failed", error=type(error).__name__, exc_info=not isinstance(error, AssentError))
    return isinstance(error, Retry | ReadAgain)


def _config(settings: WorkSettings, engine: Any) -> DBOSConfig:
    return {
        "name": "assent",
        "system_database_engine": engine,
        "system_database_url": settings.url,
        "serializer": DBOSPortableJSONSerializer(),
        "application_version": APPLICATION_VERSION,
        "executor_id": settings.executor_id,
        "max_executor_threads": 64,
        "log_level": "WARNING",
    }
