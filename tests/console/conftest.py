"""A console to visit, and a browser to visit it with."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from .counter import Counter, counter

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
THERE = CHROMIUM.exists()
ARGUMENTS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run")


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Counter]:
    """The console of an account that can send."""
    async with counter(tmp_path) as found:
        yield found


@pytest.fixture
async def browser() -> AsyncIterator[Any]:
    """Chromium, where there is one."""
    playwright = pytest.importorskip("playwright.async_api")
    if not THERE:
        pytest.skip("no Chromium here")
    async with playwright.async_playwright() as engine:
        found = await engine.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS))
        yield found
        await found.close()
