"""Test mail: what the demo's mail server took instead of delivering it, with each mail's way out."""

from starlette.responses import Response
from starlette.routing import Route

from assent.errors import Unknown
from assent.web.console.visiting import Desk, Visit

NO_SINK = "This server keeps no test mail: it hands its mail to a real mail server, or sends none."


def mail_routes(desk: Desk) -> list[Route]:
    """The list of mails, and one of them."""
    return [desk.get("/mail", show_all)]


async def show_all(visit: Visit) -> Response:
    """The newest mails."""
    raise Unknown(NO_SINK)
