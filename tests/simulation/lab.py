"""Makes worlds quickly: one that was set up is kept as a template, and every history begins with a copy."""

import asyncio
import logging
import random
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import structlog

from assent.engine.setup_terms import fingerprint
from assent.ledger.seal import Vault
from assent.policy.permission import LegalBasis
from assent.policy.sides import PERMISSION
from assent.ports import NewPerson
from assent.store.connection_rows import Settings
from assent.store.opening import store_on
from assent.store.organisations import NewConnection
from assent.work.durable import Errand, Kind
from dataverse_emulator import Organization, Sources, create_app, create_organization
from dataverse_emulator import Settings as OrganizationSettings

from ..engine.office import Rep, SeededIds
from .faults import Trouble
from .truth import HUB, Entity
from .wire import Wire
from .world import CATEGORIES, FORM, SECRET_KEY, STAFF, SimulatedDatabase, Site, VirtualClock, World

#: Who is there when a history begins: basis, and whether they said No to newsletters.
CAST: tuple[tuple[LegalBasis, bool], ...] = (
    (LegalBasis.CONSENT, False),
    (LegalBasis.LEGITIMATE_INTEREST, False),
    (LegalBasis.NONE, False),
    (LegalBasis.WITHDRAWN, False),
    (LegalBasis.CONTRACT, True),
    (LegalBasis.CONSENT, False),
)
#: The column of a row that answers each field.
COLUMNS = {PERMISSION: "donotbulkemail", 1: "asn_news", 2: "asn_events"}

#: The columns whose saves webhooks tell of.
WATCHED = frozenset({*COLUMNS.values(), "emailaddress1", "statecode"})


def address(number: int) -> str:
    """The address of the n-th of the cast."""
    return f"p{number}@x.example"


@dataclass(frozen=True, slots=True)
class Template:
    """An account that was set up with its organisations and is still, to be copied."""

    database: sqlite3.Connection
    organisations: tuple[Organization, ...]
    account_id: int
    time: float


