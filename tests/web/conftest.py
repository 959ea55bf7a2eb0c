"""One room for a whole module, emptied for every test."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing

import pytest
import pytest_asyncio

from .room import Room, room


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def kept(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Room]:
    """A served application."""
    async with room(tmp_path_factory.mktemp("room")) as found:
        yield found


@pytest.fixture
def served(kept: Room) -> Room:
    """The served application with nothing stored."""
    with closing(sqlite3.connect(kept.app.settings.data / "assent.sqlite")) as other, other:
        other.execute("DELETE FROM notices")
    kept.woken.clear()
    return kept
