"""The whole product in one place and in virtual time: processes, organisations, database, network, people."""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import Connection, select

from assent.crm.webhooks import KEY_HEADER
from assent.errors import AssentError, Retry
from assent.mail.outcome import Handed, Outcome
from assent.policy.address import normalise
from assent.policy.sides import Person
from assent.ports import Actor, ActorKind, Evidence
from assent.services.access import Role, caller
from assent.services.application import Application
from assent.services.delivering import SendErrands
from assent.services.handing import Handing
from assent.services.jobs import AccountJobs
from assent.services.organisations import Organisations
from assent.services.removing import Removing
from assent.services.setting_up import SettingUp, SetupErrands
from assent.services.settings import Settings
from assent.store.database import Database
from assent.store.opening import Store
from assent.store.schema import contacts, links
from assent.web.inbox import Inbox
from assent.work.durable import Kind, Work
from dataverse_emulator import Application as Emulator
from dataverse_emulator import Organization
from dataverse_emulator.wire.notices import Notice

from ..engine.office import MORNING, Rep, SeededIds
from .faults import Fault, Trouble
from .loop import PROCESS, Process, VirtualLoop
from .truth import COMMIT, Commit, Entity, Truth
from .wire import Wire
from .work import Engine, labour, ticking

T = TypeVar("T")

SECRET_KEY = "a2tr" * 10 + "a2s="
STAFF = Actor(ActorKind.USER, "7")
FORM = Evidence("Yes, write to me", "sign-up form")
CATEGORIES = (("Newsletters", "asn_News"), ("Events", "asn_Events"))
SETTINGS = Settings(
    _env_file=None,  # type: ignore[call-arg]
    public_url="http://assent.example",
    allow_other_hosts=True,
    secret_key=SecretStr(SECRET_KEY),
    smtp_host="mail.example",
    mail_from="News <news@acme.example>",
)


def _nothing() -> None:
    """No act."""


class Over(BaseException):
    """The history is over; whatever still runs unwinds."""


class VirtualClock:
    """Wall time of the machine we run on: the loop's, a microsecond later at each look."""

    def __init__(self) -> None:
        self.begin(0.0)

    def begin(self, at: float) -> None:
        """Start anew at a moment."""
        self.loop = VirtualLoop(at)  # type: ignore[abstract]
        self._looks = 0

    def now(self) -> datetime:
        """The present moment."""
        self._looks += 1
        return MORNING + timedelta(seconds=self.loop.time(), microseconds=self._looks)

    def seconds(self) -> float:
        """The present moment in seconds since the beginning; no two are the same."""
        self._looks += 1
        return self.loop.time() + self._looks / 1e6

    async def sleep(self, seconds: float) -> None:
        """Wait in virtual time."""
        await asyncio.sleep(seconds)


