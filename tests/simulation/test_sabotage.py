"""Tests of the judges: every planted bug is noticed by one of those meant for it, and by none without it."""

import pytest

from .__main__ import MOST_TELLINGS, the_lab
from .history import play
from .sabotage import Sabotage, planted

pytestmark = pytest.mark.thorough


@pytest.mark.parametrize("bug", planted(), ids=lambda bug: bug.name)
def test_a_planted_bug_is_caught_by_a_judge_meant_for_it(bug: Sabotage) -> None:
    """A checker that cannot fail proves nothing."""
    told = (bug.story(number) for number in range(MOST_TELLINGS))
    assert any(play(the_lab(), script, bug).checkers & bug.judges for script in told)


@pytest.mark.parametrize("bug", planted(), ids=lambda bug: bug.name)
def test_the_story_is_told_without_complaint_where_nothing_is_planted(bug: Sabotage) -> None:
    """What the judges notice is the bug, not the story."""
    assert () == play(the_lab(), bug.story(0)).broken
