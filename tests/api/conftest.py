"""One served application for a module."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from .served import Served, served_application


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """A served application; what a test adds stays for the module's others."""
    async with served_application(tmp_path_factory.mktemp("served")) as found:
        yield found
