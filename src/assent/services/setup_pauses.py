"""Why a setup waits, in plain words: what a pause means, what to do, and what may be chosen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from assent.engine.setup_terms import Step
from assent.services.setup_words import StepState
from assent.store.progress import SetupStep


class Choice(Enum):
    """What a person can decide for a setup that waits."""

    RETRY = "retry"
    APPROVE = "approve"
    TAB = "tab"
    NEW_TAB = "new_tab"
    SKIP = "skip"
    ADOPT = "adopt"


@dataclass(frozen=True, slots=True)
class Option:
    """A choice with the words for its button and what will happen."""

    choice: Choice
    label: str
    explains: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Why setup waits for a person: what it means, what to do, and what may be chosen.

    `message` is what was found, `evidence` what it was found in; nothing is half-written meanwhile.
    """

    step: Step
    reason: str
    message: str
    meaning: str
    to_do: str
    options: tuple[Option, ...]
    evidence: Mapping[str, object] = field(default_factory=dict)


_RETRY = Option(Choice.RETRY, "Try again", "Setup looks once more and goes on from this step.")
_APPROVE = Option(Choice.APPROVE, "Approve and begin", "Setup makes what the plan shows, and nothing else.")
_LOOK_AGAIN = Option(Choice.RETRY, "Look again", "Setup makes the plan anew; nothing is written.")
_TAB = Option(
    Choice.TAB, "Use this form and tab", "The Subscriptions section goes to the end of the tab you pick."
)
_NEW_TAB = Option(
    Choice.NEW_TAB, "Use a tab of its own", "A Subscriptions tab is added at the end of the form you pick."
)
_ADOPT = Option(
    Choice.ADOPT,
    "Use that column",
    "Its values count as people's answers: every No in it is a refusal. Removal will leave it.",
)
_SKIP = Option(
    Choice.SKIP,
    "Go on without the toggles on the form",
    "The columns are synced, but sales people see them only where you place them yourself.",
)
_UNLISTED = Option(
    Choice.SKIP,
    "Go on without the list",
    "The sync needs none of it. It can be switched on again in the connection's settings.",
)
_PLACING = (_TAB, _NEW_TAB, _SKIP, _RETRY)
_FORM_KEPT = "The form was not touched, and nothing is half-written."

