"""Contacts: found and filtered, created, and taken away as a file."""

from http import HTTPStatus

from starlette.responses import Response
from starlette.routing import Route

from assent.errors import AssentError
from assent.policy.permission import LegalBasis
from assent.services import categories, contacts, exports
from assent.services.contacts import NewContact
from assent.web.console.audiences import filters, read_fields
from assent.web.console.visiting import Desk, Form, Visit, status_of, told
from assent.web.files import csv_file

SHOWN = 50


def contacts_routes(desk: Desk) -> list[Route]:
    """The list, a new contact, the export."""
    return [
        desk.get("/contacts", found),
        desk.get("/contacts/new", new),
        desk.post("/contacts/new", create),
        desk.get("/contacts/export", export),
    ]


async def found(visit: Visit) -> Response:
    """Search and filters, with how many there are."""
    audience = read_fields(visit.request.query_params)
    page = await contacts.search(visit.app, visit.caller, audience, after=visit.asked("after"), limit=SHOWN)
    return visit.page(
        "contacts.html",
        page=page,
        count=await contacts.count(visit.app, visit.caller, audience),
        filters=await filters(visit, audience),
        bases=tuple(LegalBasis),
    )


async def new(visit: Visit) -> Response:
    """An empty form."""
    return await _form(visit, {})


async def create(visit: Visit) -> Response:
    """Create a contact and show it; what is wrong is told beside what was typed."""
    form = await visit.form()
    try:
        made = await contacts.create(
            visit.app,
            visit.caller,
            NewContact(
                email=form.text("email"),
                first_name=form.text("first_name"),
                last_name=form.text("last_name"),
                basis=basis_of(form),
                unsubscribed=await _unsubscribed(visit, form),
            ),
            visit.evidence(form.text("evidence"), form.text("source")),
        )
    except AssentError as error:
        return await _form(visit, form.values(), told(error), status_of(error))
    return visit.onwards(f"/contacts/{made.contact_id}", "contact")


async def export(visit: Visit) -> Response:
    """The contacts of an audience as CSV; the first part is made before anything is answered."""
    audience = read_fields(visit.request.query_params)
    return await csv_file(exports.export(visit.app, visit.caller, audience), "contacts.csv")


def basis_of(form: Form) -> LegalBasis:
    """The legal basis chosen in a form; None for anything that is none."""
    bases = {basis.name.lower(): basis for basis in LegalBasis}
    return bases.get(form.text("basis"), LegalBasis.NONE)


async def _unsubscribed(visit: Visit, form: Form) -> int:
    """The categories whose box was not ticked."""
    known = await categories.all(visit.app, visit.caller)
    ticked = form.texts("yes")
    return sum(one.bit for one in known if one.active and str(one.number) not in ticked)


async def _form(
    visit: Visit, typed: dict[str, str], error: str = "", status: HTTPStatus = HTTPStatus.OK
) -> Response:
    known = await categories.all(visit.app, visit.caller)
    active = [one for one in known if one.active]
    return visit.page(
        "contact_new.html", status, typed=typed, error=error, categories=active, bases=tuple(LegalBasis)
    )
