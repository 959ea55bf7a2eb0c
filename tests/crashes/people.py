"""Who acts: people on their own pages, marketers through the API, reps in Dynamics; and what they did."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from random import Random
from uuid import UUID

#: What is acted on: the permission, and two categories by their numbers.
PERMISSION = "permission"
FIELDS = (PERMISSION, "1", "2")


@dataclass(frozen=True, slots=True)
class Act:
    """One thing somebody said; `certain` when an answer told that it was taken, else it may have been.

    `marker` is what its ledger entry is known by, empty for acts in Dynamics.
    """

    side: str
    grant: bool
    sent: float
    answered: float
    certain: bool
    marker: str = ""


@dataclass(eq=False)
class Somebody:
    """A person, and everything that was said about each field, in order: one act at a time."""

    email: str
    started_yes: bool
    contact_id: UUID | None = None
    row_id: str | None = None
    born_in: str = ""  # the marker of the act that made the contact in the hub, if one did
    acts: dict[str, list[Act]] = field(default_factory=lambda: {name: [] for name in FIELDS})
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)

    def latest(self, what: str) -> bool | None:
        """What the last word on a field was; None where nothing was said or it may have been either."""
        possible: set[bool] = set()
        for act in reversed(self.acts[what]):
            possible.add(act.grant)
            if act.certain:
                return act.grant if len(possible) == 1 else None
        return None

    def refused_before(self, what: str, moment: float, until: float) -> bool:
        """Whether a refusal was in effect at that moment and nobody may have granted until the other."""
        refused = not self.started_yes if what == PERMISSION else False
        for act in self.acts[what]:
            if act.grant and act.sent < until:
                refused = False
            elif not act.grant and act.certain and act.answered < moment:
                refused = True
        return refused


@dataclass(frozen=True, slots=True)
class Sent:
    """A send: its subject, when somebody first asked for it, and its category's field if it has one."""

    subject: str
    asked: float
    category: str | None


@dataclass
class Crowd:
    """Everybody, everything that was sent, and the chance that drives them."""

    chance: Random
    people: list[Somebody] = field(default_factory=list)
    sends: list[Sent] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    odd: list[str] = field(default_factory=list)
    numbers: Callable[[], int] = field(default_factory=lambda: count(1).__next__)

    def marker(self) -> str:
        """Words nobody else says."""
        return f"act-{self.numbers():05d}"

    def address(self) -> str:
        """A machine of one's own on the loopback network: pages tell by it who clicked."""
        number = self.numbers()
        return f"127.{1 + number // 62500}.{number // 250 % 250}.{1 + number % 250}"

    def free(self) -> Somebody:
        """Somebody who is not in the midst of an act."""
        return self.chance.choice([one for one in self.people if not one.busy.locked()])

    def said(self, who: Somebody, what: str, act: Act) -> None:
        """Write an act down."""
        who.acts[what].append(act)
        self.counts["acts" if act.certain else "maybe"] += 1
        self.counts[f"{act.side}_acts"] += 1


def now() -> float:
    """The moment, for telling what came before what."""
    return time.monotonic()
