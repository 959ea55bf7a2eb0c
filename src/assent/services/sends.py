"""Sends: written as drafts, previewed against the gate, started, stopped, and accounted for."""

from collections import Counter
from uuid import UUID

from sqlalchemy import Connection

from assent.errors import Conflict, Invalid
from assent.policy.gate import Reason
from assent.policy.sending import RecipientState, Step, may_happen
from assent.services.access import Caller, Right
from assent.services.application import Application
from assent.services.delivering import can_send
from assent.services.drafts import Draft, categories_of, checked
from assent.services.handing import NO_SERVER
from assent.services.paging import Page, within_limit
from assent.services.previewing import preview
from assent.services.send_views import Preview, Recipient, Result, SendView, recipient_of, view_of
from assent.store import handing, returns
from assent.store import recipients as listed
from assent.store import sends as stored
from assent.store.recipients import Wanted
from assent.work.durable import Errand, Kind

__all__ = [
    "Draft",
    "Preview",
    "Recipient",
    "Result",
    "SendView",
    "Wanted",
    "create",
    "discard",
    "edit",
    "preview",
    "read",
    "recipients",
    "result",
    "sends",
    "start",
    "stop",
]

CHANGED = (
    "This send was changed after you looked at it, so it was not started and nobody was written to. "
    "Look at what it says now, and whom it is for; then start it."
)


async def sends(app: Application, caller: Caller, *, after: str = "", limit: int = 50) -> Page[SendView]:
    """All sends, the newest first."""
    caller.require(Right.READ)
    before, limit = _number(after), within_limit(limit)
    found, counted = await app.store.database.read(
        lambda c: listed.page_with_counts(c, caller.account_id, before, limit + 1)
    )
    names = await categories_of(app, caller.account_id)
    shown = tuple(view_of(send, names, counted) for send in found[:limit])
    return Page(shown, str(shown[-1].send_id) if len(found) > limit else "")


async def read(app: Application, caller: Caller, send_id: int) -> SendView:
    """One send; raises Unknown."""
    return (await result(app, caller, send_id)).send


async def create(app: Application, caller: Caller, draft: Draft) -> SendView:
    """Store a draft; raises Invalid, naming what is wrong with it."""
    caller.require(Right.SEND)
    content, now = await checked(app, caller.account_id, draft), app.clock.now()
    by = f"{caller.actor.kind.value}:{caller.actor.ident}"
    send_id = await app.store.database.write(lambda c: stored.add(c, caller.account_id, content, by, now))
    return await read(app, caller, send_id)


async def edit(app: Application, caller: Caller, send_id: int, draft: Draft) -> SendView:
    """Replace a draft; raises Unknown, Invalid, or Conflict once it was started."""
    caller.require(Right.SEND)
    content = await checked(app, caller.account_id, draft)
    changed = await app.store.database.write(lambda c: stored.rewrite(c, caller.account_id, send_id, content))
    if not changed:
        raise refusal(Step.EDIT, await read(app, caller, send_id))
    return await read(app, caller, send_id)


async def discard(app: Application, caller: Caller, send_id: int) -> None:
    """Remove a draft; raises Unknown, or Conflict once it was started."""
    caller.require(Right.SEND)
    if not await app.store.database.write(lambda c: stored.discard(c, caller.account_id, send_id)):
        raise refusal(Step.DISCARD, await read(app, caller, send_id))


