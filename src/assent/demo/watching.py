"""How scenes look at both systems: waiting, choosing people, asking the gate."""

from collections.abc import Awaitable, Callable, Iterable
from time import perf_counter
from uuid import UUID

from assent.demo.claims import expect
from assent.demo.stage import Stage
from assent.engine.presend import Check
from assent.policy.gate import Message
from assent.policy.permission import BulkEmail, LegalBasis
from assent.policy.sides import Person

#: How long a scene waits for what it expects before it counts as missed.
PATIENCE_S = 15.0

#: How soon it looks again, and how slowly at last: looking costs both systems time too.
FIRST_LOOK_S, LAST_LOOK_S = 0.02, 0.1


async def until(on: Stage, holds: Callable[[], Awaitable[object]], what: str) -> float:
    """Wait until something holds; gives the seconds it took, and misses the scene when it never does."""
    started, pause = perf_counter(), FIRST_LOOK_S
    while not await holds():
        expect(perf_counter() - started < PATIENCE_S, f"{what}: not within {PATIENCE_S:.0f} s")
        await on.app.clock.sleep(pause)
        pause = min(pause * 1.2, LAST_LOOK_S)
    return perf_counter() - started


async def person(on: Stage, contact_id: UUID) -> Person:
    """A contact with its links as the hub has them now."""
    (found,) = await on.app.store.memory.people(on.account_id, [contact_id])
    return found


async def choose(on: Stage, basis: LegalBasis, count: int = 1, *, reading: int = 0) -> list[Person]:
    """Contacts on a basis whose single CRM row is active and allowed, each chosen by one scene only.

    Only those who say Yes to the categories in `reading`.

    Notices of what an earlier scene did to them may still be under way.
    """
    people = await on.app.store.memory.people(on.account_id, set(on.contact_ids) - on.chosen)
    wanted = [p for p in people if p.contact.basis is basis and p.contact.value & reading == reading]
    fitting = [p for p in wanted if _single_allowed(p)]
    expect(len(fitting) >= count, f"the crowd has too few contacts on {basis.name}")
    on.chosen.update(p.contact.contact_id for p in fitting[:count])
    return fitting[:count]


def _single_allowed(one: Person) -> bool:
    rows = [link.row for link in one.links]
    return len(rows) == 1 and rows[0] is not None and rows[0].active and rows[0].toggle is BulkEmail.ALLOW


async def ask_the_gate(on: Stage, contact_ids: Iterable[UUID]) -> Check:
    """Check contacts as right before a send."""
    return await on.app.check(on.account_id, list(contact_ids), Message())
