"""A deleted row that is there again as it was proves a restore (M7); a contact's rows are found at once."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Keep the version a deleted row had, not known of those deleted before; widen an index."""
    op.add_column("gone_rows", sa.Column("version", sa.BigInteger()))
    op.create_index(
        op.f("ix_gone_rows_account_id_connection_id_gone_at"),
        "gone_rows",
        ["account_id", "connection_id", "gone_at"],
    )
    op.create_index(
        op.f("ix_links_account_id_contact_id_connection_id"),
        "links",
        ["account_id", "contact_id", "connection_id"],
    )
    op.drop_index(op.f("ix_links_account_id_contact_id"), "links")
