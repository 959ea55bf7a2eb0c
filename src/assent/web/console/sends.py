"""Sends: the list, where each of them stands, who was left out and why, and starting and stopping them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from starlette.datastructures import UploadFile
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from assent.errors import Invalid
from assent.policy.gate import Reason
from assent.policy.sending import WHY, RecipientState, SendState
from assent.services import scheduling, sends, uploads
from assent.services.manifests import Form, file, has_one
from assent.services.previewing import rendered
from assent.services.send_views import Preview, Result
from assent.services.sends import Wanted
from assent.web.console.audiences import filters
from assent.web.console.framing import framed, framing
from assent.web.console.visiting import Desk, Visit

PAGE = "/sends"

#: Recipients on one page.
SHOWN = 25

#: How figures stand beside each other: what matters most comes first.
_ORDER = (
    RecipientState.SENT,
    RecipientState.LEFT_OUT,
    *(one for one in RecipientState if one not in (RecipientState.SENT, RecipientState.LEFT_OUT)),
)

_STATES: Mapping[str, RecipientState] = {state.value: state for state in RecipientState}
_REASONS: Mapping[str, Reason] = {reason.value: reason for reason in Reason if reason is not Reason.MAY}


def send_routes(desk: Desk) -> list[Route]:
    """The list, one send, and what a button does to it; what is written stands in another module."""
    one = PAGE + "/{send}"
    return [
        desk.get(PAGE, show_all),
        desk.get(one, show),
        desk.get(f"{one}/mail", mail),
        desk.get(f"{one}/manifest", manifest),
        desk.post(f"{one}/start", start),
        desk.post(f"{one}/audience", upload),
        desk.post(f"{one}/plan", plan),
        desk.post(f"{one}/cancel", cancel),
        desk.post(f"{one}/pause", pause),
        desk.post(f"{one}/resume", resume),
        desk.post(f"{one}/stop", stop),
        desk.post(f"{one}/discard", discard),
    ]


async def show_all(visit: Visit) -> Response:
    """Every send, the newest first."""
    page = await sends.sends(visit.app, visit.caller, after=visit.asked("after"))
    return visit.page("sends.html", items=page.items, next=page.next, after=visit.asked("after"))


async def show(visit: Visit) -> Response:
    """A draft as it would go out, or how far a send got and what became of each mail."""
    result = await sends.result(visit.app, visit.caller, visit.number("send"))
    if result.send.state in (SendState.DRAFT, SendState.PLANNED):
        return await _draft(visit, result)
    return await _progress(visit, result)


async def mail(visit: Visit) -> Response:
    """The mail's HTML alone, as somebody would get it; it is shown in a frame that can do nothing."""
    to = _contact(visit.asked("to"))
    shown = await rendered(visit.app, visit.caller, visit.number("send"), to)
    return framed(shown.html or "")


async def manifest(visit: Visit) -> Response:
    """What the check decided about everybody, as a file."""
    form = Form.JSON if visit.asked("format") == Form.JSON.value else Form.CSV
    found = await file(visit.app, visit.caller, visit.number("send"), form)
    named = {"content-disposition": f'attachment; filename="{found.name}"'}
    return StreamingResponse(found.content, media_type=found.media_type, headers=named)


async def start(visit: Visit) -> Response:
    """Begin what the page showed: everybody is checked first."""
    seen = (await visit.form()).text("revision")
    send = await sends.start(visit.app, visit.caller, visit.number("send"), seen)
    return visit.onwards(f"{PAGE}/{send.send_id}", "started")


async def upload(visit: Visit) -> Response:
    """Let a draft be for the addresses of a file, and say what of the file was left out."""
    found = await uploads.aim(visit.app, visit.caller, visit.number("send"), await _file(visit))
    return visit.page("send_upload.html", found=found)


async def _file(visit: Visit) -> bytes:
    given = (await visit.form()).data.get("file")
    if not isinstance(given, UploadFile) or not given.filename:
        raise Invalid("Choose a file first.")
    return await given.read()


async def plan(visit: Visit) -> Response:
    """Let it start by itself at a time, which the page asks for in UTC."""
    form = await visit.form()
    try:
        at = datetime.fromisoformat(form.text("at")).replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise Invalid("Say when it starts: a day and a time.") from None
    send = await scheduling.plan(visit.app, visit.caller, visit.number("send"), form.text("revision"), at)
    return visit.onwards(f"{PAGE}/{send.send_id}", "planned")


async def cancel(visit: Visit) -> Response:
    """Make it a draft again."""
    send = await scheduling.cancel(visit.app, visit.caller, visit.number("send"))
    return visit.onwards(f"{PAGE}/{send.send_id}", "cancelled")


async def pause(visit: Visit) -> Response:
    """Write to nobody for now."""
    send = await scheduling.pause(visit.app, visit.caller, visit.number("send"))
    return visit.onwards(f"{PAGE}/{send.send_id}", "halted")


async def resume(visit: Visit) -> Response:
    """Go on."""
    send = await scheduling.resume(visit.app, visit.caller, visit.number("send"))
    return visit.onwards(f"{PAGE}/{send.send_id}", "going")


async def stop(visit: Visit) -> Response:
    """End it now."""
    send = await sends.stop(visit.app, visit.caller, visit.number("send"))
    return visit.onwards(f"{PAGE}/{send.send_id}", "stopped")


async def discard(visit: Visit) -> Response:
    """Remove a draft."""
    await sends.discard(visit.app, visit.caller, visit.number("send"))
    return visit.onwards(PAGE, "removed")


async def _draft(visit: Visit, result: Result) -> Response:
    """What it would do is looked up when `look` asks for it, for Dynamics is asked about everybody."""
    send = result.send
    looked = visit.may("SEND") and visit.asked("look") == "yes"
    preview = await sends.preview(visit.app, visit.caller, send.send_id) if looked else None
    page = visit.page(
        "send_draft.html",
        send=send,
        preview=preview,
        example=_example(preview),
        why=WHY,
        filters=await filters(visit, send.draft.audience),
    )
    return framing(page)


def _example(preview: Preview | None) -> UUID | None:
    """Whom the mail is shown as; the preview knows them by address."""
    found = preview.sample if preview else ()
    return next((one.contact_id for one in found if preview and one.email == preview.mail_to), None)


async def _progress(visit: Visit, result: Result) -> Response:
    state, reason = _STATES.get(visit.asked("state")), _REASONS.get(visit.asked("reason"))
    states = frozenset({RecipientState.LEFT_OUT} if reason else {state} if state else ())
    wanted, after = Wanted(states, reason, limit=SHOWN), visit.asked("after")
    found = await sends.recipients(visit.app, visit.caller, result.send.send_id, wanted, after=after)
    page = visit.page(
        "send.html",
        send=result.send,
        result=result,
        checked=await has_one(visit.app, visit.caller, result.send.send_id),
        why=WHY,
        states=_ORDER,
        filters=await filters(visit, result.send.draft.audience),
        state=state if not reason else RecipientState.LEFT_OUT,
        reason=reason,
        recipients=found.items,
        next=found.next,
        after=after,
        rendered=await rendered(visit.app, visit.caller, result.send.send_id),
    )
    return framing(page)


def _contact(text: str) -> UUID | None:
    """Whom the mail is to be shown as; anything that names nobody shows it as to somebody."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
