"""What is done about work nobody goes on with, and about records nobody asks for, on both databases."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from dbos import DBOS

from assent.work.durable import APPLICATION_VERSION
from assent.work.takeover import Alone, Forgetting, keep_beating
from tests.app.world import until

from .conftest import Running
from .test_killed import leave_to_another_version

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.thorough]

ACCOUNTS = count(100)


class Died(Alone):
    """A list on which one dead process stands, until its work was taken over."""

    def __init__(self, version: str) -> None:
        self.dead = {"somebody": version}

    async def claim(self) -> Mapping[str, str]:
        """It is ours."""
        return self.dead

    async def strike(self, executor_id: str) -> None:
        """That was it."""
        self.dead = {}


async def statuses(ident: str) -> list[str]:
    """How a piece of work stands, if there is a record of it."""
    return [found.status for found in await DBOS.list_workflows_async(workflow_ids=[ident])]


async def test_work_begun_by_a_version_nobody_runs_is_begun_anew(running: Running) -> None:
    """A drain left by an older release does not keep its account waiting for ever."""
    account = next(ACCOUNTS)
    running.bench.takes_s = 60
    await running.work.wake(account)
    await until(lambda: _begun(running, account))
    running.bench.takes_s = 0.02
    running.bench.begun[account] = 0  # as if it had died before it took its number
    leave_to_another_version(running.url, f"drain-{account}-1")
    running.bench.stored[account].add(1)
    await running.work.wake(account)
    await asyncio.sleep(0.5)
    assert set() == running.bench.seen[account]
    roster = Died("0")
    beating = asyncio.create_task(keep_beating(roster, APPLICATION_VERSION, 0.1, asyncio.Event()))
    await until(lambda: _struck(roster))
    beating.cancel()
    await running.work.wake(account)
    await until(lambda: _seen(running, account))
    assert ["CANCELLED"] == await statuses(f"drain-{account}-1")


async def test_records_of_work_that_ended_are_deleted_after_their_time(running: Running) -> None:
    """Not before, and never of what is under way."""
    account = next(ACCOUNTS)
    await running.work.sweep(account, 1)
    await until(lambda: _swept(running, account))
    running.bench.takes_s = 3
    await running.work.sweep(account, 2)
    await until(lambda: _ended(f"sweep-{account}-1"))
    assert 0 == await Forgetting().forget(datetime.now(UTC))
    assert await Forgetting(kept=timedelta(0)).forget(datetime.now(UTC)) > 0
    assert [] == await statuses(f"sweep-{account}-1")
    assert 1 == len(await statuses(f"sweep-{account}-2"))
    running.bench.takes_s = 0.02


async def _begun(running: Running, account: int) -> bool:
    return running.bench.begun[account] > 0


async def _seen(running: Running, account: int) -> bool:
    return bool(running.bench.seen[account])


async def _swept(running: Running, account: int) -> bool:
    return (account, 1) in running.bench.swept


async def _ended(ident: str) -> bool:
    return ["SUCCESS"] == await statuses(ident)


async def _struck(roster: Died) -> bool:
    return not roster.dead
