"""Erasing a person: what would happen, asked for, and how far it is."""

from uuid import UUID

from starlette.responses import Response
from starlette.routing import Route

from assent.errors import AssentError, Unknown
from assent.services import erasing
from assent.web.console.visiting import Desk, Visit, status_of, told

PAGE = "/erasures"


def erasure_routes(desk: Desk) -> list[Route]:
    """The look before, the list, and one of them."""
    return [
        desk.get("/contacts/{contact_id}/erase", preview),
        desk.post("/contacts/{contact_id}/erase", start),
        desk.get(PAGE, show_all),
        desk.get(PAGE + "/{erasure_id}", show),
        desk.post(PAGE + "/{erasure_id}/go-on", go_on),
    ]


async def preview(visit: Visit) -> Response:
    """What would be written and destroyed; nothing is yet."""
    found = await erasing.preview(visit.app, visit.caller, _contact_id(visit))
    return visit.page("erase.html", one=found, typed={}, error="")


async def start(visit: Visit) -> Response:
    """Erase the person, and show how it goes."""
    contact_id, form = _contact_id(visit), await visit.form()
    evidence = visit.evidence(form.text("evidence"), form.text("source"))
    try:
        begun = await erasing.start(visit.app, visit.caller, contact_id, evidence)
    except AssentError as error:
        said = told(error)
        found = await erasing.preview(visit.app, visit.caller, contact_id)
        return visit.page("erase.html", status_of(error), one=found, typed=form.values(), error=said)
    return visit.onwards(f"{PAGE}/{begun.erasure_id}", "erasing")


async def show_all(visit: Visit) -> Response:
    """The newest erasures."""
    found = await erasing.all(visit.app, visit.caller, after=visit.asked("after"))
    return visit.page("erasures.html", page=found)


async def show(visit: Visit) -> Response:
    """How each row stands, or stood at the end."""
    found = await erasing.read(visit.app, visit.caller, visit.number("erasure_id"))
    return visit.page("erasure.html", one=found)


async def go_on(visit: Visit) -> Response:
    """Finish without the rows that wait."""
    found = await erasing.go_on(visit.app, visit.caller, visit.number("erasure_id"))
    return visit.onwards(f"{PAGE}/{found.erasure_id}", "going-on")


def _contact_id(visit: Visit) -> UUID:
    try:
        return UUID(str(visit.request.path_params["contact_id"]))
    except ValueError:
        raise Unknown("There is no such contact. The address may be incomplete.") from None