class SimulatedDatabase(Database):
    """The real one in memory; before and after every transaction others may come first, or a process die."""

    pause: Callable[[], Coroutine[Any, Any, None]]
    about: Callable[[], Callable[[], None]]
    refuses: Callable[[], bool]

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Read between two pauses."""
        await self.pause()
        return self._read(work)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Write between two pauses."""
        await self.pause()
        if self.refuses():
            raise Retry("the database could not take this now; try again")
        committed = self.about()
        done = self._write(work)
        committed()
        await self.pause()
        return done


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that a server took: when, where to, and which contact and rows bore that address then."""

    at: float
    to: str
    subject: str
    whose: UUID | None
    rows: frozenset[Entity]


@dataclass(slots=True)
class Mailing:
    """A mail server, and what it took."""

    world: "World"
    taken: list[Mail] = field(default_factory=list)
    connections: int = 2

    async def hand_over(self, message: Any, recipient: str, last_look: Any, return_path: str = "") -> Outcome:
        """Take a mail after a while; sometimes say nothing, or nothing in time."""
        await self.world.pause()
        await asyncio.sleep(self.world.chance.choice([0.0, 0.1, 3.0, 20.0]))
        if self.world.chance.random() < 0.05:
            return Outcome(Handed.UNREACHABLE, 0, "The mail server hung up.")
        await last_look()
        whose = next((one for one, email in self.world.addresses().items() if email == recipient), None)
        rows = frozenset(self.world.bearing().get(recipient, []))
        self.taken.append(Mail(self.world.clock.seconds(), recipient, str(message["Subject"]), whose, rows))
        await self.world.pause()
        if self.world.chance.random() < 0.03:
            return Outcome(Handed.UNCERTAIN, 0, "The mail server did not say whether it took the mail.")
        return Outcome(Handed.ACCEPTED, 250, "ok")


@dataclass(eq=False, slots=True)
class Worker:
    """One process of the product: it serves, drains, sweeps and sends, until it dies."""

    process: Process
    app: Application
    inbox: Inbox


@dataclass(slots=True)
class Site:
    """One Dynamics organisation: its emulator, its connection, and the people who work in it."""

    connection_id: int
    emulator: Emulator
    rep: Rep
    robot: Rep
    backup: Organization | None = None
    backup_at: float = 0.0

    @property
    def organization(self) -> Organization:
        """The organisation that answers now."""
        return self.emulator.organization

    def announce(self) -> None:
        """Send out notices of what was changed directly."""
        self.emulator.deliveries.submit(self.organization.take_events())


@dataclass(slots=True)
class World:
    """Everything one history plays in."""

    clock: VirtualClock
    chance: Random
    trouble: Trouble
    store: Store
    ids: SeededIds
    account_id: int
    wire: Wire
    engine: Engine = field(default_factory=Engine)
    truth: Truth = field(default_factory=Truth)
    sites: list[Site] = field(default_factory=list)
    workers: list[Worker] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    over: bool = False
    mailing: Mailing = field(init=False)
    kills: int = 0

    def __post_init__(self) -> None:
        self.mailing = Mailing(self)
        database = self.store.database
        assert isinstance(database, SimulatedDatabase)
        database.pause, database.about = self.pause, self.about
        database.refuses = lambda: PROCESS.get() is not None and self.trouble.strikes(Fault.STORE_REFUSES)

    # --- time and death ------------------------------------------------------------------------------

    async def pause(self) -> None:
        """A point at which others may come first, and at which a process may die."""
        if self.over:
            raise Over
        process = PROCESS.get()
        if process is not None and process.fuse is not None:
            process.fuse -= 1
            if process.fuse < 0:
                process.alive = False
                self.kills += 1
                self.trouble.count(Fault.CRASH)
                await asyncio.get_running_loop().create_future()
        if self.chance.random() < 0.25:
            await asyncio.sleep(self.chance.choice([0.0, 0.001, 0.01, 0.2]) * self.wire.slowness)

    def about(self) -> Callable[[], None]:
        """The running task is about to write; gives what to do once that is durable: its deeds hold then."""
        commit = COMMIT.get()
        if commit is None or not commit.armed:
            return _nothing
        behind = commit.about() if commit.about is not None else _nothing

        def committed() -> None:
            behind()
            for deed in commit.deeds:
                if deed.at is None:
                    deed.at = self.clock.seconds()
                    if deed.email is not None:
                        self.truth.bears(deed.entity, deed.email)
            commit.armed = False  # what the same request writes afterwards is no act

        return committed

    # --- processes -----------------------------------------------------------------------------------

    def start_worker(self) -> Worker:
        """Start a process of the product."""
        process = Process(f"worker-{len(self.workers) + 1}")
        app, inbox = self._wired()
        worker = Worker(process, app, inbox)
        self.workers.append(worker)
        for job in (labour(self.engine, app.jobs), ticking(self.engine, app.jobs)):
            self.spawn(worker, job)
        return worker

    def _wired(self) -> tuple[Application, Inbox]:
        store, clock, ids = self.store, self.clock, self.ids
        organisations = Organisations(
            store.accounts, clock, allow_other_hosts=True, opening=self.wire.opening
        )
        jobs = AccountJobs(store, organisations, clock, ids)
        setting_up, removing = SettingUp(store, organisations, clock, ids), Removing(store, organisations)
        jobs.take_on(Kind.SETUP, SetupErrands(setting_up, SETTINGS, removing))
        hands = Handing(store, clock, self.mailing)  # type: ignore[arg-type]
        jobs.take_on(Kind.SEND, SendErrands(store, SETTINGS, clock, jobs, hands))
        work = Work(jobs, self.engine.start)
        app = Application(SETTINGS, store, organisations, jobs, work, clock, ids)
        return app, Inbox(store.memory.post, work.wake)

    @property
    def living(self) -> list[Worker]:
        """The processes that run."""
        return [worker for worker in self.workers if worker.process.alive]

    def spawn(self, worker: Worker, coroutine: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """Let a process do something."""
        context = copy_context()
        context.run(PROCESS.set, worker.process)
        return self.clock.loop.create_task(coroutine, context=context)

    async def served(
        self, work: Callable[[Worker], Coroutine[Any, Any, T]], commit: Commit | None = None
    ) -> T | None:
        """Ask some living process, as a browser or a program would; None when it died or said no."""
        living = self.living
        if not living:
            return None
        worker = self.chance.choice(living)

        async def request() -> T:
            COMMIT.set(commit)
            return await work(worker)

        task = self.spawn(worker, request())
        while not task.done():
            if not worker.process.alive or self.over:
                return None
            await asyncio.wait([task], timeout=0.5)
        try:
            return task.result()
        except AssentError:
            return None

    async def delivered(self, notice: Notice) -> bool:
        """A notice reaches the product: whether it was durably received."""

        async def take(worker: Worker) -> bool:
            number = int(urlsplit(notice.url).path.rpartition("/")[2])
            headers = {name.lower(): value for name, value in notice.headers.items()}
            admitted = await worker.app.admit(number, headers[KEY_HEADER])
            await worker.inbox.put(admitted.account_id, admitted.parse(notice.body))
            return True

        return bool(await self.served(take))

    # --- looking -------------------------------------------------------------------------------------

    async def everybody(self) -> list[Person]:
        """Every contact with its links, as the tables have them."""
        statement = select(contacts.c.contact_id).order_by(contacts.c.contact_id)
        ids = self.store.database._read(lambda c: list(c.execute(statement).scalars()))
        return await self.store.memory.people(self.account_id, ids)

    def addresses(self) -> dict[UUID, str]:
        """The address of every contact."""
        statement = select(contacts.c.contact_id, contacts.c.email).order_by(contacts.c.contact_id)
        return {row[0]: row[1] for row in self.store.database._read(lambda c: list(c.execute(statement)))}

    def linked(self, contact_id: UUID) -> list[Entity]:
        """The active rows of a contact."""
        statement = select(links.c.connection_id, links.c.row_id).where(links.c.contact_id == contact_id)
        found = self.store.database._read(lambda c: list(c.execute(statement)))
        return [
            (number, row_id)
            for number, row_id in found
            if (row := self.rows(self.site(number)).get(row_id)) is not None and not row["statecode"]
        ]

    def bearing(self) -> dict[str, list[Entity]]:
        """The rows that bear each address now; one that sleeps only where it is nobody else's (I4)."""
        owners, held = self.owners(), {email: one for one, email in self.addresses().items()}
        found: dict[str, list[Entity]] = {}
        for site in self.sites:
            for row_id, row in self.rows(site).items():
                entity = (site.connection_id, row_id)
                if (email := normalise(row["emailaddress1"])) is None:
                    continue
                if not row["statecode"] or owners.get(entity, held.get(email)) == held.get(email):
                    found.setdefault(email, []).append(entity)
        return found

    def owners(self) -> dict[Entity, UUID]:
        """The contact that each linked row is with."""
        statement = select(links.c.connection_id, links.c.row_id, links.c.contact_id)
        found = self.store.database._read(lambda c: list(c.execute(statement)))
        return {(number, row_id): contact_id for number, row_id, contact_id in found}

    def rows(self, site: Site) -> dict[UUID, dict[str, Any]]:
        """Every row of an organisation by its id."""
        table = site.organization.table("contact")
        blank = dict.fromkeys(table.definition.columns)
        return {UUID(table.row_id(p)): {**blank, **table.row(p)} for p in table.positions()}

    def site(self, connection_id: int) -> Site:
        """The organisation of a connection."""
        return self.sites[connection_id - 1]

    @property
    def staff(self) -> Any:
        """Somebody who may do everything."""
        return caller(self.account_id, STAFF, Role.ADMIN, "Kim")
