"""When a send goes out: planned for a time, paused on the way, and gone on with."""

from datetime import datetime, timedelta

from assent.errors import Conflict, Invalid
from assent.policy.sending import NEXT, Step, may_happen
from assent.services import sends
from assent.services.access import Caller, Right
from assent.services.application import Application
from assent.services.delivering import can_send
from assent.services.drafts import checked
from assent.services.handing import NO_SERVER
from assent.services.send_views import SendView
from assent.store import sends as stored
from assent.work.durable import Errand, Kind

#: Nobody plans further ahead on purpose.
FARTHEST = timedelta(days=366)


async def plan(app: Application, caller: Caller, send_id: int, revision: str, at: datetime) -> SendView:
    """Let a send start by itself at a time, or at another one than planned before.

    Whom it is for is fixed, and everybody checked, at that time. `revision` is that of the draft which was
    looked at. Raises Unknown; Conflict where it was started, or says something else by now; Invalid for
    a time that has passed or lies more than a year ahead, and for what `start` raises.
    """
    caller.require(Right.SEND)
    view, now = await sends.read(app, caller, send_id), app.clock.now()
    if view.state not in may_happen(Step.PLAN):
        raise sends.refusal(Step.PLAN, view)
    if view.revision != revision:
        raise Conflict(sends.CHANGED)
    if at.utcoffset() is None:
        raise Invalid("Say the time with its zone, such as 2026-05-04T09:00:00+02:00.")
    if not now < at <= now + FARTHEST:
        raise Invalid("A send is planned for a time that is still to come, at most a year ahead.")
    await checked(app, caller.account_id, view.draft)
    if not can_send(app.settings):
        raise Invalid(NO_SERVER)
    return await _step(app, caller, send_id, Step.PLAN, planned_at=at)


async def cancel(app: Application, caller: Caller, send_id: int) -> SendView:
    """Make a planned send a draft again. Raises Unknown, or Conflict where it has begun."""
    return await _step(app, caller, send_id, Step.CANCEL, planned_at=None)


async def pause(app: Application, caller: Caller, send_id: int) -> SendView:
    """Write to nobody more until it is resumed; mails the server has in hand are finished.

    Raises Unknown, or Conflict where nothing runs.
    """
    return await _step(app, caller, send_id, Step.PAUSE, problem="")


async def resume(app: Application, caller: Caller, send_id: int) -> SendView:
    """Go on where it was paused; whoever's check is too old by then is checked anew.

    Raises Unknown, or Conflict where it is not paused.
    """
    view = await _step(app, caller, send_id, Step.RESUME, resumed_at=app.clock.now())
    await app.work.ask(Errand(Kind.SEND, caller.account_id, send_id))
    return view


async def _step(app: Application, caller: Caller, send_id: int, step: Step, **values: object) -> SendView:
    caller.require(Right.SEND)
    states = may_happen(step)
    (state,) = {NEXT[one][step] for one in states}
    moved = await app.store.database.write(
        lambda c: stored.move(c, caller.account_id, send_id, states, state=state, **values)
    )
    view = await sends.read(app, caller, send_id)
    if not moved:
        raise sends.refusal(step, view)
    return view
