"""The durable engine in virtual time: named jobs run once, in any process, and are taken over."""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from assent.errors import AssentError, ReadAgain, Retry
from assent.services.jobs import AccountJobs
from assent.work.durable import REALTIME, SWEEPS, Errand, Kind, Work

from .loop import PROCESS, Process

TICK_S = 60.0
POLL_S = 0.05
ATTEMPTS = 6


class State(Enum):
    """Where a named job stands; a name that ended is used up."""

    WAITING = "waiting"
    RUNNING = "running"
    ENDED = "ended"


@dataclass(eq=False, slots=True)
class Job:
    """A named piece of work, and the process that has it."""

    queue: str
    ident: str
    arguments: tuple[int, ...]
    state: State = State.WAITING
    process: Process | None = None


@dataclass(slots=True)
class Engine:
    """What DBOS keeps for all processes: jobs by name, and those not begun."""

    jobs: dict[str, Job] = field(default_factory=dict)
    waiting: deque[Job] = field(default_factory=deque)
    failures: list[str] = field(default_factory=list)
    called: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self, queue: str, ident: str, arguments: tuple[int, ...]) -> bool:
        """Queue a job unless its name is known; whether it is under way now."""
        await asyncio.sleep(0.001)
        if ident not in self.jobs:
            self.jobs[ident] = Job(queue, ident, arguments)
            self._call(self.jobs[ident])
        return self.jobs[ident].state is not State.ENDED

    def take_over(self, dead: Process) -> int:
        """Let what a process had under way begin again elsewhere, whether it is dead or only thought so."""
        lost = [j for j in self.jobs.values() if j.process is dead and j.state is State.RUNNING]
        for job in lost:
            job.state, job.process = State.WAITING, None
            self._call(job)
        return len(lost)

    def _call(self, job: Job) -> None:
        self.waiting.append(job)
        self.called.set()

    def under_way(self) -> bool:
        """Whether anything waits or runs in a living process."""
        return any(
            j.state is State.WAITING or (j.state is State.RUNNING and j.process and j.process.alive)
            for j in self.jobs.values()
        )


async def labour(engine: Engine, jobs: AccountJobs) -> None:
    """Take jobs as they come, for as long as the process lives."""
    process = PROCESS.get()
    running: set[asyncio.Task[None]] = set()
    while True:
        await engine.called.wait()
        await asyncio.sleep(POLL_S)
        engine.called.clear()
        while engine.waiting:
            job = engine.waiting.popleft()
            job.state, job.process = State.RUNNING, process
            task = asyncio.create_task(_carry_out(engine, jobs, job))
            running.add(task)
            task.add_done_callback(running.discard)


async def ticking(engine: Engine, jobs: AccountJobs) -> None:
    """Look once a minute for what is due or was forgotten, as the product's tick does."""
    work = Work(jobs, engine.start)
    while True:
        await asyncio.sleep(TICK_S)
        try:
            for account_id, slot in await jobs.due():
                await work.sweep(account_id, slot)
            for account_id in await jobs.waiting():
                await work.wake(account_id)
            for errand in await jobs.errands():
                await work.ask(errand)
        except Retry:
            continue


async def _carry_out(engine: Engine, jobs: AccountJobs, job: Job) -> None:
    """Do a job with the engine's own patience; one that fails for good uses its name up."""
    wait_s = 0.5
    for attempt in range(ATTEMPTS):
        try:
            await _do(jobs, job)
            break
        except (Retry, ReadAgain):
            if attempt < ATTEMPTS - 1:
                await asyncio.sleep(wait_s)
                wait_s *= 2
        except AssentError as error:
            engine.failures.append(f"{job.ident}: {type(error).__name__}: {error}")
            break
    if job.process is PROCESS.get():  # unless it was taken over meanwhile
        job.state = State.ENDED


async def _do(jobs: AccountJobs, job: Job) -> Mapping[str, Any]:
    if job.queue == REALTIME:
        return await jobs.drain(job.arguments[0])
    if job.queue == SWEEPS:
        return await jobs.sweep(*job.arguments)
    errand = Errand(Kind(job.queue), *job.arguments)
    try:
        return await jobs.perform(errand)
    finally:
        await jobs.end(errand, 1)
