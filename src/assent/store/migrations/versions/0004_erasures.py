"""Erasures: who was asked to be erased, and how that went."""

import sqlalchemy as sa
from alembic import op

from assent.store.columns import Guid, Instant

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the list of erasures."""
    op.create_table(
        "erasures",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("erasure_id", sa.BigInteger(), nullable=False),
        sa.Column("contact_id", Guid(), nullable=False),
        sa.Column("actor_kind", sa.String(20), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("finished_at", Instant()),
        sa.Column("patient", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("rows", sa.Text(), server_default=sa.text("'[]'"), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("fk_erasures_accounts")),
        sa.PrimaryKeyConstraint("account_id", "erasure_id", name=op.f("pk_erasures")),
        sa.UniqueConstraint("account_id", "contact_id", name=op.f("uq_erasures_account_id_contact_id")),
    )
    op.create_index(
        "ix_erasures_open",
        "erasures",
        ["account_id"],
        sqlite_where=sa.text("finished_at IS NULL"),
        postgresql_where=sa.text("finished_at IS NULL"),
    )