class Lab:
    """One per operating-system process; histories are played in it one after another."""

    def __init__(self) -> None:
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
        logging.disable(logging.CRITICAL)
        self.clock = VirtualClock()
        self.ids = SeededIds(7)
        self.skews = [0.0, 0.0]
        self.templates: dict[int, Template] = {}
        self.database = SimulatedDatabase("sqlite://", inline=True)
        asyncio.run(self.database.upgrade())
        self._blank = self._copied(self._sqlite)

    def world(self, sites: int, chance: Random, trouble: Trouble, skews: Sequence[float]) -> World:
        """A world in which everything agrees and nothing was done yet."""
        if sites not in self.templates:
            self.templates[sites] = self._template(sites)
        found = self.templates[sites]
        found.database.backup(self._sqlite)
        return self._world(found, chance, trouble, skews)

    def _world(self, found: Template, chance: Random, trouble: Trouble, skews: Sequence[float]) -> World:
        self.clock.begin(found.time)
        self.ids.chance.seed(chance.getrandbits(32))
        random.seed(chance.getrandbits(32))  # the waits between the client's attempts
        self.skews[:] = [*skews, 0.0, 0.0][:2]
        store = store_on(self.database, self.clock, self.ids, Vault([SECRET_KEY], self._entropy))
        world = World(self.clock, chance, trouble, store, self.ids, found.account_id, Wire(trouble, chance))
        for number, organisation in enumerate(found.organisations):
            inhabit(world, number + 1, organisation.snapshot())
        return world

    def _template(self, sites: int) -> Template:
        self._blank.backup(self._sqlite)
        fresh = tuple(self._organisation(number) for number in range(sites))
        world = self._world(
            Template(self._blank, fresh, 0, 0.0), Random(1), Trouble(frozenset(), Random(1)), []
        )
        self.clock.loop.run(_settled(world))
        world.over = True
        self.clock.loop.end()
        organisations = tuple(site.organization for site in world.sites)
        return Template(
            self._copied(self._sqlite), organisations, world.account_id, self.clock.seconds() + 600
        )

    def _organisation(self, number: int) -> Organization:
        def now() -> float:
            return self.clock.now().timestamp() + self.skews[number]

        sources = Sources(now, lambda: str(self.ids.new()))
        return create_organization(sources=sources, settings=OrganizationSettings(name=f"unq{number + 1}"))

    def _entropy(self, size: int) -> bytes:
        return b"".join(self.ids.new().bytes for _ in range(size // 16 + 1))[:size]

    @property
    def _sqlite(self) -> sqlite3.Connection:
        found = self.database.writer.raw_connection().driver_connection
        assert isinstance(found, sqlite3.Connection)
        return found

    def _copied(self, source: sqlite3.Connection) -> sqlite3.Connection:
        target = sqlite3.connect(":memory:")
        source.backup(target)
        return target


def inhabit(world: World, connection_id: int, organization: Organization) -> None:
    """Let an organisation answer for a connection from now on."""
    emulator = create_app(organization, post=world.wire.notices_to(world.delivered))
    host = f"org{connection_id}.example"
    world.wire.hosts[host] = emulator
    if connection_id <= len(world.sites):
        world.site(connection_id).emulator = emulator
        return
    site = Site(
        connection_id, emulator, Rep(lambda: site.organization), Rep(lambda: site.organization, "erp")
    )
    world.sites.append(site)


async def _settled(world: World) -> None:
    """Make the account, its people on both sides, and set every connection up."""
    store = world.store
    world.account_id = await store.accounts.create("Acme")
    for name, schema_name in CATEGORIES:
        await store.accounts.add_category(world.account_id, name, schema_name=schema_name)
    people = [
        NewPerson(address(n), basis=basis, refused=1 if refuses else 0)
        for n, (basis, refuses) in enumerate(CAST)
    ]
    await store.hub.add(world.account_id, STAFF, people, FORM)
    worker = world.start_worker()
    for site in world.sites:
        for number in range(len(CAST)):
            site.rep.create(address(number))
        site.rep.create(" P5@x.example")
        url = f"http://org{site.connection_id}.example"
        columns = await store.setup_journal(world.account_id).columns(site.connection_id)
        seen = Settings(approved=fingerprint(columns))
        new = NewConnection(f"Org {site.connection_id}", url, "tenant", "app", "secret", url, seen)
        await store.accounts.connect(world.account_id, new)
        await worker.app.jobs.perform(Errand(Kind.SETUP, world.account_id, site.connection_id))
        [connection] = [
            c
            for c in await store.accounts.connections(world.account_id)
            if c.connection_id == site.connection_id
        ]
        assert connection.live, await store.accounts.steps(world.account_id, site.connection_id)
    for _ in range(2):
        await worker.app.sweep(world.account_id)


async def remember_beginnings(world: World) -> None:
    """Tell the judges what everybody says as the history begins."""
    for person in await world.everybody():
        contact = person.contact
        entity: Entity = (HUB, contact.contact_id)
        says = {field: bool(contact.value & field) for field in (1, 2)}
        world.truth.born(entity, contact.email, says)
        world.truth.first_basis[entity] = contact.basis
    for site in world.sites:
        for row_id, row in world.rows(site).items():
            world.truth.born((site.connection_id, row_id), row["emailaddress1"], row_says(row))
            world.truth.cast.add((site.connection_id, row_id))


def remember_said(world: World, site: Site) -> None:
    """Note what rows say right before a column of theirs goes: what its next reader ticks is an act (T6)."""
    for row_id, row in world.rows(site).items():
        says = {((site.connection_id, row_id), what): yes for what, yes in row_says(row).items()}
        world.truth.said.update(says)


def row_says(row: dict[str, object]) -> dict[int, bool]:
    """What a row says where it says anything, by field; a null says nothing (T6)."""
    return {
        field: bool(row[name]) is not (field == PERMISSION)
        for field, name in COLUMNS.items()
        if row.get(name) is not None
    }
