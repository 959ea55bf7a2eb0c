"""What an audience's JSON form says, and what it refuses."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assent.errors import Invalid
from assent.policy.audience import Audience, fold, mask_of, numbers_of, read_audience
from assent.policy.permission import LegalBasis
from assent.policy.sides import CATEGORIES

MASKS = st.integers(0, CATEGORIES)
MAYBE = st.none() | st.booleans()
AUDIENCES = st.builds(
    Audience,
    st.text(max_size=20).map(lambda text: text.replace("\0", "")),
    st.frozensets(st.sampled_from(LegalBasis)),
    MASKS,
    MASKS,
    MAYBE,
    st.none() | st.integers(1, 2**63 - 1),
    MAYBE,
    MAYBE,
    st.none() | st.frozensets(st.uuids(), max_size=4),
)


@given(AUDIENCES)
def test_an_audience_is_read_back_as_it_was(audience: Audience) -> None:
    """Stored with a send, asked for by API: the same contacts are meant."""
    assert audience == read_audience(audience.plain())


@given(MASKS)
def test_categories_are_named_by_small_numbers(mask: int) -> None:
    """Numbers from 1 to 60, which JSON holds exactly."""
    numbers = numbers_of(mask)
    assert all(1 <= number <= 60 for number in numbers)
    assert mask == mask_of(numbers)


def test_only_what_was_given_is_written() -> None:
    """Everybody is the empty filter; nobody is not."""
    assert {} == Audience().plain()
    assert {"contact_ids": []} == Audience(contact_ids=frozenset()).plain()
    assert {"held": False} == Audience(held=False).plain()


@pytest.mark.parametrize(
    "plain",
    [
        None,
        [],
        "everybody",
        {"who": "everybody"},
        {"text": 5},
        {"text": "x" * 201},
        {"text": "a\0b"},
        {"bases": "consent"},
        {"bases": ["maybe"]},
        {"bases": [[]]},
        {"subscribed": [0]},
        {"subscribed": [61]},
        {"subscribed": [True]},
        {"subscribed": 1},
        {"linked": "yes"},
        {"held": 1},
        {"connection": 0},
        {"connection": True},
        {"connection": 2**63},
        {"contact_ids": ["x"]},
        {"contact_ids": [5]},
        {"contact_ids": str(UUID(int=1))},
    ],
)
def test_rubbish_is_no_audience(plain: object) -> None:
    """Each is told in words, and never taken for everybody."""
    with pytest.raises(Invalid):
        read_audience(plain)


@given(st.text(max_size=40))
def test_folding_twice_changes_nothing(text: str) -> None:
    """What is kept and what is looked for meet."""
    assert fold(text) == fold(fold(text))


@pytest.mark.parametrize(("one", "other"), [("Åsa", "asa"), ("MÜLLER", "muller"), ("Straße", "STRASSE")])
def test_names_are_the_same_without_case_and_accents(one: str, other: str) -> None:
    """People type names as their keyboard lets them."""
    assert fold(one) == fold(other)
