"""The tables of what people do: sign-in, imports, sends, webhooks, erasures, trouble and waiting times."""

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

from assent.store.columns import Guid, Instant
from assent.store.parts import account, flag, key, mask, metadata, of, partial

users = Table(
    "users",
    metadata,
    account(),
    Column("user_id", Guid, nullable=False),
    Column("email", String(320), nullable=False),  # normalised; one person, one account
    Column("name", String(200), nullable=False),
    Column("role", String(20), nullable=False),
    Column("password", Text),  # argon2id; empty until chosen
    flag("disabled"),
    Column("created_at", Instant, nullable=False),
    Column("signed_in_at", Instant),
    key("user_id"),
    UniqueConstraint("email"),
    of("accounts"),
)

#: Who is signed in. Only a digest of the cookie's secret is kept.
sessions = Table(
    "sessions",
    metadata,
    account(),
    Column("digest", LargeBinary, nullable=False),
    Column("user_id", Guid, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    key("digest"),
    UniqueConstraint("digest"),
    of("users", "user_id"),
)

#: One-time links that sign in once: the first admin, invitations, the demo.
sign_in_links = Table(
    "sign_in_links",
    metadata,
    account(),
    Column("digest", LargeBinary, nullable=False),
    Column("user_id", Guid, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    key("digest"),
    UniqueConstraint("digest"),
    of("users", "user_id"),
)

#: Failed sign-ins per keyed name (an address, a place); account 0 holds those of the installation.
sign_in_attempts = Table(
    "sign_in_attempts",
    metadata,
    account(),
    Column("key", LargeBinary, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("since", Instant, nullable=False),
    key("key"),
)

api_keys = Table(
    "api_keys",
    metadata,
    account(),
    Column("key_id", Guid, nullable=False),
    Column("name", String(200), nullable=False),
    Column("role", String(20), nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("shown", String(12), nullable=False),  # its first characters, to tell keys apart
    Column("created_at", Instant, nullable=False),
    Column("created_by", String(200), nullable=False),
    Column("used_at", Instant),
    Column("revoked_at", Instant),
    key("key_id"),
    UniqueConstraint("digest"),
    of("accounts"),
)

#: Answers kept so that a repeated request is answered, not repeated; no status while it runs.
idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    account(),
    Column("actor", String(200), nullable=False),
    Column("key", String(200), nullable=False),
    Column("request", LargeBinary, nullable=False),  # digest of what was asked
    Column("status", Integer),
    Column("answer", LargeBinary),  # sealed
    Column("at", Instant, nullable=False),
    key("actor", "key"),
    Index(None, "at"),
    of("accounts"),
)

#: Uploaded files between their preview and their end.
imports = Table(
    "imports",
    metadata,
    account(),
    Column("import_id", BigInteger, nullable=False),
    Column("name", String(200), nullable=False),
    Column("data", LargeBinary),  # sealed; emptied at the end
    Column("mapping", Text, nullable=False, server_default=text("'{}'")),
    Column("state", String(20), nullable=False),
    Column("counts", Text, nullable=False, server_default=text("'{}'")),
    Column("created_by", String(200), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("finished_at", Instant),
    key("import_id"),
    of("accounts"),
)

sends = Table(
    "sends",
    metadata,
    account(),
    Column("send_id", BigInteger, nullable=False),
    Column("name", String(200), nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("html", Text, nullable=False, server_default=text("''")),
    mask("category"),  # at most one bit (G2)
    flag("transactional"),
    Column("audience", Text, nullable=False),
    Column("state", String(20), nullable=False),
    Column("problem", Text, nullable=False, server_default=text("''")),
    Column("created_by", String(200), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("planned_at", Instant),  # when it starts by itself
    Column("started_at", Instant),
    Column("resumed_at", Instant),  # when it last went on after a pause
    Column("finished_at", Instant),
    # How each connection was asked when its recipients were checked (JSON; `manifests`).
    Column("asked", Text, nullable=False, server_default=text("'[]'")),
    key("send_id"),
    of("accounts"),
)

#: Whom a send was for, what the gate said of each, and how far the mail got.
#: What the check decided about everybody, by the time the first mail goes out; never changed again.
manifests = Table(
    "manifests",
    metadata,
    account(),
    Column("send_id", BigInteger, nullable=False),
    Column("header", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    key("send_id"),
    of("sends", "send_id"),
)

manifest_parts = Table(
    "manifest_parts",
    metadata,
    account(),
    Column("send_id", BigInteger, nullable=False),
    Column("part", Integer, nullable=False),
    Column("lines", LargeBinary, nullable=False),
    key("send_id", "part"),
    of("sends", "send_id"),
)

recipients = Table(
    "recipients",
    metadata,
    account(),
    Column("send_id", BigInteger, nullable=False),
    Column("contact_id", Guid, nullable=False),
    Column("reason", String(40), nullable=False),
    Column("detail", String(200), nullable=False, server_default=text("''")),
    Column("state", String(20), nullable=False),
    Column("checked_at", Instant),
    # How often the mail server put it off, and when it is tried again.
    Column("attempts", SmallInteger, nullable=False, server_default=text("0")),
    Column("due_at", Instant),
    Column("at", Instant, nullable=False),
    key("send_id", "contact_id"),
    Index(None, "account_id", "send_id", "state", "contact_id"),
    Index(None, "account_id", "contact_id"),
    of("sends", "send_id"),
)

#: Which address a send went to as whose, as a keyed hash: addresses change hands while it goes out.
mailed_addresses = Table(
    "mailed_addresses",
    metadata,
    account(),
    Column("send_id", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("contact_id", Guid, nullable=False),
    key("send_id", "digest"),
    Index(None, "account_id", "contact_id"),
    of("sends", "send_id"),
)

#: How an account looks on the pages it shows to people.
brands = Table(
    "brands",
    metadata,
    account(),
    Column("name", String(200), nullable=False),
    Column("logo_url", String(1000), nullable=False),
    Column("colour", String(7), nullable=False),
    key(),
    of("accounts"),
)

#: Sign-up forms, and the words people agree to there.
forms = Table(
    "forms",
    metadata,
    account(),
    Column("form_id", BigInteger, nullable=False),
    Column("name", String(200), nullable=False),
    Column("text", Text, nullable=False),
    mask("categories"),
    flag("active", "true"),
    Column("created_at", Instant, nullable=False),
    key("form_id"),
    of("accounts"),
)

#: Who filled a form in and has not confirmed yet, by the digest of the confirmation's token.
sign_ups = Table(
    "sign_ups",
    metadata,
    account(),
    Column("digest", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("sent_at", Instant),
    key("digest"),
    of("accounts"),
)

#: What came back of mail: each kind once for a mail, and for events of no known mail once for each.
returns = Table(
    "returns",
    metadata,
    account(),
    Column("contact_id", Guid, nullable=False),  # all zeros: nobody's
    Column("send_id", BigInteger, nullable=False),  # 0: of no known send
    Column("kind", String(20), nullable=False),
    Column("event", String(64), nullable=False),
    Column("detail", String(300), nullable=False),
    Column("at", Instant, nullable=False),
    key("contact_id", "send_id", "kind", "event"),
    Index(None, "account_id", "send_id"),
    of("accounts"),
)

#: Where permission changes are told by signed webhooks; the ledger is their outbox.
endpoints = Table(
    "endpoints",
    metadata,
    account(),
    Column("endpoint_id", BigInteger, nullable=False),
    Column("url", String(1000), nullable=False),
    Column("description", String(200), nullable=False, server_default=text("''")),
    Column("secret", LargeBinary, nullable=False),  # sealed
    flag("active", "true"),
    # Failures in a row, and until when it is left alone after the last.
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("rests_until", Instant),
    # Up to where the ledger was turned into deliveries.
    Column("seq", BigInteger, nullable=False),
    Column("position", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    key("endpoint_id"),
    of("accounts"),
)

deliveries = Table(
    "deliveries",
    metadata,
    account(),
    Column("delivery_id", BigInteger, nullable=False),
    Column("endpoint_id", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("position", Integer, nullable=False),
    Column("kind", String(60), nullable=False),
    Column("state", String(20), nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("status", Integer),
    Column("problem", Text, nullable=False, server_default=text("''")),
    Column("created_at", Instant, nullable=False),
    Column("next_at", Instant),
    Column("finished_at", Instant),
    key("delivery_id"),
    UniqueConstraint("account_id", "endpoint_id", "seq", "position"),
    Index(None, "account_id", "state", "next_at"),
    of("endpoints", "endpoint_id"),
)

#: Who was asked to be erased, by whom, and how each row stood at the end; nothing personal is in it (I6).
erasures = Table(
    "erasures",
    metadata,
    account(),
    Column("erasure_id", BigInteger, nullable=False),
    Column("contact_id", Guid, nullable=False),
    Column("actor_kind", String(20), nullable=False),
    Column("actor", String(200), nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("finished_at", Instant),
    flag("patient", "true"),  # it waits for rows that cannot be reached
    Column("rows", Text, nullable=False, server_default=text("'[]'")),
    key("erasure_id"),
    UniqueConstraint("account_id", "contact_id"),
    partial("ix_erasures_open", "account_id", where="finished_at IS NULL"),
    of("accounts"),
)

#: What the CRM refused, or could not be reached for, until it went well or a person put it aside.
troubles = Table(
    "troubles",
    metadata,
    account(),
    Column("connection_id", BigInteger, nullable=False),
    Column("row_id", Guid, nullable=False),  # all zeros: the connection itself
    Column("contact_id", Guid),
    Column("kind", String(60), nullable=False),
    Column("message", Text, nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("times", Integer, nullable=False, server_default=text("1")),
    Column("aside_at", Instant),  # a person knows of it and will not be told again
    key("connection_id", "row_id"),
    of("connections", "connection_id"),
)

#: How long contacts waited until both sides agreed again: freshness as a number.
waits = Table(
    "waits",
    metadata,
    account(),
    Column("settled_at", Instant, nullable=False),
    Column("contact_id", Guid, nullable=False),
    Column("lane", SmallInteger, nullable=False),  # 2 a refusal waited, 1 another change
    Column("waited", BigInteger, nullable=False),  # microseconds
    key("settled_at", "contact_id"),
    of("accounts"),
)

#: The processes that work on this database, each with a name of its own for every start.
executors = Table(
    "executors",
    metadata,
    Column("executor_id", String(120), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("version", String(20), nullable=False),
    Column("machine", String(120), nullable=False),  # with `pid` and `born`: which process of which machine
    Column("pid", BigInteger, nullable=False),
    Column("born", String(40), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("beat_at", Instant),  # empty once it has left by itself
    Column("taken_by", String(120)),  # who takes its work over, and since when
    Column("taken_at", Instant),
)
