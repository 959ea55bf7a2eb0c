"""Test mail: what the demo's mail server took instead of delivering it, with each mail's way out."""

from starlette.responses import Response
from starlette.routing import Route

from assent.errors import Unknown
from assent.services import mailbox
from assent.services.access import Right
from assent.services.mailbox import Arrived
from assent.web.console.framing import framed, framing
from assent.web.console.visiting import Desk, Visit

NO_SINK = "This server keeps no test mail: its mail goes to a real mail server, or it sends none."

#: Headers whose links stop mail by one click.
_WAYS_OUT = "List-Unsubscribe"


def mail_routes(desk: Desk) -> list[Route]:
    """The list of mails, one of them, and its HTML alone."""
    return [
        desk.get("/mail", show_all),
        desk.get("/mail/{mail}", show),
        desk.get("/mail/{mail}/html", html),
    ]


async def show_all(visit: Visit) -> Response:
    """The newest mails, to one address or to anybody."""
    _open(visit)
    to, after = visit.asked("to").strip(), visit.asked("after")
    page = await mailbox.messages(visit.app, visit.caller, to=to, after=after)
    return visit.page("mails.html", mails=page.items, next=page.next, to=to, after=after)


async def show(visit: Visit) -> Response:
    """One mail as it arrived."""
    mail = await _read(visit)
    page = visit.page(
        "mail.html",
        mail=mail,
        way_out=_way_out(mail),
        raw=mail.raw.decode("utf-8", "replace"),
    )
    return framing(page)


async def html(visit: Visit) -> Response:
    """The HTML of a mail, to be shown in a frame."""
    return framed((await _read(visit)).html or "")


async def _read(visit: Visit) -> Arrived:
    _open(visit)
    return await mailbox.message(visit.app, visit.caller, visit.number("mail"))


def _open(visit: Visit) -> None:
    """Raise Unknown where mail goes to a real mail server, and NotAllowed for who may not send."""
    visit.caller.require(Right.SEND)
    if visit.app.sink is None:
        raise Unknown(NO_SINK)


def _way_out(mail: Arrived) -> str:
    """The address in the header mail programs make a button of; opening it asks before it does anything."""
    for part in (mail.header(_WAYS_OUT) or "").split(","):
        address = part.strip().strip("<>")
        if address.startswith(("https://", "http://")):
            return address
    return ""
