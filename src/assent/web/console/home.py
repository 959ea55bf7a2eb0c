"""The first page: whether both systems agree, in a sentence, and everything a person should look at."""

from dataclasses import dataclass

from starlette.responses import Response
from starlette.routing import Route

from assent.services import health, history, troubles
from assent.services.health import Health, State
from assent.web.console.chart import chart
from assent.web.console.visiting import Desk, Visit
from assent.web.console.words import plural


@dataclass(frozen=True, slots=True)
class Headline:
    """The account in one line: a symbol, a tone, and what to say."""

    icon: str
    tone: str
    title: str
    text: str


def home_routes(desk: Desk) -> list[Route]:
    """The first page."""
    return [desk.get("/", home)]


async def home(visit: Visit) -> Response:
    """Health, connections, troubles and the newest activity."""
    app, caller = visit.app, visit.caller
    found = await health.health(app, caller)
    newest = await history.activity(app, caller, limit=8)
    wrong = await troubles.troubles(app, caller, limit=3)
    return visit.page(
        "home.html",
        health=found,
        headline=headline(found),
        chart=chart(found.hours),
        newest=newest.items,
        troubles=wrong.items,
    )


def headline(found: Health) -> Headline:
    """Say how the account is doing, the worst first."""
    waits = found.waiting
    match found.state:
        case State.EMPTY:
            return Headline("connections", "info", "Let us begin", found.sentence)
        case State.TROUBLED:
            return Headline("attention", "bad", "Something needs you", found.sentence)
        case State.LATE:
            return Headline("wait", "wait", "A refusal waits", found.sentence)
        case State.WELL if waits.count:
            title = f"{plural(waits.count, 'contact')} {'waits' if waits.count == 1 else 'wait'}"
            return Headline("wait", "info", title, "They are being carried over to the other side.")
    text = "What changes on either side is carried over within seconds."
    return Headline("check", "good", "Both systems agree", text)
