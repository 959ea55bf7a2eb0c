"""What admins and the app ask of accounts: categories, connections, progress, figures, gate facts."""

import hashlib
import hmac
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace
from sqlalchemy import Connection, func, select

from assent.ledger.chain import START
from assent.ledger.entries import Entry
from assent.ledger.seal import Vault
from assent.policy.identity import AddressMarks
from assent.ports import Clock, Organisation
from assent.ports import Connection as CrmConnection
from assent.store import categories, organisations, owed, progress, questions
from assent.store.categories import Category
from assent.store.connection_rows import CREATED, LIVE, PAUSED, REMOVING, Settings, change, write_settings
from assent.store.counters import INSTALLATION, lock_account, take_numbers
from assent.store.database import Database
from assent.store.gate_facts import GateFacts, GateReader
from assent.store.journal import Journal
from assent.store.marks import Marks, address_of
from assent.store.organisations import Added, NewConnection, Organisations, Organised
from assent.store.progress import SetupStep, SweepRun
from assent.store.questions import Question
from assent.store.schema import accounts, contacts, links


@dataclass(frozen=True, slots=True)
class Figures:
    """How an account stands: totals, contacts not settled, and since when the oldest is not."""

    contacts: int
    links: int
    unsettled: int
    oldest_unsettled: datetime | None


