"""Rows that say no to any email at all, and addresses that take no mail because of a complaint (G3)."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add both; a row seen before says nothing until it is read anew, by the next sweep."""
    op.add_column("links", sa.Column("no_email", sa.Boolean(create_constraint=False), nullable=True))
    op.execute("UPDATE links SET no_email = false WHERE version IS NOT NULL")
    op.add_column(
        "address_marks",
        sa.Column(
            "complained",
            sa.Boolean(create_constraint=False),
            server_default=sa.text("false"),
            nullable=False,
        ),
    )
    # Whose complaint it was is not told by a digest: where anybody complained, nothing older is lifted.
    op.execute(
        "UPDATE address_marks SET complained = suppressed WHERE EXISTS (SELECT 1 FROM returns "
        "WHERE returns.account_id = address_marks.account_id AND returns.kind = 'complaint')"
    )
