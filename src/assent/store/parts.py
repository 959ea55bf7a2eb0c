"""What tables are made of: one naming of constraints, and columns that recur."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Text,
    text,
)

from assent.policy.permission import BulkEmail, LegalBasis
from assent.store.columns import Coded, Guid, Instant

#: How constraints and indexes are named, so that migrations can find them again.
NAMES = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(referred_table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
}

#: Every table of the store, whichever module it stands in.
metadata = MetaData(naming_convention=NAMES)


def account() -> Column[int]:
    """The account, first in every key."""
    return Column("account_id", BigInteger, nullable=False, autoincrement=False)


def mask(name: str, default: str = "0") -> Column[int]:
    """A 64-bit mask of fields."""
    return Column(name, BigInteger, nullable=False, server_default=text(default))


def flag(name: str, default: str = "false") -> Column[bool]:
    """A plain yes or no."""
    return Column(name, Boolean(create_constraint=False), nullable=False, server_default=text(default))


def key(*names: str) -> PrimaryKeyConstraint:
    """The primary key, the account first."""
    return PrimaryKeyConstraint("account_id", *names)


def of(table: str, *names: str) -> ForeignKeyConstraint:
    """A reference within the account."""
    columns = ["account_id", *names]
    return ForeignKeyConstraint(columns, [f"{table}.{name}" for name in columns])


def partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index over the rows for which a condition holds."""
    condition = text(where)
    return Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def sighting() -> tuple[Column[Any], ...]:
    """The last sighting of the row; all empty while `version` is."""
    return (
        Column("version", BigInteger),
        Column("email", Text),
        Column("toggle", Coded(BulkEmail)),
        Column("known", BigInteger),
        Column("value", BigInteger),
        Column("unread", BigInteger),
        Column("active", Boolean(create_constraint=False)),
        Column("merged_into", Guid),
        Column("modified_at", Instant),
        Column("modified_by", Guid),
        Column("first_name", Text),
        Column("last_name", Text),
        Column("no_email", Boolean(create_constraint=False)),
    )


def base() -> tuple[Column[Any], ...]:
    """The base; all empty while `base_crm_version` is (M4)."""
    return (
        Column("base_hub_revision", BigInteger),
        Column("base_crm_version", BigInteger),
        Column("base_basis", Coded(LegalBasis)),
        Column("base_toggle", Coded(BulkEmail)),
        Column("base_known", BigInteger),
        Column("base_value", BigInteger),
        Column("base_email", Text),
        Column("base_active", Boolean(create_constraint=False)),
    )
