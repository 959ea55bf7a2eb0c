"""Serves an ASGI application on a free port."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from assent.app.application import listen


@asynccontextmanager
async def listening(app: ASGIApp, *, log_level: str = "critical") -> AsyncIterator[str]:
    """Answer while the block runs; gives the address."""
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_level=log_level, log_config=None, lifespan="off"))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:  # noqa: ASYNC110 - uvicorn offers no event
        await asyncio.sleep(0.005)
    try:
        yield "http://{}:{}".format(*listener.getsockname()[:2])
    finally:
        server.should_exit = True
        await task


class Stand:
    """An application whose place others take, one after another: a server of its own for each takes time."""

    def __init__(self) -> None:
        self.app: ASGIApp | None = None
        self.url = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as whoever stands here does."""
        assert self.app is not None
        await self.app(scope, receive, send)
