"""The tables of the sync. Each begins its key with the account, so that nothing crosses accounts."""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from assent.policy.permission import LegalBasis
from assent.store.columns import Coded, Guid, Instant
from assent.store.parts import account, base, flag, key, mask, metadata, of, partial, sighting

accounts = Table(
    "accounts",
    metadata,
    account(),
    Column("name", String(200), nullable=False),
    # Above every revision given to a contact of the account so far.
    Column("revision", BigInteger, nullable=False, server_default=text("0")),
    # The ledger's head: a chain cut short at its end does not reach it.
    Column("ledger_seq", BigInteger, nullable=False, server_default=text("0")),
    Column("ledger_digest", LargeBinary, nullable=False),
    # The key of the address marks, wrapped under the installation's.
    Column("mark_key", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    key(),
)

#: Numbers given out once and never again; account 0 holds those of the whole installation.
counters = Table(
    "counters",
    metadata,
    account(),
    Column("name", String(40), nullable=False),
    Column("value", BigInteger, nullable=False),
    key("name"),
)

categories = Table(
    "categories",
    metadata,
    account(),
    Column("bit", BigInteger, nullable=False),  # the category's single-bit mask
    Column("name", String(200), nullable=False),
    Column("description", Text, nullable=False, server_default=text("''")),
    Column("position", Integer, nullable=False),
    flag("active", "true"),
    Column("schema_name", String(128), nullable=False),
    key("bit"),
    UniqueConstraint("account_id", "name"),
    UniqueConstraint("account_id", "schema_name"),
    of("accounts"),
)

connections = Table(
    "connections",
    metadata,
    account(),
    Column("connection_id", BigInteger, nullable=False),
    Column("name", String(200), nullable=False),
    Column("url", String(500), nullable=False),
    Column("tenant", String(200), nullable=False),
    Column("client_id", String(200), nullable=False),
    Column("secret", LargeBinary, nullable=False),  # sealed
    Column("authority", String(500), nullable=False, server_default=text("''")),
    Column("organisation_id", Guid),
    Column("user_id", Guid),
    mask("made"),  # the categories whose column setup has made there
    Column("webhook_hash", LargeBinary, nullable=False),
    Column("settings", Text, nullable=False),
    Column("token", Text),
    # Through which revision contacts without a row here were considered (I5).
    Column("hub_cursor", BigInteger, nullable=False, server_default=text("0")),
    Column("state", String(20), nullable=False),
    Column("created_at", Instant, nullable=False),
    key("connection_id"),
    UniqueConstraint("connection_id"),
    of("accounts"),
)

contacts = Table(
    "contacts",
    metadata,
    account(),
    Column("contact_id", Guid, nullable=False),
    Column("email", String(500), nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("basis", Coded(LegalBasis), nullable=False),
    mask("value"),
    Column("last_positive", Coded(LegalBasis)),
    flag("refused_personally"),
    Column("hold", String(40)),
    mask("synced"),
    Column("shown_email", String(500), nullable=False),
    Column("addressed", BigInteger, nullable=False),  # the revision that gave it its address (I5)
    Column("first_name", String(200), nullable=False, server_default=text("''")),
    Column("last_name", String(200), nullable=False, server_default=text("''")),
    # What the names are found by: without case and accents.
    Column("named", Text, nullable=False, server_default=text("''")),
    Column("origin", String(40), nullable=False),
    Column("created_at", Instant, nullable=False, server_default=text("0")),
    Column("updated_at", Instant, nullable=False),
    # Kept by `pending.mark` alone: 0 settled, 1 sides moved, 2 a refusal waits.
    Column("pending", SmallInteger, nullable=False, server_default=text("0")),
    Column("pending_since", Instant),
    key("contact_id"),
    UniqueConstraint("account_id", "email"),
    Index(None, "account_id", "email", "named"),  # read alone while a text is looked for
    Index(None, "account_id", "addressed"),
    partial("ix_contacts_held", "account_id", "email", where="hold IS NOT NULL"),
    partial("ix_contacts_pending", "account_id", "pending", "contact_id", where="pending > 0"),
    of("accounts"),
)

#: The newest act of a person per field; most contacts have none.
acts = Table(
    "acts",
    metadata,
    account(),
    Column("contact_id", Guid, nullable=False),
    Column("field", BigInteger, nullable=False),
    Column("at", Instant, nullable=False),
    Column("actor", String(200), nullable=False),
    key("contact_id", "field"),
    of("contacts", "contact_id"),
)


links = Table(
    "links",
    metadata,
    account(),
    Column("contact_id", Guid, nullable=False),
    Column("connection_id", BigInteger, nullable=False),
    Column("row_id", Guid, nullable=False),
    *sighting(),
    *base(),
    mask("hub_touched"),
    mask("crm_touched"),
    Column("same_at", Instant),
    Column("read_at", Instant),
    Column("read_revision", BigInteger, nullable=False, server_default=text("0")),
    mask("intended"),
    mask("intended_value"),
    Column("toggled_by", Guid),
    mask("intended_both"),
    mask("told"),  # the intended fields whose write is in the ledger already
    # Between which versions our last unconditional refusal may have hidden another, in what, and until when.
    Column("over_after", BigInteger),
    Column("over_version", BigInteger),
    Column("over_fields", BigInteger),
    Column("over_at", Instant),
    key("connection_id", "row_id"),
    # Whole, or SQLite takes the next one for "has this contact a row there" and looks at every row.
    Index(None, "account_id", "contact_id", "connection_id"),
    Index(None, "account_id", "connection_id", "version"),
    of("contacts", "contact_id"),
    of("connections", "connection_id"),
)

#: Which contacts had a row in a connection that is gone or moved: none is created again (I4).
former_links = Table(
    "former_links",
    metadata,
    account(),
    Column("contact_id", Guid, nullable=False),
    Column("connection_id", BigInteger, nullable=False),
    key("contact_id", "connection_id"),
    of("contacts", "contact_id"),
)

#: Rows that are gone, and whose they were: a refusal made before may be told afterwards (I4).
gone_rows = Table(
    "gone_rows",
    metadata,
    account(),
    Column("connection_id", BigInteger, nullable=False),
    Column("row_id", Guid, nullable=False),
    Column("contact_id", Guid, nullable=False),
    mask("unheard"),  # the fields its contact did not refuse when the row went
    Column("gone_at", Instant, nullable=False),
    Column("version", BigInteger),  # the row's last one that was known; none once it proved a restore
    Column("seen", BigInteger),  # the last one that was read: what a notice tells of a later one is news
    key("connection_id", "row_id"),
    of("contacts", "contact_id"),
    Index(None, "account_id", "connection_id", "gone_at"),
)

#: The inbox of the fast lane; what stands here still waits (M8).
notices = Table(
    "notices",
    metadata,
    account(),
    Column("notice_id", BigInteger, nullable=False),
    Column("lane", SmallInteger, nullable=False),  # 0 refuses, 1 does not
    Column("connection_id", BigInteger, nullable=False),
    Column("row_id", Guid, nullable=False),
    Column("operation", String(40), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    Column("received_at", Instant, nullable=False),
    key("notice_id"),
    Index(None, "account_id", "lane", "notice_id"),
    Index(None, "account_id", "connection_id", "row_id"),
    of("connections", "connection_id"),
)

#: Questions only a person can answer.
requests = Table(
    "requests",
    metadata,
    account(),
    Column("request_id", BigInteger, nullable=False),
    Column("contact_id", Guid, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("closed_at", Instant),
    key("request_id"),
    partial("uq_requests_open", "account_id", "contact_id", "kind", where="closed_at IS NULL", unique=True),
    of("contacts", "contact_id"),
)

#: What is remembered of addresses nobody need hold; the digest is keyed, the address is not here.
address_marks = Table(
    "address_marks",
    metadata,
    account(),
    Column("digest", LargeBinary, nullable=False),
    flag("refused"),
    flag("erased"),
    flag("suppressed"),
    flag("complained"),  # suppressed by a complaint, which is a refusal: no person here lifts it
    Column("at", Instant, nullable=False),
    key("digest"),
    of("accounts"),
)

claims = Table(
    "claims",
    metadata,
    account(),
    Column("key", Guid, nullable=False),
    Column("owner", Guid, nullable=False),
    Column("until", Instant, nullable=False),
    Column("holder", String(120)),  # the process that took it (executors), where it is known
    key("key"),
    Index(None, "account_id", "owner"),
)

ledger_links = Table(
    "ledger_links",
    metadata,
    account(),
    Column("seq", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),  # microseconds since 1970, as hashed
    Column("entries", Integer, nullable=False),
    Column("previous", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    key("seq"),
    of("accounts"),
)

ledger_entries = Table(
    "ledger_entries",
    metadata,
    account(),
    Column("seq", BigInteger, nullable=False),
    Column("position", Integer, nullable=False),
    Column("contact_id", Guid),
    Column("plain", LargeBinary, nullable=False),
    Column("sealed", LargeBinary),
    key("seq", "position"),
    Index(None, "account_id", "contact_id", "seq", "position"),
    of("ledger_links", "seq"),
)

#: The keys of the sealed parts, wrapped; an empty one was destroyed with its person (I6).
contact_keys = Table(
    "contact_keys",
    metadata,
    account(),
    Column("contact_id", Guid, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    key("contact_id"),
    of("accounts"),
)

setup_steps = Table(
    "setup_steps",
    metadata,
    account(),
    Column("connection_id", BigInteger, nullable=False),
    Column("step", String(80), nullable=False),
    Column("state", String(20), nullable=False),
    Column("detail", Text, nullable=False, server_default=text("'{}'")),
    Column("at", Instant, nullable=False),
    key("connection_id", "step"),
    of("connections", "connection_id"),
)

sweeps = Table(
    "sweeps",
    metadata,
    account(),
    Column("connection_id", BigInteger, nullable=False),
    Column("slot", String(80), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("counts", Text, nullable=False, server_default=text("'{}'")),
    key("connection_id", "slot"),
    of("connections", "connection_id"),
)
