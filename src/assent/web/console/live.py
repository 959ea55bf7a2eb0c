"""Tells open pages what changed, as server-sent events; the pages then ask for their parts again."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import Response
from starlette.routing import Route

from assent.errors import Forbidden
from assent.services import connections, history, people, sends
from assent.web.console.visiting import Desk, Visit
from assent.web.sessions import secret_of

#: How often it is looked, how often everything is drawn anew, and how long one stream lasts, in seconds.
LOOK, TICK, LAST = 1.0, 15.0, 300.0

#: How many of the newest sends are watched.
NEWEST = 20


def live_routes(desk: Desk, ending: asyncio.Event) -> list[Route]:
    """The one stream every page listens to; it ends when the server does."""

    async def live(visit: Visit) -> Response:
        return EventSourceResponse(_stream(visit, ending), ping=20)

    return [desk.get("/live", live)]


async def _stream(visit: Visit, ending: asyncio.Event) -> AsyncIterator[ServerSentEvent]:
    """Names of topics that changed; `tick` in between, and an end after a while to look who asks."""
    known = await _look(visit)
    yield ServerSentEvent(event="open", data="open", retry=1000)
    for second in range(1, int(LAST / LOOK) + 1):
        ticks = second % int(TICK / LOOK) == 0
        if await _passes(ending) or (ticks and not await _signed_in(visit)):
            return
        found = await _look(visit)
        changed = [topic for topic, mark in found.items() if known.get(topic) != mark]
        known = found
        if changed:
            yield ServerSentEvent(event="changed", data=" ".join(changed))
        elif ticks:
            yield ServerSentEvent(event="changed", data="tick")


async def _passes(ending: asyncio.Event) -> bool:
    """Wait a little; tells whether the server ends."""
    try:
        await asyncio.wait_for(ending.wait(), LOOK)
    except TimeoutError:
        return False
    return True


async def _signed_in(visit: Visit) -> bool:
    try:
        await people.session(visit.app, secret_of(visit.app, visit.request))
    except Forbidden:
        return False
    return True


async def _look(visit: Visit) -> Mapping[str, str]:
    """A mark for each topic; another one means that something changed there."""
    newest = await history.now(visit.app, visit.caller)
    joined = await connections.all(visit.app, visit.caller)
    sent = await sends.sends(visit.app, visit.caller, limit=NEWEST)
    asked = [(one.connection_id, one.pause, one.drift, one.left) for one in joined]
    marks = {"activity": newest, "connections": _mark(joined), "sends": _mark(sent.items)}
    # What waits for people is a topic of its own: whoever fills it in is not disturbed by a sweep.
    return {**marks, "decisions": _mark(asked)}


def _mark(values: object) -> str:
    return hashlib.sha256(repr(values).encode()).hexdigest()
