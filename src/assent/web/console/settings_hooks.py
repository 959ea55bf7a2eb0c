"""Outgoing webhooks: who is told of permission changes, how that went, and telling it again."""

from datetime import timedelta
from http import HTTPStatus

from starlette.responses import Response
from starlette.routing import Route

from assent.errors import AssentError, Conflict, Invalid
from assent.services import outgoing
from assent.services.outgoing import Endpoint, Pinged, State
from assent.web.console.visiting import Desk, Form, Visit, sentence, status_of

PAGE = "/settings/webhooks"

#: Deliveries on one page.
SHOWN = 25

#: How far back everything given up is told again, by what is chosen.
BACK = {"hour": timedelta(hours=1), "day": timedelta(days=1), "month": timedelta(days=30)}

_STATES = {state.value: state for state in State}


def hook_routes(desk: Desk) -> list[Route]:
    """The list, one webhook with what it was told, and what a button does to it."""
    one = PAGE + "/{endpoint}"
    return [
        desk.get(PAGE, show_all),
        desk.post(PAGE, add),
        desk.get(one, show),
        desk.post(one, change),
        desk.post(f"{one}/ping", ping),
        desk.post(f"{one}/rotate", rotate),
        desk.post(f"{one}/remove", remove),
        desk.post(f"{one}/replay", replay_failed),
        desk.post(one + "/deliveries/{delivery}/replay", replay),
    ]


async def show_all(visit: Visit) -> Response:
    """Every webhook."""
    return await _list(visit)


async def add(visit: Visit) -> Response:
    """Tell an address from now on; its secret is shown this once, on the answer itself."""
    form = await visit.form()
    url, description = form.text("url"), form.text("description")
    try:
        made = await outgoing.add_endpoint(visit.app, visit.caller, url, description)
    except (Invalid, Conflict) as error:
        return await _list(visit, form, error)
    return visit.page("settings_secret.html", endpoint=made.endpoint, secret=made.secret, rotated=False)


async def show(visit: Visit) -> Response:
    """One webhook, and what it was told."""
    return await _page(visit, await _read(visit))


async def change(visit: Visit) -> Response:
    """Another address or note, or switched off or on."""
    form, endpoint = await visit.form(), await _read(visit)
    given = {"url": form.text("url"), "description": form.text("description")}
    try:
        await outgoing.change_endpoint(
            visit.app, visit.caller, endpoint.endpoint_id, **given, active=form.flag("active")
        )
    except Invalid as error:
        return await _page(visit, endpoint, form=form, error=error)
    return visit.onwards(f"{PAGE}/{endpoint.endpoint_id}", "hook")


async def ping(visit: Visit) -> Response:
    """Post a test event now, and tell how it was answered."""
    endpoint = await _read(visit)
    pinged = await outgoing.ping(visit.app, visit.caller, endpoint.endpoint_id)
    return await _page(visit, endpoint, pinged=pinged)


async def rotate(visit: Visit) -> Response:
    """Give it another secret, shown this once."""
    endpoint = await _read(visit)
    secret = await outgoing.rotate_secret(visit.app, visit.caller, endpoint.endpoint_id)
    return visit.page("settings_secret.html", endpoint=endpoint, secret=secret, rotated=True)


async def remove(visit: Visit) -> Response:
    """Tell it nothing more."""
    await outgoing.remove_endpoint(visit.app, visit.caller, visit.number("endpoint"))
    return visit.onwards(PAGE, "removed")


async def replay_failed(visit: Visit) -> Response:
    """Tell again everything given up in the last while."""
    form, number = await visit.form(), visit.number("endpoint")
    since = visit.app.clock.now() - BACK.get(form.text("back"), BACK["day"])
    again = await outgoing.replay_failed(visit.app, visit.caller, number, since)
    return visit.onwards(f"{PAGE}/{number}", "replayed" if again else "unchanged")


async def replay(visit: Visit) -> Response:
    """Tell one event once more."""
    await outgoing.replay(visit.app, visit.caller, visit.number("delivery"))
    return visit.onwards(f"{PAGE}/{visit.number('endpoint')}", "replayed")


async def _list(visit: Visit, form: Form | None = None, error: AssentError | None = None) -> Response:
    return visit.page(
        "settings_hooks.html",
        status_of(error) if error else HTTPStatus.OK,
        endpoints=await outgoing.endpoints(visit.app, visit.caller),
        now=visit.app.clock.now(),
        given=form.values() if form else {},
        error=sentence(str(error)) if error else "",
    )


async def _page(
    visit: Visit,
    endpoint: Endpoint,
    *,
    pinged: Pinged | None = None,
    form: Form | None = None,
    error: AssentError | None = None,
) -> Response:
    state, after = _STATES.get(visit.asked("state")), visit.asked("after")
    number = endpoint.endpoint_id
    page = await outgoing.deliveries(visit.app, visit.caller, number, state=state, after=after, limit=SHOWN)
    return visit.page(
        "settings_hook.html",
        status_of(error) if error else HTTPStatus.OK,
        endpoint=endpoint,
        now=visit.app.clock.now(),
        pinged=pinged,
        deliveries=page.items,
        next=page.next,
        after=after,
        state=state,
        states=tuple(State),
        given=form.values() if form else {"url": endpoint.url, "description": endpoint.description},
        error=sentence(str(error)) if error else "",
    )


async def _read(visit: Visit) -> Endpoint:
    return await outgoing.endpoint(visit.app, visit.caller, visit.number("endpoint"))
