"""Settings: who signs in, which programs call, who is told, and one's own password."""

from http import HTTPStatus

from starlette.responses import Response
from starlette.routing import Route

from assent.errors import AssentError
from assent.services import people
from assent.services.access import Right
from assent.services.people import SHORTEST_PASSWORD
from assent.web.console.settings_hooks import hook_routes
from assent.web.console.settings_keys import key_routes
from assent.web.console.settings_pages import page_routes
from assent.web.console.settings_people import people_routes
from assent.web.console.visiting import Desk, Visit, sentence, status_of
from assent.web.sessions import secret_of


def settings_routes(desk: Desk) -> list[Route]:
    """Everything under settings; the rest stands in modules of its own."""
    return [
        *people_routes(desk),
        *key_routes(desk),
        *hook_routes(desk),
        *page_routes(desk),
        desk.get("/settings", first),
        desk.get("/settings/password", ask_password),
        desk.post("/settings/password", set_password),
    ]


async def first(visit: Visit) -> Response:
    """People, for whoever may manage them; everybody else has a password to set."""
    path = "/settings/people" if visit.caller.may(Right.PEOPLE) else "/settings/password"
    return visit.onwards(path, visit.asked("done"))


async def ask_password(visit: Visit) -> Response:
    """The form for a password."""
    return await _password(visit, None)


async def set_password(visit: Visit) -> Response:
    """Set it; whatever was typed wrongly is told on the same page, and nothing typed is shown again."""
    form = await visit.form()
    old, new = form.secret("old"), form.secret("new")
    try:
        secret = secret_of(visit.app, visit.request)
        await people.set_password(visit.app, visit.caller, old, new, secret=secret)
    except AssentError as error:
        return await _password(visit, error)
    return visit.onwards("/settings/password", "password")


async def _password(visit: Visit, error: AssentError | None) -> Response:
    return visit.page(
        "settings_password.html",
        status_of(error) if error else HTTPStatus.OK,
        me=await people.me(visit.app, visit.caller),
        shortest=SHORTEST_PASSWORD,
        error=sentence(str(error)) if error else "",
    )
