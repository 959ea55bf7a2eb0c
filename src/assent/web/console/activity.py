"""Live activity, and what waits for a person: questions, errors, and what was put aside."""

from starlette.responses import Response
from starlette.routing import Route

from assent.services import connections, history, questions, troubles
from assent.web.console.contact import POSITIVE
from assent.web.console.visiting import Desk, Visit

#: Entries and errors on one page.
SHOWN = 50


def activity_routes(desk: Desk) -> list[Route]:
    """The feed, and the page of things to do."""
    return [
        desk.get("/activity", activity),
        desk.get("/attention", attention),
        desk.get("/attention/count", count),
        desk.post("/attention/retry", retry),
        desk.post("/attention/aside", aside),
    ]


async def activity(visit: Visit) -> Response:
    """What happened in the account, the newest first."""
    after = visit.asked("after")
    page = await history.activity(visit.app, visit.caller, after=after, limit=SHOWN)
    return visit.page("activity.html", happened=page, after=after)


async def attention(visit: Visit) -> Response:
    """Questions, connections that stand still, and errors."""
    shows_aside = visit.asked("aside") == "yes"
    after = visit.asked("after")
    page = await troubles.troubles(visit.app, visit.caller, after=after, limit=SHOWN, aside=shows_aside)
    joined = await connections.all(visit.app, visit.caller)
    return visit.page(
        "attention.html",
        asked=await questions.open_ones(visit.app, visit.caller, limit=SHOWN),
        positive=POSITIVE,
        stuck=[one for one in joined if one.needs_somebody],
        troubles=page,
        aside=shows_aside,
        after=after,
    )


async def count(visit: Visit) -> Response:
    """How much waits for a person, for the menu of whatever page."""
    joined = await connections.all(visit.app, visit.caller)
    asked = await questions.open_ones(visit.app, visit.caller)
    number = len(asked) + sum(one.troubles + one.needs_somebody for one in joined)
    return visit.page("attention_count.html", number=number)


async def retry(visit: Visit) -> Response:
    """Try one thing again, or all."""
    form = await visit.form()
    if form.text("cursor"):
        await troubles.retry(visit.app, visit.caller, form.text("cursor"))
    else:
        await troubles.retry_all(visit.app, visit.caller)
    return visit.onwards("/attention", "retrying")


async def aside(visit: Visit) -> Response:
    """Tell nobody of one any more, or tell again."""
    form = await visit.form()
    back = form.text("back") == "yes"
    await troubles.put_aside(visit.app, visit.caller, form.text("cursor"), aside=not back)
    return visit.onwards("/attention", "back" if back else "aside")
