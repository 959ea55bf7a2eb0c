"""An office per test, and an organisation for it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dataverse_emulator import RunningEmulator, create_organization, running

from .world import SECRET, Office, office


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Office]:
    """An application without its durable engine."""
    async with office(tmp_path) as found:
        yield found


@pytest.fixture
async def strict() -> AsyncIterator[RunningEmulator]:
    """An organisation with a few contacts that knows one client and its secret."""
    made = create_organization(contacts=30, strict=True, clients={"app": SECRET})
    async with running(made) as emulator:
        yield emulator
