"""A batch of histories in every test run, and the same seed always gives the same one."""

import pytest

from .__main__ import the_lab
from .history import play
from .script import drawn

pytestmark = pytest.mark.thorough


def test_a_batch_of_histories_keeps_every_promise() -> None:
    """P1-P7: whatever people did and whatever broke meanwhile, no judge complains."""
    played = [play(the_lab(), drawn(seed)) for seed in range(20)]
    assert {} == {one.script.seed: one.broken for one in played if one.broken}


def test_the_same_seed_gives_the_same_history() -> None:
    """A failure can be shown again: one seed fixes people, faults and order, whatever was played before."""
    seeds = range(100, 112)
    once = [play(the_lab(), drawn(seed)) for seed in seeds]
    again = [play(the_lab(), drawn(seed)) for seed in reversed(seeds)][::-1]
    assert [(one.trace, one.story, one.struck) for one in once] == [
        (one.trace, one.story, one.struck) for one in again
    ]