#: Reason code → what it means, what to do, what may be chosen.
_PAUSES: Mapping[str, tuple[str, str, tuple[Option, ...]]] = {
    "approval": (
        "Setup has looked and written nothing. It waits for an admin to approve what it would do.",
        "Read the plan, then approve it.",
        (_APPROVE, _LOOK_AGAIN),
    ),
    "privilege_missing": (
        "The application user may not do what setup needs here. Contacts that are synced go on being synced.",
        "Give the role the privilege that is named, at organisation depth, then try again.",
        (_RETRY,),
    ),
    "catalogue_privilege": (
        "The application user may not make or fill the list of categories. Contacts are synced without it.",
        "Give the setup role the privileges that are named, at organisation depth, then try again.",
        (_RETRY, _UNLISTED),
    ),
    "table_foreign": (
        "Somebody made a table of the name that ours needs. What is in it is theirs.",
        "Delete it in Dynamics if nobody needs it and try again; or go on without the list of categories.",
        (_RETRY, _UNLISTED),
    ),
    "column_foreign": (
        "Somebody made a Yes/No column of that name. What is in it may mean something else.",
        "Delete or rename it in Dynamics and try again; or use it, if its Yes and No are people's answers.",
        (_ADOPT, _RETRY),
    ),
    "no_customisable_form": (
        "Every main form of the contact table is locked against changes: the toggles have no place.",
        "In Dynamics, allow customisation of one contact main form, then try again; or go on without.",
        (_RETRY, _SKIP),
    ),
    "column_type": (
        "A column of that name exists already and is no Yes/No column; its data belongs to somebody.",
        "Delete the column in Dynamics if nobody needs it, then try again.",
        (_RETRY,),
    ),
    "form_locked": (
        f"The form is locked against changes. {_FORM_KEPT}",
        "In Dynamics, allow customisation of the form and try again; or pick another form.",
        _PLACING,
    ),
    "form_inactive": (
        f"Nobody opens a deactivated form. {_FORM_KEPT}",
        "Activate the form in Dynamics and try again; or pick another form.",
        _PLACING,
    ),
    "form_not_found": (
        f"The form somebody chose is not there. {_FORM_KEPT}",
        "Pick another form.",
        _PLACING,
    ),
    "several_forms": (
        "Assent cannot know which of them your people open, and does not guess.",
        "Pick the form that should show the toggles.",
        _PLACING,
    ),
    "section_clash": (
        f"Somebody's own section goes by the name of ours. {_FORM_KEPT}",
        "Rename or remove that section in Dynamics and try again; or pick another form.",
        _PLACING,
    ),
    "control_clash": (
        f"Two controls of one form cannot have the same id. {_FORM_KEPT}",
        "Remove that control in Dynamics, or place its column anew, and try again; or pick another form.",
        _PLACING,
    ),
    "form_refused": (
        "Dynamics did not accept the form with the Subscriptions section in it.",
        "Pick another tab, or go on without and place the toggles by hand in the form editor.",
        _PLACING,
    ),
    "form_unreadable": (
        f"The form's definition cannot be read. {_FORM_KEPT}",
        "Open and save the form in the Dynamics form editor, then try again; or pick another form.",
        _PLACING,
    ),
    "no_tabs": (
        f"The form has no tabs, so there is no place for the section. {_FORM_KEPT}",
        "Give the form a Details tab in Dynamics, then try again; or pick another form.",
        _PLACING,
    ),
    "no_column": (
        f"The tab has no column with room for a section. {_FORM_KEPT}",
        "Pick another tab, or make room on this one in Dynamics and try again.",
        _PLACING,
    ),
    "tab_not_found": (
        f"The contact form was changed, and the tab for the toggles is not on it. {_FORM_KEPT}",
        "Pick the tab that should hold them.",
        _PLACING,
    ),
    "tab_hidden": (
        f"The Details tab is hidden, so nobody would see the toggles there. {_FORM_KEPT}",
        "Pick another tab, or show the tab in Dynamics and try again.",
        _PLACING,
    ),
    "tab_ambiguous": (
        f"Several tabs could be the Details tab, and Assent does not guess. {_FORM_KEPT}",
        "Pick the right one.",
        _PLACING,
    ),
    "tab_single_component": (
        f"The Details tab shows one component over its whole width and cannot hold a section. {_FORM_KEPT}",
        "Pick another tab.",
        _PLACING,
    ),
}

_UNKNOWN_PAUSE = (
    "Setup stopped before it wrote anything more, because a person should look first.",
    "Read what was found, correct it in Dynamics, then try again.",
    (_RETRY,),
)
_FAILED = (
    "Setup stopped because of an error. Everything done so far stays, and nothing is half-written.",
    "Correct what the message names, then try again: setup goes on from this step.",
    (_RETRY,),
)


def explain(reason: str) -> tuple[str, str]:
    """What a pause for this reason means, and what to do."""
    meaning, to_do, _ = _PAUSES.get(reason, _UNKNOWN_PAUSE)
    return meaning, to_do


def pause_of(steps: list[SetupStep]) -> Pause | None:
    """What setup waits for, or None while it needs nobody."""
    for step in steps:
        if step.state in (StepState.PAUSED.value, StepState.FAILED.value):
            return _pause(step)
    return None


def _pause(step: SetupStep) -> Pause:
    reason = str(step.detail.get("reason", ""))
    failed = step.state == StepState.FAILED.value
    meaning, to_do, options = _FAILED if failed else _PAUSES.get(reason, _UNKNOWN_PAUSE)
    evidence = step.detail.get("evidence")
    return Pause(
        step=Step(step.step),
        reason=reason,
        message=str(step.detail.get("message", "")),
        meaning=meaning,
        to_do=to_do,
        options=options,
        evidence=evidence if isinstance(evidence, dict) else {},
    )
