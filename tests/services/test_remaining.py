"""How long a setup will still take: by what is usual, until its own pace is known."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from assent.engine.setup_terms import Step
from assent.errors import Unreachable
from assent.services import connections
from assent.services.remaining import left_words, progress
from assent.store.progress import SetupStep
from tests.services.joined import joined

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SCHEMA = (Step.SOLUTION, Step.CATALOGUE, Step.COLUMNS, Step.FORM, Step.VIEWS, Step.PUBLISH)


def word(step: Step, state: str, **detail: object) -> SetupStep:
    """What the journal says of a step, at noon."""
    return SetupStep(step.value, state, detail, NOON)


def begun(seconds: float) -> str:
    """A moment so long before noon."""
    return (NOON - timedelta(seconds=seconds)).isoformat()


def left(*words: SetupStep, columns: int = 10, at: datetime = NOON) -> int | None:
    """The seconds left, at noon unless told otherwise."""
    return progress(words, columns, under_way=True, now=at).seconds_left


IDENTIFIED = word(Step.IDENTIFY, "done", of=100_000, seconds=1.0)
PLANNED = word(Step.PLAN, "done", seconds=20.0)


def done(pace: float) -> list[SetupStep]:
    """The schema made, so many times slower than usual."""
    usual = dict(zip(SCHEMA, (3, 20, 100, 5, 3, 60), strict=True))
    return [word(step, "done", seconds=pace * seconds) for step, seconds in usual.items()]


def test_before_anything_is_measured_what_is_usual_holds() -> None:
    """Three minutes of schema, then 100,000 contacts whose empty toggles are filled at Dynamics's pace."""
    seconds = left(IDENTIFIED, PLANNED)
    assert seconds is not None
    assert 180 + 625 < seconds < 180 + 625 + 60


def test_steps_done_before_tell_how_fast_the_others_are() -> None:
    """An organisation twice as slow has twice as long to go with its schema, not with contacts."""
    usual, slow = (
        left(word(Step.IDENTIFY, "done", of=100_000, seconds=pace), PLANNED, *done(pace)[:3])
        for pace in (1.0, 2.0)
    )
    assert usual is not None
    assert slow is not None
    assert 50 < slow - usual < 5 + 3 + 60 + 5 + 3


def test_one_short_step_does_not_tell_much() -> None:
    """A solution made in no time makes no publish of a minute take none."""
    seconds = left(IDENTIFIED, PLANNED, word(Step.SOLUTION, "done", seconds=0.1))
    usual = left(IDENTIFIED, PLANNED)
    assert usual is not None
    assert seconds is not None
    assert usual - 40 < seconds < usual


def test_a_step_under_way_goes_on_at_the_pace_it_has() -> None:
    """30,000 of 100,000 filled in ten minutes: 23 more, and the webhooks."""
    read = word(Step.READ, "done", of=100_000, seconds=20.0)
    settled = word(Step.RECONCILE, "done", of=40_000, seconds=8.0)
    filling = word(Step.BACKFILL, "running", since=begun(600), passed=30_000, of=100_000)
    seconds = left(IDENTIFIED, PLANNED, *done(1.0), read, settled, filling)
    assert seconds == 1400 + 5 + 3


def test_a_slow_read_makes_the_rest_of_the_contacts_slow() -> None:
    """The pace measured while reading is that of reconciling and filling, until they have their own."""
    fast, slow = (
        left(
            IDENTIFIED,
            PLANNED,
            *done(1.0),
            word(Step.READ, "running", since=begun(seconds), passed=50_000, of=100_000),
        )
        for seconds in (10, 30)
    )
    assert fast is not None
    assert slow is not None
    assert 2 * fast < slow < 4 * fast


def test_a_step_done_again_takes_as_long_as_it_did() -> None:
    """A renamed category: the publish of last time tells that of this time."""
    steps = {step: word(step, "done", seconds=1.0, of=10) for step in Step}
    steps[Step.PUBLISH] = word(Step.PUBLISH, "waiting", seconds=240.0)
    assert 240 == left(*steps.values())
    running = word(Step.PUBLISH, "running", seconds=240.0, since=begun(100))
    assert 140 == left(*{**steps, Step.PUBLISH: running}.values())


def test_time_passes_by_itself_and_ends_at_nothing() -> None:
    """The journal is silent during a publish; the estimate is not."""
    steps = {step: word(step, "done", seconds=1.0, of=10) for step in Step}
    steps[Step.PUBLISH] = word(Step.PUBLISH, "running", seconds=60.0, since=begun(0))
    ends = [left(*steps.values(), at=NOON + timedelta(seconds=passed)) for passed in (0, 45, 600)]
    assert [60, 15, 0] == ends


@pytest.mark.parametrize(
    "words",
    [
        (),
        (word(Step.IDENTIFY, "running", since=begun(1)),),
        (word(Step.IDENTIFY, "done", seconds=1.0),),
        (word(Step.IDENTIFY, "done", seconds="long", of="many"),),
    ],
)
def test_without_a_count_of_contacts_nothing_is_guessed(words: tuple[SetupStep, ...]) -> None:
    """An organisation that does not tell, or a journal from before it was asked."""
    assert None is left(*words)


def test_who_waits_for_a_person_has_no_time_left_but_steps() -> None:
    """Nobody knows when they decide."""
    found = progress([IDENTIFIED], 2, under_way=False, now=NOON)
    assert (1, len(Step), None, None) == (found.done, found.total, found.ends_at, found.seconds_left)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "less than a minute left"),
        (61, "about 1 minute left"),
        (600, "about 10 minutes left"),
        (7_500, "about 2 hours left"),
    ],
)
def test_the_time_left_is_said_no_finer_than_it_is_known(seconds: int, words: str) -> None:
    """In minutes, then hours."""
    assert words == left_words(seconds)


@pytest.mark.thorough
async def test_the_journal_of_a_real_setup_tells_the_time_left(tmp_path: Path) -> None:
    """Each step keeps how long it took and how many contacts it was about; one that failed, what is left."""
    async with joined(tmp_path, contacts=40) as on:
        await on.begin()
        await on.control("faults", next=50, status=503)
        with pytest.raises(Unreachable):
            await on.errand()
        view = await on.view()
        assert view.progress.seconds_left is not None
        assert (1, len(Step)) == (view.progress.done, view.progress.total)
        await on.control("faults", next=0)
        await on.errand()
        steps = {s.step: s for s in await on.app.store.accounts.steps(on.account_id, on.connection_id)}
        assert all("seconds" in step.detail for step in steps.values())
        assert 40 == steps["read"].detail["of"] == steps["identify"].detail["of"]
        shown = {step.step: step for step in (await on.view()).steps}
        assert (40, 40) == (shown[Step.READ].passed, shown[Step.READ].of)
        assert not {"seconds", "of", "passed"} & {name for s in shown.values() for name in s.counts}
        await connections.set_up(on.app, on.me, on.connection_id)
        again = (await on.view()).progress
        assert (0, True) == (again.done, again.seconds_left is not None)
