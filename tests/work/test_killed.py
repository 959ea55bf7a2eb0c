"""Processes that die, close, or start beside one another: nothing is lost and nothing is left behind (P6)."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
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


@pytest.fixture
def urls(postgres: Databases, tmp_path: Path) -> Iterator[list[str]]:
    """A database of each kind."""
    made = postgres.make()
    yield [f"sqlite:///{tmp_path / 'engine.sqlite'}", made]
    postgres.drop(made)


@contextmanager
def process(
    url: str, journal: Path, seconds: float, *, wake: bool, name: str = "local"
) -> Iterator[subprocess.Popen[bytes]]:
    """A process of its own over the engine database; killed with SIGKILL when the block ends."""
    words = [url, str(journal), str(seconds), "yes" if wake else "no", name]
    running = subprocess.Popen([sys.executable, "-m", "tests.work.victim", *words], cwd=ROOT)
    try:
        yield running
    finally:
        running.kill()
        running.wait()


def lines(journal: Path) -> list[str]:
    """What happened so far, without the processes' numbers."""
    found = journal.read_text().splitlines() if journal.exists() else []
    return [line.rpartition(" ")[0] for line in found]


async def happened(journal: Path, *expected: str, times: int = 1) -> None:
    """Wait until everything expected happened so often."""

    async def all_there() -> bool:
        found = lines(journal)
        return all(found.count(one) >= times for one in expected)

    await until(all_there, 20, f"{expected} {times} times")


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


async def test_work_in_progress_is_finished_after_the_process_was_killed(
    urls: list[str], tmp_path: Path
) -> None:
    """kill -9 in the middle of a drain and a sweep: the next process of that name finishes both.

    The sweep of account 3 was begun by another release: it is left to that (stack 1.1).
    """
    await asyncio.gather(*(killed_and_finished(url, tmp_path / f"{n}") for n, url in enumerate(urls)))


async def killed_and_finished(url: str, journal: Path) -> None:
    """Kill a process over one database, start another, and compare what they did."""
    with process(url, journal, 60, wake=True):
        await happened(journal, "began-drain 1", "began-sweep 2", "began-sweep 3")
    leave_to_another_version(url, "sweep-3-5")
    with process(url, journal, 0.2, wake=False):
        await happened(journal, "ended-drain 1", "ended-sweep 2")
        await asyncio.sleep(0.5)
    found = lines(journal)
    assert 2 == found.count("began-drain 1") == found.count("began-sweep 2")
    assert 1 == found.count("began-sweep 3")
    assert "ended-sweep 3" not in found


async def test_a_second_process_leaves_alone_what_the_first_is_running(tmp_path: Path) -> None:
    """Under a name of its own it neither takes over what runs nor ends it when it dies."""
    url, journal = f"sqlite:///{tmp_path / 'engine.sqlite'}", tmp_path / "journal"
    with process(url, journal, 2.5, wake=True):
        await happened(journal, "began-drain 1")
        with process(url, journal, 60, wake=False, name="second"):
            await happened(journal, "ready 0", times=2)
            await asyncio.sleep(0.5)
        await happened(journal, "ended-drain 1")
        found = lines(journal)
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
