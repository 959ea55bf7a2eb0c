"""Connections to Dynamics: made, set up step by step, paused, swept, and what people decide about them."""

from http import HTTPStatus
from uuid import UUID

from starlette.responses import Response
from starlette.routing import Route

from assent.errors import AssentError, Invalid
from assent.policy.permission import OnAllow
from assent.services import connections, credentials, deciding, planning, removing
from assent.services.access import Right
from assent.services.connection_views import ConnectionView
from assent.services.connections import SWITCHES, Changed
from assent.services.credentials import Credentials
from assent.services.deciding import Decision
from assent.services.remaining import left_words
from assent.services.setup_pauses import Choice, Pause
from assent.store.organisations import NewConnection
from assent.web.console.visiting import Desk, Form, Visit, status_of, told
from assent.web.console.words import ON_ALLOW_MEANS
from assent.web.files import csv_file

PAGE = "/connections"

#: Sweeps on a connection's page.
SHOWN = 15


def connection_routes(desk: Desk) -> list[Route]:
    """The list, a new one, and everything about one of them."""
    one = PAGE + "/{connection_id}"
    return [
        desk.get(PAGE, show_all),
        desk.get(f"{PAGE}/new", ask_new),
        desk.post(f"{PAGE}/new", create),
        desk.post(f"{PAGE}/sweep", sweep),
        desk.get(one, show),
        desk.post(f"{one}/setup", set_up),
        desk.get(f"{one}/plan.csv", plan),
        desk.post(f"{one}/decide", decide),
        desk.post(f"{one}/pause", pause),
        desk.post(f"{one}/resume", resume),
        desk.get(f"{one}/settings", ask_settings),
        desk.post(f"{one}/settings", change),
        desk.post(f"{one}/credentials", put_credentials),
        desk.get(f"{one}/findings", findings),
        desk.get(f"{one}/remove", ask_removal),
        desk.post(f"{one}/remove", remove),
        desk.get(f"{one}/subscriptions.csv", export),
    ]


async def show_all(visit: Visit) -> Response:
    """Every connection with its state."""
    return visit.page("connections.html", connections=await connections.all(visit.app, visit.caller))


async def ask_new(visit: Visit) -> Response:
    """An empty form."""
    visit.caller.require(Right.CONNECT)
    return visit.page("connection_new.html", typed={}, error="")


async def create(visit: Visit) -> Response:
    """Verify an organisation at once and keep it; what it answered instead is told in words."""
    form = await visit.form()
    new = NewConnection(
        form.text("name"),
        form.text("url"),
        form.text("tenant"),
        form.text("client_id"),
        form.secret("secret") or form.secret("certificate"),
        authority=form.text("authority"),
    )
    try:
        made = await connections.connect(visit.app, visit.caller, new)
    except AssentError as error:
        typed = {
            name: value
            for name, value in form.values().items()
            if name not in ("secret", "certificate", "csrf")
        }
        return visit.page("connection_new.html", status_of(error), typed=typed, error=told(error))
    return visit.onwards(f"{PAGE}/{made.connection_id}", "connected")


async def show(visit: Visit) -> Response:
    """State, setup, sweeps, settings."""
    view = await _read(visit)
    sweeps = await connections.sweeps(visit.app, visit.caller, view.connection_id, limit=SHOWN)
    return visit.page(
        "connection.html",
        one=view,
        sweeps=sweeps,
        places=_places(view.pause),
        evidence=_evidence(view.pause),
        left_words=left_words,
        on_allow=ON_ALLOW_MEANS,
        outcomes={outcome.value: words for outcome, words in planning.OUTCOMES.items()},
    )


async def set_up(visit: Visit) -> Response:
    """Begin setup, go on, or repair."""
    view = await connections.set_up(visit.app, visit.caller, visit.number("connection_id"))
    return visit.onwards(f"{PAGE}/{view.connection_id}", "setup")


async def plan(visit: Visit) -> Response:
    """Whom the first sync concerns, as CSV; the first part is made before anything is answered."""
    number = visit.number("connection_id")
    return await csv_file(planning.people(visit.app, visit.caller, number), "first-sync.csv")


async def decide(visit: Visit) -> Response:
    """Answer what a setup waits for."""
    form = await visit.form()
    try:
        choice = Choice(form.text("choice"))
    except ValueError:
        raise Invalid("Choose what setup should do.") from None
    number = visit.number("connection_id")
    form_id, _, tab = form.text("place").partition(" ")
    await deciding.decide(visit.app, visit.caller, number, Decision(choice, form_id, tab))
    return visit.onwards(f"{PAGE}/{number}", "decided")


async def pause(visit: Visit) -> Response:
    """Stop reading and writing it."""
    view = await connections.pause(visit.app, visit.caller, visit.number("connection_id"))
    return visit.onwards(f"{PAGE}/{view.connection_id}", "paused")


async def resume(visit: Visit) -> Response:
    """Go on, and catch up."""
    view = await connections.resume(visit.app, visit.caller, visit.number("connection_id"))
    return visit.onwards(f"{PAGE}/{view.connection_id}", "resumed")


