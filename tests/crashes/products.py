"""The product's processes: started, killed with SIGKILL at random moments, started again, behind one door."""

import asyncio
import re
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

from assent.errors import Retry
from tests.cli.processes import environment

#: When after it reported ready a process is killed, in seconds.
KILLED_WITHIN = (0.5, 15.0)
READY_WITHIN_S = 120.0
#: How long one sleeps that is not killed: the lease is 15 seconds.
SLEEPS_S = (10.0, 25.0)

_READY = re.compile(r"Assent answers at (http://\S+?)\.?\s")
_TOOK_OVER = re.compile(r"event=took_over .*workflows=(\d+)")


@dataclass(eq=False)
class Product:
    """One place for a process of the product, and what became of the processes there."""

    name: str
    folder: Path
    settings: dict[str, str]
    counts: Counter[str]
    url: str = ""
    _process: asyncio.subprocess.Process | None = None
    _reading: "asyncio.Task[None] | None" = None
    _ready: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self) -> None:
        """Start a process and wait until it reports ready."""
        self._ready.clear()
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "assent", "serve"),
            cwd=self.folder,
            env=environment(self.folder, **self.settings),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        self._reading = asyncio.create_task(self._read(self._process))
        ended = asyncio.create_task(self._process.wait())
        ready = asyncio.create_task(self._ready.wait())
        await asyncio.wait({ended, ready}, timeout=READY_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        ended.cancel()
        if not self._ready.is_set():
            raise AssertionError(f"{self.name} did not come up: see its log in {self.folder}")
        self.counts["starts"] += 1

    async def kill(self) -> None:
        """End it without a word, wherever it is."""
        self.url = ""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        if self._reading is not None:
            await self._reading

    async def sleep(self, seconds: float, over: asyncio.Event) -> None:
        """Be stopped wherever it is, and go on later; nobody is led to it meanwhile."""
        assert self._process is not None
        url, self.url = self.url, ""
        self.counts["sleeps"] += 1
        self._process.send_signal(signal.SIGSTOP)
        await passes(over, seconds)
        self._process.send_signal(signal.SIGCONT)
        self.url = url

    async def live_and_die(self, chance: Random, over: asyncio.Event, *, alone: bool) -> None:
        """Be killed and started again until it is over; then stay.

        Where others can go on with its work, it now and then only sleeps for longer than its lease first.
        """
        await self.start()
        while not await passes(over, chance.uniform(*KILLED_WITHIN)):
            if not alone and chance.random() < 0.1:
                await self.sleep(chance.uniform(*SLEEPS_S), over)
                continue
            await self.kill()
            self.counts["kills"] += 1
            if not alone and chance.random() < 0.3:  # the others have to do without it
                await passes(over, chance.uniform(1, 20))
            await self.start()

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        with (self.folder / f"{self.name}.log").open("a") as log:
            while line := (await process.stderr.readline()).decode(errors="replace"):
                log.write(line)
                log.flush()
                if found := _READY.search(line + " "):
                    self.url = found[1]
                    self._ready.set()
                elif (found := _TOOK_OVER.search(line)) and int(found[1]):
                    self.counts["takeovers"] += 1
                    self.counts["taken_over"] += int(found[1])
                elif "Traceback" in line:
                    self.counts["tracebacks"] += 1


async def passes(over: asyncio.Event, seconds: float) -> bool:
    """Wait so long, or until it is over: True."""
    with suppress(TimeoutError):
        await asyncio.wait_for(over.wait(), seconds)
    return over.is_set()


@dataclass(eq=False)
class Door:
    """The one address Dynamics and people know: leads to any process that runs, as a load balancer does."""

    products: Sequence[Product]
    chance: Random
    url: str = ""

    def somewhere(self) -> str:
        """The address of a process that runs; raises Retry where none does."""
        running = [product.url for product in self.products if product.url]
        if not running:
            raise Retry("nobody runs")
        return self.chance.choice(running)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Listen while the block runs."""
        tasks: set[asyncio.Task[None]] = set()

        def entered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.ensure_future(self._lead(reader, writer))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        server = await asyncio.start_server(entered, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield
        finally:
            server.close()
            for task in list(tasks):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, Retry):
            to = urlsplit(self.somewhere())
            inner, outer = await asyncio.open_connection(to.hostname, to.port)
            await asyncio.gather(_pipe(reader, outer), _pipe(inner, writer))
        writer.close()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()
