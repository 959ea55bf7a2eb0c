"""Idempotency keys where two requests meet."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, create_engine, event, text

from assent.store import idempotency
from assent.store.database import driver_url
from assent.store.idempotency import KeyPlace
from tests.conftest import Databases

from .samples import build_town

NOW = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.mark.thorough
async def test_a_key_given_back_between_two_statements_is_taken(postgres: Databases) -> None:
    """Another request frees it after ours found it taken, and before ours reads what it was taken for."""
    url = postgres.make()
    town, other, left = await build_town(url), create_engine(driver_url(url)), [1]
    database, place = town.store.database, KeyPlace(town.account_id, "user:1", "key")

    def given_back(connection: Connection, cursor: object, statement: str, *rest: object) -> None:
        if left and statement.startswith("INSERT INTO idempotency_keys"):
            left.pop()
            with other.begin() as freeing:
                freeing.execute(text("DELETE FROM idempotency_keys"))

    try:
        assert await database.write(lambda c: idempotency.begin(c, place, b"first", NOW)) is None
        event.listen(database.writer, "after_cursor_execute", given_back)
        assert await database.write(lambda c: idempotency.begin(c, place, b"second", NOW)) is None
        assert [] == left
    finally:
        town.store.close()
        other.dispose()
        postgres.drop(url)