async def start(app: Application, caller: Caller, send_id: int, revision: str) -> SendView:
    """Fix who it is for, and begin: everybody is checked first, then written to.

    `revision` is that of the draft which was looked at. Raises Unknown; Conflict where it was started
    before, or says something else by now; Invalid where no mail server is set, nobody is in the
    audience, the category was archived, or a text cannot be filled in.
    """
    caller.require(Right.SEND)
    view = await read(app, caller, send_id)
    if view.state not in may_happen(Step.START):
        raise refusal(Step.START, view)
    if view.revision != revision:
        raise Conflict(CHANGED)
    await checked(app, caller.account_id, view.draft)
    if not can_send(app.settings):
        raise Invalid(NO_SERVER)
    now = app.clock.now()

    def work(connection: Connection) -> bool:
        begun = handing.begin(connection, caller.account_id, send_id, view.draft.audience, now)
        if begun and stored.read(connection, caller.account_id, send_id).draft.revision != revision:
            raise Conflict(CHANGED)
        return begun

    if not await app.store.database.write(work):
        raise refusal(Step.START, await read(app, caller, send_id))
    await app.work.ask(Errand(Kind.SEND, caller.account_id, send_id))
    return await read(app, caller, send_id)


async def stop(app: Application, caller: Caller, send_id: int) -> SendView:
    """End it now: whoever was not written to yet is not. Raises Unknown, or Conflict where nothing runs."""
    caller.require(Right.SEND)
    now = app.clock.now()

    ended = await app.store.database.write(
        lambda c: handing.end(c, caller.account_id, send_id, Step.STOP, "", now)
    )
    if not ended:
        raise refusal(Step.STOP, await read(app, caller, send_id))
    return await read(app, caller, send_id)


async def result(app: Application, caller: Caller, send_id: int) -> Result:
    """How far a send got, and how many were left out and why; raises Unknown."""
    caller.require(Right.READ)

    found, counted = await app.store.database.read(
        lambda c: listed.with_counts(c, caller.account_id, send_id)
    )
    view = view_of(found, await categories_of(app, caller.account_id), counted)
    left: Counter[Reason] = Counter()
    for (state, reason), number in counted.get(send_id, {}).items():
        if state is RecipientState.LEFT_OUT:
            left[reason] += number
    returned = await app.store.database.read(lambda c: returns.counts(c, caller.account_id, send_id))
    return Result(view, view.counts, dict(left.most_common()), returned)


async def recipients(
    app: Application,
    caller: Caller,
    send_id: int,
    wanted: Wanted | None = None,
    *,
    after: str = "",
) -> Page[Recipient]:
    """Who a send is for, by state or reason; raises Unknown, and Invalid for a cursor that is none."""
    caller.require(Right.READ)
    asked = wanted or Wanted()
    limit = within_limit(asked.limit)
    place = _place(after)
    narrowed = Wanted(asked.states, asked.reason, place, limit + 1)

    found = await app.store.database.read(lambda c: listed.page(c, caller.account_id, send_id, narrowed))
    shown = tuple(recipient_of(one) for one in found[:limit])
    return Page(shown, str(shown[-1].contact_id) if len(found) > limit else "")


_REFUSALS = {
    Step.EDIT: "Only a draft can be changed. Cancel its plan first, where it has one.",
    Step.DISCARD: "Only a draft can be removed; what was sent stays on record.",
    Step.START: "It was started before. Make a new send to write again.",
    Step.PLAN: "Only a draft, or a send that is planned already, can be given a time.",
    Step.CANCEL: "Only a send that is planned and has not begun can be cancelled.",
    Step.PAUSE: "Only a send that is under way can be paused.",
    Step.RESUME: "Only a paused send can go on.",
    Step.STOP: "Only a send that is under way or paused can be stopped.",
}


def refusal(step: Step, view: SendView) -> Conflict:
    """Why a step cannot be done where the send stands."""
    return Conflict(f"This send is {view.state.value}. {_REFUSALS[step]}")


def _number(after: str) -> int | None:
    if not after:
        return None
    if not (after.isascii() and after.isdigit() and len(after) <= 18):
        raise Invalid("This is no cursor of this list; begin again without one.")
    return int(after)


def _place(after: str) -> UUID | None:
    try:
        return UUID(after) if after else None
    except ValueError:
        raise Invalid("This is no cursor of this list; begin again without one.") from None
