"""Sweeps every half hour, whatever becomes of the ticks (design section 3)."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assent.engine.schedule import DUE, LOST_AFTER, SWEEP_EVERY, Due, Last, Swept, due, last, slot_of

MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass
class Virtual:
    """A virtual clock over one account: ticks come, sweeps take their time."""

    takes: timedelta = timedelta(minutes=2)
    now: datetime = MIDNIGHT
    swept: Swept = field(default_factory=lambda: Swept(account_id=1))
    started: list[tuple[datetime, int]] = field(default_factory=list)

    def tick(self) -> None:
        """Let one tick happen now, and end a sweep whose time is over."""
        if self.swept.started is not None and self.now - self.swept.started >= self.takes:
            self.swept = replace(self.swept, finished=True)
        for _, slot in due(self.now, [self.swept]):
            self.started.append((self.now, slot))
            self.swept = Swept(1, slot, self.now)

    def run(self, length: timedelta, *, every: timedelta = MINUTE) -> None:
        """Let ticks come at a steady pace."""
        end = self.now + length
        while self.now < end:
            self.tick()
            self.now += every


def test_every_cell_of_the_due_table_is_decided() -> None:
    """Every combination of slot and last sweep has an entry."""
    assert {(newer, state) for newer in (True, False) for state in Last} == DUE.keys()


def test_a_day_of_ticks_gives_one_sweep_each_half_hour() -> None:
    """48 sweeps in 24 hours, one in each slot."""
    world = Virtual()
    world.run(timedelta(hours=24))
    assert [slot_of(MIDNIGHT) + n for n in range(48)] == [slot for _, slot in world.started]


def test_missed_ticks_are_made_good_by_one_sweep() -> None:
    """After five silent hours the first tick starts exactly one sweep."""
    world = Virtual()
    world.run(timedelta(minutes=10))
    world.now += timedelta(hours=5)
    before = len(world.started)
    world.run(timedelta(minutes=5))
    assert 1 == len(world.started) - before


def test_overlapping_ticks_name_the_same_piece_of_work() -> None:
    """Two ticks of one moment, on two machines, ask for the same (account, slot)."""
    account = Swept(1)
    assert due(MIDNIGHT, [account]) == due(MIDNIGHT + timedelta(seconds=1), [account])


def test_a_sweep_longer_than_its_slot_is_never_joined_by_another() -> None:
    """A sweep of 45 minutes delays the next one to the first tick after its end."""
    world = Virtual(takes=timedelta(minutes=45))
    world.run(timedelta(hours=3))
    starts = [at for at, _ in world.started]
    assert all(after - before >= timedelta(minutes=45) for before, after in pairwise(starts))
    assert 4 == len(starts)


def test_a_sweep_that_never_ends_is_taken_for_lost() -> None:
    """A sweep whose end never comes is followed by another after the time a sweep may take."""
    world = Virtual(takes=timedelta(days=99))
    world.run(LOST_AFTER + SWEEP_EVERY)
    assert 2 == len(world.started)


@pytest.mark.parametrize(
    ("swept", "expected"),
    [
        (Swept(1), Last.NEVER),
        (Swept(1, 5, MIDNIGHT, finished=True), Last.DONE),
        (Swept(1, 5, MIDNIGHT), Last.RUNNING),
        (Swept(1, 5, MIDNIGHT - LOST_AFTER - MINUTE), Last.LOST),
    ],
)
def test_the_last_sweep_is_classified(swept: Swept, expected: Last) -> None:
    """Never, finished, running and lost are told apart."""
    assert expected == last(swept, MIDNIGHT)


@given(st.lists(st.integers(min_value=0, max_value=4000), min_size=1, max_size=60))
def test_no_slot_is_ever_swept_twice_and_none_is_owed_after_a_tick(minutes: list[int]) -> None:
    """At whatever moments ticks come, slots only rise, and a tick leaves nothing due once its sweep ended."""
    world = Virtual(takes=timedelta(0))
    for minute in sorted(minutes):
        world.now = MIDNIGHT + minute * MINUTE
        world.tick()
    slots = [slot for _, slot in world.started]
    assert sorted(set(slots)) == slots
    assert [] == due(world.now, [replace(world.swept, finished=True)])
    assert Due.WAIT is DUE[False, Last.DONE]
