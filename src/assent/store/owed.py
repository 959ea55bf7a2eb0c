"""What the durable engine asks: how many drains began, who has work waiting, when each was last swept."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, select, text, union

from assent.store.connection_rows import LIVE
from assent.store.counters import take_numbers
from assent.store.desk_schema import erasures
from assent.store.schema import connections, contacts, counters, notices, sweeps

#: The counter of drains: they are numbered as they begin, errands by their own names as they end.
DRAIN = "drain"


def _waiting() -> Select[int]:
    live = select(connections.c.account_id).where(connections.c.state == LIVE)
    owed = union(
        select(notices.c.account_id),
        select(contacts.c.account_id).where(text("pending > 0")),
    ).subquery()
    begun = select(erasures.c.account_id).where(text("finished_at IS NULL"))
    either = union(select(owed.c.account_id).where(owed.c.account_id.in_(live)), begun).subquery()
    return select(either.c.account_id).order_by(either.c.account_id)


def _last_sweeps() -> Select[Any]:
    newest = (
        select(sweeps.c.account_id, func.max(sweeps.c.started_at).label("started_at"))
        .group_by(sweeps.c.account_id)
        .subquery()
    )
    runs = (
        select(sweeps.c.account_id, sweeps.c.slot, sweeps.c.started_at, sweeps.c.finished_at)
        .join(
            newest,
            (newest.c.account_id == sweeps.c.account_id) & (newest.c.started_at == sweeps.c.started_at),
        )
        .subquery()
    )
    return (
        select(connections.c.account_id, runs.c.slot, runs.c.started_at, runs.c.finished_at)
        .select_from(connections.outerjoin(runs, runs.c.account_id == connections.c.account_id))
        .where(connections.c.state == LIVE)
    )


_COUNTED = select(counters.c.value).where(
    counters.c.account_id == bindparam("account_id"), counters.c.name == bindparam("name")
)
_WAITING, _LAST_SWEEPS = _waiting(), _last_sweeps()


def counted(connection: Connection, account_id: int, name: str) -> int:
    """How far a counter has come."""
    return connection.execute(_COUNTED, {"account_id": account_id, "name": name}).scalar_one_or_none() or 0


def count(connection: Connection, account_id: int, name: str, more: int) -> int:
    """Count on: whatever was stored before a drain is counted is that drain's to deal with."""
    return take_numbers(connection, account_id, name, more)[-1]


def waiting(connection: Connection) -> list[int]:
    """Accounts with a live connection and waiting notices or pending contacts, or somebody to erase."""
    return list(connection.execute(_WAITING).scalars())


def last_sweeps(connection: Connection) -> list[tuple[int, int | None, datetime | None, bool]]:
    """Of every account with a live connection: its last slot, when that began, and whether it ended."""
    found: dict[int, tuple[int, int | None, datetime | None, bool]] = {}
    for account_id, slot, started, finished in connection.execute(_LAST_SWEEPS):
        _, _, _, ended = found.get(account_id, (account_id, None, None, True))
        found[account_id] = (
            account_id,
            None if slot is None else int(slot),
            started,
            ended and finished is not None,
        )
    return list(found.values())
