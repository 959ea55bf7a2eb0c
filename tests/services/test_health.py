"""Freshness as a number: from a refusal to its effect on both sides, and what stands meanwhile."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from assent.policy.permission import LegalBasis
from assent.ports import Act
from assent.services import connections, health
from assent.services.access import RIGHTS, Right, caller
from assent.services.health import State, freshness, hours, percentile
from assent.store import waits
from assent.store.desk_schema import waits as table
from assent.store.waits import Waited
from tests.app.world import ADMIN, FORM, HERSELF, account, add, office
from tests.services.joined import Joined, joined

NOON = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)


@pytest.fixture
async def on(tmp_path: Path) -> AsyncIterator[Joined]:
    """A live connection."""
    async with joined(tmp_path) as made:
        await made.live()
        yield made


@given(st.lists(st.floats(0, 1e6), min_size=1), st.integers(1, 100))
def test_a_percentile_is_a_measured_wait_that_enough_do_not_exceed(waits: list[float], share: int) -> None:
    """The smallest such one."""
    ordered = sorted(waits)
    found = percentile(ordered, share)
    assert found is not None
    assert found in ordered
    within = sum(wait <= found for wait in ordered)
    assert within * 100 >= share * len(ordered)
    smaller = [wait for wait in ordered if wait < found]
    assert len(smaller) * 100 < share * len(ordered)


def test_no_waits_are_no_freshness() -> None:
    """Nothing measured is nothing claimed."""
    assert (0, None, None, None, None, 7.0) == tuple(
        getattr(freshness([], 7.0), name) for name in ("count", "p50", "p95", "p99", "slowest", "oldest_s")
    )


@given(st.lists(st.integers(0, 48 * 3600)))
def test_the_last_day_has_twenty_four_hours(ages: list[int]) -> None:
    """Each wait of the last day is in one of them; hours without any stay in, this hour comes last."""
    samples = [Waited(NOON - timedelta(seconds=age), 1.0) for age in ages]
    found = hours(samples, NOON)
    assert [NOON.replace(minute=0) - timedelta(hours=23 - n) for n in range(24)] == [h.at for h in found]
    begins = found[0].at
    assert sum(s.settled_at >= begins for s in samples) == sum(h.count for h in found)
    assert all((hour.p95 is None) == (hour.count == 0) for hour in found)


async def test_a_refusal_is_measured_until_both_sides_have_it(on: Joined) -> None:
    """A rep's and a person's alike; grants are not."""
    app, me = on.app, on.me
    row = await on.rep.create({"emailaddress1": "ada@person.example"})
    await on.rep.create({"emailaddress1": "ben@person.example"})
    _, ben = await add(
        app, on.account_id, "ada@person.example", "ben@person.example", basis=LegalBasis.CONSENT
    )
    await app.sweep(on.account_id)
    before = (await health.health(app, me)).freshness.count
    await app.act(on.account_id, HERSELF, [Act(ben, basis=LegalBasis.WITHDRAWN)], FORM)
    waiting = (await health.health(app, me)).waiting
    assert (1, 1) == (waiting.count, waiting.refusals)
    assert waiting.refusal_since is not None
    await on.drain()
    await on.rep.save(row, {"donotbulkemail": True})
    await app.sweep(on.account_id)
    told = await health.health(app, me)
    assert 2 == told.freshness.count - before
    assert told.freshness.p99 is not None
    assert 0 < told.freshness.p99 < 30
    assert told.freshness.count == told.hours[-1].count + told.hours[-2].count
    assert (0, None) == (told.waiting.count, told.freshness.oldest_s)
    await app.act(on.account_id, HERSELF, [Act(ben, basis=LegalBasis.CONSENT)], FORM)
    await on.drain()
    assert told.freshness.count == (await health.health(app, me)).freshness.count


async def test_health_says_in_one_line_what_matters_most(on: Joined) -> None:
    """Well; then a connection that waits for a person."""
    assert State.WELL is (await health.health(on.app, on.me)).state
    await connections.pause(on.app, on.me, on.connection_id)
    told = await health.health(on.app, on.me)
    assert State.TROUBLED is told.state
    assert "Meadow" in told.sentence


async def test_an_empty_account_is_told_what_to_do_first(tmp_path: Path) -> None:
    """Nothing is connected, and everybody may know."""
    async with office(tmp_path) as at:
        account_id = await account(at.app)
        for role in RIGHTS[Right.READ]:
            told = await health.health(at.app, caller(account_id, ADMIN, role))
            assert State.EMPTY is told.state
            assert "Connect" in told.sentence
            assert (0, 0, ()) == (told.contacts, told.troubles, told.connections)


def rows(connection: Connection) -> list[Any]:
    """Every wait that is kept."""
    return list(connection.execute(table.select()).all())


async def test_waits_are_forgotten_after_a_month(tmp_path: Path) -> None:
    """The tick drops them; younger ones stay."""
    async with office(tmp_path) as at:
        account_id, now = await account(at.app), at.app.clock.now()
        (ada,) = await add(at.app, account_id, "ada@person.example", basis=LegalBasis.CONSENT)

        def remember(connection: Connection) -> None:
            for days in (31, 29):
                then = now - timedelta(days=days)
                waits.record(connection, account_id, [(ada, then - timedelta(seconds=1))], then)

        await at.app.store.database.write(remember)
        await at.app.jobs.due()
        assert [now - timedelta(days=29)] == [
            row.settled_at for row in await at.app.store.database.read(rows)
        ]
