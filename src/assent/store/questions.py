"""Questions only a person can answer, opened by merges and closed by people."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select

from assent.errors import Unknown
from assent.policy.plan import Request
from assent.store.schema import requests


@dataclass(frozen=True, slots=True)
class Question:
    """An open question about a contact; the stricter answer applies meanwhile."""

    request_id: int
    contact_id: UUID
    kind: Request
    opened_at: datetime


def open_questions(connection: Connection, account_id: int, limit: int) -> list[Question]:
    """The oldest open questions of an account."""
    t = requests.c
    statement = (
        select(t.request_id, t.contact_id, t.kind, t.opened_at)
        .where(t.account_id == account_id, t.closed_at.is_(None))
        .order_by(t.request_id)
        .limit(limit)
    )
    return [
        Question(number, contact_id, Request(kind), opened_at)
        for number, contact_id, kind, opened_at in connection.execute(statement).all()
    ]


def close(connection: Connection, account_id: int, request_id: int, now: datetime) -> None:
    """Close a question that was answered; raises Unknown for one that is not open."""
    t = requests.c
    done = connection.execute(
        requests.update()
        .where(t.account_id == account_id, t.request_id == request_id, t.closed_at.is_(None))
        .values(closed_at=now)
    )
    if not done.rowcount:
        raise Unknown("this account has no such open question")
