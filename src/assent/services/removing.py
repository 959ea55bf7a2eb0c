"""Taking a connection's setup back: planned, its data exported, done by an errand, and what is left told."""

import csv
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from assent.crm.columns import Columns
from assent.crm.contacts import DataverseContacts
from assent.crm.removing import DataverseRemoval
from assent.engine.remove import remove as take_away
from assent.errors import AssentError, Conflict, ReadAgain, Retry
from assent.ledger.entries import decision
from assent.policy.permission import BulkEmail
from assent.policy.sides import Row
from assent.ports.setup import CategoryColumn, Component
from assent.services import connections
from assent.services.access import Caller, Right
from assent.services.application import Application
from assent.services.connection_views import ConnectionView, State
from assent.services.organisations import Organisations
from assent.services.tables.guarding import guard
from assent.store.connection_rows import CREATED, REMOVAL_STOPPED
from assent.store.opening import Store
from assent.work.durable import Errand, Kind

_TOGGLE = {BulkEmail.ALLOW: "Allow", BulkEmail.DO_NOT_ALLOW: "Do not allow", BulkEmail.NULL: ""}


async def plan(app: Application, caller: Caller, connection_id: int) -> list[Component]:
    """Each part that would be removed, changed or kept, and why; nothing is written. Raises Unknown."""
    caller.require(Right.CONNECT)
    await connections.read(app, caller, connection_id)
    return await (await _removal(app.organisations, caller.account_id, connection_id)).parts()


async def export(app: Application, caller: Caller, connection_id: int) -> AsyncIterator[bytes]:
    """What every row of the organisation says: Bulk Email and each category, as CSV; raises Unknown."""
    caller.require(Right.EXPORT)
    await connections.read(app, caller, connection_id)
    contacts, columns = await _all_columns(app, caller.account_id, connection_id)
    heads = ("\ufeffRow in Dynamics", "Email", "Bulk Email", *(column.name for column in columns))
    lines: list[Sequence[str]] = [heads]
    async for page in contacts.changes(None):
        yield _csv([*lines, *(_cells(row, columns) for row in page.rows)])
        lines = []


async def remove(app: Application, caller: Caller, connection_id: int) -> ConnectionView:
    """Stop the sync and let an errand take away what setup made; refusals stay in the hub.

    Asked for again after it stopped, it goes on. Raises Unknown, and Conflict where nothing was set up
    or a setup is under way.
    """
    caller.require(Right.CONNECT)
    view = await connections.read(app, caller, connection_id)
    if view.state in (State.NEW, State.SETTING_UP):
        raise Conflict("Nothing is set up there, or a setup is under way; there is nothing to remove now.")
    entry = decision(caller.actor, connection_id, "remove", "", {})
    await app.store.accounts.begin_removal(caller.account_id, connection_id, entry)
    await app.work.ask(Errand(Kind.SETUP, caller.account_id, connection_id))
    return await connections.read(app, caller, connection_id)


@dataclass(frozen=True, slots=True)
class Removing:
    """Carries removals out."""

    store: Store
    organisations: Organisations

    async def perform(self, account_id: int, connection_id: int) -> Mapping[str, Any]:
        """Take everything away; what needs a person stops it in words, what passes by itself is raised."""
        try:
            removal = await _removal(self.organisations, account_id, connection_id)
            left = await take_away(removal)
        except (Retry, ReadAgain):
            raise
        except AssentError as error:
            await self._end(account_id, connection_id, REMOVAL_STOPPED, (str(error),))
            return {"stopped": type(error).__name__}
        await self.store.memory.void(account_id, connection_id, "What setup made there was removed")
        told = tuple(f"The {part.kind} {part.name} stays: {part.after}." for part in left)
        await self._end(account_id, connection_id, CREATED, told)
        return {"left": len(left)}

    async def _end(self, account_id: int, connection_id: int, state: str, left: tuple[str, ...]) -> None:
        kept = (await self.store.accounts.connection(account_id, connection_id)).settings
        if state == CREATED:
            kept = msgspec.structs.replace(
                kept, approved="", form="", tab="", new_tab=False, skip_form=False, catalogue=True
            )
            kept = msgspec.structs.replace(kept, adopted=())
        settings = msgspec.structs.replace(kept, left=left)
        await self.store.accounts.end_removal(account_id, connection_id, state, settings)


async def _removal(organisations: Organisations, account_id: int, connection_id: int) -> DataverseRemoval:
    client = await organisations.client(account_id, connection_id)
    organisation = await DataverseContacts(client, Columns(), connection_id=connection_id).organisation()
    return DataverseRemoval(client, language=organisation.language)


async def _all_columns(
    app: Application, account_id: int, connection_id: int
) -> tuple[DataverseContacts, list[CategoryColumn]]:
    """The contact table with every category's column that exists there, archived ones too."""
    client = await app.organisations.client(account_id, connection_id)
    there = {
        part.name for part in await (await _removal(app.organisations, account_id, connection_id)).parts()
    }
    columns = [
        CategoryColumn(category.bit, category.schema_name, category.name)
        for category in await app.store.accounts.categories(account_id)
        if category.schema_name.lower() in there
    ]
    return DataverseContacts(client, Columns(tuple(columns)), connection_id=connection_id), columns


def _cells(row: Row, columns: Sequence[CategoryColumn]) -> Sequence[str]:
    answers = [
        "" if not row.known & column.bit else "Yes" if row.value & column.bit else "No" for column in columns
    ]
    return (str(row.row_id), guard(row.email or ""), _TOGGLE[row.toggle], *answers)


def _csv(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("utf-8", "replace")
