"""Starting work: once, at least once, and never lost; on SQLite and PostgreSQL alike."""

import asyncio
from collections.abc import Sequence
from itertools import count
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa

from assent.errors import Bug, ReadAgain, Refused, Retry
from assent.work.durable import APPLICATION_VERSION, Errand, Kind
from tests.app.world import until

from .conftest import Running

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.thorough]

ACCOUNTS = count(100)


def rows(url: str, statement: str) -> Sequence[Any]:
    """What the engine has written down, read by another program."""
    engine = sa.create_engine(url)
    try:
        with engine.connect() as connection:
            return connection.execute(sa.text(statement)).all()
    finally:
        engine.dispose()


def schema(url: str) -> str:
    """The engine's tables have a schema of their own on PostgreSQL."""
    return "dbos." if url.startswith("postgresql") else ""


async def test_a_burst_of_wake_ups_costs_few_drains_and_loses_none(running: Running) -> None:
    """100 wake-ups at once: whatever was stored before any of them is seen, by at most three drains."""
    bench, account = running.bench, next(ACCOUNTS)

    async def one(number: int) -> None:
        bench.stored[account].add(number)
        await running.work.wake(account)

    await asyncio.gather(*(one(number) for number in range(100)))

    async def all_seen() -> bool:
        return bench.seen[account] == bench.stored[account]

    await until(all_seen)
    assert bench.drains[account] <= 3


async def test_whatever_is_stored_before_a_wake_up_is_seen_by_a_drain_that_begins_after_it(
    running: Running,
) -> None:
    """Three accounts, 90 wake-ups spread over running drains: nothing stored stays unseen."""
    bench, chance = running.bench, Random(7)
    accounts = [next(ACCOUNTS) for _ in range(3)]

    async def one(number: int) -> None:
        await asyncio.sleep(chance.random() * 0.8)
        account = accounts[number % 3]
        bench.stored[account].add(number)
        await running.work.wake(account)

    await asyncio.gather(*(one(number) for number in range(90)))

    async def all_seen() -> bool:
        return all(bench.seen[account] == bench.stored[account] for account in accounts)

    await until(all_seen)
    assert all(bench.drains[account] < 30 for account in accounts)


async def test_the_sweep_of_a_slot_runs_once_however_often_it_is_started(running: Running) -> None:
    """At once, again, and after its end; another slot and another account are other work."""
    account, other = next(ACCOUNTS), next(ACCOUNTS)
    await asyncio.gather(*(running.work.sweep(account, 5) for _ in range(5)))

    async def swept() -> bool:
        return (account, 5) in running.bench.swept

    await until(swept)
    for slot in (5, 6):
        await running.work.sweep(account, slot)
    await running.work.sweep(other, 5)

    async def others() -> bool:
        return {(account, 6), (other, 5)} <= set(running.bench.swept)

    await until(others)
    assert 1 == running.bench.swept.count((account, 5))


async def test_a_step_that_may_succeed_later_is_repeated(running: Running) -> None:
    """Retry and ReadAgain are tried again until they pass, and what was stored is seen."""
    bench = running.bench
    troubled = {next(ACCOUNTS): error for error in (Retry("pause"), ReadAgain("moved"))}
    for account, error in troubled.items():
        bench.trouble[account] = [error]
        bench.stored[account].add(1)
        await running.work.wake(account)

    async def seen() -> bool:
        return all(bench.seen[account] for account in troubled)

    await until(seen)
    assert [2, 2] == [bench.tries[account] for account in troubled]


async def test_a_step_that_cannot_succeed_is_not_repeated_and_the_next_wake_up_begins_anew(
    running: Running,
) -> None:
    """One try; and the failure of one drain does not end real time for its account."""
    bench = running.bench
    troubled = {next(ACCOUNTS): error for error in (Bug("ours"), Refused("theirs"), ValueError("anything"))}
    for account, error in troubled.items():
        bench.trouble[account] = [error]
        bench.stored[account].add(1)
        await running.work.wake(account)

    async def failed() -> bool:
        return not any(bench.trouble[account] for account in troubled)

    await until(failed)
    await asyncio.sleep(0.7)
    assert [1, 1, 1] == [bench.tries[account] for account in troubled]
    for account in troubled:
        await running.work.wake(account)

    async def seen() -> bool:
        return all(bench.seen[account] for account in troubled)

    await until(seen)


async def test_a_drain_that_failed_before_it_took_its_number_is_asked_for_again(running: Running) -> None:
    """Whatever became of a drain, the next wake-up leads to one that runs (P6)."""
    bench, account = running.bench, next(ACCOUNTS)
    bench.early[account] = [Bug("the database refused a statement")]
    bench.stored[account].add(1)
    await running.work.wake(account)

    async def failed() -> bool:
        return not bench.early[account]

    await until(failed)
    await asyncio.sleep(0.3)
    await running.work.wake(account)

    async def seen() -> bool:
        return bool(bench.seen[account])

    await until(seen, 0.6)


