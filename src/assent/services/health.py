"""How an account is doing: what waits, how fresh both sides are, and which connections need somebody."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from assent.services import connections as joined
from assent.services.access import Caller, Right
from assent.services.application import Application
from assent.services.connection_views import ConnectionView
from assent.store.waits import Waited, standing, waited

#: What freshness is told of, and how many of the newest samples it rests on at most.
DAY = timedelta(hours=24)
SAMPLES = 20_000

#: A refusal that waits longer than this is worth somebody's attention.
LATE = timedelta(minutes=5)


class State(Enum):
    """One word for the whole account."""

    WELL = "well"
    LATE = "late"  # a refusal waits too long for the other side
    TROUBLED = "troubled"  # something was refused, or a connection needs a person
    EMPTY = "empty"  # nothing is connected yet


@dataclass(frozen=True, slots=True)
class Waiting:
    """Contacts whose sides differ at this moment: how many, how many refuse, and since when the longest."""

    count: int
    refusals: int
    since: datetime | None
    refusal_since: datetime | None


@dataclass(frozen=True, slots=True)
class Freshness:
    """Seconds from a refusal to its effect in both systems, over the last day; None without any.

    `oldest_s` is how long the oldest refusal that is not in effect on both sides has waited so far.
    """

    count: int
    p50: float | None
    p95: float | None
    p99: float | None
    slowest: float | None
    oldest_s: float | None


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of the chart: when it began, how many refusals took effect, and 95 % of them within."""

    at: datetime
    count: int
    p95: float | None


@dataclass(frozen=True, slots=True)
class Health:
    """Everything the home page and monitoring ask; `sentence` says it in one line."""

    state: State
    sentence: str
    contacts: int
    links: int
    waiting: Waiting
    freshness: Freshness
    hours: tuple[Hour, ...]
    connections: tuple[ConnectionView, ...]
    troubles: int
    questions: int
    ledger_entries: int
    at: datetime


async def health(app: Application, caller: Caller) -> Health:
    """Tell how the account is doing right now."""
    caller.require(Right.READ)
    now, account_id = app.clock.now(), caller.account_id
    database = app.store.database
    stands = await database.read(lambda c: standing(c, account_id))
    samples = await database.read(lambda c: waited(c, account_id, now - DAY, SAMPLES))
    connections = await joined.all(app, caller)
    oldest = None if stands.refusal_since is None else (now - stands.refusal_since).total_seconds()
    state, sentence = _judge(connections, stands.troubles, oldest)
    return Health(
        state=state,
        sentence=sentence,
        contacts=stands.contacts,
        links=stands.links,
        waiting=Waiting(stands.waiting, stands.refusals, stands.waiting_since, stands.refusal_since),
        freshness=freshness([sample.seconds for sample in samples], oldest),
        hours=hours(samples, now),
        connections=connections,
        troubles=stands.troubles,
        questions=stands.questions,
        ledger_entries=stands.ledger_entries,
        at=now,
    )


def freshness(seconds: Sequence[float], oldest_s: float | None) -> Freshness:
    """Percentiles of waits, each one a wait that was measured."""
    ordered = sorted(seconds)
    p50, p95, p99 = (percentile(ordered, share) for share in (50, 95, 99))
    slowest = ordered[-1] if ordered else None
    return Freshness(len(ordered), p50, p95, p99, slowest, oldest_s)


def percentile(ordered: Sequence[float], share: int) -> float | None:
    """The smallest value that at least `share` percent of the values do not exceed; None of none."""
    if not ordered:
        return None
    return ordered[max(0, math.ceil(len(ordered) * share / 100) - 1)]


def hours(samples: Sequence[Waited], now: datetime) -> tuple[Hour, ...]:
    """The last day by the hour, oldest first, this hour last; hours without a sample stay in."""
    this = now.replace(minute=0, second=0, microsecond=0)
    begins = [this - timedelta(hours=back) for back in range(23, -1, -1)]
    within: dict[datetime, list[float]] = {at: [] for at in begins}
    for sample in samples:
        at = sample.settled_at.replace(minute=0, second=0, microsecond=0)
        if at in within:
            within[at].append(sample.seconds)
    return tuple(Hour(at, len(found), percentile(sorted(found), 95)) for at, found in within.items())


def _judge(connections: Sequence[ConnectionView], troubles: int, oldest: float | None) -> tuple[State, str]:
    """One word and one sentence, the worst first."""
    if not connections:
        return State.EMPTY, "Nothing is connected yet. Connect a Dynamics organisation to begin."
    if not any(c.live or c.needs_somebody for c in connections):
        return State.EMPTY, "Nothing is synced yet: setup of the connection has not come to its end."
    stuck = [c.name for c in connections if c.needs_somebody]
    if stuck:
        return State.TROUBLED, f"{stuck[0]} needs a person: see its page for what and why."
    if oldest is not None and oldest > LATE.total_seconds():
        return State.LATE, (
            f"A refusal has waited {oldest / 60:.0f} minutes to reach the other side. "
            "Sends leave that person out meanwhile."
        )
    if troubles:
        things = "thing was" if troubles == 1 else "things were"
        return State.TROUBLED, f"{troubles} {things} refused or could not be reached: see Errors."
    return State.WELL, "Both systems agree; what changes is carried over within seconds."
