"""Sends: the list, and where each of them stands."""

from starlette.responses import Response
from starlette.routing import Route

from assent.services import sends
from assent.web.console.visiting import Desk, Visit


def send_routes(desk: Desk) -> list[Route]:
    """The list; what is written and started stands in other modules."""
    return [desk.get("/sends", show_all)]


async def show_all(visit: Visit) -> Response:
    """Every send, the newest first."""
    page = await sends.sends(visit.app, visit.caller, after=visit.asked("after"))
    return visit.page("sends.html", items=page.items, next=page.next, after=visit.asked("after"))
