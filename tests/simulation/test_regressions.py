"""Every history that ever broke a promise, as a short story with what it taught."""

from dataclasses import replace

import pytest

from .__main__ import the_lab
from .faults import Fault
from .history import play
from .script import Move, Script, step, tale

#: Several tellings of each: other gaps, other ways through the network.
TELLINGS = 4

STORIES = {
    # The last words of a row that is gone once held an address nobody could take, so nothing of them was
    # ever stored and every sweep failed (seed 26).
    "a row is deleted while its move to somebody else's address waits": tale(
        step(Move.ROW_EMAIL, 0, 1.0, other=2), step(Move.TICK_BOX, 1, 20.0, yes=False), step(Move.DELETE, 1)
    ),
    # A refusal known from a notice alone was dropped when its row was read and said nothing (seed 56).
    "a rep says No and empties the column before anybody reads it": tale(
        step(Move.TICK_BOX, 0, 1.0, yes=False), step(Move.CLEAR, 0)
    ),
    # Nothing but the row itself tells of a restore that undid our own write (a planted bug's story).
    "the organisation is put back to before our own write": tale(
        step(Move.BACKUP),
        step(Move.OPT_OUT, 0, 1.0),
        step(Move.RESTORE, 0, 20.0),
        faults=frozenset({Fault.RESTORED}),
    ),
    # The new column is null on rows that did not move, so the hub's No was not written again (seed 8).
    "a column is deleted and made again after a No": tale(
        step(Move.PAGE, 0, 1.0, yes=False),
        step(Move.COLUMN, 0, 40.0),
        faults=frozenset({Fault.COLUMN_MISSING}),
    ),
}

pytestmark = pytest.mark.thorough


@pytest.mark.parametrize("story", STORIES)
def test_what_broke_once_stays_mended(story: str) -> None:
    """No judge complains however the story is told."""
    told: list[Script] = [STORIES[story](number) for number in range(TELLINGS)]
    told += [replace(script, slowness=10) for script in told]
    assert [] == [one for script in told for one in play(the_lab(), script).broken]
