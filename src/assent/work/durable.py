"""DBOS Transact behind a port of ours: start, schedule, recover (docs/decisions/0002).

Its traps and their cures: an SQLite engine of our own (`engines`), JSON instead of pickle, an explicit
application version, bounded threads, one schedule that fans out instead of one per connection, and what
dead processes left undone (`takeover`).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Protocol

import structlog
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID

from assent.work.engines import system_engine
from assent.work.steps import step
from assent.work.takeover import UNDER_WAY, Alone, Forgetting, Roster, keep_beating

log = structlog.get_logger()

#: Raised whenever a workflow changes shape: pending work of another version is left to its own code.
APPLICATION_VERSION = "3"

REALTIME = "realtime"
SWEEPS = "sweeps"
ERRANDS_AT_ONCE = 4

Figures = Mapping[str, Any]


class Kind(Enum):
    """Long work that somebody asks for; each kind has a queue of its own."""

    SETUP = "setup"  # of the connection `number`
    SEND = "send"  # deliver the send `number`
    NOTIFY = "notify"  # tell the account's outgoing webhooks
    DRIFT = "drift"  # compare what setup made for the connection `number` with what is there
    SIGN_UP = "sign-up"  # send the account's confirmation mails


@dataclass(frozen=True, slots=True)
class Errand:
    """A piece of long work of one account: asked for as often as one likes, done by one at a time."""

    kind: Kind
    account_id: int
    number: int = 0

    @property
    def name(self) -> str:
        """Its name within the account."""
        return f"{self.kind.value}-{self.number}"


class Jobs(Protocol):
    """What is run durably. Every job is safe to run twice: work is derived from what is stored."""

    def now(self) -> datetime:
        """The present moment, in UTC."""

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

    async def perform(self, errand: Errand) -> Figures:
        """Do an errand, or go on with it where it stopped."""

    async def ended(self, errand: Errand) -> int:
        """How many times this errand has ended, well or not."""

    async def end(self, errand: Errand, count: int) -> None:
        """Count that many more ends."""

    async def errands(self) -> list[Errand]:
        """Errands that are owed: begun and not ended, or due again."""


@dataclass(frozen=True, slots=True)
class WorkSettings:
    """Where the engine keeps its state, who this process is, and how often ticks come."""

    url: str
    executor_id: str = "local"
    tick: str = "* * * * *"
    poll_s: float = 0.05  # of real time; every look costs some queries
    calm_poll_s: float = 0.5  # of sweeps and errands
    sweeps_at_once: int = 4
    beat_s: float = 3.0


#: Starts a named job unless that name was used before; tells whether it is waiting or running now.
Start = Callable[[str, str, tuple[int, ...]], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Count:
    """Reads a running number and passes over some of it."""

    read: Callable[[], Awaitable[int]]
    skip: Callable[[int], Awaitable[None]]


class Work:
    """Starts jobs; they run in whichever process is free and survive the one that started them.

    `replaced` is set once another process works under our name: then we are to end.
    """

    def __init__(self, jobs: Jobs, start: Start) -> None:
        self.replaced = asyncio.Event()
        self._jobs = jobs
        self._start = start

    async def wake(self, account_id: int) -> None:
        """See to it that a drain begins after this moment.

        Drains are numbered as they begin: whoever changed something before a drain began is covered
        by it, so every caller in between asks for the same number, and it runs once. A number that
        was used up without a drain having begun (it failed before, or the store was restored
        from a backup) is passed over.
        """

        async def begun() -> int:
            return await self._jobs.generation(account_id)

        async def skip(count: int) -> None:
            await self._jobs.skip(account_id, count)

        await self._see_to(REALTIME, f"drain-{account_id}", (account_id,), Count(begun, skip))

    async def ask(self, errand: Errand) -> None:
        """See to it that an errand runs; while it is under way this asks for nothing more."""

        async def ended() -> int:
            return await self._jobs.ended(errand)

        async def skip(count: int) -> None:
            await self._jobs.end(errand, count)

        name, queue = f"{errand.kind.value}-{errand.account_id}-{errand.number}", errand.kind.value
        await self._see_to(queue, name, (errand.account_id, errand.number), Count(ended, skip))

    async def _see_to(self, queue: str, stem: str, arguments: tuple[int, ...], count: Count) -> None:
        """Start the number after the last counted one; pass over numbers that were used up uncounted."""
        skipped = 1
        following = await count.read() + 1
        while not await self._start(queue, f"{stem}-{following}", arguments):
            if await count.read() >= following:
                return
            await count.skip(skipped)
            skipped *= 2
            following = await count.read() + 1

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
async def durable_work(
    jobs: Jobs, settings: WorkSettings, roster: Roster | None = None
) -> AsyncIterator[Work]:
    """Run the durable engine inside the running loop; one per process.

    With a roster it shares the work with the others on it: `executor_id` must then be new with every start.
    """
    engine = system_engine(settings.url)
    DBOS(config=_config(settings, engine))

    @DBOS.workflow(name="drain")
    async def drain(account_id: int) -> Figures:
        return await DBOS.run_step_async(step("drain"), jobs.drain, account_id)

    @DBOS.workflow(name="sweep")
    async def sweep(account_id: int, slot: int) -> Figures:
        return await DBOS.run_step_async(step("sweep"), jobs.sweep, account_id, slot)

    workflows: dict[str, Callable[..., Coroutine[Any, Any, Figures]]] = {REALTIME: drain, SWEEPS: sweep}
    workflows |= {kind.value: _errand(kind, jobs) for kind in Kind}

    async def start(queue: str, ident: str, arguments: tuple[int, ...]) -> bool:
        workflow = workflows[queue]
        with SetWorkflowID(ident):
            handle = await DBOS.enqueue_workflow_async(queue, workflow, *arguments)
        # Within a workflow the look would be recorded as a step, whose result is no plain JSON.
        return DBOS.workflow_id is not None or (await handle.get_status()).status in UNDER_WAY

    work, forgetting = Work(jobs, start), Forgetting()

    @DBOS.workflow(name="tick")
    async def tick(scheduled: datetime, context: Any) -> None:
        for account_id, slot in await DBOS.run_step_async(step("due"), jobs.due):
            await work.sweep(account_id, slot)
        for account_id in await DBOS.run_step_async(step("waiting"), jobs.waiting):
            await work.wake(account_id)
        # As plain numbers: what a step returns is kept as JSON.
        owed = await DBOS.run_step_async(step("errands"), _owed, jobs)
        for kind, account_id, number in owed:
            await work.ask(Errand(Kind(kind), account_id, number))
        await DBOS.run_step_async(step("forget"), _forget, forgetting, jobs)

    DBOS.launch()
    try:
        await _register(settings)
        await DBOS.apply_schedules_async(
            [{"schedule_name": "tick", "workflow_fn": tick, "schedule": settings.tick, "context": None}]
        )
        async with _beating(roster or Alone(), settings, work):
            yield work
    finally:
        # In a thread: the work it waits for runs on this loop.
        await asyncio.to_thread(DBOS.destroy, workflow_completion_timeout_sec=5, destroy_registry=True)
        engine.dispose()


async def _register(settings: WorkSettings) -> None:
    """Make the queues."""
    await DBOS.register_queue_async(REALTIME, polling_interval_sec=settings.poll_s, worker_concurrency=8)
    await DBOS.register_queue_async(
        SWEEPS, polling_interval_sec=settings.calm_poll_s, worker_concurrency=settings.sweeps_at_once
    )
    for kind in Kind:
        await DBOS.register_queue_async(
            kind.value, polling_interval_sec=settings.calm_poll_s, worker_concurrency=ERRANDS_AT_ONCE
        )


@asynccontextmanager
async def _beating(roster: Roster, settings: WorkSettings, work: Work) -> AsyncIterator[None]:
    """Be heard of, and take over from the dead, while the block runs."""
    beats = keep_beating(roster, APPLICATION_VERSION, settings.beat_s, work.replaced)
    task = asyncio.create_task(beats)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _errand(kind: Kind, jobs: Jobs) -> Callable[..., Coroutine[Any, Any, Figures]]:
    """Make the workflow of one kind: the work, then the count that lets it be asked for again."""

    async def perform(account_id: int, number: int) -> Figures:
        errand = Errand(kind, account_id, number)
        try:
            return await DBOS.run_step_async(step(kind.value), jobs.perform, errand)
        finally:
            await DBOS.run_step_async(step("end"), jobs.end, errand, 1)

    return DBOS.workflow(name=kind.value)(perform)


async def _forget(forgetting: Forgetting, jobs: Jobs) -> int:
    return await forgetting.forget(jobs.now())


async def _owed(jobs: Jobs) -> list[tuple[str, int, int]]:
    return [(errand.kind.value, errand.account_id, errand.number) for errand in await jobs.errands()]


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
