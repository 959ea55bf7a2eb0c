"""Rows that are gone and whose they were, and which writes the ledger was told of."""

import sqlalchemy as sa
from alembic import op

from assent.store.columns import Guid, Instant

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add what late refusals and lost writes are traced by."""
    op.create_table(
        "gone_rows",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("row_id", Guid(), nullable=False),
        sa.Column("contact_id", Guid(), nullable=False),
        sa.Column("unheard", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("gone_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "contact_id"],
            ["contacts.account_id", "contacts.contact_id"],
            name=op.f("fk_gone_rows_contacts"),
        ),
        sa.PrimaryKeyConstraint("account_id", "connection_id", "row_id", name=op.f("pk_gone_rows")),
    )
    op.add_column("links", sa.Column("told", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
