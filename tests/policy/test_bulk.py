"""What an action on many contacts may do to each."""

from itertools import product

import pytest

from assent.errors import Invalid
from assent.policy.bulk import ACTS, BulkAction, BulkKind, Outcome, Target, lifted, outcome, read_action
from assent.policy.permission import LegalBasis

NEWS, EVENTS = 1, 2
ACTIONS = [BulkAction(BulkKind.SET_BASIS, basis) for basis in LegalBasis] + [
    BulkAction(kind, categories=mask)
    for kind in (BulkKind.SUBSCRIBE, BulkKind.UNSUBSCRIBE)
    for mask in (NEWS, EVENTS, NEWS | EVENTS)
]
TARGETS = [Target(*parts) for parts in product(LegalBasis, range(4), range(4))]


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: str(action.plain()))
def test_no_action_on_many_lifts_a_refusal(action: BulkAction) -> None:
    """Withdrawn stays whatever is set (I7, T7), and so does a No that nobody here gave."""
    for target in TARGETS:
        found = outcome(action, target)
        acts = found in ACTS
        if target.basis is LegalBasis.WITHDRAWN and action.kind is BulkKind.SET_BASIS:
            assert acts == (action.basis is LegalBasis.WITHDRAWN)
        if action.kind is BulkKind.SUBSCRIBE:
            assert not lifted(action, target) & ~target.ours
            assert acts == bool(lifted(action, target) and target.basis is not LegalBasis.WITHDRAWN)


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: str(action.plain()))
def test_a_refusal_is_always_an_act(action: BulkAction) -> None:
    """Also one that repeats what stands (M3)."""
    refuses = action.basis is LegalBasis.WITHDRAWN or action.kind is BulkKind.UNSUBSCRIBE
    if refuses:
        assert all(outcome(action, target) in ACTS for target in TARGETS)
        assert not action.grants


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: str(action.plain()))
def test_an_action_is_read_back_from_json(action: BulkAction) -> None:
    """What is written is what is read."""
    assert action == read_action(action.plain())


@pytest.mark.parametrize(
    "plain",
    [
        {},
        {"kind": "erase"},
        {"kind": "set_basis"},
        {"kind": "set_basis", "basis": "maybe"},
        {"kind": "subscribe"},
        {"kind": "subscribe", "categories": []},
        {"kind": "unsubscribe", "categories": [0]},
        {"kind": "unsubscribe", "categories": [61]},
        {"kind": "unsubscribe", "categories": ["1"]},
        {"kind": "unsubscribe", "categories": "1"},
    ],
)
def test_rubbish_is_no_action(plain: dict[str, object]) -> None:
    """Each is told in words."""
    with pytest.raises(Invalid):
        read_action(plain)


def test_setting_none_over_a_basis_is_a_change_and_says_nothing_else() -> None:
    """None is the absence of an opinion: it may replace a basis, never Withdrawn (T7)."""
    action = BulkAction(BulkKind.SET_BASIS)
    assert Outcome.CHANGED is outcome(action, Target(LegalBasis.CONSENT, 0))
    assert Outcome.UNCHANGED is outcome(action, Target(LegalBasis.NONE, 0))
    assert Outcome.KEPT_WITHDRAWN is outcome(action, Target(LegalBasis.WITHDRAWN, 0))
