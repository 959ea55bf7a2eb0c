"""What setup has done to one account's connections, step by step (`ports.Journal`)."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from assent.ports import Clock, Organisation
from assent.ports.setup import CatalogueRow, CategoryColumn, Waiting
from assent.store import candidates, progress
from assent.store.categories import all_categories
from assent.store.connection_rows import LIVE, change
from assent.store.database import Database
from assent.store.progress import SetupStep

#: The state of a finished step.
DONE = "done"
#: What a step's next word keeps of the one before: how long it took; and while it waits, for how many.
_TOOK = ("seconds",)
_KEPT = {"waiting": (*_TOOK, "of")}


@dataclass(frozen=True, slots=True)
class SetupJournal:
    """`ports.Journal` on a database, for the connections of one account."""

    database: Database
    clock: Clock
    account_id: int

    async def done(self, connection_id: int) -> set[str]:
        """The steps that are finished."""
        steps = await self.database.read(lambda c: progress.steps(c, self.account_id, connection_id))
        return {step.step for step in steps if step.state == DONE}

    async def mark(self, connection_id: int, step: str, state: str, detail: Mapping[str, object]) -> None:
        """Record a step as running, done or paused; one that waits remembers what it took the last time."""
        now = self.clock.now()

        def write(connection: Connection) -> None:
            steps = progress.steps(connection, self.account_id, connection_id)
            before = next((one.detail for one in steps if one.step == step), {})
            kept = {name: before[name] for name in _KEPT.get(state, _TOOK) if name in before}
            word = SetupStep(step, state, {**kept, **detail}, now)
            progress.write_step(connection, self.account_id, connection_id, word)

        await self.database.write(write)

    async def waiting(self, connection_id: int) -> Waiting:
        """What reconciling and filling have before them now."""
        return await self.database.read(lambda c: candidates.waiting(c, self.account_id, connection_id))

    async def set_organisation(self, connection_id: int, organisation: Organisation) -> None:
        """Remember who this connection is joined to (M7)."""
        await self.database.write(
            lambda c: change(
                c,
                self.account_id,
                connection_id,
                organisation_id=organisation.organisation_id,
                user_id=organisation.user_id,
            )
        )

    async def go_live(self, connection_id: int) -> None:
        """From now on real time, sweeps and checks include this connection."""
        await self.database.write(lambda c: change(c, self.account_id, connection_id, state=LIVE))

    async def made(self, connection_id: int, categories: int) -> None:
        """From now on these categories have their column there."""
        await self.database.write(lambda c: change(c, self.account_id, connection_id, made=categories))

    async def columns(self, connection_id: int) -> list[CategoryColumn]:
        """The columns the account's active categories want, in their order; the same everywhere."""
        known = await self.database.read(lambda c: all_categories(c, self.account_id))
        return [
            CategoryColumn(category.bit, category.schema_name, category.name, category.description)
            for category in known
            if category.active
        ]

    async def catalogue(self, connection_id: int) -> list[CatalogueRow]:
        """Every category of the account in its order, archived ones too; the same everywhere."""
        known = await self.database.read(lambda c: all_categories(c, self.account_id))
        return [
            CatalogueRow(
                category.schema_name.lower(),
                category.name,
                category.description,
                category.position,
                archived=not category.active,
            )
            for category in known
        ]
