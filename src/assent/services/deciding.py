"""What people decide for a setup that waits: each decision is in the ledger, with who made it and why."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from assent.engine.setup_terms import Step
from assent.errors import Conflict, Invalid
from assent.ledger import entries as ledger
from assent.ledger.entries import Scalar
from assent.services import connections
from assent.services.access import Caller, Right
from assent.services.application import Application
from assent.services.connection_views import ConnectionView
from assent.services.setup_pauses import Choice, Pause
from assent.store.connection_rows import Settings


@dataclass(frozen=True, slots=True)
class Decision:
    """A choice, and for the toggles the form (any but the only one, by id) and its tab, by name or id."""

    choice: Choice
    form: str = ""
    tab: str = ""


async def decide(app: Application, caller: Caller, connection_id: int, made: Decision) -> ConnectionView:
    """Answer what a setup waits for, and let it go on.

    Raises Conflict where it does not wait for that, Invalid for a form or tab that is not in the pause's
    evidence. To approve the first write to an organisation is an admin's decision.
    """
    caller.require(Right.OPERATE)
    pause = (await connections.read(app, caller, connection_id)).pause
    if pause is None or made.choice not in {option.choice for option in pause.options}:
        raise Conflict("Setup does not wait for this decision any more; look at the page again.")
    if made.choice is Choice.APPROVE:
        caller.require(Right.CONNECT)
    chosen = _chosen(made, pause)
    stored = (await app.store.accounts.connection(caller.account_id, connection_id)).settings
    entry = ledger.decision(caller.actor, connection_id, made.choice.value, pause.reason, chosen)
    settings = _settings(stored, made.choice, pause, chosen)
    await app.store.accounts.decide(caller.account_id, connection_id, entry, settings)
    return await connections.set_up(app, caller, connection_id)


def _chosen(made: Decision, pause: Pause) -> dict[str, Scalar]:
    """What was chosen, as the evidence names it; raises Invalid for anything else."""
    if made.choice is Choice.ADOPT:
        return {"column": str(pause.evidence.get("column", ""))}
    if made.choice not in (Choice.TAB, Choice.NEW_TAB):
        return {}
    listed = pause.evidence.get("forms")
    forms = [form for form in listed if isinstance(form, dict)] if isinstance(listed, list) else []
    wanted = made.form.strip().strip("{}").lower()
    named = [form for form in forms if form.get("form_id") == wanted] if wanted else _likely(forms, pause)
    if len(named) != 1:
        raise Invalid("Name the form that should show the toggles, by its id; the evidence lists them.")
    form: dict[str, object] = named[0]
    if made.choice is Choice.NEW_TAB:
        return {"form": str(form["form_id"])}
    tab = made.tab.strip()
    if not any(_is_named(one, tab) for one in _tabs(form)):
        raise Invalid("Name the tab that should hold the toggles, as the evidence lists it for that form.")
    return {"form": str(form["form_id"]), "tab": tab}


def _likely(forms: list[dict[str, object]], pause: Pause) -> list[dict[str, object]]:
    """The form the pause is about, or the only one."""
    return [form for form in forms if form.get("form_id") == pause.evidence.get("form_id")] or forms


def _tabs(form: Mapping[str, object]) -> list[Mapping[str, object]]:
    tabs = form.get("tabs")
    return [tab for tab in tabs if isinstance(tab, dict)] if isinstance(tabs, list) else []


def _is_named(tab: Mapping[str, object], wanted: str) -> bool:
    name = wanted.strip("{}").lower()
    return bool(name) and name in (str(tab.get("name")).strip().lower(), tab.get("id"))


def _settings(stored: Settings, choice: Choice, pause: Pause, chosen: Mapping[str, Scalar]) -> Settings:
    """The connection's settings as the decision makes them."""
    match choice:
        case Choice.APPROVE:
            return msgspec.structs.replace(stored, approved=str(pause.evidence.get("fingerprint", "")))
        case Choice.TAB | Choice.NEW_TAB:
            form, tab = str(chosen["form"]), str(chosen.get("tab", ""))
            new_tab = choice is Choice.NEW_TAB
            return msgspec.structs.replace(stored, form=form, tab=tab, new_tab=new_tab, skip_form=False)
        case Choice.SKIP if pause.step is Step.CATALOGUE:
            return msgspec.structs.replace(stored, catalogue=False)
        case Choice.SKIP:
            return msgspec.structs.replace(stored, skip_form=True)
        case Choice.ADOPT:
            return msgspec.structs.replace(stored, adopted=(*stored.adopted, str(chosen["column"])))
        case Choice.RETRY:
            return stored
