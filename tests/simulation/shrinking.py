"""Makes a failing script smaller: fewer steps, fewer faults, as long as the same judge complains."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from hypothesis import HealthCheck, Phase, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from .history import Played
from .script import Script


def smallest(script: Script, play: Callable[[Script], Played], *, tries: int = 150) -> Script:
    """The smallest script Hypothesis finds in which one of the same judges complains."""
    judges = play(script).checkers

    def still(kept: tuple[Sequence[bool], Sequence[bool]]) -> bool:
        return bool(play(_only(script, *kept)).checkers & judges)

    # False is what Hypothesis shrinks to; at first nearly everything is kept, so that it has a case at all.
    mostly = st.sampled_from([False, *[True] * 9])
    kept = st.tuples(
        st.lists(mostly, min_size=len(script.steps), max_size=len(script.steps)),
        st.lists(mostly, min_size=len(script.faults), max_size=len(script.faults)),
    )
    patience = settings(
        max_examples=tries,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    try:
        return _only(script, *find(kept, still, settings=patience))
    except NoSuchExample:
        return script


def _only(script: Script, steps: Sequence[bool], faults: Sequence[bool]) -> Script:
    in_order = sorted(script.faults, key=lambda fault: fault.value)
    return replace(
        script,
        steps=tuple(step for step, kept in zip(script.steps, steps, strict=True) if kept),
        faults=frozenset(fault for fault, kept in zip(in_order, faults, strict=True) if kept),
    )
