"""Whoever is not signed in: what their requests may cost."""

from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from aiohttp import ClientError

from .counter import Counter


@pytest.mark.parametrize("path", ["/sign-in", "/theme"])
async def test_pages_for_nobody_in_particular_read_small_forms_only(at: Counter, path: str) -> None:
    """Whoever is not signed in can fill neither the server's memory nor its disk: it stops reading (P8)."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'
        while sent < 32_000_000:
            sent += 500_000
            yield b"x" * 500_000
        yield b"\r\n--x--\r\n"

    form = {"content-type": "multipart/form-data; boundary=x"}
    with suppress(ClientError):  # the answer may come while we still send
        async with at.http.post(at.url + path, data=endless(), headers=form) as answer:
            assert 400 == answer.status
    assert 16_000_000 > sent
