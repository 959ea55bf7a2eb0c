"""A served application with one connected organisation per account, and raw HTTP to it."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from aiohttp import ClientSession

from assent.app.application import serving
from assent.services.application import Application
from tests.app.world import account, office, organisation_at

ORGANISATION = UUID("11111111-2222-4333-8444-555555555555")
ROW = UUID("aaaaaaaa-0000-4000-8000-000000000001")
PERSONAL = "alice.secret@person.example"


def body(row_id: UUID | str = ROW, *, refuses: bool = True, **members: Any) -> dict[str, Any]:
    """A notice as Dynamics posts it; members replace those of the good one."""
    attributes = [
        {"key": "emailaddress1", "value": PERSONAL},
        {"key": "donotbulkemail", "value": refuses},
    ]
    entity = {"LogicalName": "contact", "Attributes": attributes, "RowVersion": "4711"}
    return {
        "MessageName": "Update",
        "PrimaryEntityName": "contact",
        "PrimaryEntityId": str(row_id),
        "OrganizationId": str(ORGANISATION),
        "InputParameters": [{"key": "Target", "value": entity}],
        **members,
    }


@dataclass(frozen=True)
class Reply:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def problem(self) -> dict[str, Any]:
        """The problem document this must be (RFC 9457), with a text and nothing personal."""
        assert "application/problem+json" == self.headers["content-type"]
        found = json.loads(self.body)
        assert {"type", "title", "status", "detail"} == set(found)
        assert self.status == found["status"]
        assert found["title"]
        assert found["detail"]
        assert PERSONAL.encode() not in self.body
        assert b"Traceback" not in self.body
        return dict(found)


@dataclass
class Room:
    """The server, its connection, and the database file behind it."""

    app: Application
    url: str
    session: ClientSession
    account_id: int
    connection_id: int
    key: str
    woken: list[str]

    @property
    def hook(self) -> str:
        """Where this connection's notices go."""
        return f"{self.url}/webhooks/dynamics/{self.connection_id}"

    async def post(self, sent: object, *, key: str | None = "", url: str = "") -> Reply:
        """Post a notice, with the right key unless another (or None) is given."""
        data = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
        headers = {} if key is None else {"x-assent-key": key or self.key}
        return await self.call("POST", url or self.hook, data, headers)

    async def call(
        self, method: str, url: str, data: Any = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Any request."""
        async with self.session.request(
            method, url, data=data, headers=headers, allow_redirects=False
        ) as reply:
            found = {name.lower(): value for name, value in reply.headers.items()}
            return Reply(reply.status, found, await reply.read())

    def stored(self) -> list[str]:
        """The rows of all notices that are durable, as another process sees them."""
        with closing(sqlite3.connect(self.app.settings.data / "assent.sqlite")) as other:
            return [str(UUID(bytes=bytes(row))) for (row,) in other.execute("SELECT row_id FROM notices")]


@asynccontextmanager
async def room(folder: Path) -> AsyncIterator[Room]:
    """Serve an application with one connected organisation."""
    async with office(folder) as on, serving(on.app) as url, ClientSession() as session:
        account_id = await account(on.app)
        added = await on.app.store.accounts.connect(account_id, organisation_at("http://127.0.0.1:9"))
        await on.app.store.accounts.set_organisation(account_id, added.connection_id, ORGANISATION, ROW)
        await on.app.store.accounts.set_live(account_id, added.connection_id, live=True)
        yield Room(on.app, url, session, account_id, added.connection_id, added.webhook_key, on.woken)


async def raw(url: str, request: bytes) -> bytes:
    """Send bytes as they are, and give what comes back until the server closes or falls silent."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        writer.write(request)
        await writer.drain()
        return await asyncio.wait_for(reader.read(65536), 5)
    finally:
        writer.close()
        await writer.wait_closed()
