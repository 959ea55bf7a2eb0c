"""A batch of fresh histories in every test run, and every seed that ever failed."""

import pytest

from .histories import history

#: Seeds that broke a promise once, each with what it taught.
REGRESSIONS: dict[int, str] = {}


@pytest.mark.parametrize("first", range(0, 4000, 500))
def test_a_batch_of_histories_keeps_every_promise(first: int) -> None:
    """P2, P3, P4: in every seeded history the newest refusal holds, nothing is invented, both sides agree."""
    broken = {seed: found.broken for seed in range(first, first + 500) if (found := history(seed)).broken}
    assert {} == broken


def test_the_same_seed_gives_the_same_history() -> None:
    """A failure can be shown again: one seed fixes everything."""
    assert history(7) == history(7)


@pytest.mark.parametrize("seed", REGRESSIONS)
def test_a_seed_that_failed_once_holds_now(seed: int) -> None:
    """What broke once stays mended."""
    assert () == history(seed).broken
