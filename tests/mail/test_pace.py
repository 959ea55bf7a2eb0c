"""No more mail to a domain than its limit allows, whatever the order, and others do not wait for it."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assent.errors import Invalid
from assent.mail.pace import BURST_S, Pace, read_rates

NOW = datetime(2026, 5, 4, tzinfo=UTC)


@given(
    st.integers(1, 3000),
    st.lists(st.tuples(st.sampled_from(["a@g.example", "b@free.example"]), st.floats(0, 30)), max_size=80),
)
def test_a_domains_mails_stay_within_its_limit(rate: int, asked: list[tuple[str, float]]) -> None:
    """At most what the rate gives in that time and one burst; a domain without limit never waits."""
    pace, now, gone = Pace({"g.example": rate}), NOW, Counter[str]()
    for address, pause in asked:
        now += timedelta(seconds=pause)
        took = pace.take(address, now)
        assert took or address == "a@g.example"
        gone[address] += took
    seconds = (now - NOW).total_seconds()
    assert gone["a@g.example"] <= max(1, rate * BURST_S / 60) + rate * seconds / 60 + 1e-6


def test_who_waits_may_go_after_the_wait() -> None:
    """An exhausted domain is told, with how long; after that a mail goes."""
    pace = Pace({"*": 10})
    assert pace.take("a@g.example", NOW)
    assert not pace.take("b@g.example", NOW)
    assert {"g.example"} == pace.exhausted(NOW)
    wait = pace.wait_s(NOW)
    assert 6.0 == pytest.approx(wait)
    assert pace.take("b@g.example", NOW + timedelta(seconds=wait))
    assert 0.0 == Pace().wait_s(NOW)


def test_rates_are_read_or_told() -> None:
    """The setting as an operator writes it."""
    assert {"gmail.com": 600, "*": 1200} == read_rates(" Gmail.com=600 , *=1200,")
    assert {} == read_rates("")
    for wrong in ("gmail.com", "gmail.com=0", "gmail.com=many", "=5", "a b=5"):
        with pytest.raises(Invalid, match="ASSENT_MAIL_RATES"):
            read_rates(wrong)
