"""What one run of any trigger works with, and what it reports."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from operator import and_
from uuid import UUID

from assent.errors import AssentError
from assent.policy.brakes import Braked, BrakeSettings
from assent.policy.plan import Terms
from assent.policy.sides import CATEGORIES
from assent.ports import Clock, Connection, Crm, Ids, Memory

#: How many contacts one read, one transaction and one step deal with (design: about a thousand).
STEP = 1000

#: A contact is tried this often in one run; who is still not settled stays pending, and visible.
ROUNDS = 6

STANDARD_BRAKES = BrakeSettings()


@dataclass(frozen=True, slots=True)
class Tools:
    """The ports every trigger needs, and the CRM of each connection that can be reached."""

    memory: Memory
    crms: Mapping[int, Crm]
    clock: Clock
    ids: Ids
    brakes: BrakeSettings = STANDARD_BRAKES


async def nobody(contacts: int) -> None:
    """Nobody is told how many contacts were dealt with."""


@dataclass(frozen=True, slots=True)
class Run:
    """One account's run: the ports, its connections, and the terms decisions are made under.

    `passes` is told of contacts as they are dealt with.
    """

    account_id: int
    memory: Memory
    crms: Mapping[int, Crm]
    connections: Mapping[int, Connection]
    clock: Clock
    ids: Ids
    terms: Terms
    brakes: BrakeSettings
    passes: Callable[[int], Awaitable[None]] = nobody

    def without(self, connection_id: int) -> "Run":
        """The same run with one connection left out."""
        return replace(self, crms={key: crm for key, crm in self.crms.items() if key != connection_id})


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did. `again` names contacts to look at once more: moved, not confirmed, or `busy`,
    which is held by another worker.

    `failures` holds rows the CRM refused for their own sake, and connections it could not reach.
    """

    looked: int = 0
    changed: int = 0
    written: int = 0
    created: int = 0
    settled: int = 0
    again: frozenset[UUID] = frozenset()
    busy: frozenset[UUID] = frozenset()
    failures: tuple[tuple[UUID, AssentError], ...] = ()
    braked: Braked | None = None

    def __add__(self, other: "Report") -> "Report":
        """Add up two parts of a run."""
        return Report(
            looked=self.looked + other.looked,
            changed=self.changed + other.changed,
            written=self.written + other.written,
            created=self.created + other.created,
            settled=self.settled + other.settled,
            again=self.again | other.again,
            busy=self.busy | other.busy,
            failures=self.failures + other.failures,
            braked=self.braked or other.braked,
        )

    def without(self, done: frozenset[UUID]) -> "Report":
        """The same report once `done` need no further look."""
        return replace(self, again=self.again - done, busy=self.busy - done)


async def begin(tools: Tools, account_id: int) -> Run:
    """Read what a run of this account needs to know before it starts; raises Unknown for no account."""
    await tools.memory.revision(account_id)
    connections = {c.connection_id: c for c in await tools.memory.connections(account_id)}
    # A category is synced once every connection has its column; until then it is the hub's alone.
    made = reduce(and_, (c.made for c in connections.values()), CATEGORIES)
    terms = Terms(
        categories=made & await tools.memory.categories(account_id),
        allow={c.connection_id: c.allow for c in connections.values()},
        ourselves=frozenset(c.user_id for c in connections.values() if c.user_id is not None),
    )
    return Run(
        account_id=account_id,
        memory=tools.memory,
        crms={key: crm for key, crm in tools.crms.items() if key in connections},
        connections=connections,
        clock=tools.clock,
        ids=tools.ids,
        terms=terms,
        brakes=tools.brakes,
    )
