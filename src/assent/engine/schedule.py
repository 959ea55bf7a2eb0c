"""When sweeps are due; pure, so that missed and overlapping ticks are tables, not luck."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

SWEEP_EVERY = timedelta(minutes=30)

#: A sweep that has run this long is taken for lost: recovery, not the schedule, brings it back first.
LOST_AFTER = timedelta(hours=2)


class Last(Enum):
    """What became of an account's last sweep."""

    NEVER = "never swept"
    DONE = "finished"
    RUNNING = "still running"
    LOST = "running for too long"


class Due(Enum):
    """What a tick does about an account."""

    SWEEP = "start the sweep of this slot"
    WAIT = "leave it"


#: Whether the present slot is newer than the last one swept, and what became of that one.
DUE: dict[tuple[bool, Last], Due] = {
    (True, Last.NEVER): Due.SWEEP,
    (True, Last.DONE): Due.SWEEP,
    (True, Last.RUNNING): Due.WAIT,  # never two at once; the next tick after its end starts one
    (True, Last.LOST): Due.SWEEP,
    (False, Last.NEVER): Due.SWEEP,
    (False, Last.DONE): Due.WAIT,
    (False, Last.RUNNING): Due.WAIT,
    (False, Last.LOST): Due.WAIT,
}


@dataclass(frozen=True, slots=True)
class Swept:
    """An account's last sweep: its slot, when it started, and whether it finished."""

    account_id: int
    slot: int | None = None
    started: datetime | None = None
    finished: bool = False


def slot_of(now: datetime) -> int:
    """The number of the half hour `now` lies in, counted since the epoch."""
    return int(now.timestamp() // SWEEP_EVERY.total_seconds())


def last(swept: Swept, now: datetime) -> Last:
    """Classify an account's last sweep."""
    if swept.slot is None or swept.started is None:
        return Last.NEVER
    if swept.finished:
        return Last.DONE
    return Last.LOST if now - swept.started > LOST_AFTER else Last.RUNNING


def due(now: datetime, accounts: Iterable[Swept]) -> list[tuple[int, int]]:
    """Give (account, slot) of every sweep to start now.

    However many ticks were missed, one sweep makes good for all of them: it looks at everything since
    the last. However many ticks come within a slot, on however many machines, the pair names the
    same piece of work, so that it runs once.
    """
    slot = slot_of(now)
    return [
        (swept.account_id, slot)
        for swept in accounts
        if DUE[swept.slot is None or slot > swept.slot, last(swept, now)] is Due.SWEEP
    ]
