"""Sign-in, imports, sends, outgoing webhooks, trouble and waiting times."""

import sqlalchemy as sa
from alembic import op

from assent.policy.audience import fold
from assent.store.columns import Guid, Instant

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the tables of what people do."""
    _sign_in()
    _keys()
    _asked()
    _sends()
    _outgoing()
    _health()
    op.add_column("contacts", sa.Column("created_at", Instant(), server_default=sa.text("0"), nullable=False))
    op.add_column("contacts", sa.Column("named", sa.Text(), server_default=sa.text("''"), nullable=False))
    _name()
    op.create_index(
        op.f("ix_contacts_account_id_email_named"), "contacts", ["account_id", "email", "named"], unique=False
    )
    op.create_index(
        "ix_contacts_held",
        "contacts",
        ["account_id", "email"],
        unique=False,
        sqlite_where=sa.text("hold IS NOT NULL"),
        postgresql_where=sa.text("hold IS NOT NULL"),
    )


def _name() -> None:
    """Let contacts that exist already be found by their names."""
    connection = op.get_bind()
    names = sa.text("SELECT DISTINCT first_name, last_name FROM contacts WHERE first_name || last_name <> ''")
    update = sa.text("UPDATE contacts SET named = :named WHERE first_name = :first AND last_name = :last")
    for first, last in connection.execute(names).all():
        named = fold(f"{first} {last}".strip())[:200]
        connection.execute(update, {"named": named, "first": first, "last": last})


def _sign_in() -> None:
    """Users and how they sign in."""
    op.create_table(
        "users",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", Guid(), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("disabled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("signed_in_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("fk_users_accounts")),
        sa.PrimaryKeyConstraint("account_id", "user_id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
    )
    op.create_table(
        "sessions",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", Guid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "user_id"], ["users.account_id", "users.user_id"], name=op.f("fk_sessions_users")
        ),
        sa.PrimaryKeyConstraint("account_id", "digest", name=op.f("pk_sessions")),
        sa.UniqueConstraint("digest", name=op.f("uq_sessions_digest")),
    )
    op.create_table(
        "sign_in_links",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", Guid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id", "user_id"],
            ["users.account_id", "users.user_id"],
            name=op.f("fk_sign_in_links_users"),
        ),
        sa.PrimaryKeyConstraint("account_id", "digest", name=op.f("pk_sign_in_links")),
        sa.UniqueConstraint("digest", name=op.f("uq_sign_in_links_digest")),
    )


def _keys() -> None:
    """Failed sign-ins, and the keys of programs."""
    op.create_table(
        "sign_in_attempts",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "key", name=op.f("pk_sign_in_attempts")),
    )
    op.create_table(
        "api_keys",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key_id", Guid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("shown", sa.String(length=12), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("fk_api_keys_accounts")),
        sa.PrimaryKeyConstraint("account_id", "key_id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_keys_digest")),
    )


def _asked() -> None:
    """What was asked once and is answered again, and files on their way in."""
    op.create_table(
        "idempotency_keys",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name=op.f("fk_idempotency_keys_accounts")
        ),
        sa.PrimaryKeyConstraint("account_id", "actor", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index(op.f("ix_idempotency_keys_at"), "idempotency_keys", ["at"], unique=False)
    op.create_table(
        "imports",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("import_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=True),
        sa.Column("mapping", sa.Text(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("counts", sa.Text(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("fk_imports_accounts")),
        sa.PrimaryKeyConstraint("account_id", "import_id", name=op.f("pk_imports")),
    )


def _sends() -> None:
    """Sends and whom they were for."""
    op.create_table(
        "sends",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("send_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("category", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("transactional", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("problem", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("started_at", Instant(), nullable=True),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("fk_sends_accounts")),
        sa.PrimaryKeyConstraint("account_id", "send_id", name=op.f("pk_sends")),
    )
    op.create_table(
        "recipients",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("send_id", sa.BigInteger(), nullable=False),
        sa.Column("contact_id", Guid(), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("detail", sa.String(length=200), server_default=sa.text("''"), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("checked_at", Instant(), nullable=True),
        sa.Column("attempts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "send_id"], ["sends.account_id", "sends.send_id"], name=op.f("fk_recipients_sends")
        ),
        sa.PrimaryKeyConstraint("account_id", "send_id", "contact_id", name=op.f("pk_recipients")),
    )
    op.create_index(
        op.f("ix_recipients_account_id_contact_id"), "recipients", ["account_id", "contact_id"], unique=False
    )
    op.create_index(
        op.f("ix_recipients_account_id_send_id_state_contact_id"),
        "recipients",
        ["account_id", "send_id", "state", "contact_id"],
        unique=False,
    )


def _outgoing() -> None:
    """Where changes are told, and what was told."""
    op.create_table(
        "endpoints",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("endpoint_id", sa.BigInteger(), nullable=False),
        sa.Column("url", sa.String(length=1000), nullable=False),
        sa.Column("description", sa.String(length=200), server_default=sa.text("''"), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("rests_until", Instant(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("fk_endpoints_accounts")),
        sa.PrimaryKeyConstraint("account_id", "endpoint_id", name=op.f("pk_endpoints")),
    )
    op.create_table(
        "deliveries",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("endpoint_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("problem", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("next_at", Instant(), nullable=True),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id", "endpoint_id"],
            ["endpoints.account_id", "endpoints.endpoint_id"],
            name=op.f("fk_deliveries_endpoints"),
        ),
        sa.PrimaryKeyConstraint("account_id", "delivery_id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint(
            "account_id",
            "endpoint_id",
            "seq",
            "position",
            name=op.f("uq_deliveries_account_id_endpoint_id_seq_position"),
        ),
    )
    op.create_index(
        op.f("ix_deliveries_account_id_state_next_at"),
        "deliveries",
        ["account_id", "state", "next_at"],
        unique=False,
    )


def _health() -> None:
    """What went wrong, and how long changes waited."""
    op.create_table(
        "troubles",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("row_id", Guid(), nullable=False),
        sa.Column("contact_id", Guid(), nullable=True),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("first_at", Instant(), nullable=False),
        sa.Column("last_at", Instant(), nullable=False),
        sa.Column("times", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("aside_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id", "connection_id"],
            ["connections.account_id", "connections.connection_id"],
            name=op.f("fk_troubles_connections"),
        ),
        sa.PrimaryKeyConstraint("account_id", "connection_id", "row_id", name=op.f("pk_troubles")),
    )
    op.create_table(
        "waits",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("settled_at", Instant(), nullable=False),
        sa.Column("contact_id", Guid(), nullable=False),
        sa.Column("lane", sa.SmallInteger(), nullable=False),
        sa.Column("waited", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("fk_waits_accounts")),
        sa.PrimaryKeyConstraint("account_id", "settled_at", "contact_id", name=op.f("pk_waits")),
    )
