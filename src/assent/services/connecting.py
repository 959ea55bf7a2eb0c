"""Joining an organisation: who answers is verified before anything is stored."""

from assent.crm.client import open_organisation
from assent.crm.columns import Columns
from assent.crm.contacts import DataverseContacts
from assent.crm.organisation import parse_organisation_url
from assent.crm.signin import MICROSOFT, Credentials
from assent.ports import Clock, Organisation
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
