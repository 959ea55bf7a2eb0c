"""API keys: how programs call, made with a role, shown once, revoked for good."""

from http import HTTPStatus
from uuid import UUID

from starlette.responses import Response
from starlette.routing import Route

from assent.errors import AssentError, Conflict, Invalid, Unknown
from assent.services import people
from assent.web.console.settings_people import role_of
from assent.web.console.visiting import Desk, Form, Visit, sentence, status_of
from assent.web.console.words import KEY_ROLE_MEANS

PAGE = "/settings/keys"


def key_routes(desk: Desk) -> list[Route]:
    """The list, a new key, and the end of one."""
    return [
        desk.get(PAGE, show_all),
        desk.post(PAGE, make),
        desk.post(PAGE + "/{key}/revoke", revoke),
    ]


async def show_all(visit: Visit) -> Response:
    """Every key, the ones that work first."""
    return await _list(visit)


async def make(visit: Visit) -> Response:
    """Make a key; its secret is shown this once, on the answer itself."""
    form = await visit.form()
    try:
        made = await people.make_key(visit.app, visit.caller, form.text("name"), role_of(form))
    except (Invalid, Conflict) as error:
        return await _list(visit, form, error)
    return visit.page(
        "settings_key.html", key=made.key, secret=made.secret, url=visit.app.settings.reached_at
    )


async def revoke(visit: Visit) -> Response:
    """End a key."""
    try:
        key_id = UUID(str(visit.request.path_params["key"]))
    except ValueError:
        raise Unknown("This account has no such key.") from None
    await people.revoke_key(visit.app, visit.caller, key_id)
    return visit.onwards(PAGE, "revoked")


async def _list(visit: Visit, form: Form | None = None, error: AssentError | None = None) -> Response:
    found = await people.keys(visit.app, visit.caller)
    return visit.page(
        "settings_keys.html",
        status_of(error) if error else HTTPStatus.OK,
        working=[key for key in found if key.revoked_at is None],
        revoked=[key for key in found if key.revoked_at is not None],
        roles=KEY_ROLE_MEANS,
        given=form.values() if form else {},
        error=sentence(str(error)) if error else "",
    )
