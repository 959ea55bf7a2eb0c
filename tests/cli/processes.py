"""The command line as real processes, with an environment and a folder of their own."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from traceback import format_exception
from typing import Any

import structlog
from typer.testing import CliRunner

from assent.cli.commands import app

SOURCES = str(Path(__file__).parents[2] / "src")


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    def object(self) -> dict[str, Any]:
        """The one JSON object on stdout; nothing else may be there."""
        lines = self.out.splitlines()
        assert 1 == len(lines), self.out
        found = json.loads(lines[0])
        assert isinstance(found, dict)
        return found

    def sentence(self) -> str:
        """The one sentence on stderr: no traceback, nothing on stdout, exit code 1."""
        assert "Traceback" not in self.err, self.err[-2000:]
        assert (1, "") == (self.code, self.out)
        (line,) = self.err.strip().splitlines()
        assert line.startswith("assent: ")
        return line


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """Only what a command needs: nothing of the tester's own settings, and temporary files below `folder`."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    own = {"ASSENT_DATA": str(folder / "var"), "TMPDIR": str(folder), "COLUMNS": "200", "PYTHONPATH": SOURCES}
    return {**kept, **own, **{f"ASSENT_{name.upper()}": value for name, value in settings.items()}}


async def start(folder: Path, *words: str, **settings: str) -> asyncio.subprocess.Process:
    """Start `python -m assent` in a folder, leader of a process group of its own."""
    pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "assent", *words),
        cwd=folder,
        env=environment(folder, **settings),
        stdin=nothing,
        stdout=pipe,
        stderr=pipe,
        start_new_session=True,
    )


async def finished(process: asyncio.subprocess.Process, within: float = 60) -> Done:
    """Wait for the end of a command."""
    out, err = await asyncio.wait_for(process.communicate(), within)
    return Done(process.returncode or 0, out.decode(), err.decode())


def within(folder: Path, *words: str, **settings: str) -> Done:
    """Run a command in this process, where a process of its own would only cost its start."""
    given = {name: None for name in os.environ if name.startswith("ASSENT_")}
    own = {"ASSENT_DATA": str(folder / "var"), **{f"ASSENT_{k.upper()}": v for k, v in settings.items()}}
    try:
        found = CliRunner().invoke(app, list(words), env={**given, **own})
    finally:
        structlog.reset_defaults()
    trace = "".join(format_exception(found.exception)) if isinstance(found.exception, Exception) else ""
    return Done(found.exit_code, found.stdout, found.stderr + trace)


async def command(folder: Path, *words: str, **settings: str) -> Done:
    """Run a command to its end."""
    return await finished(await start(folder, *words, **settings))


@asynccontextmanager
async def background(folder: Path, *words: str, **settings: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a command beside others; whatever is left of its group is killed when the block ends."""
    process = await start(folder, *words, **settings)
    try:
        yield process
    finally:
        for number in group(process.pid):
            os.kill(number, signal.SIGKILL)
        if process.returncode is None:
            await process.communicate()


def group(leader: int) -> list[int]:
    """The living processes of a group, read from /proc."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, its_group = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(its_group) == leader and state != "Z":
            found.append(int(stat.parent.name))
    return found


async def line_with(stream: asyncio.StreamReader | None, text: str, within: float = 60) -> str:
    """Read a stream until a line holds `text`."""
    assert stream is not None
    while text not in (line := (await asyncio.wait_for(stream.readline(), within)).decode()):
        assert line, f"ended before it said {text!r}"
    return line
