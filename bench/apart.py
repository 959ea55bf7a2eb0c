"""Parts of a benchmark in processes of their own, so that what is measured is alone in its process."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

#: A line holds every token of a run.
LONGEST_LINE = 64_000_000


@asynccontextmanager
async def part(module: str, *words: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a module beside us; it ends with the block."""
    command = (sys.executable, "-m", module, *words)
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, limit=LONGEST_LINE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def line_of(process: asyncio.subprocess.Process) -> bytes:
    """The next line of JSON it says, whatever is logged before."""
    assert process.stdout is not None
    async for line in process.stdout:
        if line.startswith(b"{"):
            return line
    raise SystemExit("a part of the benchmark failed; what it said stands above")


async def told(module: str, *words: str) -> dict[str, Any]:
    """Run a module to its end; gives the JSON it prints."""
    async with part(module, *words) as process:
        found: dict[str, Any] = json.loads(await line_of(process))
        return found
