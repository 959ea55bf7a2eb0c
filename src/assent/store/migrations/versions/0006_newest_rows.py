"""The newest row of a connection is found at once, so that a restore shows (M7)."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the index."""
    op.create_index(
        op.f("ix_links_account_id_connection_id_version"), "links", ["account_id", "connection_id", "version"]
    )
