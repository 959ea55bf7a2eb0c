"""Remembers whose a deleted row was, for the refusals that are told of it afterwards (I4)."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from assent.policy.permission import LegalBasis
from assent.policy.sides import CATEGORIES, PERMISSION, Contact, LinkKey
from assent.store.dialects import insert
from assent.store.schema import gone_rows


def remember(
    connection: Connection, account_id: int, owners: Mapping[LinkKey, Contact], now: datetime
) -> None:
    """Note that rows are gone, and what their contacts did not refuse by then."""
    if not owners:
        return
    statement = insert(connection, gone_rows)
    kept = {name: statement.excluded[name] for name in ("contact_id", "unheard", "gone_at")}
    connection.execute(
        statement.on_conflict_do_update(index_elements=["account_id", "connection_id", "row_id"], set_=kept),
        [
            {
                "account_id": account_id,
                "connection_id": key.connection_id,
                "row_id": key.row_id,
                "contact_id": contact.contact_id,
                "unheard": _unrefused(contact),
                "gone_at": now,
            }
            for key, contact in owners.items()
        ],
    )


def _unrefused(contact: Contact) -> int:
    permission = 0 if contact.basis is LegalBasis.WITHDRAWN else PERMISSION
    return permission | (contact.value & CATEGORIES)
