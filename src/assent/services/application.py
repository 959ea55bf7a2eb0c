"""Everything one process has at hand, and the calls its faces share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import msgspec

from assent.crm.notices import parse_notices
from assent.engine.presend import Check, checked
from assent.engine.proof import judged, these
from assent.engine.run import Report
from assent.engine.setup_terms import Progress, fingerprint
from assent.ledger.entries import decision
from assent.mail.sink import Sink
from assent.policy.audience import Audience
from assent.policy.gate import Message
from assent.ports import SYSTEM, Act, Actor, ActorKind, Clock, Evidence, Ids, NewPerson, Notice
from assent.services.connecting import connect
from assent.services.gate import DEADLINE, Checked, everybody, proved
from assent.services.jobs import AccountJobs
from assent.services.organisations import Organisations
from assent.services.setting_up import SettingUp
from assent.services.settings import Settings
from assent.services.together import Together
from assent.store.opening import Store
from assent.store.organisations import Added, NewConnection
from assent.work.durable import Work

#: Everybody who comes through their own link; which contact it was stands in the entry.
HERSELF = Actor(ActorKind.CONTACT, "preference-page")


def clicking(store: Store, work: Work) -> Together[Act]:
    """One commit for everybody who clicks while the last one is written."""

    async def stored(account_id: int, acts: Sequence[Act]) -> None:
        await store.hub.act(account_id, HERSELF, acts, Evidence())

    return Together(stored, work.wake)


@dataclass(frozen=True, slots=True)
class Admitted:
    """A connection whose key matched: its account, and how to read its notices."""

    account_id: int
    parse: Callable[[bytes], Sequence[Notice]]


@dataclass(frozen=True, slots=True)
class Application:
    """What the web, the command line and the demo call; every call carries its account."""

    settings: Settings
    store: Store
    organisations: Organisations
    jobs: AccountJobs
    work: Work
    clock: Clock
    ids: Ids
    sink: Sink | None = None  # the demo's mail server, whose mails can be read here
    clicks: Together[Act] | None = None  # where many people click at once, their acts share a commit

    @property
    def setting_up(self) -> SettingUp:
        """The setup of connections, in this process."""
        return SettingUp(self.store, self.organisations, self.clock, self.ids)

    async def connect(self, account_id: int, new: NewConnection) -> Added:
        """Verify and store a connection to an organisation."""
        others = self.settings.allow_other_hosts
        return await connect(self.store, self.clock, account_id, new, allow_other_hosts=others)

    async def set_up(
        self,
        account_id: int,
        connection_id: int,
        *,
        public_url: str,
        progress: Progress,
        approve: bool = False,
    ) -> Report:
        """Bring a connection live, or up to date with categories added since.

        With `approve` whoever sits at the machine approves what setup will do, unseen; otherwise it pauses
        to show its plan before anything is written.
        """
        if approve:
            await self._approve(account_id, connection_id)
        url = f"{public_url}/webhooks/dynamics/{connection_id}"
        return await self.setting_up.run(account_id, connection_id, webhook_url=url, progress=progress)

    async def _approve(self, account_id: int, connection_id: int) -> None:
        accounts = self.store.accounts
        kept = (await accounts.connection(account_id, connection_id)).settings
        columns = await self.store.setup_journal(account_id).columns(connection_id)
        plan = fingerprint(columns)
        if kept.approved != plan:
            entry = decision(SYSTEM, connection_id, "approve", "", {})
            approved = msgspec.structs.replace(kept, approved=plan)
            await accounts.decide(account_id, connection_id, entry, approved)

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

    async def click(self, account_id: int, act: Act) -> None:
        """Record what a person did through their own link; it is durable when this returns."""
        if self.clicks is None:
            await self.act(account_id, HERSELF, [act], Evidence())
        else:
            await self.clicks.add(account_id, act)

    async def sweep(self, account_id: int) -> Report:
        """Catch an account up now."""
        return await self.jobs.sweep_here(account_id)

    async def check(self, account_id: int, contact_ids: Sequence[UUID], message: Message) -> Check:
        """Say who may be mailed now, and why the others not."""
        run = await self.jobs.run(account_id)
        proof = await proved(run, these(run, contact_ids), message)
        return checked(proof, await judged(run, proof, contact_ids))

    async def begin_check(
        self, account_id: int, audience: Audience, message: Message, within: timedelta = DEADLINE
    ) -> Checked:
        """Ask Dynamics about everybody of an audience; the verdicts are read afterwards, in pieces."""
        run = await self.jobs.run(account_id)
        targets = await everybody(self.store, account_id, audience)
        return Checked(run, targets, await proved(run, targets, message, within))

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
