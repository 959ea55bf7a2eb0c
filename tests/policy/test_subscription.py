"""What a preference page may change (rules S1-S3)."""

from itertools import product

import pytest

from assent.policy.permission import LegalBasis
from assent.policy.sides import CATEGORIES, CATEGORY_LIMIT
from assent.policy.subscription import Resume, Saved, first_value, free_bit, save_page

from .samples import BOTH, CONSENT, EVENTS, INTEREST, NEWS, NONE, WITHDRAWN

MASKS = (0, NEWS, EVENTS, BOTH)
ARCHIVED = 4
EVERY_PAGE = list(
    product((CONSENT, INTEREST, NONE, WITHDRAWN), MASKS, MASKS, (*MASKS, ARCHIVED), (False, True), Resume)
)


def saved(page: tuple[LegalBasis, int, int, int, bool, Resume]) -> Saved:
    """Submit a page."""
    basis, shown, submitted, current, out, resume = page
    return save_page(
        basis=basis,
        shown=shown,
        submitted=submitted,
        categories=BOTH,
        current=current,
        unsubscribe_all=out,
        resume=resume,
    )


def test_only_the_controls_that_were_moved_are_touched() -> None:
    """S3: a category not moved keeps whatever it holds by now, touched by nobody."""
    for page in EVERY_PAGE:
        _, shown, submitted, current, _, _ = page
        result = saved(page)
        for category in (NEWS, EVENTS, ARCHIVED):
            moved = category != ARCHIVED and (shown & category) != (submitted & category)
            assert moved == bool(result.touched & category)
            expected = submitted & category if moved else current & category
            assert expected == result.value & category


def test_the_basis_changes_only_by_its_own_control_or_an_answer_in_words() -> None:
    """S2: toggles never change the legal basis."""
    for page in EVERY_PAGE:
        basis, shown, submitted, _, out, resume = page
        turned_on = bool(submitted & ~shown)
        expected, acted = basis, False
        if out:
            expected, acted = WITHDRAWN, True
        elif basis is WITHDRAWN and turned_on and resume is Resume.YES:
            expected, acted = CONSENT, True
        assert (expected, acted) == (saved(page).basis, saved(page).permission_touched)


def test_a_withdrawn_person_who_turns_a_category_on_is_asked() -> None:
    """S2: asked in words once, and only then."""
    for page in EVERY_PAGE:
        basis, shown, submitted, _, out, resume = page
        expected = basis is WITHDRAWN and bool(submitted & ~shown) and not out and resume is Resume.NOT_ASKED
        assert expected == saved(page).ask


def test_the_full_opt_out_is_an_act_even_when_repeated() -> None:
    """S3: an unsubscribe button always touches."""
    result = saved((WITHDRAWN, BOTH, BOTH, BOTH, True, Resume.NOT_ASKED))
    assert Saved(0, BOTH, WITHDRAWN, permission_touched=True) == result


@pytest.mark.parametrize(
    ("known", "value", "refused"),
    [(0, 0, 0), (BOTH, BOTH, 0), (BOTH, NEWS, EVENTS), (NEWS, 0, NEWS), (BOTH, 0, BOTH), (0, NEWS, 0)],
)
def test_every_category_starts_at_yes_but_for_a_first_seen_no(known: int, value: int, refused: int) -> None:
    """S1: a first-seen CRM No stands; null and missing say nothing."""
    assert CATEGORIES & ~refused == first_value(known, value)


def test_a_bit_in_use_is_never_given_twice() -> None:
    """S1: every category has its own bit, sixty at a time and no more."""
    used = 0
    for expected in range(CATEGORY_LIMIT):
        bit = free_bit(used)
        assert 1 << expected == bit
        used |= bit or 0
    assert None is free_bit(used)
    assert EVENTS == free_bit(used & ~EVENTS)
