"""Writing a send: what it says, its category, whom it is for, and how many that is while it is chosen."""

from dataclasses import replace
from http import HTTPStatus

from starlette.responses import Response
from starlette.routing import Route

from assent.errors import AssentError, Conflict, Invalid
from assent.policy.audience import EVERYBODY, Audience
from assent.policy.permission import LegalBasis
from assent.policy.sides import CATEGORY_LIMIT
from assent.services import contacts, sends
from assent.services.access import Right
from assent.services.sends import Draft, SendView
from assent.web.console.audiences import Filters, filters, read_fields
from assent.web.console.visiting import Desk, Form, Visit, sentence, status_of

PAGE = "/sends"

#: What a new mail says before anybody wrote anything.
BEGIN = Draft("", "", "Hello {{ first_name }},\n\n\n")

#: What a text may name, and what stands there in the mail.
PLACES = {
    "first_name": "the first name",
    "last_name": "the last name",
    "email": "the address",
    "category": "the category's name",
    "preferences_url": "the link to their own page",
    "unsubscribe_url": "the link that stops this mail",
}


def composing_routes(desk: Desk) -> list[Route]:
    """Writing a new send, and changing a draft; these come before the routes of one send."""
    return [
        desk.get(f"{PAGE}/new", ask_new),
        desk.post(f"{PAGE}/new", create),
        desk.post(f"{PAGE}/count", count),
        desk.get(PAGE + "/{send}/edit", ask_edit),
        desk.post(PAGE + "/{send}/edit", edit),
        desk.post(PAGE + "/{send}/copy", copy),
    ]


async def ask_new(visit: Visit) -> Response:
    """An empty mail, to the contacts the address names, where it names some."""
    visit.caller.require(Right.SEND)
    audience = read_fields(visit.request.query_params)
    begun = Draft(BEGIN.name, BEGIN.subject, BEGIN.body, category=_category(visit.asked("category")))
    return await _form(visit, begun, audience)


async def create(visit: Visit) -> Response:
    """Keep what was written, and show what it would do."""
    form = await visit.form()
    try:
        send = await sends.create(visit.app, visit.caller, _draft(form, EVERYBODY))
    except (Invalid, Conflict) as error:
        return await _again(visit, form, None, error)
    return visit.onwards(f"{PAGE}/{send.send_id}", "draft")


async def ask_edit(visit: Visit) -> Response:
    """A draft, to be changed."""
    visit.caller.require(Right.SEND)
    send = await sends.read(visit.app, visit.caller, visit.number("send"))
    return await _form(visit, send.draft, send.draft.audience, send)


async def edit(visit: Visit) -> Response:
    """Keep the changes, and show what it would do now."""
    form = await visit.form()
    send = await sends.read(visit.app, visit.caller, visit.number("send"))
    try:
        draft = _draft(form, send.draft.audience)
        await sends.edit(visit.app, visit.caller, send.send_id, draft)
    except (Invalid, Conflict) as error:
        return await _again(visit, form, send, error)
    return visit.onwards(f"{PAGE}/{send.send_id}", "draft")


async def copy(visit: Visit) -> Response:
    """A new draft that says the same, for the same people."""
    send = await sends.read(visit.app, visit.caller, visit.number("send"))
    made = await sends.create(visit.app, visit.caller, send.draft)
    return visit.onwards(f"{PAGE}/{made.send_id}/edit")


async def count(visit: Visit) -> Response:
    """How many contacts the fields of the form mean now."""
    visit.caller.require(Right.SEND)
    audience = read_fields((await visit.form()).data)
    return visit.page("send_count.html", matched=await contacts.count(visit.app, visit.caller, audience))


async def _again(visit: Visit, form: Form, send: SendView | None, error: AssentError) -> Response:
    """The form as it was sent, with what is wrong; nothing typed is lost."""
    known = send.draft.audience if send else EVERYBODY
    try:
        audience = _audience(form, known)
    except Invalid:
        audience = known
    return await _form(visit, _written(form, audience), audience, send, error)


async def _form(
    visit: Visit,
    draft: Draft,
    audience: Audience,
    send: SendView | None = None,
    error: AssentError | None = None,
) -> Response:
    found = await filters(visit, audience)
    return visit.page(
        "send_edit.html",
        status_of(error) if error else HTTPStatus.OK,
        send=send,
        draft=draft,
        filters=found,
        carried=_carried(found, send),
        categories=[one for one in found.categories if one.active or one.bit == draft.category],
        bases=[basis for basis in LegalBasis if basis.positive],
        matched=await contacts.count(visit.app, visit.caller, audience),
        places=PLACES,
        error=sentence(str(error)) if error else "",
    )


def _draft(form: Form, known: Audience) -> Draft:
    return _written(form, _audience(form, known))


def _written(form: Form, audience: Audience) -> Draft:
    return Draft(
        name=form.text("name") or form.text("subject")[:200],
        subject=form.text("subject"),
        body=form.secret("body").replace("\r\n", "\n"),
        html=form.secret("html").replace("\r\n", "\n"),
        category=_category(form.text("category")),
        transactional=form.flag("transactional"),
        audience=audience,
    )


def _audience(form: Form, known: Audience) -> Audience:
    """What the fields mean; contacts picked by hand stay as long as their box is ticked."""
    chosen = read_fields(form.data)
    if known.contact_ids is None or not form.flag("picked"):
        return chosen
    return replace(chosen, contact_ids=known.contact_ids)


def _carried(found: Filters, send: SendView | None) -> set[str]:
    """Filters the form has no field for: they stay. Picked contacts of a kept draft are not sent back."""
    picked = {"pick"} if send is None else set()
    single = {"connection"} if len(found.connections) < 2 else set()
    return {"no", "held", "pending"} | picked | single


def _category(text: str) -> int:
    """A category's bit by its number; 0 where none is named."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0
    return 1 << (number - 1) if 1 <= number <= CATEGORY_LIMIT else 0
