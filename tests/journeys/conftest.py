"""Stories share one event loop, so that servers may outlive them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from ..engine.stage import share_one_loop, take_down


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run every coroutine here in the loop of the session."""
    share_one_loop(items, Path(__file__).parent)


@pytest_asyncio.fixture(loop_scope="session", scope="session", autouse=True)
async def stage_taken_down() -> AsyncIterator[None]:
    """End what outlived its story."""
    yield
    await take_down()
