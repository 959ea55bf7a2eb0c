"""Setup in plain words: what each step does, and how far it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from assent.engine.setup_terms import Step
from assent.store.progress import SetupStep


class StepState(Enum):
    """Where a step stands; the values are what the journal keeps."""

    TO_DO = "to_do"
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    PAUSED = "paused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class StepView:
    """One step of setup as people read it; `counts` holds what it changed, wrote and settled.

    `passed` of `of` contacts are dealt with; both are 0 for a step that is not about contacts.
    """

    step: Step
    title: str
    explains: str
    state: StepState
    words: str
    at: datetime | None = None
    message: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    passed: int = 0
    of: int = 0


#: What the journal keeps of a step beside what it counted.
_TIMES = ("passed", "of", "seconds")

TITLES: Mapping[Step, tuple[str, str]] = {
    Step.IDENTIFY: (
        "Ask who answers",
        "Signs in and makes sure this is the organisation the connection was made for.",
    ),
    Step.PLAN: ("Plan", "Shows what setup would make and what the first sync would do; an admin approves."),
    Step.SOLUTION: ("Make the solution", "Makes Assent's publisher and solution, so that it can be removed."),
    Step.CATALOGUE: (
        "List the categories",
        "Makes a table with a row per category: what each is called, and which column is its own.",
    ),
    Step.COLUMNS: ("Make the columns", "Makes one Yes/No column per category on the contact table."),
    Step.FORM: (
        "Place the toggles",
        "Puts a Subscriptions section on the Details tab of the contact form.",
    ),
    Step.VIEWS: (
        "Make the views",
        "Makes a view of subscribers for each category; no other view is touched.",
    ),
    Step.PUBLISH: ("Publish", "Publishes the contact table, so that form, views and names can be seen."),
    Step.READ: ("Read every contact", "Reads all contacts once and links those with the same address."),
    Step.RECONCILE: (
        "Agree on the strictest",
        "Where the two sides differ, the refusal holds; nobody is allowed mail by this.",
    ),
    Step.BACKFILL: ("Fill empty toggles", "Writes the hub's answer where Dynamics has none yet."),
    Step.WEBHOOKS: ("Register webhooks", "Lets Dynamics tell Assent of changes within seconds."),
    Step.CATCH_UP: ("Catch up", "Reads what changed while all this was done. Then the connection is live."),
}

STATE_WORDS: Mapping[StepState, str] = {
    StepState.TO_DO: "not begun",
    StepState.WAITING: "waits for its turn",
    StepState.RUNNING: "under way",
    StepState.DONE: "done",
    StepState.PAUSED: "waits for a decision",
    StepState.FAILED: "stopped",
}


def step_views(steps: list[SetupStep]) -> tuple[StepView, ...]:
    """Every step in its order, those that were not begun too."""
    known = {step.step: step for step in steps}
    return tuple(_view(step, known.get(step.value)) for step in Step)


def _view(step: Step, known: SetupStep | None) -> StepView:
    title, explains = TITLES[step]
    if known is None:
        return StepView(step, title, explains, StepState.TO_DO, STATE_WORDS[StepState.TO_DO])
    state = StepState(known.state)
    message, words = str(known.detail.get("message", "")), STATE_WORDS[state]
    if state is StepState.RUNNING and message:
        words = "will be tried again by itself"
    if state is StepState.DONE and known.detail.get("skipped"):
        words = "left out by choice"
    numbers = {name: count for name, count in known.detail.items() if type(count) is int}
    counts = {name: count for name, count in numbers.items() if name not in _TIMES}
    many = 0 if state is StepState.WAITING else numbers.get("of", 0)
    passed = many if state is StepState.DONE else numbers.get("passed", 0)
    return StepView(step, title, explains, state, words, known.at, message, counts, passed, many)
