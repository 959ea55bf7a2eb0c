"""Which contact forms get the toggles: those that have them, the one a person chose, or the only one."""

from collections.abc import Sequence
from uuid import UUID

from assent.errors import Paused
from assent.ports.setup import Form, Placing


def choose(forms: Sequence[Form], chosen: Placing) -> list[Form]:
    """Give the forms to edit; raises Paused, with every form and its tabs, where a person must say which."""
    named = [form for form in forms if same(form, chosen)]
    ours = [form for form in forms if form.ours]
    if chosen.form and not named:
        raise Paused(
            "form_not_found",
            "The form that was chosen for the Subscriptions section is not among the active main forms.",
            evidence={"looked_for": [f"an active contact main form with the id {chosen.form}"]}
            | listed(forms),
        )
    if named or ours:
        return [*named, *(form for form in ours if form not in named)]
    open_ones = [form for form in forms if form.customisable]
    if not open_ones:
        raise Paused(
            "no_customisable_form",
            "No active contact main form may be customised, so the Subscriptions section has no place. "
            "Allow customisation of one form, or choose to go on without placing it.",
            evidence={"looked_for": ["an active contact main form that may be customised"]} | listed(forms),
        )
    if len(open_ones) > 1:
        raise Paused(
            "several_forms",
            f"There are {len(open_ones)} active contact main forms that may be customised.",
            evidence={"looked_for": ["one active contact main form"]} | listed(forms),
        )
    return open_ones


def same(form: Form, chosen: Placing) -> bool:
    """Whether this form is the one a person chose."""
    try:
        return UUID(chosen.form) == form.form_id
    except ValueError:
        return False


def listed(forms: Sequence[Form]) -> dict[str, object]:
    """The forms as evidence a person can choose from."""
    return {
        "forms": [
            {
                "form": form.name,
                "form_id": str(form.form_id),
                "default": form.is_default,
                "customisable": form.customisable,
                "tabs": [
                    {"name": t.name, "id": t.tab_id, "labels": list(t.labels), "visible": t.visible}
                    for t in form.tabs
                ],
            }
            for form in forms
        ]
    }
