"""An organisation for programs and tests, without HTTP unless wanted: rows, settings, snapshots."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

from dataverse_emulator.application import Application
from dataverse_emulator.query import executor, odata
from dataverse_emulator.query.scope import Scope
from dataverse_emulator.serving import Door, create_app, create_organization, opened
from dataverse_emulator.state import writes
from dataverse_emulator.state.choices import Choices
from dataverse_emulator.state.columns import Cell
from dataverse_emulator.state.events import Values
from dataverse_emulator.state.identity import User
from dataverse_emulator.state.organization import Organization, Settings
from dataverse_emulator.state.sources import Sources, VirtualClock, seeded_ids
from dataverse_emulator.wire.costs import PROFILES, Costs
from dataverse_emulator.wire.faults import Trouble, shares
from dataverse_emulator.wire.limits import Limits
from dataverse_emulator.wire.switches import Switches

SOMEBODY = "somebody"


class Emulator:
    """One organisation; `application` is its ASGI face, `switches` hold limits, costs, faults, journal.

    Rows are values by column name in the emulator's own form: times in seconds since 1970 (texts are read
    too), lookups as ids, with `…type` beside those to several tables. Refusals are raised as `Refusal`.
    """

    def __init__(
        self,
        *,
        contacts: int = 0,
        seed: int = 1,
        strict: bool = False,
        clients: Mapping[str, str] | None = None,
        settings: Settings | None = None,
        choices: Choices | None = None,
        limits: Limits | None = None,
        profile: str | Costs = "off",
        faults: str = "",
        clock: Literal["real", "virtual"] | VirtualClock = "real",
    ) -> None:
        virtual = VirtualClock() if clock == "virtual" else clock
        sources = None
        if isinstance(virtual, VirtualClock):
            sources = Sources(virtual.now, seeded_ids(seed), virtual.pause)
        organization = create_organization(
            contacts=contacts,
            seed=seed,
            strict=strict,
            clients=clients,
            settings=settings,
            choices=choices,
            sources=sources,
        )
        self.application: Application = create_app(organization, limits)
        self.switches.costs = PROFILES[profile] if isinstance(profile, str) else profile
        self.switches.trouble = Trouble(shares(faults), seed)
        self._door: Door | None = None

    @property
    def organization(self) -> Organization:
        """Its state."""
        return self.application.organization

    @property
    def switches(self) -> Switches:
        """Limits, costs, faults, webhooks, and the journal of requests."""
        return self.application.switches

    # -- rows -----------------------------------------------------------------------------------------

    def create(self, table: str, values: Mapping[str, object], *, user: str = SOMEBODY) -> str:
        """A new row's id."""
        organization, held = self.organization, self.organization.table(table)
        with organization.transaction():
            given = writes.checked(organization, held.definition, values, creating=True)
            row_id = held.row_id(writes.create(organization, self._user(user), held, given))
        self._told()
        return row_id

    def update(self, table: str, row_id: str, values: Mapping[str, object], *, user: str = SOMEBODY) -> None:
        """New values for a row, which must exist."""
        organization, held = self.organization, self.organization.table(table)
        with organization.transaction():
            given = writes.checked(organization, held.definition, values, creating=False)
            writes.update(organization, self._user(user), held, writes.need(held, row_id), given)
        self._told()

    def delete(self, table: str, row_id: str, *, user: str = SOMEBODY) -> None:
        """Take a row away, with what goes or is unlinked along with it."""
        organization, held = self.organization, self.organization.table(table)
        with organization.transaction():
            writes.delete(organization, self._user(user), held, writes.need(held, row_id))
        self._told()

    def read(self, table: str, row_id: str) -> Values:
        """The values of a row that are not null."""
        with self.organization.transaction():
            held = self.organization.table(table)
            return held.row(writes.need(held, row_id))

    def rows(self, table: str, where: str = "") -> list[dict[str, Cell]]:
        """All rows, or those that an OData `$filter` text leaves, in the order of their ids."""
        organization = self.organization
        with organization.transaction():
            held = organization.table(table)
            query = odata.query_of(organization, table, {"$filter": where} if where else {})
            found = executor.matching(Scope(organization, self._user(SOMEBODY)), held, query.condition)
            return [held.row(position) for position in sorted(found, key=held.row_id)]

    def _user(self, name: str) -> User:
        return self.organization.identity.person(name)

    def _told(self) -> None:
        if self._door is not None:
            self._door.soon(self.application.hand_over)

    # -- as it was ------------------------------------------------------------------------------------

    def snapshot(self) -> Organization:
        """The organisation as it is now; cheap, as rows are shared until they change."""
        return self.organization.snapshot()

    def restore(self, kept: Organization) -> None:
        """Be as a snapshot was; it can be restored again."""
        self.organization.restore(kept)

    # -- over HTTP ------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Where it answers while it is served."""
        if self._door is None:
            raise RuntimeError("this emulator is not served: use `with emulator.served()`")
        return self._door.url

    @contextmanager
    def served(self, *, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
        """Answer over HTTP, from a thread of its own, while the block runs; gives the address."""
        with opened(host=host, port=port) as door, self.standing_in(door):
            yield door.url

    @contextmanager
    def standing_in(self, door: Door) -> Iterator[None]:
        """Answer behind a door that is open already, which is faster than opening one for each."""
        door.application, self._door = self.application, door
        try:
            yield
        finally:
            door.application = self._door = None
            door.done(self.application.deliveries.close())

    def webhooks_idle(self) -> None:
        """While served: wait until every notice so far was delivered or failed."""
        assert self._door is not None, "notices are delivered while the emulator is served"
        self._door.done(self._idle())

    async def _idle(self) -> None:
        self.application.hand_over()
        await self.application.deliveries.idle()
