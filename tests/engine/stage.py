"""Puts worlds up quickly: servers and a database live as long as the test run, their contents a story."""

import copy
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from aiohttp import web

from assent.crm.client import Limits, open_organisation
from assent.crm.contacts import DataverseContacts
from assent.crm.organisation import parse_organisation_url
from assent.crm.signin import Credentials
from assent.policy.permission import LegalBasis
from assent.store.connection_rows import Settings
from assent.store.opening import Store, open_store
from assent.store.organisations import NewConnection
from dataverse_emulator import Organization, RunningEmulator, running

from .office import MORNING, Door, Office, Rep, SeededIds, VirtualClock, new_organisation
from .world import ANN, COLUMNS, World

IN_MEMORY = "sqlite://"
SECRET_KEY = "a2tr" * 10 + "a2s="


@dataclass
class Saved:
    """A world as it was, to be put back as often as wanted: database, organisations, chance and time."""

    world: World
    database: sqlite3.Connection = field(init=False)
    organisations: list[Organization] = field(default_factory=list)
    at: datetime = MORNING
    chance: Any = None

    def __post_init__(self) -> None:
        """Take the picture."""
        world = self.world
        self.database = copied(sqlite(world.store))
        self.organisations = [office.organization.snapshot() for office in world.offices]
        self.at, self.chance = world.clock.at, world.ids.chance.getstate()

    async def restore(self, *, rewind: bool = False) -> None:
        """Put everything back and take every wrapper off; the clock only goes back when told."""
        world = self.world
        self.database.backup(sqlite(world.store))
        for office, organisation in zip(world.offices, self.organisations, strict=True):
            await office.inhabit(organisation.snapshot())
            office.crm = office.real
        world.memory = world.store.memory
        world.ids.chance.setstate(self.chance)
        world.door.bodies.clear()
        if rewind:
            world.clock.at = self.at


