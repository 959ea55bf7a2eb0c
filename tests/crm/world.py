"""An emulated organisation over real HTTP, our connector to it, a sales rep, and a door for webhooks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import aiohttp
import msgspec
from aiohttp import web

from assent.crm.client import DataverseClient, Limits, open_organisation
from assent.crm.columns import Columns
from assent.crm.contacts import DataverseContacts
from assent.crm.notices import parse_notices
from assent.crm.organisation import parse_organisation_url
from assent.crm.setup import DataverseSetup
from assent.crm.signin import Credentials
from assent.crm.webhooks import KEY_HEADER
from assent.policy.sides import Row
from assent.ports import ChangePage, Notice
from dataverse_emulator import Organization, RunningEmulator, create_organization, running

from .samples import COLUMNS, NOON, RealClock


@dataclass
class World:
    """An emulated organisation, our connector to it, and a sales rep who works there too."""

    emulator: RunningEmulator
    client: DataverseClient
    crm: DataverseContacts
    setup: DataverseSetup
    session: aiohttp.ClientSession

    async def rep(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        """What somebody else does in the organisation."""
        url = f"{self.emulator.url}/api/data/v9.2/{path}"
        given = {"Authorization": "Bearer rep", "Content-Type": "application/json", **headers}
        data = None if body is None else msgspec.json.encode(body)
        async with self.session.request(method, url, data=data, headers=given) as reply:
            assert reply.status < 300, await reply.text()
            text = await reply.read()
            return msgspec.json.decode(text) if text else None

    async def born(self, row_id: UUID, **columns: object) -> UUID:
        """A contact the rep makes."""
        await self.rep("POST", "contacts", {"contactid": str(row_id), **columns})
        return row_id

    async def control(self, what: str, **switches: object) -> None:
        """Turn one of the emulator's switches."""
        url = f"{self.emulator.url}/emulator/{what}"
        async with self.session.put(url, data=msgspec.json.encode(switches)) as reply:
            assert reply.status == 200, await reply.text()

    async def columns(self) -> None:
        """Make the category columns, in our solution."""
        await self.setup.ensure_solution()
        for column in COLUMNS.categories:
            await self.setup.ensure_column(column)

    async def pages(self, token: str | None) -> list[ChangePage]:
        """The whole feed since a token."""
        return [page async for page in self.crm.changes(token)]

    async def token(self) -> str:
        """A change token of now."""
        token = (await self.pages(None))[-1].token
        assert token is not None
        return token

    async def row(self, row_id: UUID) -> Row:
        """One row, which must exist."""
        return (await self.crm.read([row_id]))[row_id]


@asynccontextmanager
async def organisation(
    columns: Columns = COLUMNS, *, contacts: int = 0, page_size: int = 5000, setup: bool = True
) -> AsyncIterator[World]:
    """A running world, with the category columns made unless told otherwise."""
    made: Organization = create_organization(contacts=contacts)
    async with running(made) as emulator, aiohttp.ClientSession() as session:
        url = parse_organisation_url(emulator.url, allow_other_hosts=True)
        credentials = Credentials("tenant", "app", "secret", emulator.url)
        limits = Limits(retry_wait_s=0.001)
        async with open_organisation(url, credentials, RealClock(), limits=limits) as client:
            crm = DataverseContacts(client, columns, connection_id=1, page_size=page_size)
            world = World(emulator, client, crm, DataverseSetup(client, RealClock(), language=1033), session)
            if setup:
                await world.columns()
            yield world


@dataclass
class Door:
    """Somewhere for webhooks to go."""

    url: str
    bodies: list[bytes]
    keys: list[str | None]

    def notices(self) -> list[Notice]:
        """What arrived, read, oldest first by row and version."""
        found = [
            notice
            for body in self.bodies
            for notice in parse_notices(body, COLUMNS, connection_id=1, received_at=NOON)
        ]
        return sorted(found, key=lambda notice: (notice.row_id, notice.version))


@asynccontextmanager
async def door() -> AsyncIterator[Door]:
    """A running receiver."""
    found = Door("", [], [])

    async def take(request: web.Request) -> web.Response:
        found.bodies.append(await request.read())
        found.keys.append(request.headers.get(KEY_HEADER))
        return web.Response(status=202)

    app = web.Application()
    app.router.add_post("/hook", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield found
    finally:
        await runner.cleanup()
