"""The guard that lets one worker at a time reconcile a contact."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, delete, or_, select

from assent.store.among import among_guids
from assent.store.batches import chunked, in_order
from assent.store.dialects import insert
from assent.store.schema import claims


def claim(
    connection: Connection,
    account_id: int,
    keys: Collection[UUID],
    owner: UUID,
    until: datetime,
    now: datetime,
) -> set[UUID]:
    """Take the free and the expired among `keys`; gives all of them that `owner` now holds."""
    wanted = in_order(keys)
    if not wanted:
        return set()
    statement = insert(connection, claims)
    upsert = statement.on_conflict_do_update(
        index_elements=["account_id", "key"],
        set_={"owner": statement.excluded.owner, "until": statement.excluded.until},
        where=or_(claims.c.until <= now, claims.c.owner == owner),
    )
    rows = [{"account_id": account_id, "key": key, "owner": owner, "until": until} for key in wanted]
    connection.execute(upsert, rows)
    taken: set[UUID] = set()
    for piece in chunked(wanted):
        held = select(claims.c.key).where(
            claims.c.account_id == account_id, claims.c.owner == owner, among_guids(claims.c.key, piece)
        )
        taken.update(connection.execute(held).scalars())
    return taken


def release(connection: Connection, account_id: int, owner: UUID) -> None:
    """Give back everything `owner` took."""
    connection.execute(delete(claims).where(claims.c.account_id == account_id, claims.c.owner == owner))
