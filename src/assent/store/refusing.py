"""How many rows of an organisation refuse, so that a check can tell what reading them would cost (G4)."""

from sqlalchemy import Connection, func, select

from assent.store.dialects import insert
from assent.store.schema import counters, links

#: One linked row in so many is thought to refuse, until they were read once.
SHARE = 8


def size(connection: Connection, account_id: int, connection_id: int, fields: int) -> int:
    """How many rows refused any of these fields when they were last read there, or a share of those known."""
    c = counters.c
    remembered = select(c.value).where(c.account_id == account_id, c.name == _name(connection_id, fields))
    found: int | None = connection.execute(remembered).scalar_one_or_none()
    if found is not None:
        return found
    k = links.c
    known = select(func.count()).where(k.account_id == account_id, k.connection_id == connection_id)
    return int(connection.execute(known).scalar_one()) // SHARE


def remember(connection: Connection, account_id: int, connection_id: int, fields: int, rows: int) -> None:
    """Keep how many were read."""
    name = _name(connection_id, fields)
    statement = insert(counters).values(account_id=account_id, name=name, value=rows)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["account_id", "name"], set_={"value": rows})
    )


def _name(connection_id: int, fields: int) -> str:
    return f"refusing.{connection_id}.{fields:x}"
