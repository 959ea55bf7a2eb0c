"""The inbox of the fast lane: what stands here waits, and what refuses blocks sends (M8)."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, select

from assent.policy.sides import LinkKey
from assent.ports import Notice
from assent.store.among import among_guids
from assent.store.batches import by_connection, chunked
from assent.store.counters import take_numbers
from assent.store.pending import mark_rows
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


def post(connection: Connection, account_id: int, posted: Sequence[Notice], now: datetime) -> None:
    """Store notices; once the transaction ends they block sends."""
    if not posted:
        return
    numbers = take_numbers(connection, account_id, "notice", len(posted))
    connection.execute(
        notices.insert(),
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
    statement = (
        select(*_COLUMNS)
        .where(notices.c.account_id == account_id)
        .order_by(notices.c.lane, notices.c.notice_id)
        .limit(limit)
    )
    return [Notice(*row) for row in connection.execute(statement)]


def waiting_for(connection: Connection, account_id: int, keys: Collection[LinkKey]) -> list[Notice]:
    """Waiting notices of the named rows."""
    found: list[Notice] = []
    if not keys or not _any(connection, account_id):
        return found
    for connection_id, row_ids in by_connection(keys):
        statement = select(*_COLUMNS).where(
            notices.c.account_id == account_id,
            notices.c.connection_id == connection_id,
            among_guids(notices.c.row_id, row_ids),
        )
        found.extend(Notice(*row) for row in connection.execute(statement))
    return found


def end(connection: Connection, account_id: int, notice_ids: Collection[int]) -> None:
    """End notices without looking at their contacts; the caller marks those."""
    for piece in chunked(sorted(notice_ids)):
        connection.execute(
            delete(notices).where(notices.c.account_id == account_id, notices.c.notice_id.in_(piece))
        )


def dismiss(connection: Connection, account_id: int, notice_ids: Collection[int], now: datetime) -> None:
    """End notices that no longer say anything, and judge their contacts anew."""
    keys: set[LinkKey] = set()
    for piece in chunked(sorted(notice_ids)):
        statement = select(notices.c.connection_id, notices.c.row_id).where(
            notices.c.account_id == account_id, notices.c.notice_id.in_(piece)
        )
        keys.update(LinkKey(*row) for row in connection.execute(statement))
    end(connection, account_id, notice_ids)
    mark_rows(connection, account_id, keys, now)


def _any(connection: Connection, account_id: int) -> bool:
    statement = select(notices.c.notice_id).where(notices.c.account_id == account_id)
    return connection.execute(statement.limit(1)).first() is not None