async def sweep(visit: Visit) -> Response:
    """Sweep every live connection now."""
    form = await visit.form()
    await connections.sweep_now(visit.app, visit.caller)
    from_one = form.text("from")
    onwards = f"{PAGE}/{from_one}" if from_one.isascii() and from_one.isdigit() else PAGE
    return visit.onwards(onwards, "sweep")


async def ask_settings(visit: Visit) -> Response:
    """What Dynamics may create, and what an Allow there counts as."""
    visit.caller.require(Right.CONNECT)
    return _settings(visit, await _read(visit))


async def change(visit: Visit) -> Response:
    """Keep new settings; what cannot be is told above the form."""
    view, form = await _read(visit), await visit.form()
    try:
        await connections.change(visit.app, visit.caller, view.connection_id, _changed(form))
    except AssentError as error:
        return _settings(visit, view, form, error)
    return visit.onwards(f"{PAGE}/{view.connection_id}", "saved")


async def put_credentials(visit: Visit) -> Response:
    """Sign in anew and keep it; what cannot be is told above the form."""
    view, form = await _read(visit), await visit.form()
    secret = form.secret("secret") or form.secret("certificate")
    given = Credentials(form.text("url"), form.text("tenant"), form.text("client_id"), secret)
    try:
        await credentials.replace(visit.app, visit.caller, view.connection_id, given)
    except AssentError as error:
        return _settings(visit, view, refused=error)
    return visit.onwards(f"{PAGE}/{view.connection_id}", "saved")


async def findings(visit: Visit) -> Response:
    """What the organisation tells of itself now."""
    view = await _read(visit)
    found = await credentials.findings(visit.app, visit.caller, view.connection_id)
    return visit.page("connection_findings.html", one=view, found=found)


async def ask_removal(visit: Visit) -> Response:
    """What would be removed, and what would stay."""
    view = await _read(visit)
    parts = await removing.plan(visit.app, visit.caller, view.connection_id)
    return visit.page("connection_remove.html", one=view, parts=parts)


async def export(visit: Visit) -> Response:
    """What the organisation's rows say, as CSV: removal deletes it there."""
    number = visit.number("connection_id")
    return await csv_file(removing.export(visit.app, visit.caller, number), "subscriptions.csv")


async def remove(visit: Visit) -> Response:
    """Take away what setup made."""
    view = await removing.remove(visit.app, visit.caller, visit.number("connection_id"))
    return visit.onwards(f"{PAGE}/{view.connection_id}", "removing")


def _settings(
    visit: Visit,
    view: ConnectionView,
    form: Form | None = None,
    error: AssentError | None = None,
    refused: AssentError | None = None,
) -> Response:
    writers = form.text("held_writers") if form else "\n".join(map(str, view.held_writers))
    return visit.page(
        "connection_settings.html",
        status_of(wrong) if (wrong := error or refused) else HTTPStatus.OK,
        credentials_error=told(refused) if refused else "",
        one=view,
        writers=writers,
        chosen=form.text("on_allow") if form else view.on_allow.value,
        on_allow=ON_ALLOW_MEANS,
        error=told(error) if error else "",
    )


def _changed(form: Form) -> Changed:
    try:
        on_allow = OnAllow(form.text("on_allow"))
        writers = tuple(UUID(word) for word in form.text("held_writers").replace(",", " ").split())
    except ValueError:
        raise Invalid(
            "The writers whose Allow is always held are named by their id in Dynamics, one a line, such as "
            "11111111-2222-4333-8444-555555555555. Nothing was changed."
        ) from None
    switches = {name: form.flag(name) for name in SWITCHES}
    return Changed(on_allow=on_allow, held_writers=writers, **switches)


async def _read(visit: Visit) -> ConnectionView:
    return await connections.read(visit.app, visit.caller, visit.number("connection_id"))


def _places(pause: Pause | None) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """The forms a pause names: id, name, and their tabs as what is sent and what to call each.

    A plan names forms too, but no tabs to choose among.
    """
    listed = pause.evidence.get("forms") if pause else None
    forms = (
        [form for form in listed if isinstance(form, dict) and "tabs" in form]
        if isinstance(listed, list)
        else []
    )
    return [
        (
            form["form_id"],
            form["form"] if form["customisable"] else f"{form['form']} (locked)",
            [(f"{form['form_id']} {tab['name'] or tab['id']}", _tab_words(tab)) for tab in form["tabs"]],
        )
        for form in forms
    ]


def _tab_words(tab: dict[str, object]) -> str:
    labels = tab.get("labels")
    named = [str(label) for label in labels if label] if isinstance(labels, list) else []
    words = " / ".join(named) or str(tab.get("name") or "a tab without a label")
    return words if tab.get("visible", True) else f"{words} (hidden)"


#: Evidence that is shown in a way of its own.
_SHOWN = ("found", "in_question", "forms")


def _evidence(pause: Pause | None) -> list[tuple[str, str]]:
    """What else was found, as it can be read."""
    told = pause.evidence if pause else {}
    return [
        (name.replace("_", " "), "; ".join(map(str, value)) if isinstance(value, list) else str(value))
        for name, value in told.items()
        if name not in _SHOWN and value
    ]
