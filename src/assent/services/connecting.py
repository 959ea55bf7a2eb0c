"""Joining an organisation: verified first, then set up step by step."""

from collections.abc import Sequence
from dataclasses import replace

from assent.crm.client import open_organisation
from assent.crm.columns import Columns
from assent.crm.contacts import DataverseContacts
from assent.crm.forms import Edited, Unchanged, place_section
from assent.crm.organisation import parse_organisation_url
from assent.crm.setup import DataverseSetup
from assent.crm.signin import MICROSOFT, Credentials
from assent.engine.run import Report, Tools, begin
from assent.engine.setup import Placed, Progress, Setup, Webhook, set_up
from assent.ports import CategoryColumn, Clock, Form, Ids, Organisation
from assent.services.organisations import Organisations
from assent.store.opening import Store
from assent.store.organisations import Added, NewConnection


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
    joined = await verify(new, clock, allow_other_hosts=allow_other_hosts)
    return await store.accounts.connect(account_id, new, joined)


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
    webhook_url: str,
    progress: Progress,
) -> Report:
    """Set a connection up, or go on where it stopped; it is live afterwards."""
    accounts = store.accounts
    columns = await organisations.columns(account_id)
    client = await organisations.client(account_id, connection_id)
    contacts = DataverseContacts(client, Columns(tuple(columns)), connection_id=connection_id)
    organisation = await contacts.organisation()
    mine = next(c for c in await accounts.connections(account_id) if c.connection_id == connection_id)
    crms = {**await organisations.live(account_id), connection_id: contacts}
    run = await begin(Tools(store.memory, crms, clock, ids), account_id)
    run = replace(
        run,
        connections={**run.connections, connection_id: mine},
        crms={**run.crms, connection_id: contacts},
    )

    async def webhook() -> Webhook:
        return Webhook(webhook_url, await accounts.new_webhook_key(account_id, connection_id))

    schema = DataverseSetup(client, clock, language=organisation.language)
    setup = Setup(connection_id, schema, store.setup_journal(account_id), place, webhook)
    return await set_up(setup, run, progress=progress)
