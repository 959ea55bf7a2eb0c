"""Tests of the judges: every planted bug is noticed by one of those meant for it, and by none without it."""

import pytest

from .__main__ import the_lab
from .history import play
from .sabotage import Sabotage, planted
from .script import drawn

pytestmark = pytest.mark.thorough


@pytest.mark.parametrize("bug", planted(), ids=lambda bug: bug.name)
def test_a_planted_bug_is_caught_by_a_judge_meant_for_it(bug: Sabotage) -> None:
    """A checker that cannot fail proves nothing."""
    seeds = [bug.seed, *range(40)]
    assert any(play(the_lab(), drawn(seed), bug).checkers & bug.judges for seed in seeds)
