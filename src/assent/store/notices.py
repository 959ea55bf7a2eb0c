"""The inbox of the fast lane: what stands here waits, and what refuses blocks sends (M8)."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, delete, select

from assent.policy.sides import LinkKey
from assent.ports import Notice
from assent.store.among import among_guids
from assent.store.batches import by_connection, chunked
from assent.store.counters import take_numbers
from assent.store.pending import any_waits, mark_rows
from assent.store.schema import notices

#: The lanes: what refuses overtakes what does not.
REFUSES, REST = 0, 1

_COLUMNS = (
    notices.c.connection_id,
    notices.c.row_id,
    notices.c.operation,
    notices.c.version,
    notices.c.refused,
    notices.c.received_at,
    notices.c.notice_id,
)
_OF_ACCOUNT = notices.c.account_id == bindparam("account_id")
_NAMED = and_(_OF_ACCOUNT, notices.c.notice_id.in_(bindparam("notice_ids", expanding=True)))
_POST = notices.insert()
_WAITING = (
    select(*_COLUMNS)
    .where(_OF_ACCOUNT)
    .order_by(notices.c.lane, notices.c.notice_id)
    .limit(bindparam("limit"))
)
_OF_ROWS = select(*_COLUMNS).where(
    _OF_ACCOUNT,
    notices.c.connection_id == bindparam("connection_id"),
    among_guids(notices.c.row_id, bindparam("row_ids")),
)
_ROWS = select(notices.c.connection_id, notices.c.row_id).where(_NAMED)
_END = delete(notices).where(_NAMED)


def post(connection: Connection, account_id: int, posted: Sequence[Notice], now: datetime) -> None:
    """Store notices; once the transaction ends they block sends."""
    if not posted:
        return
    numbers = take_numbers(connection, account_id, "notice", len(posted))
    connection.execute(
        _POST,
        [
            {
                "account_id": account_id,
                "notice_id": number,
                "lane": REFUSES if notice.refused else REST,
                "connection_id": notice.connection_id,
                "row_id": notice.row_id,
                "operation": notice.operation,
                "version": notice.version,
                "refused": notice.refused,
                "received_at": notice.received_at,
            }
            for number, notice in zip(numbers, posted, strict=True)
        ],
    )
    mark_rows(connection, account_id, {LinkKey(n.connection_id, n.row_id) for n in posted}, now)


def waiting(connection: Connection, account_id: int, limit: int) -> list[Notice]:
    """Waiting notices, those that refuse first, then in the order they came."""
    asked = {"account_id": account_id, "limit": limit}
    return [Notice(*row) for row in connection.execute(_WAITING, asked)]


def waiting_for(connection: Connection, account_id: int, keys: Collection[LinkKey]) -> list[Notice]:
    """Waiting notices of the named rows."""
    found: list[Notice] = []
    if not keys or not any_waits(connection, account_id):
        return found
    for connection_id, row_ids in by_connection(keys):
        asked = {"account_id": account_id, "connection_id": connection_id, "row_ids": row_ids}
        found.extend(Notice(*row) for row in connection.execute(_OF_ROWS, asked))
    return found


def end(connection: Connection, account_id: int, notice_ids: Collection[int]) -> None:
    """End notices without looking at their contacts; the caller marks those."""
    for piece in chunked(sorted(notice_ids)):
        connection.execute(_END, {"account_id": account_id, "notice_ids": piece})


def dismiss(connection: Connection, account_id: int, notice_ids: Collection[int], now: datetime) -> None:
    """End notices that no longer say anything, and judge their contacts anew."""
    keys: set[LinkKey] = set()
    for piece in chunked(sorted(notice_ids)):
        asked = {"account_id": account_id, "notice_ids": piece}
        keys.update(LinkKey(*row) for row in connection.execute(_ROWS, asked))
    end(connection, account_id, notice_ids)
    mark_rows(connection, account_id, keys, now)
