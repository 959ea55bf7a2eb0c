"""How a connection signs in, replaced without a new setup; and what its organisation tells of itself."""

from dataclasses import dataclass, field

from assent.errors import WrongOrganisation
from assent.ledger.entries import decision
from assent.services import connections
from assent.services.access import Caller, Right
from assent.services.application import Application
from assent.services.connecting import Verified, look_over, verify
from assent.services.connection_views import ConnectionView
from assent.store.organisations import NewConnection


@dataclass(frozen=True, slots=True)
class Credentials:
    """New ways to reach and sign in to an organisation; what is empty stays as it is."""

    url: str = ""
    tenant: str = ""
    client_id: str = ""
    secret: str = field(default="", repr=False)
    authority: str = ""


async def replace(app: Application, caller: Caller, connection_id: int, given: Credentials) -> ConnectionView:
    """Sign in with new credentials and keep them; setup, links and the change token stay as they are.

    Raises what `connecting.verify` does, and WrongOrganisation where another organisation answers: what is
    stored belongs to the one that was connected (M7).
    """
    caller.require(Right.CONNECT)
    new = await _with(app, caller, connection_id, given)
    stored = await app.store.accounts.connection(caller.account_id, connection_id)
    found = await verify(new, app.clock, allow_other_hosts=app.settings.allow_other_hosts)
    if stored.organisation_id not in (None, found.organisation_id):
        raise WrongOrganisation(
            f"Another organisation answers there ({found.organisation_id}) than the one this connection was "
            f"made for ({stored.organisation_id}): a copied environment, or a wrong address. Nothing was "
            "changed. Connect it under its own name instead."
        )
    entry = decision(caller.actor, connection_id, "credentials", "", {})
    await app.store.accounts.set_credentials(caller.account_id, connection_id, new, found, entry)
    return await connections.read(app, caller, connection_id)


async def findings(app: Application, caller: Caller, connection_id: int) -> Verified:
    """What the organisation tells now: privileges missing by name, auditing, writers; raises Unknown."""
    caller.require(Right.OPERATE)
    new = await _with(app, caller, connection_id, Credentials())
    return await look_over(new, app.clock, allow_other_hosts=app.settings.allow_other_hosts)


async def _with(app: Application, caller: Caller, connection_id: int, given: Credentials) -> NewConnection:
    await connections.read(app, caller, connection_id)
    stored = await app.store.accounts.connection(caller.account_id, connection_id)
    return NewConnection(
        stored.name,
        given.url or stored.url,
        given.tenant or stored.tenant,
        given.client_id or stored.client_id,
        given.secret or stored.secret,
        given.authority or stored.authority,
    )
