"""A failing history is made smaller before a person looks at it."""

import pytest

from .__main__ import the_lab
from .history import Played, play
from .sabotage import planted
from .script import Script, drawn
from .shrinking import smallest

pytestmark = pytest.mark.thorough


def test_steps_that_do_not_matter_are_left_out() -> None:
    """What is left still breaks the same promise, and every step of it is needed."""
    bug = next(one for one in planted() if "written down twice" in one.name)

    def broken(script: Script) -> Played:
        return play(the_lab(), script, bug)

    script = next(s for seed in range(50) if len((s := drawn(seed)).steps) > 4 and broken(s).broken)
    smaller = smallest(script, broken, tries=60)
    assert broken(smaller).checkers & broken(script).checkers
    assert 1 == len(smaller.steps) < len(script.steps)
