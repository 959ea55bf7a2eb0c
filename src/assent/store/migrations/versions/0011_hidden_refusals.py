"""What writes of ours may have hidden, and how far rows that are gone had been read (I4, M8)."""

import sqlalchemy as sa
from alembic import op

from assent.store.columns import Instant

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the columns; of rows deleted before it is not known what was read of them last."""
    op.add_column("gone_rows", sa.Column("seen", sa.BigInteger()))
    op.add_column("links", sa.Column("over_after", sa.BigInteger()))
    op.add_column("links", sa.Column("over_version", sa.BigInteger()))
    op.add_column("links", sa.Column("over_fields", sa.BigInteger()))
    op.add_column("links", sa.Column("over_at", Instant()))
