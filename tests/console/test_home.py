"""The first page's sentence and drawing: the worst is said first, and every bar can be read as words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from assent.services.health import Freshness, Health, Hour, State, Waiting
from assent.web.console.chart import BOTTOM, HEIGHT, LEFT, WIDTH, chart
from assent.web.console.home import headline
from assent.web.console.words import duration, plural, sentence, without_rule

from .counter import Counter

NOW = datetime(2026, 3, 1, 10, 30, tzinfo=UTC)
WELL = Health(
    state=State.WELL,
    sentence="Both systems agree.",
    contacts=3,
    links=3,
    waiting=Waiting(0, 0, None, None),
    freshness=Freshness(0, None, None, None, None, None),
    hours=(),
    connections=(),
    troubles=0,
    questions=0,
    ledger_entries=9,
    at=NOW,
)


def day(*seconds: float | None) -> list[Hour]:
    """A day whose last hours had these waits."""
    silent = [None] * (24 - len(seconds))
    begins = [NOW.replace(minute=0) - timedelta(hours=back) for back in range(23, -1, -1)]
    return [
        Hour(at, 0 if value is None else 7, value)
        for at, value in zip(begins, [*silent, *seconds], strict=True)
    ]


@pytest.mark.parametrize(
    ("state", "waiting", "title"),
    [
        (State.WELL, 0, "Both systems agree"),
        (State.WELL, 1, "1 contact waits"),
        (State.WELL, 3, "3 contacts wait"),
        (State.LATE, 3, "A refusal waits"),
        (State.TROUBLED, 3, "Something needs you"),
        (State.EMPTY, 0, "Let us begin"),
    ],
)
def test_the_sentence_says_the_worst_first(state: State, waiting: int, title: str) -> None:
    """One line for each state there is."""
    found = headline(replace(WELL, state=state, waiting=Waiting(waiting, 0, NOW, None)))
    assert title == found.title
    assert found.text


@pytest.mark.parametrize("slowest", [0.001, 0.2, 1.0, 59.0, 4000.0, 10_000_000.0])
def test_every_bar_stays_on_the_drawing(slowest: float) -> None:
    """However fast or slow a day was."""
    drawn = chart(day(0.05, None, slowest))
    assert 24 == len(drawn.bars)
    for bar in drawn.bars:
        assert LEFT <= bar.x <= bar.x + bar.width <= WIDTH
        assert 0 <= bar.height <= HEIGHT - BOTTOM
    assert all(0 <= line.y <= HEIGHT - BOTTOM for line in drawn.lines)
    assert f"7 refusals in effect on both sides, 95 % within {duration(slowest)}" == drawn.bars[-1].said
    assert "nothing to carry over" == drawn.bars[-2].said


def test_a_day_without_refusals_says_so() -> None:
    """Nothing is drawn where nothing was measured."""
    assert chart(day()).empty
    assert not chart(day(0.5)).empty


def test_small_words() -> None:
    """Counts, spans and sentences as people say them."""
    assert ("1 contact", "1,200 contacts") == (plural(1, "contact"), plural(1200, "contact"))
    spans = [duration(seconds) for seconds in (0.05, 2, 90, 7200, 400_000)]
    assert ["50 ms", "2.0 s", "2 min", "2 h", "5 days"] == spans
    assert "This account has none." == sentence("this account has none")
    assert "It went." == without_rule("It went (rule M1).")


async def test_an_account_without_a_connection_is_led_to_its_first_step(at: Counter) -> None:
    """What to do, in order, with the button."""
    page = await (await at.as_()).get("/")
    assert ["Let us begin"] == page.find("//h1/text()")
    assert page.find("//a[@href='/connections/new']")
