"""The list of processes that share the work, and which of them works on a contact."""

import sqlalchemy as sa
from alembic import op

from assent.store.columns import Instant

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the list, and its name for whoever holds a contact."""
    op.create_table(
        "executors",
        sa.Column("executor_id", sa.String(120), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("version", sa.String(20), nullable=False),
        sa.Column("machine", sa.String(120), nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.Column("born", sa.String(40), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("beat_at", Instant(), nullable=True),
        sa.Column("taken_by", sa.String(120), nullable=True),
        sa.Column("taken_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("executor_id", name=op.f("pk_executors")),
    )
    op.add_column("claims", sa.Column("holder", sa.String(120), nullable=True))
