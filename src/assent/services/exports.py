"""Exports of contacts as CSV, written while they are read: memory stays flat however many there are."""

from collections.abc import AsyncIterator, Sequence

from assent.policy.audience import Audience
from assent.services.access import Caller, Right
from assent.services.application import Application
from assent.services.tables.writing import ExportRow, write_contacts
from assent.services.words import HOLD_SHORT
from assent.store import search as stored
from assent.store.search import Exported

#: Contacts read per statement.
PAGE = 1_000


async def export(app: Application, caller: Caller, audience: Audience) -> AsyncIterator[bytes]:
    """The contacts of an audience by address, as a file an import reads back.

    What changes meanwhile is exported as it is when its page is read.
    """
    caller.require(Right.EXPORT)
    categories = {c.name: c.bit for c in await app.store.accounts.categories(caller.account_id) if c.active}
    async for chunk in write_contacts(_pages(app, caller, audience), categories):
        yield chunk


async def _pages(app: Application, caller: Caller, audience: Audience) -> AsyncIterator[Sequence[ExportRow]]:
    account_id, after = caller.account_id, ""
    while True:
        start = after
        found = await app.store.database.read(
            lambda c, start=start: stored.exported(c, account_id, audience, start, PAGE)  # type: ignore[misc]
        )
        if not found:
            return
        after = found[-1].email
        yield [_row(contact) for contact in found]


def _row(contact: Exported) -> ExportRow:
    return ExportRow(
        email=contact.shown_email,
        first_name=contact.first_name,
        last_name=contact.last_name,
        basis=contact.basis,
        value=contact.value,
        held=HOLD_SHORT.get(contact.hold or "", contact.hold or ""),
        created=contact.created_at,
        updated=contact.updated_at,
    )
