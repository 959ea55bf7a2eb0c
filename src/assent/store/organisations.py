"""Connections to Dynamics organisations: made by an admin, their secrets sealed (M7)."""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, bindparam, select

from assent.errors import Forbidden, Invalid, Unknown
from assent.ledger.seal import Vault
from assent.ports import Connection as CrmConnection
from assent.ports import Organisation
from assent.store import connection_rows
from assent.store.connection_rows import (
    COLUMNS,
    CREATED,
    OF_ACCOUNT,
    Settings,
    change,
    engine_view,
    read_settings,
    unknown,
    write_settings,
)
from assent.store.counters import INSTALLATION, lock_account, take_numbers
from assent.store.schema import connections

_READ = (
    select(connections.c.name, connections.c.url, connections.c.tenant, connections.c.client_id)
    .add_columns(connections.c.authority, connections.c.organisation_id, connections.c.user_id)
    .add_columns(connections.c.state, connections.c.settings, connections.c.secret)
    .where(
        connections.c.account_id == bindparam("account_id"),
        connections.c.connection_id == bindparam("connection_id"),
    )
)
_TO_WEBHOOK = select(connections.c.webhook_hash, *COLUMNS).where(
    connections.c.connection_id == bindparam("connection_id")
)


@dataclass(frozen=True, slots=True)
class NewConnection:
    """What an admin gives to connect an organisation."""

    name: str
    url: str
    tenant: str
    client_id: str
    secret: str = field(repr=False)
    authority: str = ""
    settings: Settings = field(default_factory=Settings)


@dataclass(frozen=True, slots=True)
class Added:
    """A connection just made; the webhook key is told this once and never again."""

    connection_id: int
    webhook_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Organised:
    """A connection as its client and setup need it, secret included; keep it out of logs."""

    account_id: int
    connection_id: int
    name: str
    url: str
    tenant: str
    client_id: str
    authority: str
    organisation_id: UUID | None
    user_id: UUID | None
    state: str
    settings: Settings
    secret: str

    def __repr__(self) -> str:
        return f"Organised(account_id={self.account_id}, connection_id={self.connection_id})"


@dataclass(frozen=True, slots=True)
class Shown:
    """A connection as anybody may see it: no secret, no key."""

    connection_id: int
    name: str
    url: str
    tenant: str
    client_id: str
    organisation_id: UUID | None
    state: str
    settings: Settings
    made: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Organisations:
    """Makes, reads and changes connections."""

    vault: Vault
    now: datetime

    def add(
        self, connection: Connection, account_id: int, new: NewConnection, joined: Organisation | None
    ) -> Added:
        """Store a connection, not yet live, and make its webhook key.

        `joined` is the organisation as it was verified; raises Invalid where it is connected already.
        """
        lock_account(connection, account_id)
        if joined:
            _refuse_second(connection, account_id, joined.organisation_id, joined.name or new.url)
        connection_id = take_numbers(connection, INSTALLATION, "connection")[0]
        key = self._new_key()
        connection.execute(
            connections.insert().values(
                account_id=account_id,
                connection_id=connection_id,
                name=new.name,
                url=new.url,
                tenant=new.tenant,
                client_id=new.client_id,
                secret=self.vault.wrap(new.secret.encode()),
                authority=new.authority,
                organisation_id=joined and joined.organisation_id,
                user_id=joined and joined.user_id,
                webhook_hash=_hash(key),
                settings=write_settings(new.settings),
                state=CREATED,
                created_at=self.now,
            )
        )
        return Added(connection_id, key)

    def read(self, connection: Connection, account_id: int, connection_id: int) -> Organised:
        """Read a connection with its secret; raises Unknown."""
        asked = {"account_id": account_id, "connection_id": connection_id}
        found = connection.execute(_READ, asked).first()
        if found is None:
            raise unknown(account_id, connection_id)
        return Organised(
            account_id=account_id,
            connection_id=connection_id,
            name=found[0],
            url=found[1],
            tenant=found[2],
            client_id=found[3],
            authority=found[4],
            organisation_id=found[5],
            user_id=found[6],
            state=found[7],
            settings=read_settings(found[8]),
            secret=self.vault.unwrap(found[9]).decode(),
        )

    def new_webhook_key(self, connection: Connection, account_id: int, connection_id: int) -> str:
        """Replace the webhook key; the old one stops at once."""
        key = self._new_key()
        change(connection, account_id, connection_id, webhook_hash=_hash(key))
        return key

    def _new_key(self) -> str:
        return base64.urlsafe_b64encode(self.vault.entropy(32)).rstrip(b"=").decode()


def _refuse_second(connection: Connection, account_id: int, organisation_id: UUID, name: str) -> None:
    """Raises Invalid where an organisation is connected already: two would undo each other's work there."""
    statement = select(connections.c.account_id).where(connections.c.organisation_id == organisation_id)
    owner = connection.execute(statement).scalar()
    if owner == account_id:
        raise Invalid(f"{name} is connected to this account already.")
    if owner is not None:
        raise Invalid(
            f"{name} is connected to another account of this installation. An organisation has one account; "
            "whoever runs this installation can tell which."
        )


def all_of(connection: Connection, account_id: int) -> list[CrmConnection]:
    """Every connection of an account, live or not."""
    return [engine_view(*row) for row in connection.execute(OF_ACCOUNT, {"account_id": account_id})]


def shown(connection: Connection, account_id: int) -> list[Shown]:
    """Every connection of an account, without its secrets, in the order they were made."""
    c = connections.c
    statement = (
        select(c.connection_id, c.name, c.url, c.tenant, c.client_id, c.organisation_id, c.state)
        .add_columns(c.settings, c.made, c.created_at)
        .where(c.account_id == account_id)
        .order_by(c.connection_id)
    )
    return [
        Shown(
            connection_id=row.connection_id,
            name=row.name,
            url=row.url,
            tenant=row.tenant,
            client_id=row.client_id,
            organisation_id=row.organisation_id,
            state=row.state,
            settings=read_settings(row.settings),
            made=row.made,
            created_at=row.created_at,
        )
        for row in connection.execute(statement).all()
    ]


def by_webhook_key(connection: Connection, connection_id: int, key: str) -> CrmConnection:
    """Find the connection a webhook names; raises Unknown, or Forbidden for a wrong key.

    The comparison takes the same time however much of the key is right.
    """
    found = connection.execute(_TO_WEBHOOK, {"connection_id": connection_id}).first()
    if found is None:
        raise Unknown(f"there is no connection {connection_id}")
    if not hmac.compare_digest(found[0], _hash(key)):
        raise Forbidden("the webhook key is not this connection's")
    return connection_rows.engine_view(*found[1:])


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
