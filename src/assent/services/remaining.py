"""How long a setup that is under way will still take, from what it has done so far. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from assent.engine.preview import COLUMN_S, EXECUTION_PER_S, PAGE, PAGE_S, PUBLISH_S, ROW_S, TABLE_S
from assent.engine.setup_terms import Step
from assent.services.setup_words import StepState
from assent.store.progress import SetupStep

#: Seconds a step of the schema takes in an organisation of no special kind, until its own pace is known.
_SCHEMA_S: Mapping[Step, float] = {
    Step.IDENTIFY: 1.0,
    Step.SOLUTION: 3.0,
    Step.CATALOGUE: TABLE_S,
    Step.COLUMNS: COLUMN_S,  # each
    Step.FORM: 5.0,
    Step.VIEWS: 3.0,
    Step.PUBLISH: PUBLISH_S,
    Step.WEBHOOKS: 5.0,
    Step.CATCH_UP: 3.0,
}
#: And seconds a contact takes; filling is as slow as Dynamics grants one user.
_CONTACT_S: Mapping[Step, float] = {
    Step.PLAN: PAGE_S / PAGE,
    Step.READ: PAGE_S / PAGE,
    Step.RECONCILE: PAGE_S / PAGE,
    Step.BACKFILL: ROW_S / EXECUTION_PER_S,
}
#: How many seconds at the usual pace weigh as much as what was measured, for the schema and for contacts: the
#: first short steps do not tell much.
_SCHEMA_DOUBT_S, _CONTACT_DOUBT_S = 20.0, 1.0
_MINUTE, _HOUR = 60, 3600


@dataclass(frozen=True, slots=True)
class Progress:
    """Steps done of all; for a setup under way, when it will probably end and how many seconds that is.

    The seconds are no part of what makes two of them differ: time passes by itself.
    """

    done: int
    total: int
    ends_at: datetime | None = None
    seconds_left: int | None = field(default=None, repr=False, compare=False)


def progress(steps: Sequence[SetupStep], columns: int, *, under_way: bool, now: datetime) -> Progress:
    """How far a setup is; `columns` is how many it makes."""
    known = {step.step: step for step in steps}
    done = sum(_is(known.get(step.value), StepState.DONE) for step in Step)
    ends_at = _ends_at(known, columns) if under_way else None
    if ends_at is None:
        return Progress(done, len(Step))
    return Progress(done, len(Step), ends_at, max(0, round((ends_at - now).total_seconds())))


def left_words(seconds: int) -> str:
    """The time left, no finer than it is known."""
    if seconds < _MINUTE:
        return "less than a minute left"
    if seconds < 2 * _HOUR:
        minutes = round(seconds / _MINUTE)
        return f"about {minutes} minute{'' if minutes == 1 else 's'} left"
    return f"about {round(seconds / _HOUR)} hours left"


def _ends_at(known: Mapping[str, SetupStep], columns: int) -> datetime | None:
    """The newest word of the journal plus what is left then, or None where nobody knows the contacts."""
    contacts = max((_number(step, "of") for step in known.values()), default=0)
    expected = {step: _SCHEMA_S[step] * (columns if step is Step.COLUMNS else 1) for step in _SCHEMA_S}
    expected |= {step: _CONTACT_S[step] * contacts for step in _CONTACT_S}
    paces = (
        _pace(known, expected, _SCHEMA_S, _SCHEMA_DOUBT_S),
        _pace(known, expected, _CONTACT_S, _CONTACT_DOUBT_S),
    )
    left = 0.0
    for step in Step:
        word = known.get(step.value)
        if _is(word, StepState.DONE):
            continue
        if step in _CONTACT_S and not contacts:
            return None
        guess = expected[step] * paces[step in _CONTACT_S]
        if step in _SCHEMA_S and word is not None and "seconds" in word.detail:
            guess = _number(word, "seconds")  # as long as the last time
        left += _left(word, guess)
    return max(word.at for word in known.values()) + timedelta(seconds=left) if known else None


def _pace(
    known: Mapping[str, SetupStep],
    expected: Mapping[Step, float],
    among: Mapping[Step, float],
    doubt_s: float,
) -> float:
    """How much slower than expected the steps so far were; one that only asked, or waited, tells nothing."""
    took = should = doubt_s
    for step in among:
        word = known.get(step.value)
        if word is None or step in (Step.IDENTIFY, Step.PLAN):
            continue
        if _is(word, StepState.DONE) and "seconds" in word.detail and expected[step]:
            took += _number(word, "seconds")
            should += _share(word, expected[step], step)
        elif passed := _number(word, "passed"):
            took += _elapsed(word)
            should += passed * _CONTACT_S.get(step, 0.0)
    return took / should


def _share(word: SetupStep, expected: float, step: Step) -> float:
    """What a step that is done should have taken: one that dealt with fewer contacts, less."""
    many = _number(word, "of")
    return many * _CONTACT_S[step] if step in _CONTACT_S and many else expected


def _left(word: SetupStep | None, guess: float) -> float:
    """What is left of a step at its newest word."""
    if word is None or not _is(word, StepState.RUNNING):
        return guess
    passed, many = _number(word, "passed"), _number(word, "of")
    if passed and many:
        return _elapsed(word) / passed * max(0.0, many - passed)
    return max(0.0, guess - _elapsed(word))


def _elapsed(word: SetupStep) -> float:
    since = word.detail.get("since")
    return (word.at - datetime.fromisoformat(since)).total_seconds() if isinstance(since, str) else 0.0


def _number(word: SetupStep, name: str) -> float:
    found = word.detail.get(name)
    return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else 0.0


def _is(word: SetupStep | None, state: StepState) -> bool:
    return word is not None and word.state == state.value
