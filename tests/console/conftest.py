"""A console to visit, all of them in one event loop, so that a browser may outlive its visit."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.engine.stage import share_one_loop

from .counter import Counter, counter


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run every coroutine here in the loop of the session."""
    share_one_loop(items, Path(__file__).parent)


@pytest_asyncio.fixture(loop_scope="session")
async def at(tmp_path: Path) -> AsyncIterator[Counter]:
    """The console of an account that can send."""
    async with counter(tmp_path) as found:
        yield found
