"""Serves an ASGI application on a free port."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from assent.app.application import listen
from assent.services.application import Application
from assent.web.faces import faces
from assent.web.inbox import Inbox
from assent.web.server import create_app
from assent.web.sessions import secure


class _Server(uvicorn.Server):
    """Ends at once: the tenths of a second others take add up over a thousand tests."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ending = asyncio.Event()

    async def main_loop(self) -> None:
        """Answer until told to end."""
        await self.on_tick(0)
        await self.ending.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take nothing new, and end with what runs."""
        for server in self.servers:
            server.close()
        for listener in sockets or ():
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        while self.server_state.tasks or self.server_state.connections:  # noqa: ASYNC110
            await asyncio.sleep(0.002)


@asynccontextmanager
async def listening(
    app: ASGIApp, *, listener: socket.socket | None = None, log_level: str = "critical"
) -> AsyncIterator[str]:
    """Answer while the block runs; gives the address."""
    listener = listener or listen("127.0.0.1", 0)
    address = "http://{}:{}".format(*listener.getsockname()[:2])
    server = _Server(uvicorn.Config(app, log_level=log_level, log_config=None, lifespan="off"))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn offers no event
        await asyncio.sleep(0.002)
    try:
        yield address
    finally:
        server.ending.set()
        await task


@asynccontextmanager
async def answering(application: Application, listener: socket.socket | None = None) -> AsyncIterator[str]:
    """Answer for an application as `serving` does, and end at once."""
    listener, ending = listener or listen("127.0.0.1", 0), asyncio.Event()
    application.settings.port = listener.getsockname()[1]
    inbox, over_https = Inbox(application.store.memory.post, application.work.wake), secure(application)
    pages = faces(application, ending)
    app = create_app(application.admit, inbox, application.ready, pages, over_https=over_https)
    async with listening(app, listener=listener) as url:
        try:
            yield url
        finally:
            ending.set()


class Stand:
    """An application whose place others take, one after another: a server of its own for each takes time."""

    def __init__(self) -> None:
        self.app: ASGIApp | None = None
        self.url = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as whoever stands here does."""
        assert self.app is not None
        await self.app(scope, receive, send)
