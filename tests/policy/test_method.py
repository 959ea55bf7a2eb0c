"""Which way of asking who refuses costs an organisation least."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assent.policy.method import Choice, Method, choose

AMOUNTS = st.integers(min_value=0, max_value=3_000_000)


@pytest.mark.parametrize(
    ("contacts", "refusing", "method", "requests"),
    [
        (1, 500, Method.TARGETS, 1),  # a single contact is read row by row
        (1, 0, Method.REFUSING, 1),
        (1, 100_000, Method.TARGETS, 1),
        (5_000, 114_000, Method.TARGETS, 2),
        (100_000, 12_000, Method.REFUSING, 3),
        (1_000_000, 120_000, Method.REFUSING, 24),
        (1_000_000, 0, Method.REFUSING, 1),
    ],
)
def test_the_cheaper_way_is_taken(contacts: int, refusing: int, method: Method, requests: int) -> None:
    """Few contacts by their own rows, many by the set that refuses; the requests are told beforehand."""
    choice = choose(contacts, refusing)
    assert (method, requests) == (choice.method, choice.cost.requests)


@given(AMOUNTS, AMOUNTS)
def test_what_was_chosen_never_costs_more_than_the_other(contacts: int, refusing: int) -> None:
    """The choice is by the organisation's time alone."""
    choice = choose(contacts, refusing)
    assert choice.cost.seconds <= choice.other.seconds


@given(AMOUNTS, AMOUNTS, AMOUNTS)
def test_more_contacts_never_turn_the_choice_back_to_single_rows(few: int, more: int, refusing: int) -> None:
    """There is one point from which the whole set is read."""
    few, more = sorted((few, more))
    chosen: list[Choice] = [choose(few, refusing), choose(more, refusing)]
    assert [c.method for c in chosen] != [Method.REFUSING, Method.TARGETS]
