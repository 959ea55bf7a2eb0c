"""Who waits for whom on PostgreSQL, where several write at once."""

import asyncio
import threading

import pytest
from sqlalchemy import Connection

from assent.store.counters import lock_account
from assent.store.database import Database
from assent.store.waits import record

from .samples import build_town

pytestmark = pytest.mark.thorough


async def test_a_wait_is_written_down_while_a_writer_holds_its_account(database: Database) -> None:
    """Whoever writes it holds contacts; waiting for the account, each would have what the other wants."""
    if database.sqlite:
        return  # one writer at a time, whatever it writes
    town = await build_town(database.writer.url.render_as_string(hide_password=False))
    held, over = threading.Event(), threading.Event()

    def holds(connection: Connection) -> None:
        lock_account(connection, town.account_id)
        held.set()
        over.wait(10)

    holding, now = asyncio.create_task(database.write(holds)), town.clock.now()
    try:
        await asyncio.to_thread(held.wait, 10)
        waited = [(town.ids.new(), now)]
        writing = database.write(lambda c: record(c, town.account_id, waited, now))
        await asyncio.wait_for(writing, 5)
        assert not holding.done()
    finally:
        over.set()
        await holding
        town.store.close()
