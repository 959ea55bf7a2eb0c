"""The guard that lets one worker at a time reconcile a contact."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, bindparam, delete, or_, select, update

from assent.store.batches import in_order
from assent.store.dialects import insert
from assent.store.schema import claims

_CLAIM = insert(claims)
_TAKE = _CLAIM.on_conflict_do_update(
    index_elements=["account_id", "key"],
    set_={name: _CLAIM.excluded[name] for name in ("owner", "until", "holder")},
    where=or_(claims.c.until <= bindparam("now"), claims.c.owner == _CLAIM.excluded.owner),
).returning(claims.c.key)
_OWNED = claims.c.account_id == bindparam("account"), claims.c.owner == bindparam("by")
_OURS = select(claims.c.key).where(*_OWNED).order_by(claims.c.key).with_for_update()
_RENEW = update(claims).where(*_OWNED).values(until=bindparam("to")).returning(claims.c.key)
_RELEASE = delete(claims).where(*_OWNED)


@dataclass(frozen=True, slots=True)
class Guard:
    """Who takes contacts, until when at the latest, and in which process: when that dies they fall free."""

    owner: UUID
    until: datetime
    holder: str = ""


def claim(
    connection: Connection, account_id: int, keys: Collection[UUID], guard: Guard, now: datetime
) -> set[UUID]:
    """Take the free and the expired among `keys`; gives all of them that the guard's owner now holds."""
    wanted = in_order(keys)
    if not wanted:
        return set()
    held = {"owner": guard.owner, "until": guard.until, "holder": guard.holder or None, "now": now}
    rows = [{"account_id": account_id, "key": key, **held} for key in wanted]
    return set(connection.execute(_TAKE, rows).scalars())


def renew(connection: Connection, account_id: int, owner: UUID, until: datetime) -> set[UUID]:
    """Hold what `owner` took for longer; gives what nobody else took meanwhile, expired or not."""
    _lock(connection, account_id, owner)
    asked = {"account": account_id, "by": owner, "to": until}
    return set(connection.execute(_RENEW, asked).scalars())


def release(connection: Connection, account_id: int, owner: UUID) -> None:
    """Give back everything `owner` took."""
    _lock(connection, account_id, owner)
    connection.execute(_RELEASE, {"account": account_id, "by": owner})


def _lock(connection: Connection, account_id: int, owner: UUID) -> None:
    """Lock what `owner` took in the order in which others try to take it, so that nobody waits in a ring."""
    if connection.dialect.name != "sqlite":
        connection.execute(_OURS, {"account": account_id, "by": owner})


def release_all_of(connection: Connection, holders: Collection[str]) -> None:
    """Give back everything that was taken in processes that died."""
    connection.execute(delete(claims).where(claims.c.holder.in_(holders)))
