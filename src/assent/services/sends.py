"""Sends: written as drafts, previewed against the gate, started, stopped, and accounted for."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from assent.errors import Conflict, Invalid
from assent.policy.gate import Reason
from assent.policy.sending import WHY, RecipientState, SendState, Step, may_happen
from assent.services.access import Caller, Right
from assent.services.application import Application
from assent.services.drafts import Draft, categories_of, checked, draft_of
from assent.services.paging import Page, within_limit
from assent.store import handing
from assent.store import recipients as listed
from assent.store import sends as stored
from assent.store.categories import Category
from assent.store.recipients import Counts, ListedRecipient, Wanted
from assent.store.sends import StoredSend
from assent.work.durable import Errand, Kind

__all__ = [
    "Draft",
    "Recipient",
    "Result",
    "SendView",
    "Wanted",
    "create",
    "discard",
    "edit",
    "read",
    "recipients",
    "result",
    "sends",
    "start",
    "stop",
]


@dataclass(frozen=True, slots=True)
class SendView:
    """A send as it stands; `counts` tells how many recipients stand where, `problem` what it waits for."""

    send_id: int
    draft: Draft
    category_name: str
    state: SendState
    problem: str
    created_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    counts: Mapping[RecipientState, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """How many people it was for when it was started."""
        return sum(self.counts.values())

    @property
    def sent(self) -> int:
        """How many mails the mail server took."""
        return self.counts.get(RecipientState.SENT, 0)

    @property
    def left_out(self) -> int:
        """How many people the gate kept it from."""
        return self.counts.get(RecipientState.LEFT_OUT, 0)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a send: recipients by state, and those left out by the gate's reason."""

    send: SendView
    by_state: Mapping[RecipientState, int]
    left_out: Mapping[Reason, int]


@dataclass(frozen=True, slots=True)
class Recipient:
    """One recipient: how far the mail got, and why not farther."""

    contact_id: UUID
    email: str
    name: str
    state: RecipientState
    reason: Reason
    detail: str
    why: str
    at: datetime


async def sends(app: Application, caller: Caller, *, after: str = "", limit: int = 50) -> Page[SendView]:
    """All sends, the newest first."""
    caller.require(Right.READ)
    before, limit = _number(after), within_limit(limit)
    found, counted = await app.store.database.read(
        lambda c: listed.page_with_counts(c, caller.account_id, before, limit + 1)
    )
    names = await categories_of(app, caller.account_id)
    shown = tuple(_view(send, names, counted) for send in found[:limit])
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
        raise _refusal(Step.EDIT, await read(app, caller, send_id))
    return await read(app, caller, send_id)


async def discard(app: Application, caller: Caller, send_id: int) -> None:
    """Remove a draft; raises Unknown, or Conflict once it was started."""
    caller.require(Right.SEND)
    if not await app.store.database.write(lambda c: stored.discard(c, caller.account_id, send_id)):
        raise _refusal(Step.DISCARD, await read(app, caller, send_id))


async def start(app: Application, caller: Caller, send_id: int) -> SendView:
    """Fix who it is for, and begin: everybody is checked first, then written to.

    Raises Unknown; Conflict where it was started before; Invalid where no mail server is set, nobody
    is in the audience, the category was archived, or a text cannot be filled in.
    """
    caller.require(Right.SEND)
    view = await read(app, caller, send_id)
    if view.state not in may_happen(Step.START):
        raise _refusal(Step.START, view)
    await checked(app, caller.account_id, view.draft)
    _require_mail_server(app)
    now = app.clock.now()

    begun = await app.store.database.write(
        lambda c: handing.begin(c, caller.account_id, send_id, view.draft.audience, now)
    )
    if not begun:
        raise _refusal(Step.START, await read(app, caller, send_id))
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
        raise _refusal(Step.STOP, await read(app, caller, send_id))
    return await read(app, caller, send_id)


async def result(app: Application, caller: Caller, send_id: int) -> Result:
    """How far a send got, and how many were left out and why; raises Unknown."""
    caller.require(Right.READ)

    found, counted = await app.store.database.read(
        lambda c: listed.with_counts(c, caller.account_id, _within(send_id))
    )
    view = _view(found, await categories_of(app, caller.account_id), counted)
    left: Counter[Reason] = Counter()
    for (state, reason), number in counted.get(send_id, {}).items():
        if state is RecipientState.LEFT_OUT:
            left[reason] += number
    return Result(view, view.counts, dict(left.most_common()))


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

    found = await app.store.database.read(
        lambda c: listed.page(c, caller.account_id, _within(send_id), narrowed)
    )
    shown = tuple(_recipient(one) for one in found[:limit])
    return Page(shown, str(shown[-1].contact_id) if len(found) > limit else "")


_REFUSALS = {
    Step.EDIT: "Only a draft can be changed.",
    Step.DISCARD: "Only a draft can be removed; what was sent stays on record.",
    Step.START: "It was started before. Make a new send to write again.",
    Step.STOP: "Only a send that is under way can be stopped.",
}


def _refusal(step: Step, view: SendView) -> Conflict:
    return Conflict(f"This send is {view.state.value}. {_REFUSALS[step]}")


def _require_mail_server(app: Application) -> None:
    if not (app.settings.smtp_host and app.settings.mail_from):
        raise Invalid(
            "No mail server is set, so nothing can be sent. The operator sets ASSENT_SMTP_HOST and "
            "ASSENT_MAIL_FROM, and starts Assent again."
        )


def _view(send: StoredSend, names: Mapping[int, Category], counted: Counts) -> SendView:
    totals: Counter[RecipientState] = Counter()
    for (state, _), number in counted.get(send.send_id, {}).items():
        totals[state] += number
    category = names.get(send.draft.category)
    return SendView(
        send_id=send.send_id,
        draft=draft_of(send.draft),
        category_name=category.name if category else "",
        state=send.state,
        problem=send.problem,
        created_by=send.created_by,
        created_at=send.created_at,
        started_at=send.started_at,
        finished_at=send.finished_at,
        counts=dict(totals),
    )


def _recipient(one: ListedRecipient) -> Recipient:
    name = f"{one.first_name} {one.last_name}".strip()
    return Recipient(one.contact_id, one.email, name, one.state, one.reason, one.detail, why(one), one.at)


def why(one: ListedRecipient) -> str:
    """In words, what became of the mail to one recipient."""
    match one.state:
        case RecipientState.WAITING:
            return "Not checked yet."
        case RecipientState.LEFT_OUT:
            return WHY[one.reason]
        case RecipientState.CHECKED | RecipientState.HANDING:
            return "May be mailed; its turn comes."
        case RecipientState.SENT:
            return "The mail server took the mail."
        case RecipientState.REFUSED:
            return f"The mail server refused the mail: {one.detail}"
        case RecipientState.DEFERRED:
            return f"The mail server asked to try again later: {one.detail}"
        case RecipientState.UNCERTAIN:
            return "It is not known whether the mail went out. It is not repeated: nobody gets it twice."
        case RecipientState.STOPPED:
            return "The send ended before its turn."


def _within(number: int) -> int:
    """Keep numbers no database has from being asked for."""
    return number if 0 < number < 1 << 62 else 0


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
