"""The tables. Each begins its key with the account, so that nothing crosses accounts."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from assent.policy.permission import BulkEmail, LegalBasis
from assent.store.columns import Coded, Guid, Instant

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def _account() -> Column[int]:
    return Column("account_id", BigInteger, nullable=False, autoincrement=False)


def _mask(name: str, default: str = "0") -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default=text(default))


def _flag(name: str, default: str = "false") -> Column[bool]:
    return Column(name, Boolean(create_constraint=False), nullable=False, server_default=text(default))


def _key(*names: str) -> PrimaryKeyConstraint:
    return PrimaryKeyConstraint("account_id", *names)


def _of(table: str, *names: str) -> ForeignKeyConstraint:
    columns = ["account_id", *names]
    return ForeignKeyConstraint(columns, [f"{table}.{name}" for name in columns])


def _partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    condition = text(where)
    return Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


accounts = Table(
    "accounts",
    metadata,
    _account(),
    Column("name", String(200), nullable=False),
    # Above every revision given to a contact of the account so far.
    Column("revision", BigInteger, nullable=False, server_default=text("0")),
    # The ledger's head: a chain cut short at its end does not reach it.
    Column("ledger_seq", BigInteger, nullable=False, server_default=text("0")),
    Column("ledger_digest", LargeBinary, nullable=False),
    # The key of the address marks, wrapped under the installation's.
    Column("mark_key", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    _key(),
)

#: Numbers given out once and never again; account 0 holds those of the whole installation.
counters = Table(
    "counters",
    metadata,
    _account(),
    Column("name", String(40), nullable=False),
    Column("value", BigInteger, nullable=False),
    _key("name"),
)

categories = Table(
    "categories",
    metadata,
    _account(),
    Column("bit", BigInteger, nullable=False),  # the category's single-bit mask
    Column("name", String(200), nullable=False),
    Column("description", Text, nullable=False, server_default=text("''")),
    Column("position", Integer, nullable=False),
    _flag("active", "true"),
    Column("schema_name", String(128), nullable=False),
    _key("bit"),
    UniqueConstraint("account_id", "name"),
    UniqueConstraint("account_id", "schema_name"),
    _of("accounts"),
)

connections = Table(
    "connections",
    metadata,
    _account(),
    Column("connection_id", BigInteger, nullable=False),
    Column("name", String(200), nullable=False),
    Column("url", String(500), nullable=False),
    Column("tenant", String(200), nullable=False),
    Column("client_id", String(200), nullable=False),
    Column("secret", LargeBinary, nullable=False),  # sealed
    Column("authority", String(500), nullable=False, server_default=text("''")),
    Column("organisation_id", Guid),
    Column("user_id", Guid),
    Column("webhook_hash", LargeBinary, nullable=False),
    Column("settings", Text, nullable=False),
    Column("token", Text),
    # Through which revision contacts without a row here were considered (I5).
    Column("hub_cursor", BigInteger, nullable=False, server_default=text("0")),
    Column("state", String(20), nullable=False),
    Column("created_at", Instant, nullable=False),
    _key("connection_id"),
    UniqueConstraint("connection_id"),
    _of("accounts"),
)

contacts = Table(
    "contacts",
    metadata,
    _account(),
    Column("contact_id", Guid, nullable=False),
    Column("email", String(500), nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("basis", Coded(LegalBasis), nullable=False),
    _mask("value"),
    Column("last_positive", Coded(LegalBasis)),
    _flag("refused_personally"),
    Column("hold", String(40)),
    Column("shown_email", String(500), nullable=False),
    Column("first_name", String(200), nullable=False, server_default=text("''")),
    Column("last_name", String(200), nullable=False, server_default=text("''")),
    Column("origin", String(40), nullable=False),
    Column("updated_at", Instant, nullable=False),
    # Kept by `pending.mark` alone: 0 settled, 1 sides moved, 2 a refusal waits.
    Column("pending", SmallInteger, nullable=False, server_default=text("0")),
    Column("pending_since", Instant),
    _key("contact_id"),
    UniqueConstraint("account_id", "email"),
    Index(None, "account_id", "revision"),
    _partial("ix_contacts_pending", "account_id", "pending", "contact_id", where="pending > 0"),
    _of("accounts"),
)

#: The newest act of a person per field; most contacts have none.
acts = Table(
    "acts",
    metadata,
    _account(),
    Column("contact_id", Guid, nullable=False),
    Column("field", BigInteger, nullable=False),
    Column("at", Instant, nullable=False),
    Column("actor", String(200), nullable=False),
    _key("contact_id", "field"),
    _of("contacts", "contact_id"),
)


def _sighting() -> tuple[Column[Any], ...]:
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
    )


def _base() -> tuple[Column[Any], ...]:
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


links = Table(
    "links",
    metadata,
    _account(),
    Column("contact_id", Guid, nullable=False),
    Column("connection_id", BigInteger, nullable=False),
    Column("row_id", Guid, nullable=False),
    *_sighting(),
    *_base(),
    _mask("hub_touched"),
    _mask("crm_touched"),
    Column("same_at", Instant),
    Column("read_at", Instant),
    Column("read_revision", BigInteger, nullable=False, server_default=text("0")),
    _mask("intended"),
    _mask("intended_value"),
    _key("connection_id", "row_id"),
    Index(None, "account_id", "contact_id"),
    _of("contacts", "contact_id"),
    _of("connections", "connection_id"),
)

#: Which contacts had a row in a connection that is gone or moved: none is created again (I4).
former_links = Table(
    "former_links",
    metadata,
    _account(),
    Column("contact_id", Guid, nullable=False),
    Column("connection_id", BigInteger, nullable=False),
    _key("contact_id", "connection_id"),
    _of("contacts", "contact_id"),
)

#: The inbox of the fast lane; what stands here still waits (M8).
notices = Table(
    "notices",
    metadata,
    _account(),
    Column("notice_id", BigInteger, nullable=False),
    Column("lane", SmallInteger, nullable=False),  # 0 refuses, 1 does not
    Column("connection_id", BigInteger, nullable=False),
    Column("row_id", Guid, nullable=False),
    Column("operation", String(40), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    Column("received_at", Instant, nullable=False),
    _key("notice_id"),
    Index(None, "account_id", "lane", "notice_id"),
    Index(None, "account_id", "connection_id", "row_id"),
    _of("connections", "connection_id"),
)

#: Questions only a person can answer.
requests = Table(
    "requests",
    metadata,
    _account(),
    Column("request_id", BigInteger, nullable=False),
    Column("contact_id", Guid, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("closed_at", Instant),
    _key("request_id"),
    _partial("uq_requests_open", "account_id", "contact_id", "kind", where="closed_at IS NULL", unique=True),
    _of("contacts", "contact_id"),
)

#: What is remembered of addresses nobody need hold; the digest is keyed, the address is not here.
address_marks = Table(
    "address_marks",
    metadata,
    _account(),
    Column("digest", LargeBinary, nullable=False),
    _flag("refused"),
    _flag("erased"),
    _flag("suppressed"),
    Column("at", Instant, nullable=False),
    _key("digest"),
    _of("accounts"),
)

claims = Table(
    "claims",
    metadata,
    _account(),
    Column("key", Guid, nullable=False),
    Column("owner", Guid, nullable=False),
    Column("until", Instant, nullable=False),
    _key("key"),
    Index(None, "account_id", "owner"),
)

ledger_links = Table(
    "ledger_links",
    metadata,
    _account(),
    Column("seq", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),  # microseconds since 1970, as hashed
    Column("entries", Integer, nullable=False),
    Column("previous", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    _key("seq"),
    _of("accounts"),
)

ledger_entries = Table(
    "ledger_entries",
    metadata,
    _account(),
    Column("seq", BigInteger, nullable=False),
    Column("position", Integer, nullable=False),
    Column("contact_id", Guid),
    Column("plain", LargeBinary, nullable=False),
    Column("sealed", LargeBinary),
    _key("seq", "position"),
    Index(None, "account_id", "contact_id", "seq", "position"),
    _of("ledger_links", "seq"),
)

#: The keys of the sealed parts, wrapped; an empty one was destroyed with its person (I6).
contact_keys = Table(
    "contact_keys",
    metadata,
    _account(),
    Column("contact_id", Guid, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    _key("contact_id"),
    _of("accounts"),
)

setup_steps = Table(
    "setup_steps",
    metadata,
    _account(),
    Column("connection_id", BigInteger, nullable=False),
    Column("step", String(80), nullable=False),
    Column("state", String(20), nullable=False),
    Column("detail", Text, nullable=False, server_default=text("'{}'")),
    Column("at", Instant, nullable=False),
    _key("connection_id", "step"),
    _of("connections", "connection_id"),
)

sweeps = Table(
    "sweeps",
    metadata,
    _account(),
    Column("connection_id", BigInteger, nullable=False),
    Column("slot", String(80), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("counts", Text, nullable=False, server_default=text("'{}'")),
    _key("connection_id", "slot"),
    _of("connections", "connection_id"),
)
