"""How long refusals waited until both sides agreed, and what stands of an account: freshness in numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, delete, func, select

from assent.store.desk_schema import troubles, waits
from assent.store.dialects import insert
from assent.store.schema import contacts, ledger_links, links, requests

#: The lane of refusals; other changes are not measured.
REFUSAL = 2

_RECORD = insert(waits).on_conflict_do_nothing()


@dataclass(frozen=True, slots=True)
class Waited:
    """When a refusal had reached both sides, and how many seconds that took."""

    settled_at: datetime
    seconds: float


@dataclass(frozen=True, slots=True)
class Standing:
    """How an account stands: totals, who waits for the other side, and since when the longest."""

    contacts: int
    links: int
    waiting: int
    refusals: int
    waiting_since: datetime | None
    refusal_since: datetime | None
    questions: int
    troubles: int
    ledger_entries: int


def record(
    connection: Connection, account_id: int, began: Sequence[tuple[UUID, datetime]], now: datetime
) -> None:
    """Remember how long the refusals of these contacts waited; they are in effect everywhere now."""
    if not began:
        return
    rows = [
        {
            "account_id": account_id,
            "settled_at": now,
            "contact_id": contact_id,
            "lane": REFUSAL,
            "waited": max(0, int((now - since).total_seconds() * 1_000_000)),
        }
        for contact_id, since in began
    ]
    connection.execute(_RECORD, rows)


def waited(connection: Connection, account_id: int, since: datetime, limit: int) -> list[Waited]:
    """The newest waits since a moment, newest first."""
    w = waits.c
    statement = (
        select(w.settled_at, w.waited)
        .where(w.account_id == account_id, w.settled_at >= since, w.lane == REFUSAL)
        .order_by(w.settled_at.desc())
        .limit(limit)
    )
    return [Waited(at, micros / 1_000_000) for at, micros in connection.execute(statement)]


def forget_before(connection: Connection, moment: datetime) -> None:
    """Drop the waits of every account that ended before a moment."""
    connection.execute(delete(waits).where(waits.c.settled_at < moment))


def standing(connection: Connection, account_id: int) -> Standing:
    """Count what an account has and what waits in it."""

    def count(account: ColumnElement[int], *conditions: ColumnElement[bool]) -> int:
        statement = select(func.count()).where(account == account_id, *conditions)
        return int(connection.execute(statement).scalar_one())

    c = contacts.c
    by_rank = (
        select(c.pending, func.count(), func.min(c.pending_since))
        .where(c.account_id == account_id, c.pending > 0)
        .group_by(c.pending)
    )
    pending = {rank: (number, since) for rank, number, since in connection.execute(by_rank)}
    entries = select(func.coalesce(func.sum(ledger_links.c.entries), 0)).where(
        ledger_links.c.account_id == account_id
    )
    sinces = [since for _, since in pending.values() if since is not None]
    refusals, refusal_since = pending.get(REFUSAL, (0, None))
    return Standing(
        contacts=count(c.account_id),
        links=count(links.c.account_id),
        waiting=sum(number for number, _ in pending.values()),
        refusals=refusals,
        waiting_since=min(sinces, default=None),
        refusal_since=refusal_since,
        questions=count(requests.c.account_id, requests.c.closed_at.is_(None)),
        troubles=count(troubles.c.account_id, troubles.c.aside_at.is_(None)),
        ledger_entries=int(connection.execute(entries).scalar_one()),
    )
