"""API keys as they are kept: a digest, a role, and what tells them apart."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, func, select, update

from assent.errors import Unknown
from assent.store.counters import lock_account
from assent.store.desk_schema import api_keys

_COLUMNS = (
    api_keys.c.account_id,
    api_keys.c.key_id,
    api_keys.c.name,
    api_keys.c.role,
    api_keys.c.shown,
    api_keys.c.created_at,
    api_keys.c.created_by,
    api_keys.c.used_at,
    api_keys.c.revoked_at,
)


@dataclass(frozen=True, slots=True)
class StoredKey:
    """An API key without its secret; `shown` are the first characters."""

    account_id: int
    key_id: UUID
    name: str
    role: str
    shown: str
    created_at: datetime
    created_by: str
    used_at: datetime | None
    revoked_at: datetime | None


def add_key(connection: Connection, key: StoredKey, digest: bytes) -> None:
    """Keep a key's digest; raises Unknown for no account."""
    lock_account(connection, key.account_id)
    values = {column.name: getattr(key, column.name) for column in _COLUMNS}
    connection.execute(api_keys.insert().values(digest=digest, **values))


def all_keys(
    connection: Connection, account_id: int, after: UUID | None = None, limit: int | None = None
) -> list[StoredKey]:
    """Keys of an account, revoked ones too, in the order of their ids, from behind `after` on."""
    statement = select(*_COLUMNS).where(api_keys.c.account_id == account_id).order_by(api_keys.c.key_id)
    if after is not None:
        statement = statement.where(api_keys.c.key_id > after)
    return [_key(row) for row in connection.execute(statement.limit(limit))]


def live_keys(connection: Connection, account_id: int) -> int:
    """How many keys are not revoked."""
    c = api_keys.c
    statement = select(func.count()).where(c.account_id == account_id, c.revoked_at.is_(None))
    return connection.execute(statement).scalar_one()


def key_of(connection: Connection, account_id: int, key_id: UUID) -> StoredKey:
    """One key; raises Unknown."""
    c = api_keys.c
    row = connection.execute(select(*_COLUMNS).where(c.account_id == account_id, c.key_id == key_id)).first()
    if row is None:
        raise Unknown("This account has no such API key.")
    return _key(row)


def key_by_digest(connection: Connection, digest: bytes) -> StoredKey | None:
    """Whose secret this is, revoked or not."""
    row = connection.execute(select(*_COLUMNS).where(api_keys.c.digest == digest)).first()
    return None if row is None else _key(row)


def touch_key(connection: Connection, key: StoredKey, now: datetime) -> None:
    """Remember when a key was used last."""
    c = api_keys.c
    here = (c.account_id == key.account_id, c.key_id == key.key_id)
    connection.execute(update(api_keys).where(*here).values(used_at=now))


def revoke(connection: Connection, account_id: int, key_id: UUID, now: datetime) -> None:
    """Revoke a key for good; once revoked, it stays at that moment. Raises Unknown."""
    key_of(connection, account_id, key_id)
    c = api_keys.c
    here = (c.account_id == account_id, c.key_id == key_id, c.revoked_at.is_(None))
    connection.execute(update(api_keys).where(*here).values(revoked_at=now))


def _key(row: Row[*tuple[Any, ...]]) -> StoredKey:
    return StoredKey(**row._mapping)
