"""Joining an organisation: verified first, then set up step by step."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from assent.app.organisations import Organisations
from assent.crm.client import open_organisation
from assent.crm.columns import Columns
from assent.crm.contacts import DataverseContacts
from assent.crm.forms import Edited, Unchanged, place_section
from assent.crm.organisation import parse_organisation_url
from assent.crm.setup import DataverseSetup
from assent.crm.signin import MICROSOFT, Credentials
from assent.engine.run import Report, Tools, begin
from assent.engine.setup import Placed, Progress, Setup, Webhook, set_up
from assent.errors import Invalid
from assent.ports import CategoryColumn, Clock, Form, Ids, Organisation
from assent.store.accounts import Accounts
from assent.store.opening import Store
from assent.store.organisations import Added, NewConnection
from assent.store.progress import SetupStep


async def verify(new: NewConnection, clock: Clock, *, allow_other_hosts: bool) -> Organisation:
    """Sign in and ask who we are, before anything is stored.

    Raises Invalid for an address that cannot be an organisation, SignInRefused, PrivilegeMissing,
    NotDataverse or Unreachable, each saying what to do.
    """
    url = parse_organisation_url(new.url, allow_other_hosts=allow_other_hosts)
    credentials = Credentials(new.tenant, new.client_id, new.secret, new.authority or MICROSOFT)
    async with open_organisation(url, credentials, clock) as client:
        return await DataverseContacts(client, Columns(), connection_id=0).organisation()


async def connect(
    store: Store, clock: Clock, account_id: int, new: NewConnection, *, allow_other_hosts: bool
) -> Added:
    """Verify an organisation and store the connection; raises Invalid where it is connected already."""
    organisation = await verify(new, clock, allow_other_hosts=allow_other_hosts)
    joined = await store.accounts.connections(account_id)
    if any(c.organisation_id == organisation.organisation_id for c in joined):
        raise Invalid(
            f"The organisation {organisation.name or new.url} is connected to this account already."
        )
    added = await store.accounts.connect(account_id, new)
    await store.accounts.set_organisation(
        account_id, added.connection_id, organisation.organisation_id, organisation.user_id
    )
    return added


class ConnectionJournal:
    """`ports.Journal` of one account's connections."""

    def __init__(
        self, accounts: Accounts, organisations: Organisations, clock: Clock, account_id: int
    ) -> None:
        self._accounts = accounts
        self._organisations = organisations
        self._clock = clock
        self._account_id = account_id

    async def done(self, connection_id: int) -> set[str]:
        """The steps that are finished."""
        steps = await self._accounts.steps(self._account_id, connection_id)
        return {step.step for step in steps if step.state == "done"}

    async def mark(self, connection_id: int, step: str, state: str, detail: Mapping[str, object]) -> None:
        """Record where a step stands."""
        row = SetupStep(step, state, detail, self._clock.now())
        await self._accounts.write_step(self._account_id, connection_id, row)

    async def set_organisation(self, connection_id: int, organisation: Organisation) -> None:
        """Remember which organisation this is, the first time; never exchange it (M7)."""
        known = await self._accounts.connection(self._account_id, connection_id)
        if known.organisation_id in (None, organisation.organisation_id):
            ids: tuple[UUID, UUID] = (organisation.organisation_id, organisation.user_id)
            await self._accounts.set_organisation(self._account_id, connection_id, *ids)

    async def go_live(self, connection_id: int) -> None:
        """Start the sync of this connection."""
        await self._accounts.set_live(self._account_id, connection_id, live=True)

    async def columns(self, connection_id: int) -> list[CategoryColumn]:
        """The columns the account's active categories want."""
        return list(await self._organisations.columns(self._account_id))


def place(form: Form, columns: Sequence[CategoryColumn], language: int) -> Placed:
    """Put the section on a form, or pause with the evidence."""
    outcome = place_section(form.xml, columns, language)
    if isinstance(outcome, Edited):
        return Placed(outcome.xml, changed=True)
    if isinstance(outcome, Unchanged):
        return Placed(form.xml, changed=False)
    raise outcome.pause(form.name)


async def run_setup(
    store: Store,
    organisations: Organisations,
    clock: Clock,
    ids: Ids,
    *,
    account_id: int,
    connection_id: int,
    webhook: Webhook,
    progress: Progress,
) -> Report:
    """Set a connection up, or go on where it stopped; it is live afterwards."""
    contacts = await organisations.contacts(account_id, connection_id)
    organisation = await contacts.organisation()
    journal = ConnectionJournal(store.accounts, organisations, clock, account_id)
    run = await begin(Tools(store.memory, {connection_id: contacts}, clock, ids), account_id)
    mine = next(c for c in await store.accounts.connections(account_id) if c.connection_id == connection_id)
    run = replace(run, connections={**run.connections, connection_id: mine}, crms={connection_id: contacts})
    client = await organisations.client(account_id, connection_id)
    setup = Setup(
        connection_id, DataverseSetup(client, clock, language=organisation.language), journal, place, webhook
    )
    return await set_up(setup, run, progress=progress)