async def test_a_store_restored_from_a_backup_is_still_drained(running: Running) -> None:
    """When the store's count of drains goes back while the engine's history stays, real time goes on (M7)."""
    bench, account = running.bench, next(ACCOUNTS)
    for number in (1, 2):
        bench.stored[account].add(number)
        await running.work.wake(account)

        async def seen(number: int = number) -> bool:
            return number in bench.seen[account]

        await until(seen)
    bench.begun[account] = 0
    bench.stored[account].add(3)
    await running.work.wake(account)

    async def third() -> bool:
        return 3 in bench.seen[account]

    await until(third, 0.6)


async def test_due_sweeps_are_started_once_though_several_ticks_find_them_due(running: Running) -> None:
    """A tick may come again before the sweep it started has been written down."""
    bench, account = running.bench, next(ACCOUNTS)
    bench.owed_sweeps = [(account, 9)]
    before = bench.ticks

    async def several() -> bool:
        return bench.ticks >= before + 2 and (account, 9) in bench.swept

    await until(several)
    bench.owed_sweeps = []
    assert 1 == bench.swept.count((account, 9))


async def test_one_tick_starts_everything_that_is_due_or_waits(running: Running) -> None:
    """Two sweeps and two wake-ups found by the same tick: all four run, and no tick ends in an error."""
    bench, accounts = running.bench, [next(ACCOUNTS) for _ in range(4)]
    for account in accounts[2:]:
        bench.stored[account].add(1)
    bench.owed_sweeps, bench.owed_drains = [(account, 9) for account in accounts[:2]], accounts[2:]

    async def all_done() -> bool:
        return set(bench.owed_sweeps) <= set(bench.swept) and all(bench.seen[a] for a in accounts[2:])

    try:
        await until(all_done)
        await asyncio.sleep(1)
    finally:
        bench.owed_sweeps, bench.owed_drains = [], []
    table = f"{schema(running.url)}workflow_status"
    failed = rows(running.url, f"SELECT workflow_uuid FROM {table} WHERE name = 'tick' AND status = 'ERROR'")
    assert [] == list(failed)


async def test_a_lost_wake_up_is_made_good_by_the_next_tick(running: Running) -> None:
    """The process that stored a notice died before it woke anybody: the tick finds the account waiting."""
    bench, account = running.bench, next(ACCOUNTS)
    bench.stored[account].add(1)
    bench.owed_drains = [account]

    async def seen() -> bool:
        return bool(bench.seen[account])

    await until(seen)
    bench.owed_drains = []


async def test_the_engine_writes_json_and_names_its_version_and_its_process(running: Running) -> None:
    """No pickle in the database, and pending work of one release is told from another's (stack 1.1)."""
    account = next(ACCOUNTS)
    await running.work.sweep(account, 1)

    async def swept() -> bool:
        return (account, 1) in running.bench.swept

    await until(swept)
    table = f"{schema(running.url)}workflow_status"
    found = rows(
        running.url,
        f"SELECT application_version, executor_id, serialization FROM {table} "
        f"WHERE workflow_uuid = 'sweep-{account}-1'",
    )
    assert [(APPLICATION_VERSION, "local", "portable_json")] == [tuple(row) for row in found]
    kinds = rows(running.url, f"SELECT DISTINCT serialization FROM {table} WHERE name <> 'tick'")
    assert [("portable_json",)] == [tuple(row) for row in kinds]


async def test_the_engines_own_sqlite_file_is_durable_and_shared(running: Running) -> None:
    """Write-ahead log on SQLite, whatever the system's version is (stack 1.2)."""
    if running.url.startswith("sqlite"):
        assert [("wal",)] == [tuple(row) for row in rows(running.url, "PRAGMA journal_mode")]


async def test_an_errand_asked_for_many_times_is_done_by_one_at_a_time(running: Running) -> None:
    """Asked for ten times while it runs, it runs once; asked for after its end, once more."""
    bench, errand = running.bench, Errand(Kind.SEND, next(ACCOUNTS), 7)
    await asyncio.gather(*(running.work.ask(errand) for _ in range(10)))

    async def done(times: int) -> bool:
        return bench.ends[errand] == times

    await until(lambda: done(1))
    assert (1, 1) == (bench.performed[errand], bench.most_at_once)
    await running.work.ask(errand)
    await until(lambda: done(2))
    assert 2 == bench.performed[errand]


async def test_an_errand_that_failed_for_good_can_be_asked_for_again(running: Running) -> None:
    """Its end is counted either way, so nothing is stuck behind it."""
    bench, errand = running.bench, Errand(Kind.SETUP, next(ACCOUNTS), 1)
    bench.trouble[errand.account_id] = [Refused("no")]
    await running.work.ask(errand)
    await until(lambda: _is(bench.ends[errand], 1))
    await running.work.ask(errand)
    await until(lambda: _is(bench.ends[errand], 2))
    assert 2 == bench.performed[errand]


async def test_owed_errands_start_at_the_next_tick(running: Running) -> None:
    """Whoever asked may be gone: what is stored as owed is found."""
    bench, errand = running.bench, Errand(Kind.NOTIFY, next(ACCOUNTS))
    bench.owed_errands = [errand]
    await until(lambda: _is(bench.performed[errand] > 0, True))
    bench.owed_errands = []


async def _is(found: object, expected: object) -> bool:
    return found == expected
