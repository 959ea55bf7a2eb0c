"""The whole program in one process: store, durable work and web, opened and closed in order."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

import uvicorn

from assent.app.system import RandomIds, SystemClock
from assent.ledger.keys import load_or_create_key
from assent.services.application import Application
from assent.services.jobs import AccountJobs
from assent.services.organisations import Organisations
from assent.services.settings import Settings
from assent.store.opening import open_store
from assent.web.inbox import Inbox
from assent.web.server import create_app
from assent.work.durable import WorkSettings, durable_work, work_elsewhere


@asynccontextmanager
async def open_application(settings: Settings, *, worker: bool = True) -> AsyncIterator[Application]:
    """Open everything one process needs, and close it in order.

    Without `worker` this process runs no durable work: a command that passes by while another
    process serves must not take that one's work for its own.
    """
    settings.data.mkdir(parents=True, exist_ok=True)
    clock, ids = SystemClock(), RandomIds()
    given = settings.secret_key.get_secret_value()
    keys = given.split(",") if given else [load_or_create_key(settings.data / "secret.key")]
    async with AsyncExitStack() as stack:
        store = await open_store(settings.store_url, clock=clock, ids=ids, keys=keys)
        stack.callback(store.close)
        others = settings.allow_other_hosts
        organisations = Organisations(store.accounts, clock, allow_other_hosts=others)
        stack.push_async_callback(organisations.aclose)
        jobs = AccountJobs(store, organisations, clock, ids)
        work = work_elsewhere(jobs)
        if worker:
            identity = WorkSettings(settings.engine_url, settings.executor_id, settings.tick)
            work = await stack.enter_async_context(durable_work(jobs, identity))
        yield Application(settings, store, organisations, jobs, work, clock, ids)


@asynccontextmanager
async def serving(application: Application) -> AsyncIterator[str]:
    """Answer HTTP while the block runs; gives the address."""
    inbox = Inbox(application.store.memory.post, application.work.wake)
    app = create_app(application.admit, inbox, application.ready)
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((application.settings.host, application.settings.port))
    config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off", server_header=False)
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn offers no event
        await asyncio.sleep(0.005)
    try:
        host, port = listener.getsockname()[:2]
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        await task


class _Server(uvicorn.Server):
    """Leaves signals to the program it runs in."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing."""
        yield
