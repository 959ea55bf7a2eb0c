"""The whole program in one process: store, durable work and web, opened and closed in order."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress

import uvicorn

from assent.app.processes import is_running, this_process
from assent.app.system import RandomIds, SystemClock
from assent.errors import AssentError, Invalid, Retry
from assent.ledger.keys import load_or_create_key
from assent.mail.pace import Pace, read_rates
from assent.mail.sink import Sink
from assent.mail.smtp import Mailer
from assent.ports import Clock, Ids
from assent.services.application import Application, clicking
from assent.services.delivering import SendErrands, mail_server
from assent.services.drifting import DriftErrands
from assent.services.handing import Handing
from assent.services.jobs import AccountJobs
from assent.services.organisations import Organisations
from assent.services.removing import Removing
from assent.services.setting_up import SettingUp, SetupErrands
from assent.services.settings import Settings
from assent.services.sign_ups import SignUpErrands
from assent.services.telling import Telling
from assent.store.executors import Executor, Roster
from assent.store.opening import Store, open_store
from assent.web.faces import faces
from assent.web.inbox import Inbox
from assent.web.server import create_app
from assent.web.sessions import secure
from assent.work.durable import APPLICATION_VERSION, Kind, WorkSettings, durable_work, work_elsewhere


@asynccontextmanager
async def open_application(
    settings: Settings, *, worker: bool = True, sink: Sink | None = None
) -> AsyncIterator[Application]:
    """Open everything one process needs, and close it in order.

    A `sink` is the demo's mail server: its mails can be read in the console.

    Without `worker` this process runs no durable work: a command that passes by while another
    process serves must not take that one's work for its own.
    """
    _make_folder(settings)
    clock, ids = SystemClock(), RandomIds()
    given = settings.secret_key.get_secret_value()
    keys = given.split(",") if given else [load_or_create_key(settings.data / "secret.key")]
    async with AsyncExitStack() as stack:
        store = await _opened(settings, clock, ids, keys)
        stack.callback(store.close)
        me = _executor(settings, ids)
        store = store.of(me.executor_id)
        others = settings.allow_other_hosts
        organisations = Organisations(store.accounts, clock, allow_other_hosts=others)
        stack.push_async_callback(organisations.aclose)
        jobs = AccountJobs(store, organisations, clock, ids)
        setting_up = SettingUp(store, organisations, clock, ids)
        jobs.take_on(Kind.SETUP, SetupErrands(setting_up, settings, Removing(store, organisations)))
        jobs.take_on(Kind.DRIFT, DriftErrands(setting_up, settings, clock))
        mailer = await _mailer(stack, settings, worker=worker)
        hands = Handing(store, clock, mailer, pace=Pace(read_rates(settings.mail_rates)))
        sends = SendErrands(store, settings, clock, jobs, hands)
        jobs.take_on(Kind.SEND, sends)
        jobs.take_on(Kind.SIGN_UP, SignUpErrands(store, settings, clock, ids, mailer))
        telling = Telling(store, clock, ids, allow_other_hosts=others)
        jobs.take_on(Kind.NOTIFY, telling)
        jobs.afterwards(telling.ask)
        work = work_elsewhere(jobs)
        if worker:
            roster = await stack.enter_async_context(_listed(store, clock, me))
            own = WorkSettings(settings.engine_url, roster.executor_id, settings.tick)
            work = await stack.enter_async_context(durable_work(jobs, own, roster))
            stack.callback(sends.closing.set)
        telling.through(work)
        clicks = clicking(store, work)
        yield Application(settings, store, organisations, jobs, work, clock, ids, sink, clicks)


def _executor(settings: Settings, ids: Ids) -> Executor:
    """Who we are on the list of processes that work on this database, new with every start.

    Whoever serves an SQLite file has the same name every time, so that a second one is refused;
    processes that share a PostgreSQL database are named after their machines.
    """
    start = ids.new().hex[:12]
    own = f"{socket.gethostname()[:40]}-{start}" if settings.database_url else "local"
    name = (settings.executor_id or own)[:80]
    return Executor(f"{name}.{start}", name, APPLICATION_VERSION, this_process())


@asynccontextmanager
async def _listed(store: Store, clock: Clock, me: Executor) -> AsyncIterator[Roster]:
    """A place among the processes that work on this database, given up at the end."""
    roster = Roster(store.database, clock, me, is_running)
    await roster.enter()
    try:
        yield roster
    finally:
        with suppress(AssentError):  # what cannot be said now shows when our lease ends
            await roster.leave()


async def _mailer(stack: AsyncExitStack, settings: Settings, *, worker: bool) -> Mailer | None:
    """The way to the mail server, for a process that sends; raises Invalid for settings that cannot work."""
    server = mail_server(settings) if worker else None
    return None if server is None else await stack.enter_async_context(Mailer(server))


def _make_folder(settings: Settings) -> None:
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Invalid(
            f"The folder ASSENT_DATA names cannot be made ({error.strerror}); name one you may write to."
        ) from None


async def _opened(settings: Settings, clock: Clock, ids: Ids, keys: Sequence[str | bytes]) -> Store:
    """Open the store; what is wrong with its address is told by the setting's name, never its value."""
    try:
        store = await open_store(settings.store_url, clock=clock, ids=ids, keys=keys)
    except Invalid as error:
        raise Invalid(f"ASSENT_DATABASE_URL or ASSENT_SECRET_KEY cannot work: {error}") from None
    except Retry as error:
        raise Retry(f"The database that ASSENT_DATABASE_URL names cannot be used now: {error}") from None
    try:
        await store.accounts.try_keys()
    except Invalid:
        store.close()
        raise Invalid(
            "The secret key does not open what this database holds. Every machine that works on it needs the "
            "same one: give it as ASSENT_SECRET_KEY, or copy the key file into the folder ASSENT_DATA names."
        ) from None
    return store


def listen(host: str, port: int) -> socket.socket:
    """Take the port people will reach us at, 0 for any; raises Invalid where it is not to be had."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise Invalid(
            f"The port {port} at {host} cannot be used ({error.strerror}). Is Assent running already? "
            "ASSENT_HOST and ASSENT_PORT name another."
        ) from None
    return listener


@asynccontextmanager
async def serving(application: Application, listener: socket.socket | None = None) -> AsyncIterator[str]:
    """Answer HTTP while the block runs, at a port taken before or the settings' own; gives the address."""
    listener = listener or listen(application.settings.host, application.settings.port)
    application.settings.port = listener.getsockname()[1]  # links and webhooks are made with it
    inbox = Inbox(application.store.memory.post, application.work.wake)
    ending = asyncio.Event()
    app = create_app(
        application.admit,
        inbox,
        application.ready,
        faces(application, ending),
        over_https=secure(application),
    )
    config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off", server_header=False)
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn offers no event
        await asyncio.sleep(0.005)
    try:
        host, port = listener.getsockname()[:2]
        yield f"http://{host}:{port}"
    finally:
        ending.set()
        server.should_exit = True
        await task


class _Server(uvicorn.Server):
    """Leaves signals to the program it runs in."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing."""
        yield
