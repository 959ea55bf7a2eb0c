"""What the durable engine runs, in terms of the engine and the store."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from assent.engine.notices import drain
from assent.engine.run import Report, Run, Tools, begin
from assent.engine.schedule import Swept, due, slot_of
from assent.engine.sweep import sweep
from assent.errors import AssentError, ColumnMissing
from assent.ports import Clock, Ids
from assent.services.organisations import Organisations
from assent.services.watching import Watched
from assent.store import deliveries, imports, sign_ups, waits
from assent.store.opening import Store
from assent.store.progress import UNREACHED, SweepRun
from assent.store.troubles import CONNECTION_ITSELF, Found, keep
from assent.work.durable import Errand, Kind

#: How long single waits and taken events are kept, and how often older ones are looked for.
KEPT, FORGETS_EVERY = timedelta(days=30), timedelta(hours=1)

#: Told of an account whose ledger may have grown.
AfterRun = Callable[[int], Awaitable[None]]


class Errands(Protocol):
    """How one kind of errand is done, and which of them are owed."""

    async def perform(self, account_id: int, number: int) -> Mapping[str, Any]:
        """Do it, or go on where it stopped; may be run twice."""

    async def owed(self) -> list[tuple[int, int]]:
        """Account and number of those begun and not ended, or due again."""


@dataclass(frozen=True, slots=True)
class _Watch:
    """A run, its organisations as they are watched, and those that could not be opened."""

    run: Run
    crms: Mapping[int, Watched]
    closed: Mapping[int, AssentError]


class AccountJobs:
    """Drains, sweeps and errands of accounts; every one may be run twice."""

    def __init__(self, store: Store, organisations: Organisations, clock: Clock, ids: Ids) -> None:
        self._errands: dict[Kind, Errands] = {}
        self._afterwards: list[AfterRun] = []
        self._forgot_at: datetime | None = None
        self._store = store
        self._organisations = organisations
        self._clock = clock
        self._ids = ids

    def take_on(self, kind: Kind, errands: Errands) -> None:
        """Let this process do a kind of errand; said while everything is wired, before work begins."""
        self._errands[kind] = errands

    def afterwards(self, call: AfterRun) -> None:
        """Call this as a drain or sweep begins and ends: the ledger may have grown."""
        self._afterwards.append(call)

    def now(self) -> datetime:
        """The present moment, in UTC."""
        return self._clock.now()

    async def run(self, account_id: int) -> Run:
        """What a run of this account works with right now."""
        return (await self._watch(account_id)).run

    async def drain(self, account_id: int) -> Mapping[str, Any]:
        """Real time: take the next number first, so that whoever comes after asks for another drain."""
        await self._store.accounts.begin_drain(account_id)
        async with self._watching(account_id) as run:
            return figures(await drain(run))

    async def sweep(self, account_id: int, slot: int) -> Mapping[str, Any]:
        """Catch the account up now, and keep what was refused on the way."""
        async with self._watching(account_id) as run:
            report = await self._sweep(run, slot)
        return figures(report)

    async def sweep_here(self, account_id: int) -> Report:
        """The same in this process and at once, for commands."""
        async with self._watching(account_id) as run:
            return await self._sweep(run, on_demand(self._clock.now()))

    async def _sweep(self, run: Run, slot: int) -> Report:
        """Sweep and write down when, connection by connection; one that failed has ended, too."""
        account_id, started = run.account_id, self._clock.now()
        watched = {key: crm for key, crm in run.crms.items() if isinstance(crm, Watched)}
        for connection_id in run.crms:
            row = SweepRun(connection_id, str(slot), started, None, {})
            await self._store.accounts.write_sweep(account_id, row)
        counts: dict[str, int] = {}
        try:
            report = await sweep(run)
            counts = {name: count for name, count in figures(report).items() if isinstance(count, int)}
            return report
        finally:
            for connection_id, crm in watched.items():
                mine = counts if crm.error is None else {UNREACHED: 1}
                row = SweepRun(connection_id, str(slot), started, self._clock.now(), mine)
                await self._store.accounts.write_sweep(account_id, row)

    @asynccontextmanager
    async def _watching(self, account_id: int) -> AsyncIterator[Run]:
        """A run whose troubles are kept at its end, however it ends."""
        watch = await self._watch(account_id)
        for call in self._afterwards:
            await call(account_id)
        try:
            yield watch.run
        finally:
            await self._keep(account_id, watch)
            for call in self._afterwards:
                await call(account_id)

    async def _watch(self, account_id: int) -> "_Watch":
        """Open the account's organisations. A paused one stands in the run without its CRM, as one that
        cannot be opened: what it may know is unverified (G4)."""
        opened = await self._organisations.opened(account_id)
        run = await begin(Tools(self._store.memory, opened.contacts, self._clock, self._ids), account_id)
        crms = {key: Watched(crm, run.connections[key]) for key, crm in run.crms.items()}
        run = replace(run, crms=crms, connections={**opened.paused, **run.connections})
        return _Watch(run, crms, opened.closed)

    async def _keep(self, account_id: int, watch: "_Watch") -> None:
        now, database = self._clock.now(), self._store.database
        found = [one for crm in watch.crms.values() for one in crm.found()]
        found += [
            Found(key, CONNECTION_ITSELF, type(error).__name__, str(error))
            for key, error in watch.closed.items()
        ]
        for key, crm in watch.crms.items():
            if isinstance(crm.error, ColumnMissing):
                await self._store.accounts.recheck(account_id, key)
        well = {key for key, crm in watch.crms.items() if crm.reached and crm.error is None}
        await database.write(lambda c: keep(c, account_id, found, well, now))

    async def due(self) -> list[tuple[int, int]]:
        """The sweeps to start now; one on demand counts for the half hour it began in."""
        await self._forget()
        last = [Swept(*row) for row in await self._store.accounts.last_sweeps()]
        return due(self._clock.now(), [_in_slot(swept) for swept in last])

    async def _forget(self) -> None:
        """Once an hour, drop what is only kept for a while: waits, events taken, files and sign-ups left."""
        now, database = self._clock.now(), self._store.database
        if self._forgot_at is None or now - self._forgot_at >= FORGETS_EVERY:
            self._forgot_at = now
            await database.write(lambda c: waits.forget_before(c, now - KEPT))
            await database.write(lambda c: deliveries.forget_before(c, now - KEPT))
            await database.write(lambda c: imports.forget(c, now))
            await database.write(lambda c: sign_ups.forget(c, now))

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


def on_demand(now: datetime) -> int:
    """The number of a sweep somebody asks for: below zero, and the same for clicks within a second."""
    return -int(now.timestamp())


def _in_slot(swept: Swept) -> Swept:
    if swept.slot is None or swept.slot >= 0 or swept.started is None:
        return swept
    return replace(swept, slot=slot_of(swept.started))


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
