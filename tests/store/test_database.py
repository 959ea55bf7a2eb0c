"""The one door to the database: transactions, order, errors, and the shape of the tables."""

import asyncio
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, insert, select, text

from assent.errors import Bug, Retry
from assent.policy.sides import PERMISSION
from assent.ports import Act
from assent.store.database import Database
from assent.store.parts import metadata
from assent.store.schema import counters

from .samples import CONSENT, MARKETER, NO_EVIDENCE, WITHDRAWN, Town, build_town

ROW = {"account_id": 5, "name": "here@x.example", "value": 1}


async def test_the_migrations_make_exactly_the_tables_the_program_knows(database: Database) -> None:
    """What migrations build and what the code expects never drift apart."""

    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    assert await database.write(differences) == []


async def test_upgrading_again_changes_nothing(database: Database) -> None:
    """Every start upgrades; only the first has anything to do."""
    await database.write(lambda c: c.execute(insert(counters).values(**ROW)))
    await database.upgrade()
    assert await database.read(lambda c: c.execute(select(counters.c.value)).scalars().all()) == [1]


async def test_a_failed_function_leaves_no_trace(database: Database) -> None:
    """A transaction happens whole or not at all (P6)."""

    def fails(connection: Connection) -> None:
        connection.execute(insert(counters).values(**ROW))
        raise ValueError("halfway")

    with pytest.raises(ValueError, match="halfway"):
        await database.write(fails)
    assert await database.read(lambda c: c.execute(select(counters.c.value)).first()) is None


async def test_reading_cannot_write(database: Database) -> None:
    """A reader that writes is a mistake of ours and is stopped by the database."""
    with pytest.raises(Bug):
        await database.read(lambda c: c.execute(insert(counters).values(**ROW)))


async def test_errors_never_quote_values(database: Database) -> None:
    """What the database refuses is told by code, without anybody's data (P8)."""
    await database.write(lambda c: c.execute(insert(counters).values(**ROW)))
    with pytest.raises(Bug) as caught:
        await database.write(lambda c: c.execute(insert(counters).values(**ROW)))
    assert "x.example" not in str(caught.value)
    assert caught.value.__cause__ is None


async def test_a_busy_file_asks_to_be_tried_again(tmp_path: Path) -> None:
    """Another process in the way passes by itself: that is a Retry, not a failure."""
    url = f"sqlite:///{tmp_path / 'shared.sqlite'}"
    one, other = Database(url), Database(url, busy_timeout_s=0.05)
    await one.upgrade()
    entered, leave = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def holds(connection: Connection) -> None:
        loop.call_soon_threadsafe(entered.set)
        asyncio.run_coroutine_threadsafe(leave.wait(), loop).result()

    holding = asyncio.create_task(one.write(holds))
    await entered.wait()
    with pytest.raises(Retry):
        await other.write(lambda c: c.execute(text("SELECT 1")))
    leave.set()
    await holding
    one.close()
    other.close()


async def test_a_server_that_does_not_answer_asks_to_be_tried_again() -> None:
    """An unreachable database is a Retry too."""
    database = Database("postgresql://nobody@127.0.0.1:1/none?connect_timeout=1", threads=1)
    with pytest.raises(Retry):
        await database.read(lambda c: c.execute(text("SELECT 1")))
    database.close()


async def test_writers_at_the_same_time_lose_nothing(town: Town) -> None:
    """However acts interleave, each has its revision and its entry, and pending is in step (P6)."""
    ann, _, _ = await town.settled("ann@x.example")
    ben, _, _ = await town.settled("ben@x.example")
    bases = [WITHDRAWN if n % 2 else CONSENT for n in range(10)]
    acts = [Act(contact_id, basis) for basis in bases for contact_id in (ann, ben)]
    hub, account = town.store.hub, town.account_id
    start = await town.store.memory.revision(account)
    settling = [town.settle(ann) for _ in range(10)]
    await asyncio.gather(*settling, *(hub.act(account, MARKETER, [act], NO_EVIDENCE) for act in acts))
    assert await town.store.memory.revision(account) == start + len(acts)
    found = await town.store.ledger.verify(account)
    assert (found.entries, found.broken) == (2 + len(acts), None)
    assert ben in await town.pending()
    assert (await town.person(ben)).links[0].hub_touched == PERMISSION


async def test_an_inline_store_runs_without_threads_or_files() -> None:
    """Simulations keep everything in the caller's thread and in memory."""
    town = await build_town("sqlite://", inline=True)
    ann, _, _ = await town.settled("ann@x.example")
    await town.act(ann, WITHDRAWN)
    assert await town.pending() == [ann]
    town.store.close()


async def test_a_store_in_memory_may_use_threads_too() -> None:
    """Without a file there is one thread, and calls wait for each other."""
    town = await build_town("sqlite://")
    await asyncio.gather(*(town.add(f"p{n}@x.example") for n in range(20)))
    assert (await town.store.accounts.figures(town.account_id)).contacts == 20
    town.store.close()


async def test_a_file_is_found_again_with_everything_in_it(tmp_path: Path) -> None:
    """Closing and opening loses nothing, and the same key opens the secrets (P6)."""
    from cryptography.fernet import Fernet

    from assent.store.opening import open_store

    key, url = Fernet.generate_key(), f"sqlite:///{tmp_path / 'kept.sqlite'}"
    town = await build_town(url, key=key)
    ann, _, _ = await town.settled("ann@x.example")
    town.store.close()
    again = await open_store(url, clock=town.clock, ids=town.ids, keys=[key])
    assert [p.contact.email for p in await again.memory.people(town.account_id, [ann])] == ["ann@x.example"]
    assert (await again.accounts.connection(town.account_id, town.north)).secret == "secret of north"
    again.close()
