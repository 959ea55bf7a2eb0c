"""The whole program in one process: store, durable work, web; and the calls its faces share."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from uuid import UUID

import uvicorn

from assent.app.connecting import connect, run_setup
from assent.app.jobs import AccountJobs
from assent.app.organisations import Organisations
from assent.app.settings import Settings
from assent.app.system import RandomIds, SystemClock
from assent.crm.notices import parse_notices
from assent.engine.presend import Check, check
from assent.engine.run import Report
from assent.engine.setup import Progress
from assent.engine.sweep import sweep
from assent.ledger.keys import load_or_create_key
from assent.policy.gate import Message
from assent.ports import Act, Actor, Evidence, NewPerson, Notice
from assent.store.opening import Store, open_store
from assent.store.organisations import Added, NewConnection
from assent.web.inbox import Inbox
from assent.web.server import Admitted, create_app
from assent.work.durable import Work, WorkSettings, durable_work, work_elsewhere


@dataclass(frozen=True, slots=True)
class Application:
    """What the web, the command line and the demo call; every call carries its account."""

    settings: Settings
    store: Store
    organisations: Organisations
    jobs: AccountJobs
    work: Work
    clock: SystemClock
    ids: RandomIds

    async def connect(self, account_id: int, new: NewConnection) -> Added:
        """Verify and store a connection to an organisation."""
        others = self.settings.allow_other_hosts
        return await connect(self.store, self.clock, account_id, new, allow_other_hosts=others)

    async def set_up(
        self, account_id: int, connection_id: int, *, public_url: str, progress: Progress
    ) -> Report:
        """Bring a connection live, or up to date with categories added since."""
        return await run_setup(
            self.store,
            self.organisations,
            self.clock,
            self.ids,
            account_id=account_id,
            connection_id=connection_id,
            webhook_url=f"{public_url}/webhooks/dynamics/{connection_id}",
            progress=progress,
        )

    async def add(
        self, account_id: int, actor: Actor, people: Sequence[NewPerson], evidence: Evidence
    ) -> list[UUID]:
        """Create contacts in the hub, and let the CRM know."""
        ids = await self.store.hub.add(account_id, actor, people, evidence)
        await self.work.wake(account_id)
        return ids

    async def act(self, account_id: int, actor: Actor, acts: Sequence[Act], evidence: Evidence) -> None:
        """Record acts of people in the hub, and let the CRM know."""
        await self.store.hub.act(account_id, actor, acts, evidence)
        await self.work.wake(account_id)

    async def sweep(self, account_id: int) -> Report:
        """Catch an account up now."""
        return await sweep(await self.jobs.run(account_id))

    async def check(self, account_id: int, contact_ids: Sequence[UUID], message: Message) -> Check:
        """Say who may be mailed now, and why the others not."""
        return await check(await self.jobs.run(account_id), contact_ids, message)

    async def admit(self, connection_id: int, key: str) -> Admitted:
        """Check a webhook's key and say how to read its notices."""
        connection = await self.store.accounts.by_webhook_key(connection_id, key)
        columns = await self.organisations.made_columns(connection)

        def parse(body: bytes) -> Sequence[Notice]:
            return parse_notices(
                body,
                columns,
                connection_id=connection_id,
                received_at=self.clock.now(),
                organisation_id=connection.organisation_id,
            )

        return Admitted(connection.account_id, parse)

    async def ready(self) -> bool:
        """Whether the database answers."""
        await self.store.accounts.all()
        return True


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
