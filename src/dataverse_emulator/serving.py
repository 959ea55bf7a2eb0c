"""Running the emulator: in this process on a free port, or as a command."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import uvicorn

from dataverse_emulator import generate
from dataverse_emulator.application import Application
from dataverse_emulator.state.choices import Choices
from dataverse_emulator.state.organization import Organization, Settings
from dataverse_emulator.state.sources import Sources, seeded_ids
from dataverse_emulator.wire.limits import Limits
from dataverse_emulator.wire.webhooks import Post


@dataclass(frozen=True, slots=True)
class RunningEmulator:
    """An emulator that answers at `url`; its state can be looked at and changed directly."""

    url: str
    organization: Organization
    application: Application

    async def webhooks_idle(self) -> None:
        """Wait until every notice so far was delivered or failed, those of direct state changes too."""
        self.application.deliveries.submit(self.organization.take_events())
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
    organization: Organization | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    limits: Limits | None = None,
) -> AsyncIterator[RunningEmulator]:
    """Serve an organisation from this event loop while the block runs; port 0 takes a free one."""
    application = create_app(organization or create_organization(), limits)
    with _bound(host, port) as listener:
        server = _Server(_config(application))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn offers no event
            await asyncio.sleep(0.005)
        if task.done():
            task.result()
            raise OSError(f"the emulator could not start on {host}:{port}")
        try:
            yield RunningEmulator(_url(listener), application.organization, application)
        finally:
            server.should_exit = True
            server.force_exit = True
            await task
            await application.deliveries.close()


def serve(
    organization: Organization,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    limits: Limits | None = None,
    announce: Callable[[str], None] | None = None,
) -> None:
    """Serve until interrupted; `announce` is told the address once it answers."""

    async def main() -> None:
        async with running(organization, host=host, port=port, limits=limits) as emulator:
            if announce is not None:
                announce(emulator.url)
            await asyncio.Event().wait()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())


def _config(application: Application) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        http="httptools",
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
