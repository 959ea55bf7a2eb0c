"""Opens organisations and keeps them open: one signed-in client per connection and process."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field

import structlog

from assent.crm.client import DataverseClient, open_organisation
from assent.crm.columns import Columns
from assent.crm.contacts import DataverseContacts
from assent.crm.organisation import OrganisationUrl, parse_organisation_url
from assent.crm.signin import Credentials
from assent.errors import AssentError
from assent.ports import Clock, Connection
from assent.ports.setup import CategoryColumn
from assent.services.connecting import sign_in_server
from assent.store.accounts import Accounts
from assent.store.organisations import Organised

log = structlog.get_logger()

#: Opens a client for an organisation; simulations bring one without a network.
Opening = Callable[[OrganisationUrl, Credentials, Clock], AbstractAsyncContextManager[DataverseClient]]


@dataclass(frozen=True, slots=True)
class _Open:
    """A client and what it was opened with: another secret or address opens another."""

    opened_with: tuple[str, ...]
    client: DataverseClient
    stack: AsyncExitStack
    contacts: dict[Columns, DataverseContacts] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Opened:
    """An account's organisations: those that can be asked, why others cannot, and the paused ones."""

    contacts: Mapping[int, DataverseContacts]
    closed: Mapping[int, AssentError]
    paused: Mapping[int, Connection]


class Organisations:
    """Gives the CRM of each connection, with the account's category columns."""

    def __init__(
        self,
        accounts: Accounts,
        clock: Clock,
        *,
        allow_other_hosts: bool,
        opening: Opening = open_organisation,
    ) -> None:
        self._accounts = accounts
        self._clock = clock
        self._opening = opening
        self._allow_other_hosts = allow_other_hosts
        self._open: dict[int, _Open] = {}

    async def client(self, account_id: int, connection_id: int) -> DataverseClient:
        """The connection's client; raises Invalid or Unknown where its settings do not allow one."""
        organised = await self._accounts.connection(account_id, connection_id)
        opened_with = (
            organised.url,
            organised.tenant,
            organised.client_id,
            organised.secret,
            organised.authority,
        )
        held = self._open.get(connection_id)
        if held is not None and held.opened_with == opened_with:
            return held.client
        if held is not None:
            await self._open.pop(connection_id).stack.aclose()
        stack = AsyncExitStack()
        client = await stack.enter_async_context(self._connected(organised))
        self._open[connection_id] = _Open(opened_with, client, stack)
        return client

    def _connected(self, organised: Organised) -> AbstractAsyncContextManager[DataverseClient]:
        return self._opening(
            parse_organisation_url(organised.url, allow_other_hosts=self._allow_other_hosts),
            Credentials(
                tenant=organised.tenant,
                client_id=organised.client_id,
                secret=organised.secret,
                authority=sign_in_server(organised.authority, allow_other_hosts=self._allow_other_hosts),
            ),
            self._clock,
        )

    async def contacts(self, account_id: int, connection: Connection) -> DataverseContacts:
        """The contact table of one connection, with the category columns it has.

        Kept while these stay the same: it remembers what never changes of its organisation.
        """
        key = connection.connection_id
        client = await self.client(account_id, key)
        columns = await self.made_columns(connection)
        kept = self._open[key].contacts
        if columns not in kept:
            kept.clear()
            kept[columns] = DataverseContacts(client, columns, connection_id=key)
        return kept[columns]

    async def live(self, account_id: int) -> Mapping[int, DataverseContacts]:
        """The contact tables of the account's live connections that can be opened.

        One that cannot is left out, which makes the gate say `unverified` for everybody (G4).
        """
        return (await self.opened(account_id)).contacts

    async def opened(self, account_id: int) -> "Opened":
        """The same, with what was wrong with the others, and the connections a person paused."""
        contacts: dict[int, DataverseContacts] = {}
        closed: dict[int, AssentError] = {}
        connections = await self._accounts.connections(account_id)
        for connection in connections:
            key = connection.connection_id
            if connection.live:
                try:
                    contacts[key] = await self.contacts(account_id, connection)
                except AssentError as error:
                    closed[key] = error
                    log.warning("not_opened", connection=key, error=type(error).__name__)
        paused = {c.connection_id: c for c in connections if c.paused}
        return Opened(contacts, closed, paused)

    async def made_columns(self, connection: Connection) -> Columns:
        """The active categories' columns that this connection has already."""
        wanted = await self.columns(connection.account_id)
        return Columns(tuple(column for column in wanted if column.bit & connection.made))

    async def columns(self, account_id: int) -> Sequence[CategoryColumn]:
        """The columns of the account's active categories."""
        return [
            CategoryColumn(c.bit, c.schema_name, c.name, c.description)
            for c in await self._accounts.categories(account_id)
            if c.active
        ]

    async def aclose(self) -> None:
        """Let every client go."""
        while self._open:
            _, held = self._open.popitem()
            await held.stack.aclose()
