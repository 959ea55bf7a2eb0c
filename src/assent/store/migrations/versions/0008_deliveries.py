"""Sends that start at a time or were paused, what comes back of mail, sign-up forms, and looks."""

import sqlalchemy as sa
from alembic import op

from assent.store.columns import Guid, Instant

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add when a send starts by itself or went on, and the tables of returns, sign-ups and looks."""
    op.add_column("sends", sa.Column("planned_at", Instant(), nullable=True))
    op.add_column("sends", sa.Column("resumed_at", Instant(), nullable=True))
    op.create_table(
        "returns",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("contact_id", Guid(), nullable=False),
        sa.Column("send_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("event", sa.String(64), nullable=False),
        sa.Column("detail", sa.String(300), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint(
            "account_id", "contact_id", "send_id", "kind", "event", name=op.f("pk_returns")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("fk_returns_accounts")),
    )
    op.create_index(op.f("ix_returns_account_id_send_id"), "returns", ["account_id", "send_id"])
    op.create_table(
        "forms",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("form_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("categories", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "active", sa.Boolean(create_constraint=False), server_default=sa.text("true"), nullable=False
        ),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "form_id", name=op.f("pk_forms")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("fk_forms_accounts")),
    )
    op.create_table(
        "sign_ups",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("sent_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("account_id", "digest", name=op.f("pk_sign_ups")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("fk_sign_ups_accounts")),
    )
    op.create_table(
        "brands",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("logo_url", sa.String(1000), nullable=False),
        sa.Column("colour", sa.String(7), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_brands")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("fk_brands_accounts")),
    )
