"""An emulator per test, all at one port, with a clock that stands still."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import ClientSession, web

from dataverse_emulator import (
    Organization,
    RunningEmulator,
    Sources,
    create_app,
    create_organization,
    seeded_ids,
)
from tests.engine.stage import share_one_loop
from tests.web.listening import Stand, listening

from .api import Api, Clock, Receiver


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run every coroutine here in the loop of the session."""
    share_one_loop(items, Path(__file__).parent)


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def stand() -> AsyncIterator[Stand]:
    """A port at which one emulator after another answers."""
    found = Stand()
    async with listening(found) as found.url:
        yield found


@pytest.fixture
def clock() -> Clock:
    """The emulator's time."""
    return Clock()


@pytest.fixture
def organization(clock: Clock) -> Organization:
    """An empty organisation."""
    return create_organization(sources=Sources(clock, seeded_ids(7)))


@pytest_asyncio.fixture(loop_scope="session")
async def emulator(organization: Organization, stand: Stand) -> AsyncIterator[RunningEmulator]:
    """The organisation, served."""
    stand.app = application = create_app(organization)
    yield RunningEmulator(stand.url, organization, application)
    await application.deliveries.close()


@pytest_asyncio.fixture(loop_scope="session")
async def api(emulator: RunningEmulator) -> AsyncIterator[Api]:
    """A sales rep's access to it."""
    async with ClientSession() as session:
        yield Api(session, emulator.url)


@pytest_asyncio.fixture(loop_scope="session")
async def receiver() -> AsyncIterator[Receiver]:
    """Somewhere for webhooks to go."""
    found = Receiver()
    application = web.Application(client_max_size=2**24)
    application.router.add_post("/hook", found.handle)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    found.url = f"{site.name}/hook" if not site.name.endswith(":0") else _address(runner)
    yield found
    await runner.cleanup()


def _address(runner: web.AppRunner) -> str:
    host, port = runner.addresses[0][:2]
    return f"http://{host}:{port}/hook"
