"""What a setup would do, how far it is, and what is decided for it, at the command line."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from assent.app.application import open_application
from assent.cli import show
from assent.cli.files import write_file
from assent.errors import Invalid
from assent.services import connections, deciding, planning
from assent.services.access import operator
from assent.services.connection_views import ConnectionView
from assent.services.connections import SWITCHES, Changed
from assent.services.deciding import Decision
from assent.services.remaining import left_words
from assent.services.settings import read_settings
from assent.services.setup_pauses import Choice


async def plan(account: int, connection: int, people: Path | None, *, json: bool) -> int:
    """Show the plan; `people` gets the first sync row by row."""
    async with open_application(read_settings(), worker=False) as app:
        found = await planning.plan(app, operator(account), connection)
        if people is not None:
            chunks = [chunk async for chunk in planning.people(app, operator(account), connection)]
            write_file(people, b"".join(chunks))
    if json:
        show.as_json(dict(found))
    else:
        tell_plan(found)
    return 0


def tell_plan(plan: Mapping[str, Any]) -> None:
    """The plan as lines for people: what would be made or changed, then the first sync."""
    for part in plan["components"]:
        change = " -> ".join(word for word in (part["before"], part["after"]) if word)
        show.plain(f"{part['action']:8} {part['kind']} {part['name']}{': ' if change else ''}{change}")
    for form in plan["forms"]:
        for edit in form["changes"]:
            show.plain(f"{'change':8} form {form['form']}: {edit['what']}")
            for sign, xml in (("-", edit["before"]), ("+", edit["after"])):
                for line in xml.replace("><", ">\n<").splitlines():
                    show.plain(f"         {sign} {line}")
    if "will_ask" in plan:
        show.plain(f"{'pause':8} form: {plan['will_ask']['message']}")
    if plan["missing_privileges"]:
        show.plain(f"missing  privileges: {', '.join(plan['missing_privileges'])}")
    for writer in plan["writers"]:
        kind = "application" if writer["application"] else "person"
        show.plain(
            f"writes   contacts: {writer['name']} ({kind}, {writer['id']}), {writer['rows']} of the newest"
        )
    sync = plan["first_sync"]
    show.plain(f"First sync: {sync['rows']:,} rows, {sync['contacts_linked']:,} contacts linked")
    words = {outcome.value: said for outcome, said in planning.OUTCOMES.items()}
    for outcome, count in sync["outcomes"].items():
        if count:
            show.plain(f"  {count:9,} {words[outcome]}")
    writes = f"{sync['refusals_written']:,} refusals and {sync['blanks_filled']:,} empty toggles written"
    share = f"{sync['share_of_day']:.1%} of a day's requests"
    show.plain(f"  {writes}; about {sync['hours']} hours, {share}")


async def status(account: int, connection: int, *, json: bool) -> int:
    """Say how far setup is, and what it waits for."""
    async with open_application(read_settings(), worker=False) as app:
        view = await connections.read(app, operator(account), connection)
    _tell(view, json=json)
    return 0


async def override(account: int, connection: int, choice: str, form: str, tab: str, *, json: bool) -> int:
    """Decide for a setup that waits."""
    try:
        decision = Decision(Choice(choice), form, tab)
    except ValueError:
        raise Invalid(f"A choice is one of {', '.join(one.value for one in Choice)}.") from None
    async with open_application(read_settings(), worker=False) as app:
        view = await deciding.decide(app, operator(account), connection, decision)
    _tell(view, json=json)
    return 0


async def settings(account: int, connection: int, changed: Changed, *, json: bool) -> int:
    """Change the settings that are named, if any; show them all."""
    async with open_application(read_settings(), worker=False) as app:
        view = await connections.change(app, operator(account), connection, changed)
    switches = {name: getattr(view, name) for name in SWITCHES}
    if json:
        show.as_json({"connection": view.connection_id, "on_allow": view.on_allow.value, **switches})
        return 0
    for name, value in {"on_allow": view.on_allow.value, **switches}.items():
        show.plain(f"{name.replace('_', '-'):20} {value if name == 'on_allow' else 'yes' if value else 'no'}")
    return 0


def _tell(view: ConnectionView, *, json: bool) -> None:
    if json:
        show.as_json(_object(view))
        return
    show.plain(f"{view.name}: {view.state.value}. {view.means}")
    at = view.progress
    left = "" if at.seconds_left is None else f", {left_words(at.seconds_left)}"
    show.plain(f"{at.done} of {at.total} steps done{left}")
    for step in view.steps:
        many = f", {step.passed:,} of {step.of:,} contacts" if step.of else ""
        show.plain(f"  {step.title}: {step.words}{many}{'. ' + step.message if step.message else ''}")
    if view.pause is not None:
        show.plain(f"{view.pause.reason}: {view.pause.message} {view.pause.to_do}")
        for option in view.pause.options:
            show.plain(f"  --choice {option.choice.value}: {option.explains}")


def _object(view: ConnectionView) -> dict[str, object]:
    pause = view.pause and {
        "step": view.pause.step.value,
        "reason": view.pause.reason,
        "message": view.pause.message,
        "to_do": view.pause.to_do,
        "choices": [option.choice.value for option in view.pause.options],
        "evidence": view.pause.evidence,
    }
    steps = [
        {
            "step": step.step.value,
            "state": step.state.value,
            "at": step.at,
            "passed": step.passed,
            "of": step.of,
        }
        for step in view.steps
    ]
    return {
        "connection": view.connection_id,
        "state": view.state.value,
        "progress": asdict(view.progress),
        "steps": steps,
        "pause": pause,
    }
