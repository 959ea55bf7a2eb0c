"""Joining an organisation: who answers is verified before anything is stored."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from assent.crm.client import DataverseClient, Limits, open_organisation
from assent.crm.columns import Columns
from assent.crm.contacts import DataverseContacts
from assent.crm.organisation import parse_organisation_url
from assent.crm.signin import MICROSOFT, Credentials
from assent.crm.survey import Findings, Survey
from assent.errors import Invalid
from assent.ports import Clock, Organisation
from assent.store.opening import Store
from assent.store.organisations import Added, NewConnection

#: Where Microsoft's clouds sign applications in.
AUTHORITIES = (
    MICROSOFT,
    "https://login.microsoftonline.us",
    "https://login.partner.microsoftonline.cn",
    "https://login.chinacloudapi.cn",
)


def sign_in_server(authority: str, *, allow_other_hosts: bool) -> str:
    """Give where to sign in, Microsoft's own where none is named.

    Raises Invalid for any but Microsoft's, so that nobody can point the server at another machine of its
    network; `allow_other_hosts` (for the emulator) takes any.
    """
    given = authority.strip().rstrip("/") or MICROSOFT
    if given.lower() not in AUTHORITIES and not allow_other_hosts:
        raise Invalid(
            f"This is no sign-in server of Microsoft. Leave it empty, or name {' or '.join(AUTHORITIES)}; an "
            "operator may allow others, such as the emulator, with ASSENT_ALLOW_OTHER_HOSTS=true."
        )
    return given


async def verify(new: NewConnection, clock: Clock, *, allow_other_hosts: bool) -> Organisation:
    """Sign in and ask who we are, before anything is stored.

    Raises Invalid for an address that cannot be an organisation, SignInRefused, PrivilegeMissing,
    NotDataverse or Unreachable, each saying what to do.
    """
    async with _opened(new, clock, allow_other_hosts=allow_other_hosts) as client:
        return await DataverseContacts(client, Columns(), connection_id=0).organisation()


def _opened(
    new: NewConnection, clock: Clock, *, allow_other_hosts: bool
) -> AbstractAsyncContextManager[DataverseClient]:
    url = parse_organisation_url(new.url, allow_other_hosts=allow_other_hosts)
    authority = sign_in_server(new.authority, allow_other_hosts=allow_other_hosts)
    # Somebody waits for the answer, and can press the button again.
    once = Limits(attempts=1)
    return open_organisation(
        url, Credentials(new.tenant, new.client_id, new.secret, authority), clock, limits=once
    )


@dataclass(frozen=True, slots=True)
class Verified:
    """The organisation that answered, who we are there, and what else it tells."""

    organisation: Organisation
    findings: Findings


async def look_over(new: NewConnection, clock: Clock, *, allow_other_hosts: bool) -> Verified:
    """Verify, and find out all that reads can tell; raises what `verify` does."""
    async with _opened(new, clock, allow_other_hosts=allow_other_hosts) as client:
        organisation = await DataverseContacts(client, Columns(), connection_id=0).organisation()
        findings = await Survey(client).findings(organisation.organisation_id, organisation.user_id)
    return Verified(organisation, findings)


async def connect(
    store: Store, clock: Clock, account_id: int, new: NewConnection, *, allow_other_hosts: bool
) -> Added:
    """Verify an organisation and store the connection; raises Invalid where it is connected already."""
    joined = await verify(new, clock, allow_other_hosts=allow_other_hosts)
    return await store.accounts.connect(account_id, new, joined)
