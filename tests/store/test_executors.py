"""The list of processes that share the work: one per name, and every dead one is taken over by one other."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from time import perf_counter
from uuid import UUID, uuid4

import pytest

from assent.app.system import SystemClock
from assent.errors import Conflict
from assent.store.claims import Guard, claim
from assent.store.database import Database
from assent.store.executors import Executor, Process, Roster

LEASE = timedelta(seconds=0.6)
STARTS = count(1)

Enrol = Callable[..., Roster]


def unknown(process: Process) -> bool | None:
    """A process of a machine that cannot tell."""
    return None


@pytest.fixture
def enrol(database: Database) -> Enrol:
    """Makes a process's place on the list of one database."""

    def made(
        name: str = "a", *, version: str = "1", running: Callable[[Process], bool | None] = unknown
    ) -> Roster:
        me = Executor(f"{name}.{next(STARTS)}", name, version, Process("m", 1, "0"))
        return Roster(database, SystemClock(), me, running, lease=LEASE)

    return made


@asynccontextmanager
async def beating(roster: Roster) -> AsyncIterator[None]:
    """Let it beat while the block runs."""

    async def on() -> None:
        while True:
            await roster.beat()
            await asyncio.sleep(LEASE.total_seconds() / 6)

    task = asyncio.create_task(on())
    try:
        yield
    finally:
        task.cancel()


async def lapse() -> None:
    """Sleep longer than the lease."""
    await asyncio.sleep(LEASE.total_seconds() * 1.1)


async def claimed(*rosters: Roster) -> list[Mapping[str, str]]:
    """What they get who look at once, as soon as one gets something: a late beat judges nobody."""
    for _ in range(100):
        found = await asyncio.gather(*(roster.claim() for roster in rosters))
        if any(found):
            return sorted(found, key=len)
        await asyncio.sleep(LEASE.total_seconds() / 6)
    raise AssertionError("nobody was claimed")


async def test_a_second_living_process_of_one_name_is_refused(enrol: Enrol) -> None:
    """Told in words what to do; where it is not known whether the first lives, by its next beat."""
    first = enrol()
    await first.enter()
    async with beating(first):
        with pytest.raises(Conflict, match="ASSENT_EXECUTOR_ID"):
            await enrol().enter()
    with pytest.raises(Conflict):
        await enrol(running=lambda _: True).enter()
    await enrol("another name").enter()


async def test_of_two_that_start_at_once_one_is_refused(enrol: Enrol) -> None:
    """However close they are."""
    both = [enrol(running=lambda _: True) for _ in range(2)]
    ends = await asyncio.gather(*(one.enter() for one in both), return_exceptions=True)
    assert [Conflict, type(None)] == sorted((type(end) for end in ends), key=lambda kind: kind.__name__)


async def test_a_dead_processs_name_is_free_at_the_end_of_its_lease(enrol: Enrol) -> None:
    """Not before, where nothing proves its death."""
    await enrol().enter()
    started = perf_counter()
    await enrol().enter()
    assert 0.9 * LEASE.total_seconds() < perf_counter() - started < 3 * LEASE.total_seconds()


async def test_a_proved_death_or_a_farewell_frees_the_name_at_once(enrol: Enrol) -> None:
    """A restart on the same machine waits for nothing."""
    left = enrol("b")
    await enrol("a").enter()
    await left.enter()
    await left.leave()
    started = perf_counter()
    await enrol("a", running=lambda _: False).enter()
    await enrol("b").enter()
    assert perf_counter() - started < LEASE.total_seconds()


async def test_a_dead_processs_work_is_taken_over_by_one_other(enrol: Enrol) -> None:
    """Of two that look at once one gets it; it is struck off when that is done (P6)."""
    dead, one, other = enrol("dead"), enrol("one"), enrol("other")
    for roster in (dead, one, other):
        await roster.enter()
    async with beating(one), beating(other):
        assert not any(await asyncio.gather(one.claim(), other.claim()))
        await lapse()
        assert [{}, {dead.executor_id: "1"}] == await claimed(one, other)
        await one.strike(dead.executor_id)  # of no effect by who did not take it over
        await other.strike(dead.executor_id)
        await lapse()
        assert not any(await asyncio.gather(one.claim(), other.claim()))


