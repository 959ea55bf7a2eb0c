"""The durable engine, started once per module on each kind of database: it is one per process."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from assent.work.durable import Work, WorkSettings, durable_work
from tests.conftest import Databases

from .bench import Bench


@dataclass(frozen=True)
class Running:
    """A running engine, its jobs, and where it keeps its state."""

    work: Work
    bench: Bench
    url: str


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def engine_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A database for the engine of one module, on each kind in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('engine') / 'engine.sqlite'}"
        return
    databases: Databases = request.getfixturevalue("postgres")
    url = databases.make()
    yield url
    databases.drop(url)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def running(engine_database: str) -> AsyncIterator[Running]:
    """An engine that ticks every second."""
    bench = Bench()
    async with durable_work(bench, WorkSettings(engine_database, tick="* * * * * *")) as work:
        yield Running(work, bench, engine_database)
