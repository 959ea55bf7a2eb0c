"""One Dynamics organisation with a rep at work in it, and the virtual clock everybody shares."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from aiohttp import web

from assent.crm.client import DataverseClient
from assent.ports import Crm
from dataverse_emulator import (
    Organization,
    RunningEmulator,
    Settings,
    Sources,
    create_app,
    create_organization,
    seeded_ids,
)
from dataverse_emulator.state import merging, writes

KEY = "0123456789abcdef"
MORNING = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


class VirtualClock:
    """Steps forward a little at each look; sleeping jumps."""

    def __init__(self) -> None:
        self.at = MORNING

    def now(self) -> datetime:
        """The present moment."""
        self.at += timedelta(milliseconds=1)
        return self.at

    async def sleep(self, seconds: float) -> None:
        """Jump."""
        self.at += timedelta(seconds=seconds)
        await asyncio.sleep(0)

    def pass_by(self, **length: float) -> None:
        """Let time pass with nobody looking."""
        self.at += timedelta(**length)


class SeededIds:
    """Identifiers in a reproducible order."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)

    def new(self) -> UUID:
        """The next one."""
        return UUID(int=self.chance.getrandbits(128), version=4)


def new_organisation(clock: VirtualClock, name: str, seed: int) -> Organization:
    """An organisation on the shared clock; its name decides its id."""
    # A function, not a method: copies of the organisation share the clock.
    sources = Sources(lambda: clock.now().timestamp(), seeded_ids(seed))
    return create_organization(sources=sources, settings=Settings(name=name))


@dataclass(slots=True)
class Rep:
    """Somebody who edits contacts in Dynamics; acts at once, also between two awaits of ours."""

    organization: Callable[[], Organization]
    name: str = "rep-anna"

    @property
    def user_id(self) -> UUID:
        """Who the rep is there."""
        return UUID(self.organization().identity.person(self.name).user_id)

    def create(self, email: str | None = None, row_id: UUID | None = None, **columns: object) -> UUID:
        """Make a contact."""
        organization = self.organization()
        given = {**columns, "emailaddress1": email}
        with organization.transaction():
            table = organization.table("contact")
            values = writes.checked(organization, table.definition, given, creating=True)
            user = organization.identity.person(self.name)
            row = writes.create(organization, user, table, values, str(row_id) if row_id else None)
        return UUID(table.row_id(row))

    def save(self, row_id: UUID, **columns: object) -> None:
        """Save a form with these columns and no others."""
        organization = self.organization()
        with organization.transaction():
            table = organization.table("contact")
            values = writes.checked(organization, table.definition, columns, creating=False)
            row = writes.need(table, str(row_id))
            writes.update(organization, organization.identity.person(self.name), table, row, values)

    def refuse(self, row_id: UUID) -> None:
        """Set Do not allow."""
        self.save(row_id, donotbulkemail=True)

    def allow(self, row_id: UUID) -> None:
        """Set Allow."""
        self.save(row_id, donotbulkemail=False)

    def deactivate(self, row_id: UUID) -> None:
        """Deactivate a contact."""
        self.save(row_id, statecode=1)

    def reactivate(self, row_id: UUID) -> None:
        """Activate a contact again."""
        self.save(row_id, statecode=0)

    def delete(self, row_id: UUID) -> None:
        """Delete a contact."""
        organization = self.organization()
        with organization.transaction():
            table = organization.table("contact")
            row = writes.need(table, str(row_id))
            writes.delete(organization, organization.identity.person(self.name), table, row)

    def merge(self, target: UUID, subordinate: UUID, **content: object) -> None:
        """Merge one contact into another."""
        organization = self.organization()
        with organization.transaction():
            table, user = organization.table("contact"), organization.identity.person(self.name)
            values = writes.checked(organization, table.definition, content, creating=False)
            rows = [writes.need(table, str(row_id)) for row_id in (target, subordinate)]
            merging.merge(organization, user, table, rows[0], rows[1], values)


@dataclass(slots=True)
class Door:
    """Where the organisations' webhooks go; what arrives waits until a test lets it in."""

    url: str = ""
    bodies: list[tuple[int, bytes]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        """Keep a body."""
        assert request.headers["x-assent-key"] == KEY
        self.bodies.append((int(request.match_info["connection"]), await request.read()))
        return web.Response(status=202)


@dataclass(slots=True)
class Office:
    """A connected organisation: the emulator, our connector to it (or what wraps it), and a rep."""

    emulator: RunningEmulator
    client: DataverseClient
    connection_id: int
    crm: Crm
    real: Crm
    rep: Rep

    @property
    def organization(self) -> Organization:
        """The organisation that answers now."""
        return self.emulator.application.organization

    async def inhabit(self, organization: Organization) -> None:
        """Let another organisation answer at the same address: a restore, a copy, a new story."""
        application, fresh = self.emulator.application, create_app(organization)
        await application.deliveries.close()
        application.organization, application.switches = fresh.organization, fresh.switches
        application.deliveries = fresh.deliveries

    async def webhooks_idle(self) -> None:
        """Wait until every notice so far was delivered or failed."""
        deliveries = self.emulator.application.deliveries
        deliveries.submit(self.organization.take_events())
        await deliveries.idle()

    @property
    def requests(self) -> int:
        """How many requests it has answered."""
        return self.emulator.application.switches.journal.total

    def row(self, row_id: UUID) -> dict[str, Any]:
        """A row as it is now."""
        table = self.organization.table("contact")
        position = table.position(str(row_id))
        assert position is not None, "the row is gone"
        return {name: table.cell(position, name) for name in table.definition.columns}

    def says(self, row_id: UUID) -> tuple[Any, Any, Any]:
        """Do not allow, and the answers to Newsletters and Events."""
        row = self.row(row_id)
        return row["donotbulkemail"], row.get("asn_news"), row.get("asn_events")

    def exists(self, row_id: UUID) -> bool:
        """Whether the row is there."""
        return self.organization.table("contact").position(str(row_id)) is not None

    def bearing(self, email: str) -> list[UUID]:
        """The rows with an address."""
        bearers = (row for row in self._rows() if str(row.get("emailaddress1")).strip().lower() == email)
        return [UUID(str(row["contactid"])) for row in bearers]

    def versions(self) -> dict[str, object]:
        """Every row's version: what a write of ours would move."""
        return {str(row["contactid"]): row["versionnumber"] for row in self._rows()}

    def picture(self) -> list[tuple[Any, ...]]:
        """What every row says, without ids and versions."""
        names = ("emailaddress1", "donotbulkemail", "asn_news", "asn_events", "statecode")
        return sorted((tuple(row.get(name) for name in names) for row in self._rows()), key=repr)

    def _rows(self) -> list[Any]:
        return list(self.organization.table("contact").rows())
