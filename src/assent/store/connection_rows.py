"""How a connection's choices lie in its row, and what the engine needs of it."""

from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import Connection, bindparam, select, update

from assent.errors import Unknown
from assent.policy.permission import AllowPolicy, OnAllow
from assent.ports import Connection as CrmConnection
from assent.store.schema import connections

#: The states of a connection: made, syncing, stopped by a person or a brake.
CREATED, LIVE, PAUSED = "created", "live", "paused"
#: What setup made is being taken away, or somebody must look before that goes on.
REMOVING, REMOVAL_STOPPED = "removing", "removal_stopped"

COLUMNS = (
    connections.c.account_id,
    connections.c.connection_id,
    connections.c.organisation_id,
    connections.c.settings,
    connections.c.state,
    connections.c.hub_cursor,
    connections.c.made,
    connections.c.user_id,
)
#: Every connection of an account.
OF_ACCOUNT = (
    select(*COLUMNS)
    .where(connections.c.account_id == bindparam("account_id"))
    .order_by(connections.c.connection_id)
)
_LIVE = OF_ACCOUNT.where(connections.c.state == LIVE)
_SETTINGS = select(connections.c.connection_id, connections.c.settings).where(
    connections.c.account_id == bindparam("account_id")
)
_TOKEN = select(connections.c.token).where(
    connections.c.account_id == bindparam("account_id"),
    connections.c.connection_id == bindparam("connection_id"),
)
_CHANGE = update(connections).where(
    connections.c.account_id == bindparam("at_account"),
    connections.c.connection_id == bindparam("at_connection"),
)


class Settings(msgspec.Struct, frozen=True):
    """A connection's policies and switches."""

    on_allow: OnAllow = OnAllow.CONSENT
    held_writers: tuple[UUID, ...] = ()
    create_in_hub: bool = True
    create_in_crm: bool = True
    create_from_others: bool = False  # rows for contacts born in another connection (I8)
    hold_deleted: bool = True  # hold a contact whose CRM row was deleted (I4)
    honour_no_email: bool = False  # its "Do not allow Emails" keeps mail back, too (G3)
    form: str = ""  # the form a person chose for the toggles, by GUID
    tab: str = ""  # the tab on it, by name or GUID
    new_tab: bool = False  # a tab of its own on it
    adopted: tuple[str, ...] = ()  # columns of others that a person let us use
    approved: str = ""  # the plan of setup a person approved
    catalogue: bool = True  # a table lists the categories there
    repair: bool = True  # what somebody changed of our parts is put right, not only reported
    checked_at: datetime | None = None  # when our parts were last compared with what they should be
    drift: tuple[str, ...] = ()  # what was found then
    left: tuple[str, ...] = ()  # what the removal of setup left and why, or why it stopped
    skip_form: bool = False  # a person chose to go on without toggles on the form

    @property
    def allow(self) -> AllowPolicy:
        """The answer to T3."""
        return AllowPolicy(self.on_allow, frozenset(self.held_writers))


def read_settings(text: str) -> Settings:
    """Read settings as stored."""
    return msgspec.json.decode(text, type=Settings)


def write_settings(settings: Settings) -> str:
    """Give settings in the form they are stored in."""
    return msgspec.json.encode(settings).decode()


def live(connection: Connection, account_id: int) -> list[CrmConnection]:
    """The account's live connections."""
    return [engine_view(*row) for row in connection.execute(_LIVE, {"account_id": account_id})]


def honouring(connection: Connection, account_id: int) -> frozenset[int]:
    """The connections, live or not, whose "Do not allow Emails" keeps mail back (G3)."""
    found = connection.execute(_SETTINGS, {"account_id": account_id})
    return frozenset(key for key, settings in found if read_settings(settings).honour_no_email)


def change(connection: Connection, account_id: int, connection_id: int, **values: object) -> None:
    """Set columns of a connection; raises Unknown."""
    asked = {"at_account": account_id, "at_connection": connection_id}
    done = connection.execute(_CHANGE, asked | values)
    if not done.rowcount:
        raise unknown(account_id, connection_id)


def unknown(account_id: int, connection_id: int) -> Unknown:
    """The error for a connection an account does not have."""
    return Unknown(f"account {account_id} has no connection {connection_id}")


def token(connection: Connection, account_id: int, connection_id: int) -> str | None:
    """Up to where the change feed was stored."""
    asked = {"account_id": account_id, "connection_id": connection_id}
    found: str | None = connection.execute(_TOKEN, asked).scalar_one_or_none()
    return found


def engine_view(
    account_id: int,
    connection_id: int,
    organisation_id: UUID | None,
    settings: str,
    state: str,
    hub_cursor: int,
    made: int,
    user_id: UUID | None,
) -> CrmConnection:
    """Give a connection as the engine sees it."""
    read = read_settings(settings)
    return CrmConnection(
        account_id=account_id,
        connection_id=connection_id,
        organisation_id=organisation_id,
        allow=read.allow,
        create_in_hub=read.create_in_hub,
        create_in_crm=read.create_in_crm,
        create_from_others=read.create_from_others,
        hold_deleted=read.hold_deleted,
        honour_no_email=read.honour_no_email,
        live=state == LIVE,
        paused=state == PAUSED,
        hub_cursor=hub_cursor,
        made=made,
        user_id=user_id,
    )
