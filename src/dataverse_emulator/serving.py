"""Running the emulator: in this process on a free port, from a thread, or as a command."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import uvicorn

from dataverse_emulator import generate
from dataverse_emulator.application import Application
from dataverse_emulator.connections import Connection
from dataverse_emulator.state.choices import Choices
from dataverse_emulator.state.organization import Organization, Settings
from dataverse_emulator.state.sources import Sources, seeded_ids
from dataverse_emulator.wire.limits import Limits
from dataverse_emulator.wire.transport import Receive, Scope, Send
from dataverse_emulator.wire.webhooks import Post

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RunningEmulator:
    """An emulator that answers at `url`; its state can be looked at and changed directly."""

    url: str
    organization: Organization
    application: Application

    async def webhooks_idle(self) -> None:
        """Wait until every notice so far was delivered or failed, those of direct state changes too."""
        self.application.hand_over()
        await self.application.deliveries.idle()


class _Server(uvicorn.Server):
    """Leaves signals to the program it runs in."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing."""
        yield


def create_organization(
    *,
    contacts: int = 0,
    seed: int = 1,
    strict: bool = False,
    clients: Mapping[str, str] | None = None,
    settings: Settings | None = None,
    choices: Choices | None = None,
    sources: Sources | None = None,
) -> Organization:
    """An organisation with the real clock and reproducible ids, unless told otherwise."""
    sources = sources or Sources(time.time, seeded_ids(seed))
    organization = Organization(sources, settings, choices, strict=strict, clients=dict(clients or {}))
    if contacts:
        generate.fill(organization, contacts, seed)
    return organization


def create_app(
    organization: Organization, limits: Limits | None = None, post: Post | None = None
) -> Application:
    """The ASGI application for an organisation; `post` carries its notices instead of HTTP."""
    return Application(organization, limits, post)


@asynccontextmanager
async def running(
    served: Organization | Application | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    limits: Limits | None = None,
) -> AsyncIterator[RunningEmulator]:
    """Serve from this event loop while the block runs; port 0 takes a free one."""
    application = (
        served if isinstance(served, Application) else create_app(served or create_organization(), limits)
    )
    async with _listening(application, host, port) as url:
        try:
            yield RunningEmulator(url, application.organization, application)
        finally:
            await application.deliveries.close()


def serve(
    served: Organization | Application,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    limits: Limits | None = None,
    announce: Callable[[str], None] | None = None,
) -> None:
    """Serve until interrupted; `announce` is told the address once it answers."""

    async def main() -> None:
        async with running(served, host=host, port=port, limits=limits) as emulator:
            if announce is not None:
                announce(emulator.url)
            await asyncio.Event().wait()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())


class Door:
    """An address, served from a thread of its own, behind which one application after another answers."""

    def __init__(self) -> None:
        self.url = ""
        self.application: Application | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.application is None:
            raise RuntimeError("nobody stands in this door")
        await self.application(scope, receive, send)

    def soon(self, act: Callable[[], None]) -> None:
        """Have something done by the serving thread."""
        assert self._loop is not None, "the door is open only within `with opened()`"
        self._loop.call_soon_threadsafe(act)

    def done(self, work: Coroutine[Any, Any, T]) -> T:
        """Have something done by the serving thread, and wait for it."""
        assert self._loop is not None, "the door is open only within `with opened()`"
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def stand(self, host: str, port: int, opened: Callable[[], None]) -> None:
        """Be open until told to close."""
        self._loop = asyncio.get_running_loop()
        async with _listening(self, host, port) as self.url:
            opened()
            await self._closing.wait()

    def close(self) -> None:
        """Let nobody in any more."""
        self.soon(self._closing.set)


@contextmanager
def opened(*, host: str = "127.0.0.1", port: int = 0) -> Iterator[Door]:
    """A door that is open while the block runs; port 0 takes a free one."""
    door, open_or_failed, failures = Door(), threading.Event(), list[BaseException]()

    def run() -> None:
        try:
            asyncio.run(door.stand(host, port, open_or_failed.set))
        except BaseException as failure:  # noqa: BLE001 - told to whoever waits
            failures.append(failure)
            open_or_failed.set()

    thread = threading.Thread(target=run, name="dataverse_emulator", daemon=True)
    thread.start()
    open_or_failed.wait()
    if failures:
        raise failures[0]
    try:
        yield door
    finally:
        door.close()
        thread.join()


@asynccontextmanager
async def _listening(application: Application | Door, host: str, port: int) -> AsyncIterator[str]:
    with _bound(host, port) as listener:
        server = _Server(_config(application))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn offers no event
            await asyncio.sleep(0.005)
        if task.done():
            task.result()
            raise OSError(f"the emulator could not start on {host}:{port}")
        try:
            yield _url(listener)
        finally:
            server.should_exit = True
            server.force_exit = True
            await task


def _config(application: Application | Door) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        http=Connection,
        ws="none",
        loop="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
    )


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, or asyncio does not switch Nagle's delay off and small answers take 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
