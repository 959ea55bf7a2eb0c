"""One contact: both sides, why they may or may not be mailed, what can be changed, and their history."""

from http import HTTPStatus
from uuid import UUID

from starlette.responses import Response
from starlette.routing import Route

from assent.errors import AssentError, Unknown
from assent.policy.permission import LegalBasis
from assent.services import categories, contacts, history, joins, questions
from assent.services.contacts import ContactChange
from assent.services.questions import Answer
from assent.web.console.contacts import basis_of
from assent.web.console.sides import sides
from assent.web.console.visiting import Desk, Form, Visit, status_of, told

SHOWN = 25

#: What a question about a grant may be answered with.
POSITIVE = tuple(basis for basis in LegalBasis if basis.positive)

#: Verdicts are shown for this many categories; the rest one by one on demand.
JUDGED = 12


def contact_routes(desk: Desk) -> list[Route]:
    """A contact's page, and what its forms do."""
    return [
        desk.get("/contacts/{contact_id}", show),
        desk.get("/contacts/{contact_id}/verdict", verdict),
        desk.post("/contacts/{contact_id}/basis", set_basis),
        desk.post("/contacts/{contact_id}/subscription", subscribe),
        desk.post("/contacts/{contact_id}/details", set_details),
        desk.post("/contacts/{contact_id}/release", release),
        desk.post("/contacts/{contact_id}/lift", lift),
        desk.post("/contacts/{contact_id}/part", part),
        desk.post("/questions/{request_id}", answer),
    ]


async def show(visit: Visit) -> Response:
    """The page."""
    return await _page(visit, _contact_id(visit))


async def verdict(visit: Visit) -> Response:
    """Ask Dynamics now whether the contact may be mailed, about one category or at all."""
    contact_id, bit = _contact_id(visit), await _asked_bit(visit)
    found = await contacts.why(visit.app, visit.caller, contact_id, category=bit)
    view = await contacts.read(visit.app, visit.caller, contact_id)
    named = next((one.name for one in view.subscriptions if one.bit == bit), "")
    return visit.page("contact_verdict.html", contact=view, why=found, category=named)


async def set_basis(visit: Visit) -> Response:
    """Set the legal basis, with evidence; a grant is bound to what was shown."""
    contact_id, form = _contact_id(visit), await visit.form()
    basis = basis_of(form)
    revision = int(form.text("revision")) if form.text("revision").isdecimal() else None
    try:
        await contacts.change(
            visit.app,
            visit.caller,
            contact_id,
            ContactChange(basis=basis),
            visit.evidence(form.text("evidence"), form.text("source")),
            revision=revision if basis.positive else None,
        )
    except AssentError as error:
        return await _again(visit, contact_id, "basis", error, form.values())
    return visit.onwards(f"/contacts/{contact_id}", "basis")


async def subscribe(visit: Visit) -> Response:
    """Turn one category on or off; the others are not touched (S3)."""
    contact_id, form = _contact_id(visit), await visit.form()
    bit = await _bit(visit, form.text("category"))
    change = ContactChange(subscriptions={bit: form.text("answer") == "yes"})
    await contacts.change(visit.app, visit.caller, contact_id, change, visit.evidence())
    return visit.onwards(f"/contacts/{contact_id}", "subscriptions")


async def set_details(visit: Visit) -> Response:
    """Change the address and the name, as far as they were changed in the form."""
    contact_id, form = _contact_id(visit), await visit.form()
    view = await contacts.read(visit.app, visit.caller, contact_id)
    change = ContactChange(
        email=_moved(form, "email", view.shown_email),
        first_name=_moved(form, "first_name", view.first_name),
        last_name=_moved(form, "last_name", view.last_name),
    )
    if change.empty:
        return visit.onwards(f"/contacts/{contact_id}", "unchanged")
    try:
        await contacts.change(visit.app, visit.caller, contact_id, change, visit.evidence())
    except AssentError as error:
        return await _again(visit, contact_id, "details", error, form.values())
    return visit.onwards(f"/contacts/{contact_id}", "details")


async def release(visit: Visit) -> Response:
    """Let a held contact go back into sends."""
    contact_id, form = _contact_id(visit), await visit.form()
    await contacts.release_hold(visit.app, visit.caller, contact_id, visit.evidence(form.text("evidence")))
    return visit.onwards(f"/contacts/{contact_id}", "released")


async def lift(visit: Visit) -> Response:
    """Let mail go to an address again that had bounced; the reason is part of it."""
    contact_id, form = _contact_id(visit), await visit.form()
    try:
        await contacts.lift_suppression(
            visit.app, visit.caller, contact_id, visit.evidence(form.text("reason"))
        )
    except AssentError as error:
        return await _again(visit, contact_id, "lift", error, form.values())
    return visit.onwards(f"/contacts/{contact_id}", "lifted")


async def part(visit: Visit) -> Response:
    """Take a join apart: the contact gets its rows and its address back."""
    contact_id, form = _contact_id(visit), await visit.form()
    await joins.take_apart(visit.app, visit.caller, contact_id, visit.evidence(form.text("evidence")))
    return visit.onwards(f"/contacts/{contact_id}", "parted")


async def answer(visit: Visit) -> Response:
    """Answer a question that only a person can answer."""
    form = await visit.form()
    onwards = "/attention" if form.text("from") == "attention" else f"/contacts/{_uuid(form.text('contact'))}"
    given = Answer(grant=form.text("answer") == "grant", basis=basis_of(form) or LegalBasis.CONSENT)
    proof = visit.evidence(form.text("evidence"), form.text("source"))
    await questions.answer(visit.app, visit.caller, visit.number("request_id"), given, proof)
    return visit.onwards(onwards, "answered")


async def _again(
    visit: Visit, contact_id: UUID, where: str, error: AssentError, typed: dict[str, str]
) -> Response:
    """The page once more, with what is wrong beside the form."""
    said = {where: told(error)}
    return await _page(visit, contact_id, said=said, typed=typed, status=status_of(error))


async def _page(
    visit: Visit,
    contact_id: UUID,
    *,
    said: dict[str, str] | None = None,
    typed: dict[str, str] | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    app, caller = visit.app, visit.caller
    view = await contacts.read(app, caller, contact_id)
    at_all = await contacts.standing(app, caller, [contact_id])
    judged = [one for one in view.subscriptions if one.active][:JUDGED]
    each = {
        one.name: (await contacts.standing(app, caller, [contact_id], category=one.bit))[contact_id]
        for one in judged
    }
    happened = await history.history(app, caller, contact_id, after=visit.asked("after"), limit=SHOWN)
    return visit.page(
        "contact.html",
        status,
        contact=view,
        why=at_all[contact_id],
        each=each,
        fields=sides(view),
        happened=happened,
        bases=tuple(LegalBasis),
        positive=POSITIVE,
        said=said or {},
        typed=typed or {},
    )


def _moved(form: Form, name: str, shown: str) -> str | None:
    """What a field holds now; None where it still is what was shown (S3)."""
    return None if form.text(name) == shown else form.text(name)


def _contact_id(visit: Visit) -> UUID:
    return _uuid(str(visit.request.path_params["contact_id"]))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Unknown("There is no such contact. The address may be incomplete.") from None


async def _asked_bit(visit: Visit) -> int:
    asked = visit.asked("category")
    return await _bit(visit, asked) if asked else 0


async def _bit(visit: Visit, number: str) -> int:
    for one in await categories.all(visit.app, visit.caller):
        if str(one.number) == number:
            return one.bit
    raise Unknown("this account has no such category")
