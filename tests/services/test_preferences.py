"""What a wish on a preference page leads to, in every combination (S2, S3)."""

import itertools
from datetime import UTC, datetime

import pytest

from assent.policy.permission import LegalBasis
from assent.services.preferences import Saved, Wish, decide, masked
from assent.store.brands import Brand
from assent.store.categories import Category
from assent.store.preference_pages import Sheet

ON, OFF, GONE = 1, 2, 4
NOW = datetime(2026, 1, 1, tzinfo=UTC)
KNOWN = tuple(Category(bit, f"c{bit}", "", bit, True, f"asn_c{bit}") for bit in (ON, OFF))


def sheet(basis: LegalBasis) -> Sheet:
    """A person who says Yes to one category and No to another, at revision 7."""
    return Sheet(Brand("Meadow"), "a@x.example", "", "", 7, basis, ON, NOW, NOW, False, KNOWN)


EVERY = list(
    itertools.product(LegalBasis, (7, 6), (None, True, False), (False, True), ({}, {OFF: True}, {ON: False}))
)


@pytest.mark.parametrize(("basis", "revision", "resume", "stop_all", "moved"), EVERY)
def test_every_wish_is_decided(
    basis: LegalBasis, revision: int, resume: bool | None, stop_all: bool, moved: dict[int, bool]
) -> None:
    """Refusals always count; permission only on a page that is still true, and only for the words asked."""
    found = decide(sheet(basis), Wish(moved, revision, resume, stop_all))
    fresh = revision == 7
    assert ((ON,) if moved.get(ON) is False else ()) == found.off
    assert ((OFF,) if moved.get(OFF) and fresh else ()) == found.on
    assert stop_all == found.stopped
    assert (bool(resume) and not basis.positive and fresh and not stop_all) == found.resumed
    asks = bool(found.on) and basis is LegalBasis.WITHDRAWN and resume is None and not stop_all
    assert asks == found.asks
    if fresh:
        assert not found.unsaved


def test_an_old_page_tells_what_it_did_not_do() -> None:
    """A late yes is not done and told; one that stands already is neither."""
    late = decide(sheet(LegalBasis.WITHDRAWN), Wish({OFF: True, ON: True}, 6, resume=True))
    assert Saved(unsaved=True) == late
    assert Saved() == decide(sheet(LegalBasis.CONSENT), Wish({ON: True}, 6, resume=True))


def test_a_category_that_is_no_longer_there_is_passed_over() -> None:
    """Archived or purged since the page was shown."""
    assert Saved() == decide(sheet(LegalBasis.CONSENT), Wish({GONE: False, 1 << 61: True}, 7))


def test_the_full_opt_out_wins_over_a_yes_in_the_same_form() -> None:
    """Whoever says both said no."""
    found = decide(sheet(LegalBasis.WITHDRAWN), Wish({}, 7, resume=True, stop_all=True))
    assert (True, False) == (found.stopped, found.resumed)


@pytest.mark.parametrize(
    ("email", "expected"),
    [
        ("alice@x.example", "a•••@x.example"),
        ("b@x.example", "b•••@x.example"),
        ("ö@x.example", "ö•••@x.example"),
    ],
)
def test_an_address_is_masked_beyond_its_first_letter(email: str, expected: str) -> None:
    """Its owner knows it; whoever looks over their shoulder does not."""
    assert expected == masked(email)
