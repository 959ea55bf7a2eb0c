"""What setup would do, before anything is written: the plan, and the list of whom the first sync concerns."""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Mapping

from assent.engine.preview import Foreseen, Outcome
from assent.services import connections
from assent.services.access import Caller, Right
from assent.services.application import Application
from assent.services.setting_up import webhook_url
from assent.services.tables.guarding import guard

#: What the first sync does with a row, in words.
OUTCOMES: Mapping[Outcome, str] = {
    Outcome.AGREES: "agree already",
    Outcome.REFUSAL_COMES: "refused in Dynamics: becomes a refusal here",
    Outcome.REFUSAL_GOES: "refused here: becomes a refusal in Dynamics",
    Outcome.REFUSALS_CROSS: "each side refuses something: both refusals hold",
    Outcome.HELD: "held here until somebody looks",
    Outcome.NO_CONTACT: "nobody here has the address: left alone",
    Outcome.NO_ADDRESS: "without an address: left alone",
    Outcome.INACTIVE: "inactive in Dynamics: left alone",
}
_HEADS = ("\ufeffRow in Dynamics", "Email", "Contact", "Outcome", "Refusal written", "Empty toggles filled")
_LINES = 500


async def plan(app: Application, caller: Caller, connection_id: int) -> Mapping[str, object]:
    """Everything setup would create or change, and the first sync in figures; nothing is written.

    Reads every contact of the organisation once. Raises Unknown, and Invalid without a public address.
    """
    caller.require(Right.OPERATE)
    await connections.read(app, caller, connection_id)
    url = webhook_url(app.settings, connection_id)
    return await app.setting_up.plan(caller.account_id, connection_id, webhook_url=url)


async def people(app: Application, caller: Caller, connection_id: int) -> AsyncIterator[bytes]:
    """The first sync row by row, as CSV; raises Unknown before the first line."""
    caller.require(Right.EXPORT)
    await connections.read(app, caller, connection_id)
    lines: list[tuple[str, ...]] = [_HEADS]
    async for one in app.setting_up.foresee(caller.account_id, connection_id):
        lines.append(_cells(one))
        if len(lines) == _LINES:
            yield _csv(lines)
            lines = []
    yield _csv(lines)


def _cells(one: Foreseen) -> tuple[str, ...]:
    yes = {True: "Yes", False: "No"}
    contact = str(one.contact_id or "")
    filled, written = yes[one.blank], yes[one.written]
    return str(one.row_id), guard(one.email or ""), contact, OUTCOMES[one.outcome], written, filled


def _csv(rows: Iterable[tuple[str, ...]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("utf-8", "replace")
