"""An emulator per test, on a free port, with a clock that stands still."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession, web

from dataverse_emulator import (
    Organization,
    RunningEmulator,
    Sources,
    create_organization,
    running,
    seeded_ids,
)

from .api import Api, Clock, Receiver


@pytest.fixture
def clock() -> Clock:
    """The emulator's time."""
    return Clock()


@pytest.fixture
def organization(clock: Clock) -> Organization:
    """An empty organisation."""
    return create_organization(sources=Sources(clock, seeded_ids(7)))


@pytest.fixture
async def emulator(organization: Organization) -> AsyncIterator[RunningEmulator]:
    """The organisation, served."""
    async with running(organization) as found:
        yield found


@pytest.fixture
async def api(emulator: RunningEmulator) -> AsyncIterator[Api]:
    """A sales rep's access to it."""
    async with ClientSession() as session:
        yield Api(session, emulator.url)


@pytest.fixture
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
