"""A hub and its Dynamics organisations, everything real but time: people act, we sync, tests judge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar
from uuid import UUID

import aiohttp
from sqlalchemy import select

from assent.crm.columns import Columns
from assent.crm.notices import parse_notices
from assent.crm.setup import DataverseSetup
from assent.engine.notices import drain
from assent.engine.presend import FEW, Check, check
from assent.engine.run import STANDARD_BRAKES, Report, Run, Tools, begin
from assent.engine.setup import set_up
from assent.engine.setup_terms import Progress, Setup, Webhook, fingerprint
from assent.engine.sweep import sweep
from assent.ledger.entries import Entry
from assent.policy.brakes import BrakeSettings
from assent.policy.gate import Message, Reason
from assent.policy.identity import Origin
from assent.policy.method import Method
from assent.policy.permission import LegalBasis
from assent.policy.sides import CATEGORIES, Contact, Person
from assent.ports import Act, Actor, ActorKind, Crm, Evidence, Memory, NewPerson, Notice
from assent.ports.setup import CategoryColumn, CrmSetup
from assent.services.setting_up import place
from assent.store.opening import Store
from assent.store.schema import contacts

from .office import KEY, Door, Office, Rep, SeededIds, VirtualClock

NEWS = CategoryColumn(1, "asn_News", "Newsletters")
EVENTS = CategoryColumn(2, "asn_Events", "Events")
COLUMNS = Columns((NEWS, EVENTS))
BOTH = NEWS.bit | EVENTS.bit

PERSON = Actor(ActorKind.CONTACT, "preference-page")
USER = Actor(ActorKind.USER, "admin")
WORDS = Evidence(text="I mean it")
MARKETING = Message()
ANN = "ann@x.example"


async def unseen(setup: Setup, run: Run) -> Mapping[str, object]:
    """A plan nobody looks at: everything here is approved beforehand."""
    return {}


@dataclass(slots=True)
class World:
    """One account; make one with `stage.world()`. `memory`, and each office's `crm`, may be wrapped."""

    clock: VirtualClock
    ids: SeededIds
    store: Store
    memory: Memory
    account_id: int
    door: Door
    offices: list[Office] = field(default_factory=list)
    brakes: BrakeSettings = STANDARD_BRAKES

    #: How many contacts a check counts as few, and how it reads who refuses where that is not its choice.
    few: ClassVar[int] = FEW
    method: ClassVar[Method | None] = None

    # --- the systems -------------------------------------------------------------------------------

    @property
    def office(self) -> Office:
        """The first organisation; most stories have one."""
        return self.offices[0]

    @property
    def rep(self) -> Rep:
        """The rep of the first organisation."""
        return self.office.rep

    async def set_up(
        self, office: Office | None = None, *, schema: CrmSetup | None = None, stop: Progress | None = None
    ) -> Report:
        """Set an organisation up; `stop` is told of every step and may raise."""
        office = office or self.office
        stored = await self.store.accounts.connections(self.account_id)
        mine = next(c for c in stored if c.connection_id == office.connection_id)
        wanted = await self.store.memory.categories(self.account_id)
        if wanted & ~mine.made:
            await self.store.accounts.forget_steps(self.account_id, office.connection_id)
        run = await self.run()
        run = replace(
            run,
            connections={**run.connections, office.connection_id: mine},
            crms={**run.crms, office.connection_id: office.crm},
            terms=replace(run.terms, categories=wanted),
        )
        schema = schema or DataverseSetup(office.client, self.clock, language=1033)
        journal = self.store.setup_journal(self.account_id)

        async def webhook() -> Webhook:
            return Webhook(f"{self.door.url}/{office.connection_id}", KEY)

        columns = await journal.columns(office.connection_id)
        setup = Setup(
            office.connection_id, schema, journal, place, webhook, unseen, approved=fingerprint(columns)
        )
        return await set_up(setup, run, progress=stop or (lambda step, state: None))

    async def run(self) -> Run:
        """A run as production would begin it now."""
        crms: dict[int, Crm] = {office.connection_id: office.crm for office in self.offices}
        tools = Tools(self.memory, crms, self.clock, self.ids, self.brakes)
        return await begin(tools, self.account_id)

    async def sweep(self) -> Report:
        """The half-hourly sweep."""
        return await sweep(await self.run())

    async def drain(self) -> Report:
        """What a wake-up starts."""
        return await drain(await self.run())

    async def check(self, contact_ids: Sequence[UUID], message: Message = MARKETING) -> Check:
        """The check before a send."""
        return await check(await self.run(), contact_ids, message, few=self.few, method=self.method)

    async def verdict(self, contact_id: UUID, message: Message = MARKETING) -> Reason:
        """What the gate says of one contact."""
        return (await self.check([contact_id], message)).verdicts[contact_id].reason

    async def control(self, what: str, office: Office | None = None, **switches: Any) -> None:
        """Turn one of an emulator's switches, by its own control call."""
        url = f"{(office or self.office).emulator.url}/emulator/{what}"
        async with aiohttp.ClientSession() as session, session.put(url, json=switches) as answer:
            assert answer.status == 200, await answer.text()

    # --- webhooks ----------------------------------------------------------------------------------

    async def notices(self) -> list[Notice]:
        """Take what the organisations have sent so far, read but not yet stored, in version order."""
        for office in self.offices:
            await office.webhooks_idle()
        taken, self.door.bodies = self.door.bodies, []
        found = [
            notice
            for connection_id, body in taken
            for notice in parse_notices(
                body, COLUMNS, connection_id=connection_id, received_at=self.clock.now()
            )
        ]
        return sorted(found, key=lambda notice: notice.version)

    async def post(self, *notices: Notice) -> None:
        """Let notices arrive now."""
        now = self.clock.now()
        await self.store.memory.post(self.account_id, [replace(n, received_at=now) for n in notices])

    async def deliver(self) -> Report:
        """Let everything sent so far arrive, and deal with it."""
        await self.post(*await self.notices())
        return await self.drain()

    # --- people in the hub -------------------------------------------------------------------------

    async def add(
        self,
        email: str,
        basis: LegalBasis = LegalBasis.CONSENT,
        refused: int = 0,
        origin: Origin = Origin.PERSON,
    ) -> UUID:
        """Create a contact in the hub."""
        new = NewPerson(email, basis=basis, refused=refused, origin=origin)
        return (await self.store.hub.add(self.account_id, USER, [new], WORDS))[0]

    async def act(self, contact_id: UUID, actor: Actor = PERSON, **what: Any) -> None:
        """Somebody in the hub sets something."""
        act = Act(contact_id, **what)
        await self.store.hub.act(self.account_id, actor, [act], WORDS)

    async def pair(
        self, email: str, basis: LegalBasis = LegalBasis.CONSENT, office: Office | None = None, **columns: Any
    ) -> tuple[UUID, UUID]:
        """A hub contact and a CRM row with the same address, neither looked at yet."""
        contact_id = await self.add(email, basis)
        return contact_id, (office or self.office).rep.create(email, **columns)

    # --- looking -----------------------------------------------------------------------------------

    async def person(self, contact_id: UUID) -> Person:
        """A contact with its links."""
        (found,) = await self.store.memory.people(self.account_id, [contact_id])
        return found

    async def contact(self, contact_id: UUID) -> Contact:
        """A contact as the hub has it."""
        return (await self.person(contact_id)).contact

    async def basis(self, contact_id: UUID) -> LegalBasis:
        """A contact's basis."""
        return (await self.contact(contact_id)).basis

    async def holder(self, email: str) -> UUID | None:
        """Who holds an address in the hub."""
        return (await self.store.memory.holders(self.account_id, [email])).get(email)

    async def everybody(self) -> list[Person]:
        """Every contact of the account, from the table."""
        ids = await self.store.database.read(
            lambda c: list(c.execute(select(contacts.c.contact_id)).scalars())
        )
        return await self.store.memory.people(self.account_id, ids)

    async def questions(self) -> list[tuple[UUID, str]]:
        """The open questions: about whom, and what."""
        found = await self.store.accounts.requests(self.account_id)
        return [(question.contact_id, question.kind.value) for question in found]

    async def entries(self, kind: str | None = None) -> list[Entry]:
        """The ledger, or the entries of one kind."""
        found = await self.store.ledger.entries(self.account_id, limit=100_000)
        return [recorded.entry for recorded in found if kind in (None, recorded.entry.kind)]

    async def picture(self) -> tuple[Any, ...]:
        """Both systems as people see them, without ids and versions."""
        hub = sorted(
            (c.email, c.basis.name, c.value & BOTH, c.hold or "", bool(p.links))
            for p in await self.everybody()
            for c in [p.contact]
        )
        return (hub, *(office.picture() for office in self.offices))

    async def still(self) -> tuple[Any, ...]:
        """What must not move while nobody acts: revisions, versions and the length of the ledger."""
        revision = await self.store.memory.revision(self.account_id)
        return revision, len(await self.entries()), [office.versions() for office in self.offices]

    async def ledger_holds(self) -> None:
        """The chain verifies, and replaying it gives the tables (P7)."""
        assert (await self.store.ledger.verify(self.account_id)).broken is None
        states = await self.store.ledger.replay(self.account_id)
        people = {p.contact.contact_id: p.contact for p in await self.everybody()}
        told = {k: (s.basis, s.value & CATEGORIES, s.email, s.hold) for k, s in states.items()}
        assert told == {k: (c.basis, c.value, c.email, c.hold) for k, c in people.items()}
