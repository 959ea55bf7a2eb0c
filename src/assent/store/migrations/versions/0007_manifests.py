"""Manifests: what the check before a send decided about everybody, signed."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the manifests and, to sends, how Dynamics was asked for them."""
    op.add_column("sends", sa.Column("asked", sa.Text(), server_default=sa.text("'[]'"), nullable=False))
    op.create_table(
        "manifests",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("send_id", sa.BigInteger(), nullable=False),
        sa.Column("header", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "send_id"], ["sends.account_id", "sends.send_id"], name=op.f("fk_manifests_sends")
        ),
        sa.PrimaryKeyConstraint("account_id", "send_id", name=op.f("pk_manifests")),
    )
    op.create_table(
        "manifest_parts",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("send_id", sa.BigInteger(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("lines", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "send_id"],
            ["sends.account_id", "sends.send_id"],
            name=op.f("fk_manifest_parts_sends"),
        ),
        sa.PrimaryKeyConstraint("account_id", "send_id", "part", name=op.f("pk_manifest_parts")),
    )
