"""Once a day, and at once when a column is missing: are our parts still as we made them?"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import msgspec

from assent.crm.transport import Lane, Request, Response, Transport
from assent.engine.setup import placed_forms
from assent.engine.setup_terms import Setup, Step
from assent.errors import AssentError, Paused, ReadAgain, Retry
from assent.ports import Clock
from assent.ports.setup import Action, Component
from assent.services.setting_up import SettingUp, ask_again, webhook_url
from assent.services.settings import Settings
from assent.store import progress

EVERY = timedelta(days=1)

#: What a check may cost at most, so that it never takes from the sync.
REQUESTS = 400

#: What brings every part back.
REPAIRING = (
    *(Step.SOLUTION, Step.CATALOGUE, Step.COLUMNS, Step.FORM, Step.VIEWS),
    *(Step.PUBLISH, Step.WEBHOOKS),
)
#: And where a column was gone: a new one is empty everywhere, so people are read and filled again (T6).
REFILLING = (*REPAIRING, Step.READ, Step.RECONCILE, Step.BACKFILL, Step.CATCH_UP)


@dataclass(slots=True)
class LastInLine:
    """A transport whose requests wait for everybody else's, and are counted."""

    transport: Transport
    left: int = REQUESTS

    async def send(self, request: Request) -> Response:
        """Send when nobody else wants to; raises Paused where the budget of a check is used up."""
        if not self.left:
            raise Paused("drift_budget", f"The check took more than {REQUESTS} requests and was ended.")
        self.left -= 1
        return await self.transport.send(replace(request, lane=Lane.BACKFILL))


@dataclass(frozen=True, slots=True)
class DriftErrands:
    """`jobs.Errands` of checks for drift."""

    setting_up: SettingUp
    settings: Settings
    clock: Clock

    async def perform(self, account_id: int, number: int) -> Mapping[str, Any]:
        """Compare, write down what was found, and where the connection says so let setup repair it."""
        store = self.setting_up.store
        if not (await self._live(account_id, number)):
            return {"left": "not live"}
        kept = (await store.accounts.connection(account_id, number)).settings
        try:
            drift = await self._look(account_id, number, forms=not kept.skip_form)
        except (Retry, ReadAgain):
            raise
        except AssentError as error:
            drift = Drift((), (f"It could not be looked at: {error}",), columns_gone=False)
        noted = msgspec.structs.replace(kept, checked_at=self.clock.now(), drift=drift.told)
        await store.accounts.set_settings(account_id, number, noted)
        if drift.broken and kept.repair:
            await ask_again(store, account_id, number, REFILLING if drift.columns_gone else REPAIRING)
        return {"broken": len(drift.broken), "other": len(drift.other)}

    async def _look(self, account_id: int, number: int, *, forms: bool) -> "Drift":
        url = webhook_url(self.settings, number)
        setup, run = await self.setting_up.prepared(account_id, number, url, through=LastInLine)
        language = (await run.crms[number].organisation()).language
        return await look(setup, url, language, forms=forms)

    async def owed(self) -> list[tuple[int, int]]:
        """Live connections that were not looked at for a day."""
        before = self.clock.now() - EVERY
        return await self.setting_up.store.database.read(lambda c: progress.unchecked(c, before))

    async def _live(self, account_id: int, number: int) -> bool:
        connections = await self.setting_up.store.accounts.connections(account_id)
        return any(one.connection_id == number and one.live for one in connections)


@dataclass(frozen=True, slots=True)
class Drift:
    """What is not as we made it and can be put right, and what is only told."""

    broken: tuple[str, ...]
    other: tuple[str, ...]
    columns_gone: bool

    @property
    def told(self) -> tuple[str, ...]:
        """All of it."""
        return (*self.broken, *self.other)


async def look(setup: Setup, url: str, language: int, *, forms: bool) -> Drift:
    """Compare every part of an organisation with what it should be; nothing is written."""
    columns = await setup.journal.columns(setup.connection_id)
    parts = await setup.schema.components(columns, await setup.catalogue(), url)
    broken = [_told(part) for part in parts if part.action in _BROKEN]
    blocked = [part for part in parts if part.action is Action.BLOCKED and part.name not in setup.adopted]
    other = [_blocked(part) for part in blocked]
    known = {*setup.adopted, *(part.name for part in blocked)}
    foreign = [name for name in await setup.schema.foreign_columns() if name not in known]
    other += [f"Somebody made the column {name}; Assent takes no part in it." for name in foreign]
    gone = any(part.kind == "column" and part.action is Action.CREATE for part in parts)
    try:
        found = await placed_forms(setup, columns, language) if forms else []
    except Paused as pause:
        return Drift(tuple(broken), (*other, str(pause)), gone)
    edits = [
        f"The form {form.name}: {change['what']}." for form, placed in found for change in placed.changes
    ]
    return Drift((*broken, *edits), tuple(other), gone)


_BROKEN = (Action.CREATE, Action.CHANGE, Action.REMOVE)


def _blocked(part: Component) -> str:
    if part.kind == "category row":
        return f"The list of categories cannot be looked at: {part.after}"
    return f"The {part.kind} {part.name} is not the one Assent made: {part.before}."


def _told(part: Component) -> str:
    if part.action is Action.REMOVE:
        return f"Somebody made the {part.kind} {part.name}."
    if part.kind == "table":
        return f"The {part.kind} {part.name} is not there."  # perhaps it never was: older setups made none
    if part.action is Action.CREATE:
        return f"The {part.kind} {part.name} is gone."
    return f"The {part.kind} {part.name} is {part.before} instead of {part.after}."
