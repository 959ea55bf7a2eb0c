"""Answers kept under idempotency keys, so that a request sent twice is done once."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, select, update

from assent.errors import Retry
from assent.store.desk_schema import idempotency_keys
from assent.store.dialects import insert

#: How long an answer is kept.
KEPT = timedelta(hours=24)

#: How often a key is asked for that another gave back between two statements.
_TRIES = 3


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """Whose key it is: one caller's keys are never another's."""

    account_id: int
    actor: str
    key: str


@dataclass(frozen=True, slots=True)
class Earlier:
    """What was asked under the key before; no status while it runs."""

    request: bytes
    status: int | None
    answer: bytes | None


def begin(connection: Connection, place: KeyPlace, request: bytes, now: datetime) -> Earlier | None:
    """Take a key for a request, or tell what was asked under it before; old keys are free again.

    Raises Retry where others take it and give it back all the time.
    """
    c = idempotency_keys.c
    connection.execute(delete(idempotency_keys).where(c.at < now - KEPT))
    values = {"account_id": place.account_id, "actor": place.actor, "key": place.key, "request": request}
    taking = insert(idempotency_keys).values(**values, at=now).on_conflict_do_nothing()
    for _ in range(_TRIES):
        if connection.execute(taking.returning(c.key)).first() is not None:
            return None
        found = connection.execute(select(c.request, c.status, c.answer).where(*_at(place))).first()
        if found is not None:
            return Earlier(*found)
    raise Retry("Other requests with this Idempotency-Key come and go at this moment; try again.")


def finish(connection: Connection, place: KeyPlace, status: int, answer: bytes) -> None:
    """Keep the answer."""
    statement = update(idempotency_keys).where(*_at(place))
    connection.execute(statement.values(status=status, answer=answer))


def release(connection: Connection, place: KeyPlace) -> None:
    """Give the key back: nothing was done under it."""
    connection.execute(delete(idempotency_keys).where(*_at(place)))


def _at(place: KeyPlace) -> tuple[ColumnElement[bool], ...]:
    c = idempotency_keys.c
    return (c.account_id == place.account_id, c.actor == place.actor, c.key == place.key)
