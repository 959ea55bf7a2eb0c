"""One field, n + 1 sides: every pair and triple against an oracle of possible worlds (M1-M3, M5, I2)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from itertools import permutations, product

import pytest

from assent.policy.merge import (
    BlockEnd,
    Decision,
    Rule,
    Side,
    Touch,
    When,
    crm_when,
    decide,
    end_block,
    hub_when,
)
from assent.policy.permission import Stance

from .samples import SKEW, at

YES, NO, SILENT = Stance.YES, Stance.NO, Stance.SILENT
UNKNOWN = When()

Interval = tuple[int, int]


def hour(moment: datetime | None, open_end: int) -> int:
    """A sample moment as a small whole number; an open end reaches past every other."""
    return open_end if moment is None else int((moment - at(0)).total_seconds())


@cache
def newest_act_is_surely_a_grant(grants: frozenset[Interval], refusals: frozenset[Interval]) -> bool:
    """Try every moment each act may have happened: is the newest act a grant in all those worlds?"""
    grant_worlds = product(*(range(low, high + 1) for low, high in grants))
    latest_grants = {max(world) for world in grant_worlds}
    latest_refusals = {max(world) for world in product(*(range(a, b + 1) for a, b in refusals))}
    return all(refusal < grant for refusal in latest_refusals for grant in latest_grants)


def worlds_of(sides: Iterable[Side]) -> frozenset[Interval]:
    """The moments at which the acts of these sides may have happened."""
    return frozenset((hour(s.when.not_before, 0), hour(s.when.not_after, 5)) for s in sides)


def oracle(sides: Sequence[Side]) -> Stance:
    """The outcome by the rules' sentences and by what may have happened when."""
    parties = [s for s in sides if s.stance is not SILENT]  # T6, T7: the silent are no party
    grants = [s for s in parties if s.stance is YES and s.touch is Touch.TOUCHED]
    refusals = [s for s in parties if s.stance is NO]
    if not grants:
        if refusals:
            return NO  # M5, I2: without a grant the strictest of what stands holds
        return YES if sides[0].stance is YES else SILENT  # T5: merely being Allow grants nothing
    if any(s.touch is Touch.FIRST_SEEN for s in refusals):
        return NO  # M5: wherever there is no base the strictest holds
    counting = [s for s in refusals if s.touch in (Touch.TOUCHED, Touch.MAYBE)]  # I2: not older copies
    if not counting:
        return YES
    return YES if newest_act_is_surely_a_grant(worlds_of(grants), worlds_of(counting)) else NO


WHENS = [
    UNKNOWN,
    When(at(1), at(1)),
    When(at(3), at(3)),
    When(None, at(2)),
    When(at(2), None),
    When(at(1), at(3)),
]
FEWER_WHENS = [UNKNOWN, When(at(1), at(2)), When(at(3), at(3))]
EVERY_SIDE = [Side(*cell) for cell in product(Stance, Touch, WHENS)]
FEWER_SIDES = [Side(*cell) for cell in product(Stance, Touch, FEWER_WHENS)]


def test_every_single_side_decides_as_its_sentence_says() -> None:
    """M1, M5, T7: a lone hub keeps what it holds."""
    for side in EVERY_SIDE:
        assert oracle([side]) == decide([side]).stance


def test_every_pair_decides_as_the_possible_worlds_do() -> None:
    """M1, M2, M3, M5: all stances, touches and orders of two sides."""
    for pair in product(EVERY_SIDE, repeat=2):
        assert oracle(pair) == decide(pair).stance, pair


def test_every_triple_decides_as_the_possible_worlds_do() -> None:
    """I2: all stances, touches and orders of a hub and two rows."""
    for triple in product(FEWER_SIDES, repeat=3):
        assert oracle(triple) == decide(triple).stance, triple


def test_the_order_of_rows_never_matters() -> None:
    """I2: the decision is one, whichever row is named first."""
    some = FEWER_SIDES[::2]
    for hub, *rows in product(FEWER_SIDES[::3], some, some):
        assert 1 == len({decide([hub, *order]).stance for order in permutations(rows)})


def test_silent_rows_change_no_decision() -> None:
    """T6, T7: null, unread and None are no party to a merge, however touched."""
    for pair in product(EVERY_SIDE[::2], repeat=2):
        for touch in Touch:
            assert decide(pair).stance == decide([*pair, Side(SILENT, touch)]).stance


def test_another_refusal_never_turns_no_into_yes() -> None:
    """P2: adding a refusing row can only make the outcome stricter."""
    for pair in product(FEWER_SIDES, repeat=2):
        for touch in Touch:
            if decide(pair).stance is NO:
                assert NO == decide([*pair, Side(NO, touch)]).stance


def test_a_decision_names_who_made_it() -> None:
    """Promise 4: a grant names touched Yes sides, a No the refusal that decided, and never a bystander."""
    for pair in product(EVERY_SIDE, repeat=2):
        decision = decide(pair)
        assert all(pair[i].stance is YES and pair[i].touch is Touch.TOUCHED for i in decision.grants)
        assert decision.refusal is None or pair[decision.refusal].stance is NO
        assert not decision.grants or decision.stance is YES


