"""A process to be killed: `python -m tests.work.victim DATABASE JOURNAL SECONDS WAKE NAME ROSTER LEASE`.

Runs the durable engine over jobs that take SECONDS and write what happens into JOURNAL, one line
each: what, account, process. With WAKE `yes` it starts a drain of account 1 and sweeps of 2 and 3.
It enters the list of processes in the database ROSTER under its NAME, where nobody can tell which
processes of this machine run: only LEASE seconds without a beat tell.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from assent.app.system import SystemClock
from assent.store.database import Database
from assent.store.executors import Executor, Process, Roster
from assent.work.durable import APPLICATION_VERSION, Errand, WorkSettings, durable_work


class Jobs:
    """Jobs that outlive nothing but their journal."""

    def __init__(self, journal: Path, seconds: float) -> None:
        self._journal = journal
        self._seconds = seconds

    def note(self, what: str, account_id: int = 0) -> None:
        """Write a line that a kill does not take back."""
        with self._journal.open("a") as file:
            file.write(f"{what} {account_id} {os.getpid()}\n")

    async def drain(self, account_id: int) -> Mapping[str, Any]:
        """Take a number and some time."""
        return await self._take("drain", account_id)

    async def sweep(self, account_id: int, slot: int) -> Mapping[str, Any]:
        """Take some time."""
        return await self._take("sweep", account_id)

    async def _take(self, what: str, account_id: int) -> Mapping[str, Any]:
        self.note(f"began-{what}", account_id)
        await asyncio.sleep(self._seconds)
        self.note(f"ended-{what}", account_id)
        return {}

    async def due(self) -> list[tuple[int, int]]:
        """Nothing."""
        return []

    async def waiting(self) -> list[int]:
        """Nobody."""
        return []

    def now(self) -> datetime:
        """The present moment."""
        return datetime.now(UTC)

    async def generation(self, account_id: int) -> int:
        """As many as began, in whichever process."""
        lines = self._journal.read_text().splitlines() if self._journal.exists() else []
        return sum(line.startswith(f"began-drain {account_id} ") for line in lines)

    async def skip(self, account_id: int, count: int) -> None:
        """Not needed here: nothing fails before it begins."""

    async def perform(self, errand: Errand) -> Mapping[str, Any]:
        """Take some time."""
        return await self._take(errand.name, errand.account_id)

    async def ended(self, errand: Errand) -> int:
        """None: nothing asks for errands here."""
        return 0

    async def end(self, errand: Errand, count: int) -> None:
        """Nothing asks for errands here."""

    async def errands(self) -> list[Errand]:
        """None."""
        return []


async def main(
    url: str, journal: str, seconds: str, wake: str, name: str, listed_in: str, lease: str
) -> None:
    """Run until killed."""
    jobs, database, within = Jobs(Path(journal), float(seconds)), Database(listed_in), float(lease)
    await database.upgrade()
    me = Executor(f"{name}.{os.getpid()}", name, APPLICATION_VERSION, Process("", os.getpid(), ""))
    roster = Roster(database, SystemClock(), me, lambda _: None, lease=timedelta(seconds=within))
    await roster.enter()
    settings = WorkSettings(url, roster.executor_id, "0 0 1 1 *", beat_s=within / 5)
    async with durable_work(jobs, settings, roster) as work:
        jobs.note("ready")
        if wake == "yes":
            await work.wake(1)
            await work.sweep(2, 5)
            await work.sweep(3, 5)
        await work.replaced.wait()
        jobs.note("replaced")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
