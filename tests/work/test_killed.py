"""Processes that die, close, or start beside one another: nothing is lost and nothing is left behind (P6)."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import pytest
import sqlalchemy as sa

from assent.store.database import driver_url
from assent.work.durable import WorkSettings, durable_work
from tests.app.world import until
from tests.conftest import Databases

from .bench import Bench

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).parents[2]
LEASE_S = 1.5


@dataclass(frozen=True)
class Place:
    """An engine database, the database of the list, and what processes note."""

    url: str
    listed_in: str
    journal: Path

    @contextmanager
    def process(
        self, seconds: float, *, wake: bool, name: str = "local"
    ) -> Iterator[subprocess.Popen[bytes]]:
        """A process whose jobs take that long; killed with SIGKILL when the block ends."""
        words = [self.url, str(self.journal), str(seconds), "yes" if wake else "no", name]
        words += [self.listed_in, str(LEASE_S)]
        running = subprocess.Popen([sys.executable, "-m", "tests.work.victim", *words], cwd=ROOT)
        try:
            yield running
        finally:
            running.kill()
            running.wait()


@pytest.fixture
def places(postgres: Databases, tmp_path: Path) -> Iterator[list[Place]]:
    """A place on each kind of database."""
    made = postgres.make()
    listed = f"sqlite:///{tmp_path / 'assent.sqlite'}"
    yield [
        Place(f"sqlite:///{tmp_path / 'engine.sqlite'}", listed, tmp_path / "on-sqlite"),
        Place(made, made, tmp_path / "on-postgresql"),
    ]
    postgres.drop(made)


def lines(journal: Path) -> list[str]:
    """What happened so far, without the processes' numbers."""
    found = journal.read_text().splitlines() if journal.exists() else []
    return [line.rpartition(" ")[0] for line in found]


async def happened(journal: Path, *expected: str, times: int = 1, within: float = 20) -> None:
    """Wait until everything expected happened so often."""

    async def all_there() -> bool:
        found = lines(journal)
        return all(found.count(one) >= times for one in expected)

    await until(all_there, within, f"{expected} {times} times")


def leave_to_another_version(url: str, ident: str) -> None:
    """Let a piece of work belong to an older release."""
    engine = sa.create_engine(driver_url(url))
    table = "dbos.workflow_status" if url.startswith("postgresql") else "workflow_status"
    with engine.begin() as connection:
        changed = connection.execute(
            sa.text(f"UPDATE {table} SET application_version = '0' WHERE workflow_uuid = :ident"),
            {"ident": ident},
        )
        assert 1 == changed.rowcount
    engine.dispose()


async def test_work_in_progress_is_finished_after_the_process_was_killed(places: list[Place]) -> None:
    """kill -9 in the middle of a drain and a sweep: the next process of that name finishes both.

    The sweep of account 3 was begun by another release, which a living process runs: it is left to that.
    """
    await asyncio.gather(*(killed_and_finished(place) for place in places))


async def killed_and_finished(place: Place) -> None:
    """Kill a process over one database, start another, and compare what they did."""
    with place.process(60, wake=True):
        await happened(place.journal, "began-drain 1", "began-sweep 2", "began-sweep 3")
    leave_to_another_version(place.url, "sweep-3-5")
    with place.process(0.2, wake=False):
        await happened(place.journal, "ended-drain 1", "ended-sweep 2")
        await asyncio.sleep(0.5)
    found = lines(place.journal)
    assert 2 == found.count("began-drain 1") == found.count("began-sweep 2")
    assert 1 == found.count("began-sweep 3")
    assert "ended-sweep 3" not in found


async def test_a_dead_processs_work_is_finished_by_a_living_one(places: list[Place]) -> None:
    """Two others live: within two leases each piece of work was begun once more, by one of them (P6)."""
    await asyncio.gather(*(taken_over(place) for place in places))


async def taken_over(place: Place) -> None:
    """Kill the one of three that runs everything."""
    with ExitStack() as others:
        with place.process(60, wake=True, name="a"):
            await happened(place.journal, "began-drain 1", "began-sweep 2", "began-sweep 3")
            for name in ("b", "c"):
                others.enter_context(place.process(0.2, wake=False, name=name))
            await happened(place.journal, "ready 0", times=3)
        await happened(place.journal, "ended-drain 1", "ended-sweep 2", "ended-sweep 3", within=8 * LEASE_S)
        await asyncio.sleep(LEASE_S)
    found = lines(place.journal)
    for work in ("drain 1", "sweep 2", "sweep 3"):
        assert (2, 1) == (found.count(f"began-{work}"), found.count(f"ended-{work}"))


async def test_a_process_that_only_slept_does_no_harm(places: list[Place]) -> None:
    """Stopped for longer than its lease, it goes on when its work was done by another: nothing fails.

    On PostgreSQL: a stopped process may hold the lock of a SQLite file, and nobody else can go on.
    """
    place = places[1]
    with place.process(2.5, wake=True, name="a") as sleeper:
        await happened(place.journal, "began-drain 1", "began-sweep 2", "began-sweep 3")
        with place.process(0.2, wake=False, name="b"):
            sleeper.send_signal(signal.SIGSTOP)
            await happened(place.journal, "ended-drain 1", "ended-sweep 2", "ended-sweep 3")
            sleeper.send_signal(signal.SIGCONT)
            await happened(place.journal, "ended-drain 1", "ended-sweep 2", "ended-sweep 3", times=2)
            await asyncio.sleep(2 * LEASE_S)
            assert sleeper.poll() is None
    found = lines(place.journal)
    assert 2 == found.count("began-drain 1") == found.count("began-sweep 2") == found.count("began-sweep 3")
    assert "replaced 0" not in found


async def test_a_process_whose_name_was_taken_while_it_slept_ends(places: list[Place]) -> None:
    """Two under one name would do each other's work."""
    place = places[1]
    with place.process(0.2, wake=False) as sleeper:
        await happened(place.journal, "ready 0")
        sleeper.send_signal(signal.SIGSTOP)
        with place.process(0.2, wake=False):
            await happened(place.journal, "ready 0", times=2)
            sleeper.send_signal(signal.SIGCONT)
            await happened(place.journal, "replaced 0")
            assert 0 == await asyncio.to_thread(sleeper.wait)


async def test_a_second_process_leaves_alone_what_the_first_is_running(places: list[Place]) -> None:
    """Under a name of its own it neither takes over what runs nor ends it when it dies."""
    place = places[0]
    with place.process(2.5, wake=True):
        await happened(place.journal, "began-drain 1")
        with place.process(60, wake=False, name="second"):
            await happened(place.journal, "ready 0", times=2)
            await asyncio.sleep(2 * LEASE_S)
        await happened(place.journal, "ended-drain 1")
        found = lines(place.journal)
    assert 1 == found.count("began-drain 1")
    assert 1 == found.count("ended-drain 1")


async def test_closing_lets_work_in_progress_end(tmp_path: Path) -> None:
    """A drain that needs another third of a second is finished before the engine closes, and quickly."""
    bench = Bench(takes_s=0.3)
    async with durable_work(bench, WorkSettings(f"sqlite:///{tmp_path / 'engine.sqlite'}")) as work:
        bench.stored[1].add(1)
        await work.wake(1)

        async def begun() -> bool:
            return bool(bench.begun[1])

        await until(begun)
        started = perf_counter()
    assert {1} == bench.seen[1]
    assert perf_counter() - started < 4