def test_only_a_maybe_touched_refusal_sets_a_grant_aside() -> None:
    """M3: a grant is set aside when, and only when, nothing surer than maybe stands against it."""
    for pair in product(EVERY_SIDE, repeat=2):
        made = [s for s in pair if s.stance is YES and s.touch is Touch.TOUCHED]
        refused = {s.touch for s in pair if s.stance is NO} - {Touch.UNTOUCHED}
        expected = bool(made) and refused == {Touch.MAYBE} and oracle(pair) is NO
        assert expected == decide(pair).set_aside


STORIES = {
    "nothing touched stays yes": (YES, Touch.UNTOUCHED, YES, Touch.UNTOUCHED, YES, Rule.M1),
    "nothing touched stays no": (NO, Touch.UNTOUCHED, NO, Touch.UNTOUCHED, NO, Rule.M1),
    "hub refuses": (NO, Touch.TOUCHED, YES, Touch.UNTOUCHED, NO, Rule.M1),
    "hub grants": (YES, Touch.TOUCHED, NO, Touch.UNTOUCHED, YES, Rule.M1),
    "row refuses": (YES, Touch.UNTOUCHED, NO, Touch.TOUCHED, NO, Rule.M1),
    "row grants": (NO, Touch.UNTOUCHED, YES, Touch.TOUCHED, YES, Rule.M1),
    "both, order unknown, hub yes": (YES, Touch.TOUCHED, NO, Touch.TOUCHED, NO, Rule.M2),
    "both, order unknown, row yes": (NO, Touch.TOUCHED, YES, Touch.TOUCHED, NO, Rule.M2),
    "both say yes": (YES, Touch.TOUCHED, YES, Touch.TOUCHED, YES, Rule.M2),
    "maybe refused again": (YES, Touch.TOUCHED, NO, Touch.MAYBE, NO, Rule.M3),
    "first seen, row refuses": (YES, Touch.FIRST_SEEN, NO, Touch.FIRST_SEEN, NO, Rule.M5),
    "first seen, hub refuses": (NO, Touch.FIRST_SEEN, YES, Touch.FIRST_SEEN, NO, Rule.M5),
    "new row beside none": (SILENT, Touch.FIRST_SEEN, YES, Touch.FIRST_SEEN, SILENT, Rule.T7),
}


@pytest.mark.parametrize("name", list(STORIES))
def test_a_decision_names_its_rule(name: str) -> None:
    """M1, M2, M3, M5, T7: the outcome carries the rule it rests on."""
    hub, hub_touch, row, row_touch, stance, rule = STORIES[name]
    decision = decide([Side(hub, hub_touch), Side(row, row_touch)])
    assert (stance, rule) == (decision.stance, decision.rule)


def test_a_later_grant_wins_where_the_order_is_proved() -> None:
    """M2: the later act wins on either side."""
    refusal = Side(NO, Touch.TOUCHED, When(at(1), at(2)))
    grant = Side(YES, Touch.TOUCHED, When(at(3), at(3)))
    assert Decision(YES, Rule.M2, grants=(0,)) == decide([grant, refusal])
    assert Decision(YES, Rule.M2, grants=(1,)) == decide([refusal, grant])


def test_touching_intervals_prove_nothing() -> None:
    """M2: refusal wins at the very same moment."""
    same = When(at(2), at(2))
    assert NO == decide([Side(YES, Touch.TOUCHED, same), Side(NO, Touch.TOUCHED, same)]).stance


def test_a_hub_act_has_one_moment_or_none() -> None:
    """M2: an act whose time was not kept proves no order."""
    assert When(at(4), at(4)) == hub_when(at(4))
    assert UNKNOWN == hub_when(None)


def test_modifiedon_bounds_a_row_act_by_a_second_and_the_skew() -> None:
    """M3: modifiedon is another clock's and has whole seconds."""
    when = crm_when(old_value_seen_at=at(1), modified_at=at(10), skew=SKEW)
    assert When(at(1), at(16)) == when


def test_without_modifiedon_a_row_act_has_no_end() -> None:
    """M2: what is not known proves no order."""
    assert UNKNOWN == crm_when(old_value_seen_at=None, modified_at=None, skew=SKEW)


#: M8: the notice's version beside the one read, and whether our write replaced it unseen.
BLOCKS = {
    (5, 4, False): BlockEnd.WAIT,
    (5, 4, True): BlockEnd.WAIT,
    (5, 5, False): BlockEnd.MERGED,
    (5, 5, True): BlockEnd.REFUSED,
    (5, 6, False): BlockEnd.MERGED,
    (5, 6, True): BlockEnd.REFUSED,
}


@pytest.mark.parametrize("cell", list(BLOCKS))
def test_a_block_ends_only_when_its_version_was_read(cell: tuple[int, int, bool]) -> None:
    """M8: a merge at or after the notice's version ends it; an unseen overwrite makes it an act."""
    notice, read, overwritten = cell
    assert BLOCKS[cell] == end_block(notice_version=notice, read_version=read, overwritten=overwritten)
