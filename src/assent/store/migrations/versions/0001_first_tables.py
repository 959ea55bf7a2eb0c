"""The first tables."""

import sqlalchemy as sa
from alembic import op

from assent.store.columns import Guid, Instant

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables, those others refer to first."""
    _accounts()
    _contacts()
    _links()
    _waiting()
    _guards()
    _ledger()
    _progress()


def _accounts() -> None:
    """Accounts, what is numbered in them, their categories and connections."""
    op.create_table(
        "accounts",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("ledger_seq", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("ledger_digest", sa.LargeBinary(), nullable=False),
        sa.Column("mark_key", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_accounts")),
    )
    op.create_table(
        "counters",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "name", name=op.f("pk_counters")),
    )
    op.create_table(
        "categories",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("bit", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("description", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("schema_name", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("fk_categories_accounts")),
        sa.PrimaryKeyConstraint("account_id", "bit", name=op.f("pk_categories")),
        sa.UniqueConstraint("account_id", "name", name=op.f("uq_categories_account_id_name")),
        sa.UniqueConstraint("account_id", "schema_name", name=op.f("uq_categories_account_id_schema_name")),
    )
    op.create_table(
        "connections",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("tenant", sa.String(length=200), nullable=False),
        sa.Column("client_id", sa.String(length=200), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("authority", sa.String(length=500), server_default=sa.text("''"), nullable=False),
        sa.Column("organisation_id", Guid(), nullable=True),
        sa.Column("user_id", Guid(), nullable=True),
        sa.Column("made", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("webhook_hash", sa.LargeBinary(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=True),
        sa.Column("hub_cursor", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name=op.f("fk_connections_accounts")
        ),
        sa.PrimaryKeyConstraint("account_id", "connection_id", name=op.f("pk_connections")),
        sa.UniqueConstraint("connection_id", name=op.f("uq_connections_connection_id")),
    )


def _contacts() -> None:
    """Contacts, and the newest act on each of their fields."""
    op.create_table(
        "contacts",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("contact_id", Guid(), nullable=False),
        sa.Column("email", sa.String(length=500), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("basis", sa.SmallInteger(), nullable=False),
        sa.Column("value", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_positive", sa.SmallInteger(), nullable=True),
        sa.Column("refused_personally", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("hold", sa.String(length=40), nullable=True),
        sa.Column("synced", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("shown_email", sa.String(length=500), nullable=False),
        sa.Column("addressed", sa.BigInteger(), nullable=False),
        sa.Column("first_name", sa.String(length=200), server_default=sa.text("''"), nullable=False),
        sa.Column("last_name", sa.String(length=200), server_default=sa.text("''"), nullable=False),
        sa.Column("origin", sa.String(length=40), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("pending", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("pending_since", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("fk_contacts_accounts")),
        sa.PrimaryKeyConstraint("account_id", "contact_id", name=op.f("pk_contacts")),
        sa.UniqueConstraint("account_id", "email", name=op.f("uq_contacts_account_id_email")),
    )
    op.create_index(
        op.f("ix_contacts_account_id_addressed"), "contacts", ["account_id", "addressed"], unique=False
    )
    op.create_index(
        "ix_contacts_pending",
        "contacts",
        ["account_id", "pending", "contact_id"],
        unique=False,
        sqlite_where=sa.text("pending > 0"),
        postgresql_where=sa.text("pending > 0"),
    )
    op.create_table(
        "acts",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("contact_id", Guid(), nullable=False),
        sa.Column("field", sa.BigInteger(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "contact_id"],
            ["contacts.account_id", "contacts.contact_id"],
            name=op.f("fk_acts_contacts"),
        ),
        sa.PrimaryKeyConstraint("account_id", "contact_id", "field", name=op.f("pk_acts")),
    )


def _links() -> None:
    """Links to CRM rows, present and former."""
    op.create_table(
        "former_links",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("contact_id", Guid(), nullable=False),
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "contact_id"],
            ["contacts.account_id", "contacts.contact_id"],
            name=op.f("fk_former_links_contacts"),
        ),
        sa.PrimaryKeyConstraint("account_id", "contact_id", "connection_id", name=op.f("pk_former_links")),
    )
    op.create_table(
        "links",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("contact_id", Guid(), nullable=False),
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("row_id", Guid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("toggle", sa.SmallInteger(), nullable=True),
        sa.Column("known", sa.BigInteger(), nullable=True),
        sa.Column("value", sa.BigInteger(), nullable=True),
        sa.Column("unread", sa.BigInteger(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=True),
        sa.Column("merged_into", Guid(), nullable=True),
        sa.Column("modified_at", Instant(), nullable=True),
        sa.Column("modified_by", Guid(), nullable=True),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("base_hub_revision", sa.BigInteger(), nullable=True),
        sa.Column("base_crm_version", sa.BigInteger(), nullable=True),
        sa.Column("base_basis", sa.SmallInteger(), nullable=True),
        sa.Column("base_toggle", sa.SmallInteger(), nullable=True),
        sa.Column("base_known", sa.BigInteger(), nullable=True),
        sa.Column("base_value", sa.BigInteger(), nullable=True),
        sa.Column("base_email", sa.Text(), nullable=True),
        sa.Column("base_active", sa.Boolean(), nullable=True),
        sa.Column("hub_touched", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("crm_touched", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("same_at", Instant(), nullable=True),
        sa.Column("read_at", Instant(), nullable=True),
        sa.Column("read_revision", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("intended", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("intended_value", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("toggled_by", Guid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id", "connection_id"],
            ["connections.account_id", "connections.connection_id"],
            name=op.f("fk_links_connections"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id", "contact_id"],
            ["contacts.account_id", "contacts.contact_id"],
            name=op.f("fk_links_contacts"),
        ),
        sa.PrimaryKeyConstraint("account_id", "connection_id", "row_id", name=op.f("pk_links")),
    )
    op.create_index(
        op.f("ix_links_account_id_contact_id"), "links", ["account_id", "contact_id"], unique=False
    )


def _waiting() -> None:
    """What waits for the engine, and for people."""
    op.create_table(
        "notices",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("notice_id", sa.BigInteger(), nullable=False),
        sa.Column("lane", sa.SmallInteger(), nullable=False),
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("row_id", Guid(), nullable=False),
        sa.Column("operation", sa.String(length=40), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "connection_id"],
            ["connections.account_id", "connections.connection_id"],
            name=op.f("fk_notices_connections"),
        ),
        sa.PrimaryKeyConstraint("account_id", "notice_id", name=op.f("pk_notices")),
    )
    op.create_index(
        op.f("ix_notices_account_id_connection_id_row_id"),
        "notices",
        ["account_id", "connection_id", "row_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_notices_account_id_lane_notice_id"),
        "notices",
        ["account_id", "lane", "notice_id"],
        unique=False,
    )
    op.create_table(
        "requests",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("request_id", sa.BigInteger(), nullable=False),
        sa.Column("contact_id", Guid(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id", "contact_id"],
            ["contacts.account_id", "contacts.contact_id"],
            name=op.f("fk_requests_contacts"),
        ),
        sa.PrimaryKeyConstraint("account_id", "request_id", name=op.f("pk_requests")),
    )
    op.create_index(
        "uq_requests_open",
        "requests",
        ["account_id", "contact_id", "kind"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )


def _guards() -> None:
    """The guard of reconciles, and what is remembered of addresses."""
    op.create_table(
        "claims",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", Guid(), nullable=False),
        sa.Column("owner", Guid(), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "key", name=op.f("pk_claims")),
    )
    op.create_index(op.f("ix_claims_account_id_owner"), "claims", ["account_id", "owner"], unique=False)
    op.create_table(
        "address_marks",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("refused", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("erased", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("suppressed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name=op.f("fk_address_marks_accounts")
        ),
        sa.PrimaryKeyConstraint("account_id", "digest", name=op.f("pk_address_marks")),
    )


def _ledger() -> None:
    """The ledger and the keys of its sealed parts."""
    op.create_table(
        "contact_keys",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("contact_id", Guid(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name=op.f("fk_contact_keys_accounts")
        ),
        sa.PrimaryKeyConstraint("account_id", "contact_id", name=op.f("pk_contact_keys")),
    )
    op.create_table(
        "ledger_links",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name=op.f("fk_ledger_links_accounts")
        ),
        sa.PrimaryKeyConstraint("account_id", "seq", name=op.f("pk_ledger_links")),
    )
    op.create_table(
        "ledger_entries",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("contact_id", Guid(), nullable=True),
        sa.Column("plain", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id", "seq"],
            ["ledger_links.account_id", "ledger_links.seq"],
            name=op.f("fk_ledger_entries_ledger_links"),
        ),
        sa.PrimaryKeyConstraint("account_id", "seq", "position", name=op.f("pk_ledger_entries")),
    )
    op.create_index(
        op.f("ix_ledger_entries_account_id_contact_id_seq_position"),
        "ledger_entries",
        ["account_id", "contact_id", "seq", "position"],
        unique=False,
    )


def _progress() -> None:
    """The journal of setup and the figures of sweeps."""
    op.create_table(
        "setup_steps",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("detail", sa.Text(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "connection_id"],
            ["connections.account_id", "connections.connection_id"],
            name=op.f("fk_setup_steps_connections"),
        ),
        sa.PrimaryKeyConstraint("account_id", "connection_id", "step", name=op.f("pk_setup_steps")),
    )
    op.create_table(
        "sweeps",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("slot", sa.String(length=80), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.Column("counts", sa.Text(), server_default=sa.text("'{}'"), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "connection_id"],
            ["connections.account_id", "connections.connection_id"],
            name=op.f("fk_sweeps_connections"),
        ),
        sa.PrimaryKeyConstraint("account_id", "connection_id", "slot", name=op.f("pk_sweeps")),
    )
