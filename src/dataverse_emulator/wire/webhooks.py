"""The asynchronous service: posts notices after commit, once or twice, and records failures (6.5)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import aiohttp

from dataverse_emulator.state.events import Event
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.registrations import Step, steps_for
from dataverse_emulator.state.table import VERSION
from dataverse_emulator.wire import notices
from dataverse_emulator.wire.switches import Switches

TIMEOUT_S: Final = 60.0
_AT_ONCE: Final = 32
_RETRIED: Final = frozenset({502, 503, 504})
_SUCCEEDED, _FAILED, _COMPLETED, _SYSTEM_EVENT = 30, 31, 3, 1

#: Carries a notice: the status of the reply, or what went wrong before there was one.
Post = Callable[[notices.Notice], Awaitable[int | str]]


@dataclass(frozen=True, slots=True)
class _Job:
    event: Event
    step: Step
    not_before: float


class Deliveries:
    """A queue and a few workers; nothing is promised about order, as in the documentation."""

    def __init__(
        self,
        organization: Organization,
        switches: Callable[[], Switches],
        host: Callable[[], str],
        post: Post | None = None,
    ) -> None:
        self._organization = organization
        self._switches = switches
        self._host = host
        self._post = post or self._by_http
        self._queue: asyncio.Queue[_Job] = asyncio.Queue()
        self._workers: list[asyncio.Task[None]] = []
        self._session: aiohttp.ClientSession | None = None

    def submit(self, events: list[Event]) -> None:
        """Queue a delivery for every step each event concerns; during an outage they are lost."""
        switches, now = self._switches(), self._organization.sources.now()
        if not events or not switches.webhooks.enabled:
            return
        loop = asyncio.get_running_loop()
        for event in events:
            for step in steps_for(self._organization, event):
                for late_s in switches.trouble.delays():
                    moment = now + switches.webhooks.delay_s + late_s
                    self._queue.put_nowait(_Job(event, step, moment))
        while len(self._workers) < min(_AT_ONCE, self._queue.qsize()):
            self._workers.append(loop.create_task(self._work()))

    async def idle(self) -> None:
        """Wait until everything queued so far is delivered or has failed."""
        await self._queue.join()

    async def close(self) -> None:
        """Stop; what is still queued is lost."""
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        self._workers.clear()
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _work(self) -> None:
        sources = self._organization.sources
        while True:
            job = await self._queue.get()
            try:
                await sources.pause(max(0.0, job.not_before - sources.now()))
                await self._deliver(job)
            finally:
                self._queue.task_done()

    async def _deliver(self, job: _Job) -> None:
        notice = notices.composed(self._organization, job.event, job.step, self._host())
        outcome = await self._post(notice)
        if outcome in _RETRIED:
            outcome = await self._post(notice)
        failed = not isinstance(outcome, int) or not 200 <= outcome < 300
        if failed or not job.step.asyncautodelete:
            self._record(job, f"The webhook call failed: {outcome}" if failed else None)

    async def _by_http(self, notice: notices.Notice) -> int | str:
        if self._session is None:
            # Certificates are checked as usual; redirects are answers, not invitations.
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S))
        try:
            async with self._session.post(
                notice.url, data=notice.body, headers=notice.headers, allow_redirects=False
            ) as reply:
                await reply.read()
                return reply.status
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return f"{type(error).__name__}: {error}"

    def _record(self, job: _Job, failure: str | None) -> None:
        organization, at = self._organization, self._organization.sources.now()
        organization.table("asyncoperation").insert(
            {
                "asyncoperationid": organization.sources.new_id(),
                "name": job.step.name,
                "operationtype": _SYSTEM_EVENT,
                "statecode": _COMPLETED,
                "statuscode": _FAILED if failure else _SUCCEEDED,
                "message": failure,
                "messagename": job.event.message.value,
                "correlationid": job.event.correlation,
                "createdon": int(job.event.at),
                "completedon": int(at),
                "owningextensionid": job.step.step_id,
                "regardingobjectid": job.event.row_id,
                "regardingobjecttypecode": job.event.table.name,
                VERSION: organization.next_version(),
            },
            at,
        )
