"""The ledger: verified in words, browsed entry by entry, and taken away as a file."""

from datetime import datetime

from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from assent.services import history, ledger
from assent.services.access import Right
from assent.web.console.visiting import Desk, Visit

#: Entries on one page.
SHOWN = 50


def ledger_routes(desk: Desk) -> list[Route]:
    """The entries, the check of the chain, and the file."""
    return [
        desk.get("/ledger", browse),
        desk.get("/ledger/verified", verify),
        desk.get("/ledger/export", export),
    ]


async def browse(visit: Visit) -> Response:
    """Entries in plain words, the newest first, with what evidence there is."""
    visit.caller.require(Right.LEDGER)
    after = visit.asked("after")
    page = await history.activity(visit.app, visit.caller, after=after, limit=SHOWN)
    return visit.page("ledger.html", items=page.items, next=page.next, after=after, verified=None)


async def verify(visit: Visit) -> Response:
    """Check the whole chain now, and say what came of it; what was tampered with is not read out."""
    verified = await ledger.verify(visit.app, visit.caller)
    page = await history.activity(visit.app, visit.caller, limit=SHOWN) if verified.holds else None
    return visit.page(
        "ledger.html",
        items=page.items if page else (),
        next=page.next if page else "",
        after="",
        verified=verified,
        verified_at=visit.app.clock.now(),
    )


async def export(visit: Visit) -> Response:
    """Every entry as a line of JSON, as a file; memory stays flat however long the ledger is."""
    lines = ledger.export(visit.app, visit.caller)
    headers = {"Content-Disposition": f'attachment; filename="{_file_name(visit.app.clock.now())}"'}
    return StreamingResponse(lines, media_type="application/jsonl", headers=headers)


def _file_name(now: datetime) -> str:
    return f"assent-ledger-{now:%Y-%m-%d}.jsonl"
