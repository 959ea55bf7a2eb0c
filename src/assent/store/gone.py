"""Remembers whose a deleted row was, for the refusals that are told of it afterwards (I4)."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection, bindparam, exists, select

from assent.policy.sides import CATEGORIES, PERMISSION, Contact, Link, LinkKey
from assent.store.among import among_guids
from assent.store.batches import by_connection
from assent.store.dialects import insert
from assent.store.notices import waiting_for
from assent.store.schema import gone_rows, links

_LATELY = (
    select(gone_rows.c.row_id, gone_rows.c.version)
    .where(
        gone_rows.c.account_id == bindparam("account_id"),
        gone_rows.c.connection_id == bindparam("connection_id"),
        gone_rows.c.version.is_not(None),
        ~exists().where(
            links.c.account_id == gone_rows.c.account_id,
            links.c.connection_id == gone_rows.c.connection_id,
            links.c.row_id == gone_rows.c.row_id,
        ),
    )
    .order_by(gone_rows.c.gone_at.desc(), gone_rows.c.row_id)
    .limit(bindparam("limit"))
)


def remember(
    connection: Connection,
    account_id: int,
    owners: Mapping[LinkKey, tuple[Contact, Link]],
    now: datetime,
) -> None:
    """Note that rows are gone, the last version known of them, and what their contacts did not refuse then.

    A waiting notice may tell of a version nobody read: a row that is there again at that very one was put
    back all the same (M7).
    """
    if not owners:
        return
    seen = {key: 0 if link.row is None else link.row.version for key, (_, link) in owners.items()}
    versions = dict(seen)
    for notice in waiting_for(connection, account_id, owners):
        key = LinkKey(notice.connection_id, notice.row_id)
        versions[key] = max(versions[key], notice.version)
    statement = insert(gone_rows)
    names = ("contact_id", "unheard", "gone_at", "version", "seen")
    kept = {name: statement.excluded[name] for name in names}
    connection.execute(
        statement.on_conflict_do_update(index_elements=["account_id", "connection_id", "row_id"], set_=kept),
        [
            {
                "account_id": account_id,
                "connection_id": key.connection_id,
                "row_id": key.row_id,
                "contact_id": contact.contact_id,
                "unheard": (PERMISSION | CATEGORIES) & ~contact.refused,
                "gone_at": now,
                "version": versions[key] or None,
                "seen": seen[key],
            }
            for key, (contact, _) in owners.items()
        ],
    )


def known(connection: Connection, account_id: int, keys: Collection[LinkKey]) -> set[LinkKey]:
    """Which of these rows were gone before, and came back."""
    found: set[LinkKey] = set()
    for connection_id, row_ids in by_connection(keys):
        statement = select(gone_rows.c.row_id).where(
            gone_rows.c.account_id == account_id,
            gone_rows.c.connection_id == connection_id,
            among_guids(gone_rows.c.row_id, row_ids),
        )
        found.update(LinkKey(connection_id, row_id) for row_id in connection.execute(statement).scalars())
    return found


def lately(connection: Connection, account_id: int, connection_id: int, limit: int) -> dict[LinkKey, int]:
    """The rows of a connection that went last and are with nobody, and the versions they had."""
    asked = {"account_id": account_id, "connection_id": connection_id, "limit": limit}
    return {LinkKey(connection_id, row.row_id): row.version for row in connection.execute(_LATELY, asked)}


def forget_versions(connection: Connection, account_id: int, connection_id: int) -> None:
    """What these rows' versions could prove is proved (M7)."""
    theirs = (gone_rows.c.account_id == account_id, gone_rows.c.connection_id == connection_id)
    connection.execute(gone_rows.update().where(*theirs).values(version=None))
