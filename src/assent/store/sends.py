"""How sends lie in their table."""

import hashlib
from collections.abc import Collection
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, bindparam, delete, or_, select, update

from assent.errors import Unknown
from assent.policy.sending import SendState
from assent.store.counters import lock_account, take_numbers
from assent.store.desk_schema import sends

NO_SUCH_SEND = "This account has no such send."


@dataclass(frozen=True, slots=True)
class StoredDraft:
    """What is written in a send, and for whom it is; `audience` is the filter in its JSON form."""

    name: str
    subject: str
    body: str
    html: str
    category: int
    transactional: bool
    audience: str

    @property
    def revision(self) -> str:
        """What tells this text for these people from every other."""
        return hashlib.sha256(msgspec.msgpack.encode(astuple(self))).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class StoredSend:
    """A send as it stands."""

    send_id: int
    draft: StoredDraft
    state: SendState
    problem: str
    created_by: str
    created_at: datetime
    planned_at: datetime | None
    started_at: datetime | None
    resumed_at: datetime | None
    finished_at: datetime | None

    @property
    def going_since(self) -> datetime | None:
        """Since when it does something, a pause taken off."""
        return self.resumed_at or self.started_at


_DRAFT = ("name", "subject", "body", "html", "category", "transactional", "audience")
_COLUMNS = (
    sends.c.send_id,
    *(sends.c[name] for name in _DRAFT),
    sends.c.state,
    sends.c.problem,
    sends.c.created_by,
    sends.c.created_at,
    sends.c.planned_at,
    sends.c.started_at,
    sends.c.resumed_at,
    sends.c.finished_at,
)
_READ = select(*_COLUMNS).where(
    sends.c.account_id == bindparam("account_id"), sends.c.send_id == bindparam("send_id")
)
_OWED = (
    select(sends.c.account_id, sends.c.send_id)
    .where(
        or_(
            sends.c.state.in_([state.value for state in SendState if state.under_way]),
            and_(sends.c.state == SendState.PLANNED.value, sends.c.planned_at <= bindparam("now")),
        )
    )
    .order_by(sends.c.account_id, sends.c.send_id)
)


def _stored(row: Any) -> StoredSend:
    return StoredSend(row[0], StoredDraft(*row[1:8]), SendState(row[8]), *row[9:])


def _values(draft: StoredDraft) -> dict[str, object]:
    return {name: getattr(draft, name) for name in _DRAFT}


def add(connection: Connection, account_id: int, draft: StoredDraft, created_by: str, now: datetime) -> int:
    """Store a new draft; gives its number."""
    lock_account(connection, account_id)
    send_id = take_numbers(connection, account_id, "send")[0]
    connection.execute(
        sends.insert().values(
            account_id=account_id,
            send_id=send_id,
            state=SendState.DRAFT.value,
            created_by=created_by,
            created_at=now,
            **_values(draft),
        )
    )
    return send_id


def read(connection: Connection, account_id: int, send_id: int) -> StoredSend:
    """One send; raises Unknown."""
    found = connection.execute(_READ, {"account_id": account_id, "send_id": _within(send_id)}).first()
    if found is None:
        raise Unknown(NO_SUCH_SEND)
    return _stored(found)


def page(connection: Connection, account_id: int, before: int | None, limit: int) -> list[StoredSend]:
    """Sends, the newest first, from before a number on."""
    statement = select(*_COLUMNS).where(sends.c.account_id == account_id)
    if before is not None:
        statement = statement.where(sends.c.send_id < before)
    return [
        _stored(row) for row in connection.execute(statement.order_by(sends.c.send_id.desc()).limit(limit))
    ]


def move(
    connection: Connection,
    account_id: int,
    send_id: int,
    states: Collection[SendState],
    **values: object,
) -> bool:
    """Change a send if it still is in one of the states; tells whether it was."""
    if isinstance(state := values.get("state"), SendState):
        values["state"] = state.value
    changed = connection.execute(
        update(sends)
        .where(
            sends.c.account_id == account_id,
            sends.c.send_id == _within(send_id),
            sends.c.state.in_([state.value for state in states]),
        )
        .values(**values)
    )
    return changed.rowcount > 0


def rewrite(connection: Connection, account_id: int, send_id: int, draft: StoredDraft) -> bool:
    """Replace what a draft says; tells whether it still was one."""
    return move(connection, account_id, send_id, {SendState.DRAFT}, **_values(draft))


def discard(connection: Connection, account_id: int, send_id: int) -> bool:
    """Remove a draft; tells whether it still was one. Nobody was ever named in it."""
    removed = connection.execute(
        delete(sends).where(
            sends.c.account_id == account_id,
            sends.c.send_id == _within(send_id),
            sends.c.state == SendState.DRAFT.value,
        )
    )
    return removed.rowcount > 0


def _within(send_id: int) -> int:
    """Keep numbers no database holds from being asked for; no send has them."""
    return send_id if 0 < send_id < 1 << 63 else 0


def owed(connection: Connection, now: datetime) -> list[tuple[int, int]]:
    """Account and number of every send that was begun and has not ended, or whose time has come."""
    return [(row[0], row[1]) for row in connection.execute(_OWED, {"now": now})]
