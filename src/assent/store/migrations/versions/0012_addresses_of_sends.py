"""Which addresses a send went to, so that nobody gets it twice when addresses change hands meanwhile (P6)."""

import sqlalchemy as sa
from alembic import op

from assent.store.columns import Guid

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the table; of mails handed over before, the addresses are not known."""
    op.create_table(
        "mailed_addresses",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("send_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("contact_id", Guid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "send_id"],
            ["sends.account_id", "sends.send_id"],
            name=op.f("fk_mailed_addresses_sends"),
        ),
        sa.PrimaryKeyConstraint("account_id", "send_id", "digest", name=op.f("pk_mailed_addresses")),
    )
    op.create_index(
        op.f("ix_mailed_addresses_account_id_contact_id"), "mailed_addresses", ["account_id", "contact_id"]
    )