class Stage:
    """What outlives a story: one database in memory, a door, and as many emulators as were ever needed."""

    def __init__(self) -> None:
        self.stack = AsyncExitStack()
        self.clock, self.ids, self.door = VirtualClock(), SeededIds(7), Door()
        self.emulators: list[RunningEmulator] = []
        self.saved: dict[object, tuple[Saved, UUID, UUID]] = {}
        self.store: Store | None = None
        self.empty = sqlite3.connect(":memory:")

    async def open(self) -> "Stage":
        """Open database and door."""
        self.store = await self.opened(IN_MEMORY)
        self.stack.callback(self.store.close)
        self.empty = copied(sqlite(self.store))
        app = web.Application()
        app.router.add_post("/{connection}", self.door.take)
        runner = web.AppRunner(app)
        await runner.setup()
        self.stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.door.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return self

    async def opened(self, url: str) -> Store:
        """A store on the stage's clock, with nothing in it but what is reproducible."""
        entropy = SeededIds(11)
        return await open_store(
            url,
            clock=self.clock,
            ids=self.ids,
            keys=[SECRET_KEY],
            inline=url == IN_MEMORY,
            entropy=lambda size: b"".join(entropy.new().bytes for _ in range(size // 16 + 1))[:size],
        )

    async def emulator(self, number: int) -> RunningEmulator:
        """The emulator of that number."""
        while len(self.emulators) <= number:
            self.emulators.append(await self.stack.enter_async_context(running()))
        return self.emulators[number]


_CURRENT: list[Stage] = []


async def current() -> Stage:
    """The stage of this test run, put up when first asked for."""
    if not _CURRENT:
        _CURRENT.append(await Stage().open())
    return _CURRENT[0]


async def take_down() -> None:
    """End everything that outlived its story."""
    while _CURRENT:
        await _CURRENT.pop().stack.aclose()


def sqlite(store: Store) -> sqlite3.Connection:
    """The one connection of a database in memory."""
    found = store.database.writer.raw_connection().driver_connection
    assert isinstance(found, sqlite3.Connection)
    return found


def copied(source: sqlite3.Connection) -> sqlite3.Connection:
    """A copy of a database, in memory."""
    target = sqlite3.connect(":memory:")
    source.backup(target)
    return target


@dataclass(slots=True)
class StagedWorld(World):
    """A world that can be given more organisations."""

    stage: Stage = field(default_factory=Stage)
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def connect(self, name: str = "unq1", settings: Settings | None = None) -> Office:
        """Open an organisation and store the connection, not yet set up."""
        office = await self.enter(name)
        new = NewConnection(name, office.emulator.url, "tenant", "app", "secret", office.emulator.url)
        if settings is not None:
            new = replace(new, settings=settings)
        added = await self.store.accounts.connect(self.account_id, new)
        assert added.connection_id == office.connection_id
        return office

    async def enter(self, name: str) -> Office:
        """Open an organisation."""
        number = len(self.offices)
        emulator = await self.stage.emulator(number)
        credentials = Credentials("tenant", "app", "secret", emulator.url)
        url = parse_organisation_url(emulator.url, allow_other_hosts=True)
        opening = open_organisation(url, credentials, self.clock, limits=Limits(retry_wait_s=0.001))
        client = await self.stack.enter_async_context(opening)
        crm = DataverseContacts(client, COLUMNS, connection_id=number + 1)
        rep = Rep(lambda: emulator.application.organization)
        office = Office(emulator, client, number + 1, crm, crm, rep)
        await office.inhabit(new_organisation(self.clock, name, seed=number + 1))
        self.offices.append(office)
        return office


@asynccontextmanager
async def world(
    url: str = IN_MEMORY, *, organisations: int = 1, **settings: Any
) -> AsyncIterator[StagedWorld]:
    """A hub, connected to organisations that are not set up yet; `settings` are the connections'."""
    async with _blank(url) as w:
        w.account_id = await w.store.accounts.create("Acme")
        for column in COLUMNS.categories:
            await w.store.accounts.add_category(w.account_id, column.name, schema_name=column.schema_name)
        for number in range(organisations):
            await w.connect(f"unq{number + 1}", Settings(**settings))
        yield w


@asynccontextmanager
async def _blank(url: str) -> AsyncIterator[StagedWorld]:
    stage = await current()
    assert stage.store is not None
    stage.clock.at = MORNING
    stage.ids.chance.seed(7)
    stage.door.bodies.clear()
    store = stage.store
    if url == IN_MEMORY:
        stage.empty.backup(sqlite(store))
    else:
        store = await stage.opened(url)
    async with AsyncExitStack() as stack:
        if store is not stage.store:
            stack.callback(store.close)
        made = StagedWorld(
            stage.clock, stage.ids, store, store.memory, 0, stage.door, stage=stage, stack=stack
        )
        yield made
        for office in made.offices:
            await office.webhooks_idle()


@asynccontextmanager
async def joined(
    basis: LegalBasis = LegalBasis.CONSENT, **settings: Any
) -> AsyncIterator[tuple[StagedWorld, UUID, UUID]]:
    """A world set up and still, with one contact and its row: the start of most stories.

    Made once and put back for every later story that begins the same way.
    """
    stage, key = await current(), (basis, repr(settings))
    if key not in stage.saved:
        async with world(**settings) as w:
            contact_id, row_id = await w.pair(ANN, basis)
            await w.set_up()
            w.clock.pass_by(minutes=10)
            stage.saved[key] = (Saved(w), contact_id, row_id)
    saved, contact_id, row_id = stage.saved[key]
    async with _blank(IN_MEMORY) as w:
        await w.enter("unq1")
        w.account_id = saved.world.account_id
        again = replace_world(saved, w)
        await again.restore(rewind=True)
        yield w, contact_id, row_id


def replace_world(saved: Saved, world: World) -> Saved:
    """The same picture, for another world on the same stage."""
    again = copy.copy(saved)
    again.world = world
    return again


def share_one_loop(items: Sequence[pytest.Item], folder: Path) -> None:
    """Run every coroutine of a folder in the loop of the session, where the stage lives."""
    for item in items:
        if folder in item.path.parents and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
