"""How a known bug is planted and taken out again, and the stories that bring bugs to light."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from assent.policy.plan import RowWrite
from assent.policy.sides import LinkKey, Row

from ..faults import Fault
from ..script import Move, Script, Step, step

ANSWERS = frozenset({Fault.TIMEOUT_AFTER, Fault.RESET_AFTER})
LINES = frozenset({Fault.RESET, Fault.SERVER_ERROR, Fault.TIMEOUT_BEFORE})
NOTICES = frozenset({Fault.NOTICE_LOST})
RESTORE = frozenset({Fault.RESTORED})


def each(move: Move, gap_s: float, *, yes: bool = True) -> list[Step]:
    """The same for everybody, one after the other."""
    return [step(move, who, gap_s, yes=yes) for who in range(6)]


@dataclass(frozen=True, slots=True)
class Sabotage:
    """A planted bug: what it is, which judges are meant to notice, and how it is planted and taken out.

    `story` gives a history that may bring it to light, another one for each number.
    """

    name: str
    judges: frozenset[str]
    story: Callable[[int], Script]
    plant: Callable[[], AbstractContextManager[None]]


_ALL: list[Sabotage] = []


def bug(
    name: str, story: Callable[[int], Script], *judges: str
) -> Callable[[Callable[[], Iterator[None]]], Callable[[], Iterator[None]]]:
    def keep(planting: Callable[[], Iterator[None]]) -> Callable[[], Iterator[None]]:
        _ALL.append(Sabotage(name, frozenset(judges), story, contextmanager(planting)))
        return planting

    return keep


def planted() -> Sequence[Sabotage]:
    """Every planted bug."""
    return _ALL


@contextmanager
def replaced(owner: Any, name: str, other: object) -> Iterator[None]:
    """Put another function in the place of one, for a while."""
    kept = owner.__dict__[name]
    setattr(owner, name, other)
    try:
        yield
    finally:
        setattr(owner, name, kept)


async def nobody(*_: object) -> frozenset[UUID]:
    return frozenset()


async def owners(run: Any, writes: Sequence[RowWrite]) -> set[UUID]:
    linked: Mapping[LinkKey, UUID] = await run.memory.linked(run.account_id, {w.key for w in writes})
    return set(linked.values())


def as_written(row: Row, write: RowWrite) -> Row:
    """The row as a write would have left it."""
    return replace(
        row,
        toggle=row.toggle if write.toggle is None else write.toggle,
        known=row.known | write.fields,
        value=(row.value & ~write.fields) | (write.value & write.fields),
        email=row.email if write.email is None else write.email,
    )
