"""How many contacts an organisation has, for plans and progress; no decision rests on it."""

import re

from assent.crm import odata
from assent.crm.faults import check
from assent.crm.transport import Request, Transport
from assent.errors import AssentError, Bug

_WHAT = "counting contacts"


async def count_contacts(transport: Transport) -> int:
    """Count by the last day's snapshot where there is one, for it counts all; else up to 5,000 (2.3)."""
    try:
        return await _snapshot(transport)
    except Bug:
        raise
    except AssentError:
        pass
    response = check(await transport.send(Request(_WHAT, "GET", "contacts/$count")), _WHAT)
    digits = re.sub(rb"\D", b"", response.body)
    return int(digits[:18] or 0)


async def _snapshot(transport: Transport) -> int:
    path = "RetrieveTotalRecordCount(EntityNames=['contact'])"
    response = check(await transport.send(Request(_WHAT, "GET", path)), _WHAT)
    counts = odata.decode(response.body, _WHAT).get("EntityRecordCountCollection")
    values = counts.get("Values") if isinstance(counts, dict) else None
    if not isinstance(values, list) or not values or not isinstance(values[0], int):
        raise odata.broken(_WHAT)
    return values[0]
