"""What is told to endpoints: one delivery per endpoint and ledger entry, until it was taken or given up."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, case, delete, func, select, update

from assent.store.among import among_guids
from assent.store.batches import chunked
from assent.store.counters import take_numbers
from assent.store.desk_schema import deliveries
from assent.store.dialects import insert
from assent.store.reading import Place
from assent.store.schema import contacts

#: The states of a delivery.
WAITING, DELIVERED, FAILED = "waiting", "delivered", "failed"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one endpoint, and how telling it went."""

    delivery_id: int
    endpoint_id: int
    place: Place
    kind: str
    state: str
    attempts: int
    status: int | None
    problem: str
    created_at: datetime
    next_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one attempt ended; `next_at` is None where it was the last."""

    state: str
    attempts: int
    status: int | None
    problem: str
    next_at: datetime | None
    finished_at: datetime | None


def add(
    connection: Connection,
    account_id: int,
    endpoint_id: int,
    events: Sequence[tuple[Place, str]],
    now: datetime,
) -> None:
    """Make deliveries of events, in their order; those that were made before stay as they are."""
    if not events:
        return
    numbers = take_numbers(connection, account_id, "delivery", len(events))
    rows = [
        {
            "account_id": account_id,
            "delivery_id": number,
            "endpoint_id": endpoint_id,
            "seq": place.seq,
            "position": place.position,
            "kind": kind,
            "state": WAITING,
            "created_at": now,
            "next_at": now,
        }
        for number, (place, kind) in zip(numbers, events, strict=True)
    ]
    connection.execute(insert(deliveries).on_conflict_do_nothing(), rows)


def due(
    connection: Connection, account_id: int, endpoint_id: int, now: datetime, limit: int
) -> list[Delivery]:
    """What an endpoint is to be told now, in the order of the ledger."""
    d = deliveries.c
    statement = (
        _select(account_id)
        .where(d.endpoint_id == endpoint_id, d.state == WAITING, d.next_at <= now)
        .order_by(d.delivery_id)
        .limit(limit)
    )
    return [_delivery(row) for row in connection.execute(statement).all()]


def next_due(connection: Connection, account_id: int) -> dict[int, datetime]:
    """When each endpoint has something to be told next."""
    d = deliveries.c
    statement = (
        select(d.endpoint_id, func.min(d.next_at))
        .where(d.account_id == account_id, d.state == WAITING)
        .group_by(d.endpoint_id)
    )
    return {row[0]: row[1] for row in connection.execute(statement)}


def end(connection: Connection, account_id: int, delivery_id: int, outcome: Outcome) -> None:
    """Write down how an attempt went."""
    d = deliveries.c
    connection.execute(
        update(deliveries)
        .where(d.account_id == account_id, d.delivery_id == delivery_id)
        .values(
            state=outcome.state,
            attempts=outcome.attempts,
            status=outcome.status,
            problem=outcome.problem,
            next_at=outcome.next_at,
            finished_at=outcome.finished_at,
        )
    )


def page(
    connection: Connection, account_id: int, endpoint_id: int, before: int | None, limit: int, state: str = ""
) -> list[Delivery]:
    """Deliveries of an endpoint, newest first, all or those in one state."""
    d = deliveries.c
    statement = _select(account_id).where(d.endpoint_id == endpoint_id)
    if before is not None:
        statement = statement.where(d.delivery_id < before)
    if state:
        statement = statement.where(d.state == state)
    statement = statement.order_by(d.delivery_id.desc()).limit(limit)
    return [_delivery(row) for row in connection.execute(statement).all()]


def replay(connection: Connection, account_id: int, delivery_id: int, now: datetime) -> bool:
    """Let one delivery be told once more, whatever became of it; tells whether there is one."""
    d = deliveries.c
    done = connection.execute(
        update(deliveries)
        .where(d.account_id == account_id, d.delivery_id == delivery_id)
        .values(state=WAITING, attempts=0, next_at=now, finished_at=None)
    )
    return bool(done.rowcount)


def replay_failed(
    connection: Connection, account_id: int, endpoint_id: int, since: datetime, now: datetime
) -> int:
    """Let everything that was given up since a moment be told again; gives how much that is."""
    d = deliveries.c
    done = connection.execute(
        update(deliveries)
        .where(d.account_id == account_id, d.endpoint_id == endpoint_id, d.state == FAILED)
        .where(d.finished_at >= since)
        .values(state=WAITING, attempts=0, next_at=now, finished_at=None)
    )
    return done.rowcount


def tallies(connection: Connection, account_id: int) -> dict[int, tuple[int, int, datetime | None]]:
    """Per endpoint: how many wait, how many were given up, and when the last was taken."""
    d = deliveries.c
    statement = (
        select(
            d.endpoint_id,
            func.sum(case((d.state == WAITING, 1), else_=0)),
            func.sum(case((d.state == FAILED, 1), else_=0)),
            func.max(case((d.state == DELIVERED, d.finished_at), else_=None)),
        )
        .where(d.account_id == account_id)
        .group_by(d.endpoint_id)
    )
    return {row[0]: (int(row[1]), int(row[2]), row[3]) for row in connection.execute(statement)}


def by_state(connection: Connection, account_id: int) -> dict[str, int]:
    """How many deliveries are in each state."""
    d = deliveries.c
    statement = select(d.state, func.count()).where(d.account_id == account_id).group_by(d.state)
    found = {row[0]: row[1] for row in connection.execute(statement)}
    return {state: found.get(state, 0) for state in (WAITING, DELIVERED, FAILED)}


def forget_before(connection: Connection, moment: datetime) -> None:
    """Drop what was taken before a moment; what was given up stays until its endpoint goes."""
    d = deliveries.c
    connection.execute(delete(deliveries).where(d.state == DELIVERED, d.finished_at < moment))


def shown_addresses(
    connection: Connection, account_id: int, contact_ids: Collection[UUID]
) -> dict[UUID, str]:
    """The addresses contacts have now."""
    found: dict[UUID, str] = {}
    for piece in chunked(contact_ids):
        statement = select(contacts.c.contact_id, contacts.c.shown_email).where(
            contacts.c.account_id == account_id, among_guids(contacts.c.contact_id, piece)
        )
        found.update((row[0], row[1]) for row in connection.execute(statement))
    return found


def _select(account_id: int) -> Any:
    return select(deliveries).where(deliveries.c.account_id == account_id)


def _delivery(row: Any) -> Delivery:
    return Delivery(
        delivery_id=row.delivery_id,
        endpoint_id=row.endpoint_id,
        place=Place(row.seq, row.position),
        kind=row.kind,
        state=row.state,
        attempts=row.attempts,
        status=row.status,
        problem=row.problem,
        created_at=row.created_at,
        next_at=row.next_at,
        finished_at=row.finished_at,
    )
