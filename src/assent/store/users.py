"""Users of accounts as they are kept; one address is one person in the whole installation."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, func, select, update

from assent.errors import Conflict, Unknown
from assent.store.counters import lock_account
from assent.store.desk_schema import users
from assent.store.dialects import insert

_COLUMNS = (
    users.c.account_id,
    users.c.user_id,
    users.c.email,
    users.c.name,
    users.c.role,
    users.c.password,
    users.c.disabled,
    users.c.created_at,
    users.c.signed_in_at,
)


@dataclass(frozen=True, slots=True)
class StoredUser:
    """A user; `password` is a hash, or None until one was chosen."""

    account_id: int
    user_id: UUID
    email: str
    name: str
    role: str
    password: str | None = field(repr=False)
    disabled: bool
    created_at: datetime
    signed_in_at: datetime | None


def add_user(connection: Connection, user: StoredUser) -> None:
    """Add a user; raises Conflict for an address that somebody has already, Unknown for no account."""
    lock_account(connection, user.account_id)
    values = {column.name: getattr(user, column.name) for column in _COLUMNS}
    statement = insert(users).values(values).on_conflict_do_nothing(index_elements=["email"])
    if connection.execute(statement.returning(users.c.user_id)).first() is None:
        raise Conflict(
            "Somebody signs in with this address already. Every user needs an address of their own."
        )


def all_users(
    connection: Connection, account_id: int, after: UUID | None = None, limit: int | None = None
) -> list[StoredUser]:
    """Users of an account in the order of their ids, from behind `after` on."""
    statement = select(*_COLUMNS).where(users.c.account_id == account_id).order_by(users.c.user_id)
    if after is not None:
        statement = statement.where(users.c.user_id > after)
    return [_user(row) for row in connection.execute(statement.limit(limit))]


def user_of(connection: Connection, account_id: int, user_id: UUID) -> StoredUser:
    """One user; raises Unknown."""
    statement = select(*_COLUMNS).where(users.c.account_id == account_id, users.c.user_id == user_id)
    row = connection.execute(statement).first()
    if row is None:
        raise Unknown("This account has no such user.")
    return _user(row)


def user_by_email(connection: Connection, email: str) -> StoredUser | None:
    """Whoever signs in with an address, in whichever account."""
    row = connection.execute(select(*_COLUMNS).where(users.c.email == email)).first()
    return None if row is None else _user(row)


def change_user(connection: Connection, account_id: int, user_id: UUID, **values: Any) -> None:
    """Write columns of a user; raises Unknown."""
    statement = update(users).where(users.c.account_id == account_id, users.c.user_id == user_id)
    if connection.execute(statement.values(values)).rowcount == 0:
        raise Unknown("This account has no such user.")


def others_with_role(connection: Connection, account_id: int, role: str, user_id: UUID) -> int:
    """How many other users with a role may sign in; exact under the account's lock."""
    statement = select(func.count()).where(
        users.c.account_id == account_id,
        users.c.role == role,
        users.c.user_id != user_id,
        users.c.disabled.is_(False),
    )
    return connection.execute(statement).scalar_one()


def _user(row: Row[*tuple[Any, ...]]) -> StoredUser:
    return StoredUser(**row._mapping)
