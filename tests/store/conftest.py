"""A town per test, on each kind of database in turn."""

from collections.abc import AsyncIterator

import pytest

from .samples import Town, build_town


@pytest.fixture
async def town(database_url: str) -> AsyncIterator[Town]:
    """A fresh town."""
    built = await build_town(database_url)
    yield built
    built.store.close()
