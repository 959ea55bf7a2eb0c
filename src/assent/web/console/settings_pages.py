"""The pages people see: the account's look on them, and sign-up forms with their snippets."""

from http import HTTPStatus

from starlette.responses import Response
from starlette.routing import Route

from assent.errors import AssentError, Conflict, Invalid
from assent.policy.audience import mask_of
from assent.services import brands, categories, forms
from assent.services.access import Right
from assent.store.brands import Brand
from assent.web.console.audiences import whole_numbers
from assent.web.console.visiting import Desk, Form, Visit, sentence, status_of

PAGE = "/settings/pages"


def page_routes(desk: Desk) -> list[Route]:
    """The look, the forms, and what is done to them."""
    one = PAGE + "/forms/{form}"
    return [
        desk.get(PAGE, show),
        desk.post(PAGE, look),
        desk.post(f"{PAGE}/forms", create),
        desk.post(f"{one}/close", close),
        desk.post(f"{one}/open", reopen),
    ]


async def show(visit: Visit) -> Response:
    """The look as it is, and every form."""
    return await _page(visit)


async def look(visit: Visit) -> Response:
    """Give the pages a look."""
    form = await visit.form()
    colour = form.text("colour") if form.flag("coloured") else ""
    try:
        await brands.write(
            visit.app, visit.caller, Brand(form.text("shown_name"), form.text("logo_url"), colour)
        )
    except Invalid as error:
        return await _page(visit, error)
    return visit.onwards(PAGE, "saved")


async def create(visit: Visit) -> Response:
    """Make a form."""
    form = await visit.form()
    chosen = mask_of(whole_numbers([str(value) for value in form.data.getlist("category")]))
    try:
        await forms.create(visit.app, visit.caller, form.text("name"), form.text("text"), chosen)
    except (Invalid, Conflict) as error:
        return await _page(visit, error, form)
    return visit.onwards(PAGE, "created")


async def close(visit: Visit) -> Response:
    """Let nobody sign up by a form any more."""
    await forms.set_active(visit.app, visit.caller, visit.number("form"), active=False)
    return visit.onwards(PAGE, "saved")


async def reopen(visit: Visit) -> Response:
    """Let people sign up by it again."""
    await forms.set_active(visit.app, visit.caller, visit.number("form"), active=True)
    return visit.onwards(PAGE, "saved")


async def _page(visit: Visit, error: AssentError | None = None, form: Form | None = None) -> Response:
    visit.caller.require(Right.CATEGORIES)
    return visit.page(
        "settings_pages.html",
        status_of(error) if error else HTTPStatus.OK,
        brand=await brands.read(visit.app, visit.caller),
        forms=await forms.all_forms(visit.app, visit.caller),
        categories=[one for one in await categories.all(visit.app, visit.caller) if one.active],
        given=form.values() if form else {},
        error=sentence(str(error)) if error else "",
    )
