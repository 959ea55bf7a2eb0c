"""One action on many contacts: chosen, looked at by outcome, and done to exactly those looked at."""

from http import HTTPStatus

from starlette.datastructures import FormData
from starlette.responses import Response
from starlette.routing import Route

from assent.errors import AssentError
from assent.policy.audience import Audience, mask_of
from assent.policy.bulk import BulkAction, BulkKind
from assent.policy.permission import LegalBasis
from assent.services import bulk, contacts
from assent.services.access import Right
from assent.services.bulk import BulkPreview
from assent.web.console.audiences import filters, read_fields, sent_audience, whole_numbers
from assent.web.console.contacts import basis_of
from assent.web.console.visiting import Desk, Form, Visit, status_of, told


def bulk_routes(desk: Desk) -> list[Route]:
    """Choosing, looking, doing; these come before the routes of one contact."""
    return [
        desk.get("/contacts/bulk", ask),
        desk.post("/contacts/bulk/preview", preview),
        desk.post("/contacts/bulk", apply),
    ]


async def ask(visit: Visit) -> Response:
    """Choose what to do with the contacts the address names."""
    visit.caller.require(Right.BULK)
    return await _page(visit, read_fields(visit.request.query_params), Form(FormData()))


async def preview(visit: Visit) -> Response:
    """What the action would do; nothing is done yet."""
    form = await visit.form()
    audience = sent_audience(form.text("audience"))
    try:
        found = await bulk.preview(visit.app, visit.caller, audience, _action(form))
    except AssentError as error:
        return await _page(visit, audience, form, error=error)
    return await _page(visit, audience, form, found)


async def apply(visit: Visit) -> Response:
    """Do it to exactly the contacts looked at; otherwise look again, and say so."""
    form = await visit.form()
    audience = sent_audience(form.text("audience"))
    proof = visit.evidence(form.text("evidence"), form.text("source"))
    try:
        await bulk.apply(visit.app, visit.caller, audience, _action(form), form.text("token"), proof)
    except AssentError as error:
        return await _page(visit, audience, form, error=error)
    return visit.onwards("/contacts", "bulk")


async def _page(
    visit: Visit,
    audience: Audience,
    form: Form,
    found: BulkPreview | None = None,
    error: AssentError | None = None,
) -> Response:
    return visit.page(
        "bulk.html",
        status_of(error) if error else HTTPStatus.OK,
        filters=await filters(visit, audience),
        count=await contacts.count(visit.app, visit.caller, audience),
        bases=[basis for basis in LegalBasis if basis is not LegalBasis.NONE],
        typed=form.values(),
        ticked=form.texts("category"),
        preview=found,
        grants=found is not None and _action(form).grants,
        error=told(error) if error else "",
    )


def _action(form: Form) -> BulkAction:
    kinds = {kind.value: kind for kind in BulkKind}
    kind = kinds.get(form.text("kind"), BulkKind.SET_BASIS)
    if kind is BulkKind.SET_BASIS:
        return BulkAction(kind, basis=basis_of(form))
    return BulkAction(kind, categories=mask_of(whole_numbers(form.texts("category"))))