async def test_who_died_while_taking_over_is_taken_over_with_what_it_took(enrol: Enrol) -> None:
    """A claim lasts as long as a lease, and nothing is struck off before its work is elsewhere (P6)."""
    dead, one, other = enrol("dead"), enrol("one"), enrol("other")
    for roster in (dead, one, other):
        await roster.enter()
    async with beating(other):
        async with beating(one):
            await lapse()
            assert [{dead.executor_id: "1"}] == await claimed(one)
        await lapse()
        assert [{dead.executor_id: "1", one.executor_id: "1"}] == await claimed(other)


async def test_contacts_a_dead_process_held_fall_free_as_its_work_is_taken_over(
    enrol: Enrol, database: Database
) -> None:
    """Whoever goes on with its work need not wait for the end of its guard; others' stay theirs."""
    dead, one, (contact, other) = enrol("dead"), enrol("one"), (uuid4(), uuid4())
    far = datetime.now(UTC) + timedelta(hours=1)

    async def claims(key: UUID, holder: str) -> set[UUID]:
        guard = Guard(uuid4(), far, holder)
        return await database.write(lambda c: claim(c, 1, [key], guard, datetime.now(UTC)))

    for roster in (dead, one):
        await roster.enter()
    assert {contact} == await claims(contact, dead.executor_id)
    assert {other} == await claims(other, one.executor_id)
    async with beating(one):
        assert set() == await claims(contact, one.executor_id)
        await lapse()
        await claimed(one)
    assert {contact} == await claims(contact, one.executor_id)
    assert set() == await claims(other, dead.executor_id)


async def test_who_left_is_taken_over_at_once(enrol: Enrol) -> None:
    """What it could not finish waits for nobody's lease."""
    left, one = enrol("left"), enrol("one")
    await left.enter()
    await one.enter()
    await left.leave()
    async with beating(one):
        assert [{left.executor_id: "1"}] == await claimed(one)


async def test_a_last_beat_does_not_take_a_farewell_back(enrol: Enrol) -> None:
    """One that was still under way when the process left may arrive after it."""
    left, one = enrol("left"), enrol("one")
    await left.enter()
    await one.enter()
    await left.leave()
    assert await left.beat()
    async with beating(one):
        assert [{left.executor_id: "1"}] == await claimed(one)


async def test_a_process_that_only_slept_goes_on(enrol: Enrol) -> None:
    """Heard of during a claim it stays on the list; given up, it enters again."""
    slept, one = enrol("slept"), enrol("one")
    await slept.enter()
    await one.enter()
    async with beating(one):
        await lapse()
        assert [{slept.executor_id: "1"}] == await claimed(one)
        assert await slept.beat()
        await one.strike(slept.executor_id)
        assert {} == await one.claim()
        await lapse()
        assert [{slept.executor_id: "1"}] == await claimed(one)
        await one.strike(slept.executor_id)
        assert await slept.beat()
        assert {} == await one.claim()


async def test_a_process_whose_name_was_taken_while_it_slept_is_told(enrol: Enrol) -> None:
    """It is to end; the later one is not disturbed."""
    slept = enrol()
    await slept.enter()
    await lapse()
    successor = enrol()
    await successor.enter()
    assert not await slept.beat()
    assert await successor.beat()


async def test_who_could_not_beat_in_time_judges_nobody(enrol: Enrol) -> None:
    """When the database was away, everybody's beats are late for the same reason."""
    one, other = enrol("one"), enrol("other")
    await one.enter()
    await other.enter()
    await lapse()
    await one.beat()
    assert {} == await one.claim()
    async with beating(one):
        assert [{other.executor_id: "1"}] == await claimed(one)


async def test_work_of_another_version_is_left_to_who_runs_it(enrol: Enrol) -> None:
    """While one lives that can go on with it; when none does, it is called off by whoever is there."""
    old, older, new = enrol("old", version="1"), enrol("older", version="1"), enrol("new", version="2")
    for roster in (old, older, new):
        await roster.enter()
    async with beating(new):
        async with beating(older):
            await old.leave()
            assert {} == await new.claim()
        await older.leave()
        assert [{old.executor_id: "1", older.executor_id: "1"}] == await claimed(new)