@dataclass(frozen=True, slots=True)
class Accounts:
    """Administration of accounts; each call is one transaction."""

    database: Database
    clock: Clock
    vault: Vault
    marking: Marks
    derived: dict[tuple[int, str], bytes] = field(default_factory=dict, repr=False)

    async def create(self, name: str) -> int:
        """Make an account; gives its number."""
        now, key = self.clock.now(), self.vault.wrap(self.vault.new_key())

        def work(connection: Connection) -> int:
            account_id = take_numbers(connection, INSTALLATION, "account")[0]
            values = {"account_id": account_id, "name": name, "created_at": now}
            connection.execute(accounts.insert().values(**values, mark_key=key, ledger_digest=START))
            return account_id

        return await self.database.write(work)

    async def all(self) -> list[tuple[int, str]]:
        """Number and name of every account."""
        statement = select(accounts.c.account_id, accounts.c.name).order_by(accounts.c.account_id)
        return await self.database.read(lambda c: [(row[0], row[1]) for row in c.execute(statement)])

    async def try_keys(self) -> None:
        """Open something with the secret keys, if there is anything; raises Invalid where none fits."""

        def work(connection: Connection) -> None:
            first = connection.execute(select(func.min(accounts.c.account_id))).scalar_one()
            if first is not None:
                self.marking.key(connection, first)

        await self.database.read(work)

    async def add_category(
        self, account_id: int, name: str, *, schema_name: str, description: str = ""
    ) -> Category:
        """Add a category on a bit never in use; raises Invalid at sixty or for a name in use."""
        return await self.database.write(
            lambda c: categories.add_category(c, account_id, name, description, schema_name)
        )

    async def rename_category(self, account_id: int, bit: int, name: str, description: str) -> None:
        """Give a category another name and description."""
        await self.database.write(lambda c: categories.rename(c, account_id, bit, name, description))

    async def set_category_active(self, account_id: int, bit: int, *, active: bool) -> None:
        """Retire a category or bring it back."""
        await self.database.write(lambda c: categories.set_active(c, account_id, bit, active=active))

    async def categories(self, account_id: int) -> list[Category]:
        """Every category, retired ones too, in order."""
        return await self.database.read(lambda c: categories.all_categories(c, account_id))

    async def connect(self, account_id: int, new: NewConnection, joined: Organisation | None = None) -> Added:
        """Store a connection, not yet live; the answer holds its webhook key, this once.

        Raises Invalid where the organisation it was verified to be is connected already.
        """
        made = Organisations(self.vault, self.clock.now())
        return await self.database.write(lambda c: made.add(c, account_id, new, joined))

    async def connection(self, account_id: int, connection_id: int) -> Organised:
        """A connection with its secret; raises Unknown."""
        made = Organisations(self.vault, self.clock.now())
        return await self.database.read(lambda c: made.read(c, account_id, connection_id))

    async def connections(self, account_id: int) -> list[CrmConnection]:
        """Every connection of an account, live or not."""
        return await self.database.read(lambda c: organisations.all_of(c, account_id))

    async def by_webhook_key(self, connection_id: int, key: str) -> CrmConnection:
        """The connection a webhook names; raises Unknown, or Forbidden for a wrong key."""
        return await self.database.read(lambda c: organisations.by_webhook_key(c, connection_id, key))

    async def new_webhook_key(self, account_id: int, connection_id: int) -> str:
        """Replace a connection's webhook key."""
        made = Organisations(self.vault, self.clock.now())
        return await self.database.write(lambda c: made.new_webhook_key(c, account_id, connection_id))

    async def set_organisation(
        self, account_id: int, connection_id: int, organisation_id: UUID, user_id: UUID
    ) -> None:
        """Remember which organisation this is and which application user we are there (M7)."""
        await self._change(account_id, connection_id, organisation_id=organisation_id, user_id=user_id)

    async def set_secret(self, account_id: int, connection_id: int, secret: str) -> None:
        """Replace a connection's client secret."""
        await self._change(account_id, connection_id, secret=self.vault.wrap(secret.encode()))

    async def set_settings(self, account_id: int, connection_id: int, settings: Settings) -> None:
        """Replace a connection's policies and switches."""
        await self._change(account_id, connection_id, settings=write_settings(settings))

    async def decide(self, account_id: int, connection_id: int, entry: Entry, settings: Settings) -> None:
        """Keep what a person decided about a connection, and the ledger's entry of it."""
        await self._decided(account_id, connection_id, entry, settings=write_settings(settings))

    async def set_credentials(
        self, account_id: int, connection_id: int, new: NewConnection, found: Organisation, entry: Entry
    ) -> None:
        """Replace how a connection reaches its organisation and signs in; the ledger keeps that."""
        await self._decided(
            account_id,
            connection_id,
            entry,
            url=new.url,
            tenant=new.tenant,
            client_id=new.client_id,
            secret=self.vault.wrap(new.secret.encode()),
            authority=new.authority,
            user_id=found.user_id,
        )

    async def begin_removal(self, account_id: int, connection_id: int, entry: Entry) -> None:
        """From now on nothing is synced, and what setup made is taken away."""
        await self._decided(account_id, connection_id, entry, state=REMOVING)

    async def end_removal(self, account_id: int, connection_id: int, state: str, settings: Settings) -> None:
        """Keep how a removal ended: as if never set up, or stopped, and what was left."""
        values = {"state": state, "settings": write_settings(settings)}

        def work(connection: Connection) -> None:
            if state == CREATED:
                progress.forget_steps(connection, account_id, connection_id)
                values["made"] = 0  # type: ignore[assignment]
            change(connection, account_id, connection_id, **values)

        await self.database.write(work)

    async def _decided(self, account_id: int, connection_id: int, entry: Entry, **values: object) -> None:
        journal = Journal(self.clock, self.vault)

        def work(connection: Connection) -> None:
            lock_account(connection, account_id)
            change(connection, account_id, connection_id, **values)
            journal.append(connection, account_id, [entry])

        await self.database.write(work)

    async def recheck(self, account_id: int, connection_id: int) -> None:
        """Let the parts of a connection be looked at now instead of tomorrow."""
        kept = (await self.connection(account_id, connection_id)).settings
        await self.set_settings(account_id, connection_id, replace(kept, checked_at=None))

    async def set_live(self, account_id: int, connection_id: int, *, live: bool) -> None:
        """Start or stop the sync of a connection."""
        await self._change(account_id, connection_id, state=LIVE if live else PAUSED)

    async def write_step(self, account_id: int, connection_id: int, step: SetupStep) -> None:
        """Write where a step of setup stands."""
        await self.database.write(lambda c: progress.write_step(c, account_id, connection_id, step))

    async def steps(self, account_id: int, connection_id: int) -> list[SetupStep]:
        """Every step of setup that was begun."""
        return await self.database.read(lambda c: progress.steps(c, account_id, connection_id))

    async def forget_steps(self, account_id: int, connection_id: int) -> None:
        """Empty setup's journal."""
        await self.database.write(lambda c: progress.forget_steps(c, account_id, connection_id))

    async def write_sweep(self, account_id: int, run: SweepRun) -> None:
        """Write a sweep's row, when it begins and again when it ends."""
        await self.database.write(lambda c: progress.write_sweep(c, account_id, run))

    async def sweeps(self, account_id: int, connection_id: int, limit: int = 50) -> list[SweepRun]:
        """The newest sweeps, newest first."""
        return await self.database.read(lambda c: progress.sweep_runs(c, account_id, connection_id, limit))

    async def drains(self, account_id: int) -> int:
        """How many drains of the account have begun."""
        return await self.counted(account_id, owed.DRAIN)

    async def begin_drain(self, account_id: int, count: int = 1) -> int:
        """Number a drain as it begins; more than one passes over numbers that are used up."""
        return await self.count(account_id, owed.DRAIN, count)

    async def counted(self, account_id: int, name: str) -> int:
        """How far a counter has come."""
        return await self.database.read(lambda c: owed.counted(c, account_id, name))

    async def count(self, account_id: int, name: str, more: int = 1) -> int:
        """Count on; gives where the counter is then."""
        return await self.database.write(lambda c: owed.count(c, account_id, name, more))

    async def waiting(self) -> list[int]:
        """Accounts with notices or pending contacts waiting."""
        return await self.database.read(owed.waiting)

    async def last_sweeps(self) -> list[tuple[int, int | None, datetime | None, bool]]:
        """The last sweep of every account with a live connection."""
        return await self.database.read(owed.last_sweeps)

    async def suppress(self, account_id: int, addresses: Collection[str]) -> None:
        """Let no mail go to these addresses any more: hard bounces, spam complaints (G3)."""
        normalised, now = {address_of(address) for address in addresses}, self.clock.now()

        def work(connection: Connection) -> None:
            lock_account(connection, account_id)
            self.marking.add(connection, account_id, normalised, AddressMarks(suppressed=True), now)

        await self.database.write(work)

    async def requests(self, account_id: int, limit: int = 1000) -> list[Question]:
        """The oldest open questions only a person can answer."""
        return await self.database.read(lambda c: questions.open_questions(c, account_id, limit))

    async def close_request(self, account_id: int, request_id: int) -> None:
        """Close a question that was answered; raises Unknown."""
        now = self.clock.now()
        await self.database.write(lambda c: questions.close(c, account_id, request_id, now))

    async def figures(self, account_id: int) -> Figures:
        """How the account stands now."""
        return await self.database.read(lambda c: _figures(c, account_id))

    async def gate_facts(self, account_id: int, contact_ids: Collection[UUID]) -> dict[UUID, GateFacts]:
        """What the gate must know of contacts; absent ones are not of this account."""
        reader = GateReader(self.marking)
        return await self.database.read(lambda c: reader.run(c, account_id, contact_ids))

    async def derived_key(self, account_id: int, purpose: str) -> bytes:
        """A key of the account's own for one purpose; it stays when the installation's key is rotated.

        Raises Unknown for no such account.
        """
        if (known := self.derived.get((account_id, purpose))) is None:
            key = await self.database.read(lambda c: self.marking.key(c, account_id))
            known = self.derived[account_id, purpose] = hmac.digest(key, purpose.encode(), hashlib.sha256)
        return known

    async def _change(self, account_id: int, connection_id: int, **values: object) -> None:
        await self.database.write(lambda c: change(c, account_id, connection_id, **values))


def _figures(connection: Connection, account_id: int) -> Figures:
    total = select(func.count()).select_from(contacts).where(contacts.c.account_id == account_id)
    linked = select(func.count()).select_from(links).where(links.c.account_id == account_id)
    open_ = select(func.count(), func.min(contacts.c.pending_since)).where(
        contacts.c.account_id == account_id, contacts.c.pending > 0
    )
    unsettled, oldest = connection.execute(open_).one()
    return Figures(
        contacts=connection.execute(total).scalar_one(),
        links=connection.execute(linked).scalar_one(),
        unsettled=unsettled,
        oldest_unsettled=oldest,
    )
