"""Rows that say no to any email at all, kept as facts of the gate (G3)."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add what a row says; one seen before says nothing until it is read anew, by the next sweep."""
    op.add_column("links", sa.Column("no_email", sa.Boolean(create_constraint=False), nullable=True))
    op.execute("UPDATE links SET no_email = false WHERE version IS NOT NULL")
