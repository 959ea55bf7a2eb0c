"""People who sign in: invited with a role, changed, disabled, and given a new link."""

from http import HTTPStatus
from uuid import UUID

from starlette.responses import Response
from starlette.routing import Route

from assent.errors import AssentError, Conflict, Invalid, Unknown
from assent.services import people
from assent.services.access import Role
from assent.services.people import Invited, User
from assent.web.console.visiting import Desk, Form, Visit, sentence, status_of
from assent.web.console.words import ROLE_MEANS

PAGE = "/settings/people"


def people_routes(desk: Desk) -> list[Route]:
    """The list, an invitation, and one person."""
    one = PAGE + "/{user}"
    return [
        desk.get(PAGE, show_all),
        desk.post(PAGE, invite),
        desk.get(one, show),
        desk.post(one, change),
        desk.post(f"{one}/link", link),
        desk.post(f"{one}/disable", disable),
        desk.post(f"{one}/enable", enable),
    ]


async def show_all(visit: Visit) -> Response:
    """Everybody who may sign in."""
    return await _list(visit)


async def invite(visit: Visit) -> Response:
    """Add somebody; their link is shown this once, on the answer itself."""
    form = await visit.form()
    try:
        role = role_of(form)
        invited = await people.invite(visit.app, visit.caller, form.text("email"), form.text("name"), role)
    except (Invalid, Conflict) as error:
        return await _list(visit, form, error)
    return _invited(visit, invited)


async def show(visit: Visit) -> Response:
    """One person."""
    return _page(visit, await _read(visit))


async def change(visit: Visit) -> Response:
    """Give another name or role."""
    form, user = await visit.form(), await _read(visit)
    try:
        role = role_of(form)
        await people.change_user(visit.app, visit.caller, user.user_id, role=role, name=form.text("name"))
    except (Invalid, Conflict) as error:
        return _page(visit, user, error)
    return visit.onwards(PAGE, "user")


async def link(visit: Visit) -> Response:
    """Make a link to sign in once, for somebody who lost their password."""
    user = await _read(visit)
    try:
        return _invited(visit, await people.new_link(visit.app, visit.caller, user.user_id))
    except Conflict as error:
        return _page(visit, user, error)


async def disable(visit: Visit) -> Response:
    """Keep somebody out, at once."""
    return await _disabled(visit, disabled=True)


async def enable(visit: Visit) -> Response:
    """Let somebody sign in again."""
    return await _disabled(visit, disabled=False)


async def _disabled(visit: Visit, *, disabled: bool) -> Response:
    user = await _read(visit)
    try:
        await people.change_user(visit.app, visit.caller, user.user_id, disabled=disabled)
    except Conflict as error:
        return _page(visit, user, error)
    return visit.onwards(PAGE, "user")


def role_of(form: Form) -> Role:
    """The role a form names; raises Invalid."""
    try:
        return Role(form.text("role"))
    except ValueError:
        raise Invalid("Choose a role: it decides what may be done.") from None


async def _list(visit: Visit, form: Form | None = None, error: AssentError | None = None) -> Response:
    return visit.page(
        "settings_people.html",
        status_of(error) if error else HTTPStatus.OK,
        users=await people.users(visit.app, visit.caller),
        me=visit.caller.actor.ident,
        roles=ROLE_MEANS,
        given=form.values() if form else {},
        error=sentence(str(error)) if error else "",
    )


def _page(visit: Visit, user: User, error: AssentError | None = None) -> Response:
    return visit.page(
        "settings_person.html",
        status_of(error) if error else HTTPStatus.OK,
        user=user,
        is_me=str(user.user_id) == visit.caller.actor.ident,
        roles=ROLE_MEANS,
        error=sentence(str(error)) if error else "",
    )


def _invited(visit: Visit, invited: Invited) -> Response:
    url = people.sign_in_url(visit.app, invited.token)
    return visit.page("settings_link.html", user=invited.user, url=url)


async def _read(visit: Visit) -> User:
    try:
        user_id = UUID(str(visit.request.path_params["user"]))
    except ValueError:
        raise Unknown("This account has no such user.") from None
    return await people.user(visit.app, visit.caller, user_id)
