"""What proves a restore and what was intended twice is kept (M4, M7); a contact's rows are found at once."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add both columns, the version not known of rows deleted before, and widen an index."""
    op.add_column("gone_rows", sa.Column("version", sa.BigInteger()))
    op.create_index(
        op.f("ix_gone_rows_account_id_connection_id_gone_at"),
        "gone_rows",
        ["account_id", "connection_id", "gone_at"],
    )
    op.add_column(
        "links", sa.Column("intended_both", sa.BigInteger(), nullable=False, server_default=sa.text("0"))
    )
    op.create_index(
        op.f("ix_links_account_id_contact_id_connection_id"),
        "links",
        ["account_id", "contact_id", "connection_id"],
    )
    op.drop_index(op.f("ix_links_account_id_contact_id"), "links")
