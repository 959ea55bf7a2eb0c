"""Every history that ever broke a promise, as a short story with what it taught."""

from dataclasses import replace

import pytest

from assent.policy.permission import OnAllow

from .__main__ import the_lab
from .faults import Fault
from .history import play
from .script import Move, Script, Step, step, tale

#: Several tellings of each: other gaps, other ways through the network.
TELLINGS = 4


def again(*steps: Step, faults: frozenset[Fault] = frozenset()) -> list[Script]:
    """A story that breaks something however it is told, or nearly so."""
    told = [tale(*steps, faults=faults)(number) for number in range(TELLINGS)]
    return told + [replace(script, slowness=10) for script in told]


def exactly(
    seed: int, *steps: Step, slowness: int = 1, faults: frozenset[Fault] = frozenset()
) -> list[Script]:
    """A story that needs its very way through the network."""
    return [replace(tale(*steps)(3), seed=seed, slowness=slowness, faults=faults)]


_PUT_BACK = frozenset({Fault.RESTORED})

STORIES = {
    # The last words of a row that is gone once held an address nobody could take, so nothing of them was
    # ever stored and every sweep failed (seed 26).
    "a row is deleted while its move to somebody else's address waits": again(
        step(Move.ROW_EMAIL, 0, 1.0, other=2), step(Move.TICK_BOX, 1, 20.0, yes=False), step(Move.DELETE, 1)
    ),
    # A refusal known from a notice alone was dropped when its row was read and said nothing (seed 56).
    "a rep says No and empties the column before anybody reads it": again(
        step(Move.TICK_BOX, 0, 1.0, yes=False), step(Move.CLEAR, 0)
    ),
    # Nothing but the row itself tells of a restore that undid our own write (a planted bug's story).
    "the organisation is put back to before our own write": again(
        step(Move.BACKUP),
        step(Move.OPT_OUT, 0, 1.0),
        step(Move.RESTORE, 0, 20.0),
        faults=_PUT_BACK,
    ),
    # The row never came to the version the notice told, so its block stayed for ever.
    "a restore undoes a No that only a notice told of": exactly(
        6000022,
        step(Move.BACKUP, 0, 0.02),
        step(Move.TICK_BOX, 4, 2.0, other=5, field=2, yes=False),
        step(Move.RESTORE, 0, 0.02),
        slowness=50,
    ),
    # Without a base no address was merged, and two stayed different for ever (seed 6000448).
    "a restore puts a row back to its old address": again(
        step(Move.BACKUP, 0, 15.0),
        step(Move.ROW_EMAIL, 5, other=2),
        step(Move.TOGGLE, 5, 15.0),
        step(Move.RESTORE, 0, 0.5),
        faults=_PUT_BACK,
    ),
    # No feed and no row that was known told of it: the deleted row stayed nobody's (seed 1796080566117).
    "a restore brings a deleted row back": again(
        step(Move.BACKUP, 0, 1.0), step(Move.DELETE, 0, 20.0), step(Move.RESTORE, 0, 20.0), faults=_PUT_BACK
    ),
    # Our Allow, its answer lost, was taken for a rep's once the opposite was intended (seed 1796081056225).
    "a rep refuses while an Allow of ours is on its way to another row": exactly(
        1796081056225,
        step(Move.HUB_NEW, 5, 0.05, other=3),
        step(Move.BASIS, 5, other=1, field=2),
        step(Move.TOGGLE, 5, 70.0, field=2),
        step(Move.TOGGLE, 5, 0.2, other=7, field=2, yes=False),
        step(Move.HUB_EMAIL, 5, 70.0, other=3, yes=False),
        step(Move.RESUME, 5, other=4, field=2),
        step(Move.TOGGLE, 5, 70.0, other=3, field=2),
        step(Move.TOGGLE, 5, 0.2, other=3, field=2),
        step(Move.TOGGLE, 5, 2.0, field=2, yes=False),
        step(Move.OVERTAKE, 7, 0.4, other=3, field=2),
        slowness=50,
        faults=frozenset({Fault.SIGN_IN_EXPIRED, Fault.THROTTLED, Fault.FEED_LAGS, Fault.SERVER_ERROR}),
    ),
    # A row made and merged before anybody looked: its own address was still written to (seed 1796081056519).
    "a row that refuses is merged away at once": exactly(
        1796081056519,
        step(Move.ROW_NEW, 2, other=1),
        step(Move.MERGE, 0, 1.0, other=2),
        step(Move.SEND, 2, 15.0),
        slowness=50,
    ),
    # The version that our own write had was reached by somebody else's row, which hid the restore.
    "another row comes to the newest version after a restore": exactly(
        6000148,
        step(Move.BACKUP, 7, 0.05),
        step(Move.SWEEP, 6, 0.2, yes=False),
        step(Move.PAGE, 6, other=5, field=2, yes=False),
        step(Move.TICK_BOX, 6, 70.0, other=1, field=2),
        step(Move.RESTORE, 7, 70.0),
        step(Move.DITHER, 4, 0.4, other=5),
        slowness=50,
        faults=frozenset({Fault.TIMEOUT_BEFORE}),
    ),
    # A No at the very version that a Yes had before the restore was taken for that Yes.
    "a rep says No at a version known from before a restore": exactly(
        6000990,
        step(Move.TOGGLE, 3, 0.05, other=6, field=2),
        step(Move.WITHDRAW, 3, other=7, field=2, yes=False),
        step(Move.BACKUP, 1, 0.2, other=2, yes=False),
        step(Move.TOGGLE, 3, 40.0, other=5, field=2),
        step(Move.RESTORE, 1, 4.0, other=2, yes=False),
        step(Move.TOGGLE, 3, 0.05, other=2, field=2, yes=False),
        step(Move.PAGE, 2, 0.1, other=7, field=2, yes=False),
        slowness=10,
    ),
    # The new column is null on rows that did not move, so the hub's No was not written again (seed 8).
    "a column is deleted and made again after a No": again(
        step(Move.PAGE, 0, 1.0, yes=False),
        step(Move.COLUMN, 0, 40.0),
        faults=frozenset({Fault.COLUMN_MISSING}),
    ),
    # An inactive row's No stood untouched whatever it moved since the base (seed 1796093822389).
    "a rep empties, refuses again and puts the row to sleep": again(
        step(Move.ANSWER_CATEGORY, 4),
        step(Move.CLEAR, 4),
        step(Move.TICK_BOX, 4, yes=False),
        step(Move.SLEEP, 4),
    ),
    # The base took the row's address for one both sides had agreed on, and a check wrote the hub's over it
    # (seed 1796094461336).
    "a row gets somebody else's address while a restore is not known of": exactly(
        1796094461336,
        step(Move.BACKUP, 0, 15.0),
        step(Move.ROW_EMAIL, 5, 0.4, other=3),
        step(Move.RESTORE, 0, 0.1),
        step(Move.ROW_EMAIL, 3, 70.0, other=4, yes=False),
        slowness=10,
        faults=frozenset({Fault.TIMEOUT_BEFORE, Fault.TIMEOUT_AFTER, Fault.NOTICE_LATE}),
    ),
    # A No that only repeats what its row said before was settled as no act beside an older look at the other
    # organisation's row: an Allow made there before it passed for the last word (M3).
    "a rep allows and refuses again while another one's Allow is on its way": [
        replace(script, sites=2, skews=(0.0, 0.0))
        for script in exactly(
            1796081060938,
            step(Move.OPT_OUT, 3, other=3, field=2),
            replace(step(Move.RESUME, 3, 1.0, other=7, field=2), site=2),
            step(Move.ONE_CLICK, 3, other=5, yes=False),
            step(Move.TOGGLE, 3, 40.0),
            replace(step(Move.TOGGLE, 3, 0.05), site=2),
            replace(step(Move.TOGGLE, 3, 0.05, other=5, yes=False), site=2),
        )
    ],
    # An Allow waited for a time-out of the other organisation until its contact was somebody else's to write,
    # who had settled a withdrawal meanwhile: it was written all the same, and taken for a rep's.
    "a contact withdraws while a consent waits for an organisation that hangs": [
        replace(script, sites=2, skews=(0.0, 0.0))
        for script in exactly(
            1796093822066,
            step(Move.RESUME, 3, 0.2, other=5),
            step(Move.WITHDRAW, 3, 70.0, other=3),
            step(Move.TICK_BOX, 0, 70.0, other=6),
            faults=frozenset({Fault.TIMEOUT_BEFORE}),
        )
    ],
    # A row put back and saved until it had the version known of it passed for never moved: only when it was
    # saved tells (M7).
    "a row is put back and saved until its version is the known one": exactly(
        1796094968180,
        step(Move.BACKUP, 0, 0.2, other=2),
        step(Move.BULK, 2, 0.05, other=7, field=2),
        step(Move.SLEEP, 2, 0.05, other=5),
        step(Move.PAGE, 2, 0.05, other=5, yes=False),
        step(Move.RESTORE, 0, 15.0, other=2),
        step(Move.PHONE, 2, other=2),
        slowness=50,
        faults=frozenset({Fault.RESTORED, Fault.SMALL_PAGES, Fault.NOTICE_DOUBLED}),
    ),
    # A row read back behind the decision settled as it slept, with a No that no decision had counted (I4).
    "a rep takes a Yes back and puts the row to sleep while the Yes is on its way": [
        *exactly(
            1796094961204,
            step(Move.TOGGLE, 0, 0.1, yes=False),
            step(Move.TICK_BOX, 0, 40.0, other=3, field=2),
            step(Move.TICK_BOX, 0, 7.0, other=6, field=2, yes=False),
            step(Move.SLEEP, 0, 0.02, other=4, field=2),
            slowness=50,
        ),
        *exactly(
            1796094973274,
            step(Move.TICK_BOX, 3, 7.0, other=5, field=2, yes=False),
            step(Move.DITHER, 3, 40.0, yes=False),
            step(Move.TOGGLE, 3, 0.1, other=4),
            step(Move.TOGGLE, 3, 4.0, field=2, yes=False),
            step(Move.SLEEP, 3, other=3, yes=False),
            slowness=50,
        ),
    ],
    # The same, read back from a write of ours.
    "a rep says No and puts the row to sleep while a refusal is written to it": [
        replace(script, sites=2, skews=(4.5, 4.5))
        for script in exactly(
            1796094964382,
            replace(step(Move.TOGGLE, 2, 4.0), site=2),
            step(Move.OPT_OUT, 3, yes=False),
            step(Move.TOGGLE, 3, 40.0, other=6),
            replace(step(Move.DITHER, 3, 0.2, other=6, yes=False), site=2),
            replace(step(Move.TOGGLE, 3, 2.0, other=1, yes=False), site=2),
            step(Move.TICK_BOX, 3, 0.4, other=7, field=2, yes=False),
            step(Move.SLEEP, 3, 0.05, other=7, field=2, yes=False),
            slowness=10,
            faults=frozenset({Fault.FEED_LAGS, Fault.STORE_REFUSES, Fault.NOTICE_DOUBLED}),
        )
    ],
    # A stranger's row was looked for only by contacts without a row: one that split off had its own
    # (seed 1796094461793).
    "a row comes to the address of one that nobody was to make a contact for": [
        replace(script, create_in_hub=False)
        for script in again(
            step(Move.ROW_NEW, other=7, yes=False),
            step(Move.SWEEP, 0, 15.0),
            step(Move.ROW_EMAIL, 6, 40.0, other=6, yes=False),
        )
    ],
    # A look saw the row put back; by the next one, which alone counted, it was saved past the version known
    # of it. Where no look saw it, nobody can tell (seed 1796094461824).
    "a row put back over our own write is saved past its version": again(
        step(Move.WITHDRAW, 2, 0.4),
        step(Move.BACKUP, 5, 0.2),
        step(Move.ANSWER_CATEGORY, 2, 70.0, yes=False),
        step(Move.RESTORE, 5, 0.1),
        step(Move.TICK_BOX, 2, 2.0, field=2, yes=False),
        step(Move.CLEAR, 2, 0.05, field=2),
        faults=_PUT_BACK,
    ),
    # The refusal counted from the click, and the write waited ten seconds for its turn (seed 1796105173887).
    "a rep says Allow while an unsubscribe waits to be written down": [
        replace(script, create_in_hub=False)
        for script in exactly(
            1796105173887,
            step(Move.RESUME, 5, other=7, field=2),
            step(Move.TOGGLE, 5, 70.0, other=3, field=2, yes=False),
            step(Move.TOGGLE, 5, 2.0, other=3, field=2, yes=False),
            step(Move.SAME, 6, 15.0),
            step(Move.ONE_CLICK, 5, 4.0, other=2, field=2),
            step(Move.ONE_CLICK, 7, other=3),
            step(Move.TOGGLE, 5, 4.0, other=6, field=2),
            slowness=50,
        )
    ],
    # The judge of agreement did not know that the address their row moved to is barred as well
    # (seed 1796105177315).
    "the row of somebody being erased moves to an address another row is made with": [
        replace(script, harshness=4)
        for script in exactly(
            1796105177315,
            step(Move.ERASE, 5, 4.0, other=6, field=2),
            step(Move.ROW_EMAIL, 5, 4.0, other=6, field=2),
            step(Move.ROW_NEW, 6, other=6, field=2),
            faults=frozenset({Fault.THROTTLED, Fault.NOTICE_LOST}),
        )
    ],
    # The refusal told of the deleted row said what the contact had said already, so it was dropped; a grant
    # another row had made before it was then news (seed 1796106851324).
    "a row's No told after it was deleted says what its contact says already": [
        replace(script, sites=2, skews=(0.0, 0.0))
        for script in exactly(
            1796106851324,
            step(Move.TICK_BOX, 1, 4.0, other=5, yes=False),
            step(Move.ANSWER_CATEGORY, 1, other=1, yes=False),
            step(Move.TICK_BOX, 1, 70.0, other=2),
            replace(step(Move.TICK_BOX, 1, 0.2, other=5), site=2),
            replace(step(Move.TICK_BOX, 1, 0.5, yes=False), site=2),
            replace(step(Move.DELETE, 1, other=5, yes=False), site=2),
            step(Move.SEND, 1, 4.0, other=5),
            replace(step(Move.ROW_EMAIL, 1, 0.4, other=3, field=2, yes=False), site=2),
            slowness=50,
        )
    ],
    # Our own refusal went over one a rep had just made, and the webhook's word of that one was taken for
    # old (seed 1796106857702).
    "a refusal of ours is written over a rep's own": [
        replace(script, sites=2, skews=(0.0, 0.0))
        for script in exactly(
            1796106857702,
            step(Move.ANSWER_CATEGORY, 2, other=7, yes=False),
            replace(step(Move.TICK_BOX, 2, 15.0, yes=False), site=2),
            replace(step(Move.PHONE, 2, other=3), site=2),
            replace(step(Move.ANSWER_CATEGORY, 2, other=4), site=2),
            replace(step(Move.CLEAR, 2, 15.0, other=1, yes=False), site=2),
            step(Move.TICK_BOX, 2, 0.5, other=4),
            replace(step(Move.TICK_BOX, 2, 0.1, other=6, yes=False), site=2),
            step(Move.CHECK, 2, 15.0, other=4, yes=False),
            slowness=10,
        )
    ],
    # Two went to one address of a swap, and whoever was asked first shut the other and the swap out for
    # good (seeds 1796106941031, 1796106951388 and 1796124322461).
    "a third row goes to an address of two that swap theirs": again(
        step(Move.ROW_EMAIL, 1, other=0), step(Move.SWAP, 0, other=3)
    ),
    # Bases were void by then, and without one the rows that a read from before the restore told of were
    # never older than anything (seed 1796124329591).
    "what was read before a restore is stored after it was proved": exactly(
        1796124329591,
        step(Move.TOGGLE, 2, 1.0, other=2, yes=False),
        step(Move.OPT_OUT, 6, 0.4, other=6),
        step(Move.PAGE, 7, 0.05, other=7, yes=False),
        step(Move.TOGGLE, 5, 0.2, field=2),
        step(Move.BACKUP, 7, 1.0, other=7),
        step(Move.SWEEP, 5, 15.0, other=1, field=2),
        step(Move.CONFIRM, 5, field=2, yes=False),
        step(Move.TOGGLE, 1, 0.02, other=3, field=2, yes=False),
        step(Move.RESTORE, 7, 4.0, other=7),
        step(Move.PAGE, 5, other=6, yes=False),
        step(Move.OPT_OUT, 5, other=5, yes=False),
        step(Move.PHONE, 5, 70.0),
        slowness=50,
        faults=frozenset({Fault.SIGN_IN_EXPIRED}),
    ),
    # The check read the feed and moved the token without looking for a restore; rows of ours, written since
    # one, were the newest afterwards and hid it (seed 1796125665239).
    "a send is checked after the organisation was put back over our own write": [
        replace(script, on_allow=OnAllow.HOLD)
        for script in exactly(
            1796125665239,
            step(Move.ANSWER_CATEGORY, 0, 0.1, other=5, field=2, yes=False),
            step(Move.BACKUP, 6, 0.2, other=1, field=2, yes=False),
            step(Move.PAGE, 4, 1.0, other=3, yes=False),
            step(Move.CRASH, 4, other=5, field=2, yes=False),
            step(Move.RESTORE, 6, 70.0, other=1, field=2, yes=False),
            step(Move.SEND, 4, yes=False),
            step(Move.OPT_OUT, 5, 0.1, other=7),
            faults=frozenset(
                {
                    Fault.FEED_LAGS,
                    Fault.NOTICE_LATE,
                    Fault.SIGN_IN_EXPIRED,
                    Fault.RESET,
                    Fault.TIMEOUT_AFTER,
                }
            ),
        )
    ],
    # Each of two contacts got the send once, and one mailbox both: it went over to the other's contact
    # between (seed 1796106874796).
    "addresses are swapped while a newsletter goes out": [
        replace(script, hold_deleted=False, create_in_crm=False)
        for script in exactly(
            1796106874796,
            step(Move.SWEEP, 2, other=2),
            step(Move.PAGE, 5, other=2),
            step(Move.PHONE, 5, 7.0, other=7),
            step(Move.SEND, 5, other=2, field=2, yes=False),
            step(Move.ROW_EMAIL, 5, 4.0, other=7, yes=False),
            step(Move.SWAP, 5, 15.0, other=6),
        )
    ],
    # It was above the version it was deleted at and below the token of the time, so nothing told of it
    # (seed 1796106891632).
    "a deleted row is put back and saved before anybody looks": exactly(
        1796106891632,
        step(Move.CHECK, 0, field=2),
        step(Move.BACKUP, 0, 0.2, other=7, yes=False),
        step(Move.DELETE, 0, 0.4, other=6, yes=False),
        step(Move.CHECK, 0, 70.0, other=7, field=2, yes=False),
        step(Move.RESTORE, 0, 0.2, other=7, yes=False),
        step(Move.TICK_BOX, 0, other=7, yes=False),
        slowness=50,
        faults=frozenset({Fault.NOTICE_LOST}),
    ),
}

pytestmark = pytest.mark.thorough


@pytest.mark.parametrize("story", STORIES)
def test_what_broke_once_stays_mended(story: str) -> None:
    """No judge complains however the story is told."""
    assert [] == [one for script in STORIES[story] for one in play(the_lab(), script).broken]
