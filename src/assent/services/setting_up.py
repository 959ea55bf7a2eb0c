"""Sets connections up step by step: as an errand that survives restarts, or at once for a command."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

import msgspec

from assent.crm.columns import Columns
from assent.crm.contacts import DataverseContacts
from assent.crm.forms import Edited, Unchanged, place_section
from assent.crm.setup import DataverseSetup
from assent.crm.survey import Findings, Survey
from assent.crm.transport import Transport
from assent.engine.preview import Foreseen, Reader, existing, foresee, preview
from assent.engine.run import Report, Run, Tools, begin
from assent.engine.setup import set_up
from assent.engine.setup_terms import Placed, Progress, Setup, Step, Webhook
from assent.errors import AssentError, Conflict, Invalid, Paused, ReadAgain, Retry, Unknown
from assent.ports import Clock, Ids
from assent.ports.setup import CategoryColumn, Form, Placing
from assent.services.organisations import Organisations
from assent.services.settings import Settings
from assent.services.setup_words import StepState
from assent.store import progress as journal
from assent.store.connection_rows import REMOVING
from assent.store.opening import Store
from assent.store.setup_journal import DONE, SetupJournal

#: How long a setup is left to a process that died, and how often a living one says that it lives.
LEASE = timedelta(seconds=20)
_BEAT_S = 5.0
_LOOK_S = 0.5

#: The steps a changed name, description or order of a category needs again.
RELABELLING = (Step.CATALOGUE, Step.COLUMNS, Step.FORM, Step.VIEWS, Step.PUBLISH)


@dataclass(frozen=True, slots=True)
class SettingUp:
    """The setup of connections, one at a time each, in whichever process is asked."""

    store: Store
    organisations: Organisations
    clock: Clock
    ids: Ids

    async def run(
        self, account_id: int, connection_id: int, *, webhook_url: str, progress: Progress
    ) -> Report:
        """Set a connection up, or go on where it stopped; it is live afterwards.

        Raises Paused when a person has to choose, and Conflict while another process is at it.
        """
        async with self.alone(account_id, connection_id):
            setup, run = await self.prepared(account_id, connection_id, webhook_url)
            report = await set_up(setup, run, progress=progress)
            kept = (await self.store.accounts.connection(account_id, connection_id)).settings
            looked = msgspec.structs.replace(kept, checked_at=self.clock.now(), drift=())
            await self.store.accounts.set_settings(account_id, connection_id, looked)
            return report

    async def plan(self, account_id: int, connection_id: int, *, webhook_url: str) -> Mapping[str, object]:
        """Everything setup would create or change, and the first sync in figures; nothing is written."""
        setup, run = await self.prepared(account_id, connection_id, webhook_url)
        return await setup.preview(setup, _with_all(run, await setup.journal.columns(connection_id)))

    async def foresee(self, account_id: int, connection_id: int) -> AsyncIterator[Foreseen]:
        """What the first sync would do, row by row; reads the whole organisation and writes nothing."""
        setup, run = await self.prepared(account_id, connection_id, "")
        columns = await setup.journal.columns(connection_id)
        components = await setup.schema.components(columns, None, "")
        reader = await self._reader(account_id, connection_id, columns)
        async for one in foresee(_with_all(run, columns), connection_id, reader(existing(components))):
            yield one

    async def prepared(
        self,
        account_id: int,
        connection_id: int,
        webhook_url: str,
        through: Callable[[Transport], Transport] = lambda transport: transport,
    ) -> tuple[Setup, Run]:
        """Everything the setup of a connection works with; its schema is reached `through` something."""
        accounts = self.store.accounts
        columns = await self.organisations.columns(account_id)
        client = await self.organisations.client(account_id, connection_id)
        contacts = DataverseContacts(client, Columns(tuple(columns)), connection_id=connection_id)
        organisation = await contacts.organisation()
        mine = next(c for c in await accounts.connections(account_id) if c.connection_id == connection_id)
        crms = {**await self.organisations.live(account_id), connection_id: contacts}
        run = await begin(Tools(self.store.memory, crms, self.clock, self.ids), account_id)
        run = replace(
            run,
            connections={**run.connections, connection_id: mine},
            crms={**run.crms, connection_id: contacts},
        )

        async def webhook() -> Webhook:
            return Webhook(webhook_url, await accounts.new_webhook_key(account_id, connection_id))

        chosen = (await accounts.connection(account_id, connection_id)).settings
        steps = self.store.setup_journal(account_id)
        left_out = {Step.FORM: chosen.skip_form, Step.CATALOGUE: not chosen.catalogue}
        if any(left_out.values()):
            skipped = tuple(step for step, skip in left_out.items() if skip)
            steps = _Without(steps.database, steps.clock, account_id, skipped)
        reader = await self._reader(account_id, connection_id, columns)

        async def previewed(setup: Setup, run: Run) -> Mapping[str, Any]:
            plan = await preview(setup, run, url=webhook_url, reader=reader)
            survey = Survey(through(client))
            return {
                **plan,
                **_told(await survey.findings(organisation.organisation_id, organisation.user_id)),
            }

        setup = Setup(
            connection_id=connection_id,
            schema=DataverseSetup(through(client), self.clock, language=organisation.language),
            journal=steps,
            place=place,
            webhook=webhook,
            preview=previewed,
            approved=chosen.approved,
            placing=Placing(chosen.form, chosen.tab, chosen.new_tab),
            adopted=frozenset(chosen.adopted),
            listing=chosen.catalogue,
        )
        return setup, run

    async def _reader(self, account_id: int, connection_id: int, columns: Sequence[CategoryColumn]) -> Reader:
        """Gives the contact table with those columns that exist."""
        client = await self.organisations.client(account_id, connection_id)

        def reader(names: Collection[str]) -> DataverseContacts:
            there = tuple(column for column in columns if column.logical_name in names)
            return DataverseContacts(client, Columns(there), connection_id=connection_id)

        return reader

    @asynccontextmanager
    async def alone(self, account_id: int, connection_id: int) -> AsyncIterator[None]:
        """Hold the setup of one connection; a holder that died is waited for until its lease ends."""
        owner, key = self.ids.new(), UUID(int=connection_id)
        begun = self.clock.now()
        while not await self._claim(account_id, key, owner):
            if self.clock.now() - begun > 2 * LEASE:
                raise Conflict("The setup of this connection is under way already; its page shows how far.")
            await self.clock.sleep(_LOOK_S)
        beating = asyncio.create_task(self._beat(account_id, key, owner))
        try:
            yield
        finally:
            beating.cancel()
            await self.store.memory.release(account_id, owner)

    async def _claim(self, account_id: int, key: UUID, owner: UUID) -> set[UUID]:
        until = self.clock.now() + LEASE
        return await self.store.memory.claim(account_id, [key], owner, until)

    async def _beat(self, account_id: int, key: UUID, owner: UUID) -> None:
        while True:
            await asyncio.sleep(_BEAT_S)
            await self._claim(account_id, key, owner)


class Removal(Protocol):
    """Takes back what setup made."""

    async def perform(self, account_id: int, connection_id: int) -> Mapping[str, Any]:
        """Do it, or go on where it stopped."""


@dataclass(frozen=True, slots=True)
class SetupErrands:
    """`jobs.Errands` of setups."""

    setting_up: SettingUp
    settings: Settings
    removing: Removal

    async def perform(self, account_id: int, number: int) -> Mapping[str, Any]:
        """Set a connection up, or take that back. What passes by itself is raised; what needs a person is
        kept where people look.
        """
        try:
            state = (await self.setting_up.store.accounts.connection(account_id, number)).state
            if state == REMOVING:
                async with self.setting_up.alone(account_id, number):
                    return await self.removing.perform(account_id, number)
            url = webhook_url(self.settings, number)
            await self._again_if_done(account_id, number)
            report = await self.setting_up.run(account_id, number, webhook_url=url, progress=_silent)
        except Paused as pause:
            return {"paused": pause.reason}
        except (Unknown, Conflict) as error:
            return {"left": type(error).__name__}
        except (Retry, ReadAgain) as error:
            await self._note(account_id, number, StepState.RUNNING, error)
            raise
        except AssentError as error:
            await self._note(account_id, number, StepState.FAILED, error)
            return {"failed": type(error).__name__}
        return {"settled": report.settled, "changed": report.changed, "written": report.written}

    async def owed(self) -> list[tuple[int, int]]:
        """Setups that were asked for or begun, and have not ended: their process may have died."""
        database = self.setting_up.store.database
        removals = await database.read(lambda c: journal.in_state(c, REMOVING))
        return [*await database.read(journal.unfinished), *removals]

    async def _again_if_done(self, account_id: int, number: int) -> None:
        """Whoever asks though all is done has changed a category: its column and toggle follow."""
        store = self.setting_up.store
        steps = await store.accounts.steps(account_id, number)
        if steps and all(step.state == DONE for step in steps):
            await ask_again(store, account_id, number, RELABELLING)

    async def _note(self, account_id: int, number: int, state: StepState, error: AssentError) -> None:
        """Write down at which step it stopped, and why."""
        steps = self.setting_up.store.setup_journal(account_id)
        done = await steps.done(number)
        at = next((step for step in Step if step.value not in done), Step.CATCH_UP)
        detail = {"reason": type(error).__name__, "message": str(error)}
        await steps.mark(number, at.value, state.value, detail)


@dataclass(frozen=True, slots=True)
class _Without(SetupJournal):
    """A journal in which some steps are over: a person chose to go on without them."""

    skipped: tuple[Step, ...]

    async def done(self, connection_id: int) -> set[str]:
        """The steps that are finished or left out."""
        for step in self.skipped:
            await self.mark(connection_id, step.value, DONE, {"skipped": True})
        return await SetupJournal.done(self, connection_id)


def _told(findings: Findings) -> Mapping[str, Any]:
    """What an admin should know of an organisation before anything is written there, as plain data."""
    lacks = (*(findings.missing_run_time or ()), *(findings.missing_setup or ()))
    writers = [
        {"id": str(one.user_id), "name": one.name, "application": one.application, "rows": one.rows}
        for one in findings.writers or ()
    ]
    return {
        "missing_privileges": list(lacks),
        "secured_columns": list(findings.secured or ()),
        "contact_point_consent": findings.contact_point_consent,
        "writers": writers,
    }


def _with_all(run: Run, columns: Sequence[CategoryColumn]) -> Run:
    """The run as it will be once all these columns are there."""
    return replace(run, terms=replace(run.terms, categories=sum(column.bit for column in columns)))


async def ask_again(store: Store, account_id: int, connection_id: int, steps: Sequence[Step]) -> None:
    """Let steps be done once more by the next setup of a connection; its process may be another one."""
    steps_of = store.setup_journal(account_id)
    for step in steps:
        await steps_of.mark(connection_id, step.value, StepState.WAITING.value, {})


def webhook_url(settings: Settings, connection_id: int) -> str:
    """Where an organisation posts its notices; raises Invalid where this server has no address for it."""
    if not settings.public_url and not settings.allow_other_hosts:
        raise Invalid(
            "Dynamics must be told where it reaches this server. The operator sets ASSENT_PUBLIC_URL to its "
            "https address and starts it again; then setup can go on."
        )
    return f"{settings.reached_at}/webhooks/dynamics/{connection_id}"


def place(form: Form, columns: Sequence[CategoryColumn], language: int, chosen: Placing) -> Placed:
    """Put the section on a form, where a person chose if they did, or pause with the evidence."""
    outcome = place_section(form.xml, columns, language, chosen)
    if isinstance(outcome, Edited):
        changes = [{"what": c.what, "before": c.before, "after": c.after} for c in outcome.changes]
        return Placed(outcome.xml, tuple(changes))
    if isinstance(outcome, Unchanged):
        return Placed(form.xml)
    raise outcome.pause(form.name, str(form.form_id))


def _silent(step: Step, state: str) -> None:
    """The journal tells; nobody listens here."""
