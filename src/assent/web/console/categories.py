"""Categories: made, named, described, put in order, archived and restored, with how far Dynamics is."""

from collections.abc import Sequence
from http import HTTPStatus

from starlette.responses import Response
from starlette.routing import Route

from assent.errors import AssentError, Conflict, Invalid, Unknown
from assent.policy.sides import CATEGORY_LIMIT
from assent.services import categories, category_reach
from assent.services.categories import CategoryView
from assent.web.console.visiting import Desk, Form, Visit, sentence, status_of

PAGE = "/categories"


def category_routes(desk: Desk) -> list[Route]:
    """The list, and what is done to one of them."""
    one = PAGE + "/{number}"
    return [
        desk.get(PAGE, show_all),
        desk.post(PAGE, create),
        desk.post(f"{PAGE}/order", reorder),
        desk.get(one, show),
        desk.post(one, change),
        desk.post(f"{one}/archive", archive),
        desk.post(f"{one}/restore", restore),
    ]


async def show_all(visit: Visit) -> Response:
    """Every category in its order, archived ones below."""
    return await _list(visit)


async def create(visit: Visit) -> Response:
    """Make a category; what cannot be is told above the form, with what was typed."""
    form = await visit.form()
    try:
        await categories.create(visit.app, visit.caller, form.text("name"), form.text("description"))
    except (Invalid, Conflict) as error:
        return await _list(visit, form, error)
    return visit.onwards(PAGE, "category")


async def reorder(visit: Visit) -> Response:
    """Move one up or down (`move` is `3:up`), or take the order of those in use, as `order` lists them."""
    form = await visit.form()
    views = await categories.all(visit.app, visit.caller)
    bits = {view.number: view.bit for view in views}
    order = _moved(views, form.text("move")) if form.text("move") else _ordered(views, form.text("order"))
    if sorted(order) != sorted(bits):
        raise Conflict("The categories changed meanwhile, so their order was left as it was. Look again.")
    await categories.reorder(visit.app, visit.caller, [bits[number] for number in order])
    return visit.onwards(PAGE, "reordered")


async def show(visit: Visit) -> Response:
    """One category: its words, who said yes, and its column in every organisation."""
    return await _page(visit, await _read(visit))


async def change(visit: Visit) -> Response:
    """Rename or describe it."""
    form, view = await visit.form(), await _read(visit)
    name, description = form.text("name"), form.text("description")
    try:
        await categories.change(visit.app, visit.caller, view.bit, name=name, description=description)
    except (Invalid, Conflict) as error:
        return await _page(visit, view, form, error)
    return visit.onwards(f"{PAGE}/{view.number}", "renamed")


async def archive(visit: Visit) -> Response:
    """Take it out of pages, sends and forms."""
    await categories.archive(visit.app, visit.caller, (await _read(visit)).bit)
    return visit.onwards(PAGE, "archived")


async def restore(visit: Visit) -> Response:
    """Bring it back."""
    await categories.restore(visit.app, visit.caller, (await _read(visit)).bit)
    return visit.onwards(PAGE, "restored")


async def _list(visit: Visit, form: Form | None = None, error: AssentError | None = None) -> Response:
    found = await categories.all(visit.app, visit.caller)
    return visit.page(
        "categories.html",
        status_of(error) if error else HTTPStatus.OK,
        active=[view for view in found if view.active],
        archived=[view for view in found if not view.active],
        counts=await categories.counts(visit.app, visit.caller),
        reach=await category_reach.reach(visit.app, visit.caller),
        limit=CATEGORY_LIMIT,
        given=form.values() if form else {},
        error=sentence(str(error)) if error else "",
    )


async def _page(
    visit: Visit, view: CategoryView, form: Form | None = None, error: AssentError | None = None
) -> Response:
    counts = await categories.counts(visit.app, visit.caller)
    reach = await category_reach.reach(visit.app, visit.caller)
    return visit.page(
        "category.html",
        status_of(error) if error else HTTPStatus.OK,
        category=view,
        subscribed=counts.get(view.bit, 0),
        places=reach.places(view),
        given=form.values() if form else {"name": view.name, "description": view.description},
        error=sentence(str(error)) if error else "",
    )


async def _read(visit: Visit) -> CategoryView:
    number = visit.number("number")
    if not 1 <= number <= CATEGORY_LIMIT:
        raise Unknown("This account has no such category.")
    return await categories.read(visit.app, visit.caller, 1 << (number - 1))


def _moved(views: Sequence[CategoryView], move: str) -> list[int]:
    """The order after one active category passed its neighbour; archived ones keep their places."""
    number, _, way = move.partition(":")
    order = [view.number for view in views]
    active = [view.number for view in views if view.active]
    if not number.isascii() or not number.isdigit() or int(number[:4]) not in active:
        raise Unknown("This category is archived or gone, so nothing was moved.")
    place = active.index(int(number[:4]))
    other = place + (-1 if way == "up" else 1)
    if 0 <= other < len(active):
        one, two = order.index(active[place]), order.index(active[other])
        order[one], order[two] = order[two], order[one]
    return order


def _ordered(views: Sequence[CategoryView], given: str) -> list[int]:
    """The order of those in use, by number, and the archived ones behind them."""
    chosen = [int(text) for text in given.split() if text.isascii() and text.isdigit() and len(text) < 4]
    return chosen + [view.number for view in views if not view.active]
