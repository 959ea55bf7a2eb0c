"""What the durable engine runs, in terms of the engine and the store."""

from collections.abc import Mapping
from typing import Any, Protocol

from assent.engine.notices import drain
from assent.engine.run import Report, Run, Tools, begin
from assent.engine.schedule import Swept, due
from assent.engine.sweep import sweep
from assent.ports import Clock, Ids
from assent.services.organisations import Organisations
from assent.store.opening import Store
from assent.store.progress import SweepRun
from assent.work.durable import Errand, Kind


class Errands(Protocol):
    """How one kind of errand is done, and which of them are owed."""

    async def perform(self, account_id: int, number: int) -> Mapping[str, Any]:
        """Do it, or go on where it stopped; may be run twice."""

    async def owed(self) -> list[tuple[int, int]]:
        """Account and number of those begun and not ended, or due again."""


class AccountJobs:
    """Drains, sweeps and errands of accounts; every one may be run twice."""

    def __init__(self, store: Store, organisations: Organisations, clock: Clock, ids: Ids) -> None:
        self._errands: dict[Kind, Errands] = {}
        self._store = store
        self._organisations = organisations
        self._clock = clock
        self._ids = ids

    def take_on(self, kind: Kind, errands: Errands) -> None:
        """Let this process do a kind of errand; said while everything is wired, before work begins."""
        self._errands[kind] = errands

    async def run(self, account_id: int) -> Run:
        """What a run of this account works with right now."""
        crms = await self._organisations.live(account_id)
        return await begin(Tools(self._store.memory, crms, self._clock, self._ids), account_id)

    async def drain(self, account_id: int) -> Mapping[str, Any]:
        """Real time: take the next number first, so that whoever comes after asks for another drain."""
        await self._store.accounts.begin_drain(account_id)
        return figures(await drain(await self.run(account_id)))

    async def sweep(self, account_id: int, slot: int) -> Mapping[str, Any]:
        """Catch the account up and write down when, connection by connection."""
        run, started = await self.run(account_id), self._clock.now()
        for connection_id in run.crms:
            row = SweepRun(connection_id, str(slot), started, None, {})
            await self._store.accounts.write_sweep(account_id, row)
        report = await sweep(run)
        counts = {name: count for name, count in figures(report).items() if isinstance(count, int)}
        for connection_id in run.crms:
            row = SweepRun(connection_id, str(slot), started, self._clock.now(), counts)
            await self._store.accounts.write_sweep(account_id, row)
        return figures(report)

    async def due(self) -> list[tuple[int, int]]:
        """The sweeps to start now."""
        last = await self._store.accounts.last_sweeps()
        return due(self._clock.now(), [Swept(*row) for row in last])

    async def waiting(self) -> list[int]:
        """Accounts with something to do: their wake-up may have been lost with the process that owed it."""
        return await self._store.accounts.waiting()

    async def generation(self, account_id: int) -> int:
        """How many drains of the account have begun."""
        return await self._store.accounts.drains(account_id)

    async def skip(self, account_id: int, count: int) -> None:
        """Count drains as begun whose names are used up."""
        await self._store.accounts.begin_drain(account_id, count)

    async def perform(self, errand: Errand) -> Mapping[str, Any]:
        """Do an errand of a kind this process was given."""
        return await self._errands[errand.kind].perform(errand.account_id, errand.number)

    async def ended(self, errand: Errand) -> int:
        """How many times it has ended."""
        return await self._store.accounts.counted(errand.account_id, errand.name)

    async def end(self, errand: Errand, count: int) -> None:
        """Count its ends."""
        await self._store.accounts.count(errand.account_id, errand.name, count)

    async def errands(self) -> list[Errand]:
        """Errands that are owed, of every kind."""
        return [
            Errand(kind, account_id, number)
            for kind, errands in self._errands.items()
            for account_id, number in await errands.owed()
        ]


def figures(report: Report) -> dict[str, Any]:
    """A report as plain data."""
    return {
        "looked": report.looked,
        "changed": report.changed,
        "written": report.written,
        "created": report.created,
        "settled": report.settled,
        "again": len(report.again),
        "failures": [{"row": str(row), "error": type(error).__name__} for row, error in report.failures],
        "braked": None if report.braked is None else report.braked.grants,
    }
