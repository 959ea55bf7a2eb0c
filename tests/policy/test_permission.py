"""The lens between legal basis and Bulk Email (rules T1-T7), every cell and law."""

from itertools import product
from uuid import UUID

import pytest

from assent.policy.permission import AllowPolicy, BulkEmail, LegalBasis, Lifted, OnAllow, agree, lift, project

from .samples import ALLOW, CONSENT, DENY, ERP, INTEREST, NONE, NULL, POSITIVE, REP, UNREAD, WITHDRAWN

HELD_ERP = frozenset({ERP})
POLICIES = [AllowPolicy(on_allow, held) for on_allow in OnAllow for held in (frozenset[UUID](), HELD_ERP)]
WRITERS: list[UUID | None] = [None, REP, ERP]
LAST: list[LegalBasis | None] = [None, *POSITIVE]


def test_exactly_six_bases_are_positive() -> None:
    """Words: mail may be sent on the six positive bases, not on Withdrawn or None."""
    assert set(POSITIVE) == {basis for basis in LegalBasis if basis.positive}
    assert {NONE, WITHDRAWN} == set(LegalBasis) - set(POSITIVE)


@pytest.mark.parametrize("basis", POSITIVE)
def test_a_positive_basis_shows_as_allow(basis: LegalBasis) -> None:
    """T1: any of the six positive bases is Allow."""
    assert ALLOW == project(basis)


def test_withdrawn_shows_as_do_not_allow() -> None:
    """T1: Withdrawn is Do not allow."""
    assert DENY == project(WITHDRAWN)


def test_none_shows_as_nothing() -> None:
    """T1: for None nothing is written; the toggle keeps its value."""
    assert None is project(NONE)


#: Who agrees with whom: T1 for values, T7 for None, T6 for null and unread.
AGREE = {
    ALLOW: {NONE, *POSITIVE},
    DENY: {WITHDRAWN},
    NULL: {NONE, *POSITIVE},
    UNREAD: {NONE, WITHDRAWN, *POSITIVE},
}


@pytest.mark.parametrize("toggle", list(AGREE))
@pytest.mark.parametrize("basis", list(LegalBasis))
def test_bases_and_toggles_agree_by_the_table(basis: LegalBasis, toggle: BulkEmail) -> None:
    """T1, T6, T7: None agrees with Allow and null, never with Do not allow; unread proves nothing."""
    assert (basis in AGREE[toggle]) == agree(basis, toggle)


@pytest.mark.parametrize("basis", [*POSITIVE, WITHDRAWN])
def test_a_projection_agrees_with_its_basis(basis: LegalBasis) -> None:
    """T1: what is written for a basis agrees with it, so that nothing is written twice."""
    shown = project(basis)
    assert shown is not None
    assert agree(basis, shown)


EVERY_LIFT = list(product(LegalBasis, POLICIES, WRITERS, LAST, (False, True)))


def test_lifting_what_was_projected_changes_nothing() -> None:
    """T4: an echo is not a change, for every basis, policy, writer and past."""
    for basis, policy, writer, last, personally in EVERY_LIFT:
        shown = project(basis)
        if shown is not None:
            lifted = lift(
                basis, shown, policy=policy, writer=writer, last_positive=last, refused_personally=personally
            )
            assert Lifted(basis) == lifted


def test_projecting_what_was_lifted_gives_what_was_asked_for() -> None:
    """T4: the second lens law, over all states, except under hold where Do not allow comes back."""
    for (basis, policy, writer, last, personally), asked in product(EVERY_LIFT, (ALLOW, DENY)):
        lifted = lift(
            basis, asked, policy=policy, writer=writer, last_positive=last, refused_personally=personally
        )
        if lifted.held:
            assert basis is lifted.basis
            assert ALLOW is asked
        else:
            assert asked == project(lifted.basis)


def test_do_not_allow_means_withdrawn_over_anything() -> None:
    """T2: no policy, writer or past softens a refusal."""
    for basis, policy, writer, last, personally in EVERY_LIFT:
        lifted = lift(
            basis, DENY, policy=policy, writer=writer, last_positive=last, refused_personally=personally
        )
        assert Lifted(WITHDRAWN) == lifted


def test_null_and_unread_lift_nothing() -> None:
    """T6: a null or unread toggle is never a refusal and never a grant."""
    for (basis, policy, writer, last, personally), blank in product(EVERY_LIFT, (NULL, UNREAD)):
        lifted = lift(
            basis, blank, policy=policy, writer=writer, last_positive=last, refused_personally=personally
        )
        assert Lifted(basis) == lifted


def expected_allow(
    basis: LegalBasis,
    policy: AllowPolicy,
    writer: UUID | None,
    last: LegalBasis | None,
    personally: bool,
) -> Lifted:
    """T3 in its own order of sentences."""
    if basis in POSITIVE:
        return Lifted(basis)
    always_held = writer == ERP and policy.held_writers == HELD_ERP
    outcomes = {
        OnAllow.CONSENT: Lifted(CONSENT),
        OnAllow.HOLD: Lifted(basis, held=True),
        OnAllow.RESTORE: Lifted(basis, held=True) if last is None or personally else Lifted(last),
    }
    return Lifted(basis, held=True) if always_held else outcomes[policy.on_allow]


def test_allow_follows_the_connections_policy() -> None:
    """T3: Consent, or restore (falling to hold), or hold; named writers are always held."""
    for basis, policy, writer, last, personally in EVERY_LIFT:
        lifted = lift(
            basis, ALLOW, policy=policy, writer=writer, last_positive=last, refused_personally=personally
        )
        assert expected_allow(basis, policy, writer, last, personally) == lifted


def test_allow_by_a_rep_over_withdrawn_is_consent_by_default() -> None:
    """T3: without further settings a real change to Allow becomes Consent."""
    assert Lifted(CONSENT) == lift(WITHDRAWN, ALLOW)


def test_legitimate_interest_survives_its_own_echo() -> None:
    """T4: Legitimate interest shown as Allow never comes back as Consent."""
    assert Lifted(INTEREST) == lift(INTEREST, ALLOW, writer=REP)


def test_a_named_writers_refusal_is_not_held() -> None:
    """T2, T3: only Allows of a named writer are held, never its refusals."""
    assert Lifted(WITHDRAWN) == lift(CONSENT, DENY, policy=AllowPolicy(held_writers=HELD_ERP), writer=ERP)


def test_restore_gives_back_the_last_positive_basis() -> None:
    """T3: restore returns Legitimate interest where a rep, not the person, had refused."""
    policy = AllowPolicy(OnAllow.RESTORE)
    assert Lifted(INTEREST) == lift(WITHDRAWN, ALLOW, policy=policy, last_positive=INTEREST)
