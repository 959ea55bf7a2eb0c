"""How many rows of an organisation refuse, so that a check can tell what reading them would cost (G4)."""

from sqlalchemy import Connection, func, or_, select

from assent.policy.permission import BulkEmail
from assent.policy.sides import CATEGORIES, PERMISSION
from assent.store.dialects import insert
from assent.store.schema import counters, links


def size(connection: Connection, account_id: int, connection_id: int, fields: int) -> int:
    """How many rows refused any of these fields when they were last read there.

    Where they never were, how many of the linked ones did when they were last seen.
    """
    c = counters.c
    remembered = select(c.value).where(c.account_id == account_id, c.name == _name(connection_id, fields))
    found: int | None = connection.execute(remembered).scalar_one_or_none()
    return _linked(connection, account_id, connection_id, fields) if found is None else found


def remember(connection: Connection, account_id: int, connection_id: int, fields: int, rows: int) -> None:
    """Keep how many were read."""
    name = _name(connection_id, fields)
    statement = insert(connection, counters).values(account_id=account_id, name=name, value=rows)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["account_id", "name"], set_={"value": rows})
    )


def _linked(connection: Connection, account_id: int, connection_id: int, fields: int) -> int:
    """Looks at every link, which is why it is done once."""
    k = links.c
    refused = k.known.bitwise_and(k.value.bitwise_not()).bitwise_and(fields & CATEGORIES) != 0
    if fields & PERMISSION:
        refused = or_(refused, k.toggle == BulkEmail.DO_NOT_ALLOW)
    theirs = (k.account_id == account_id, k.connection_id == connection_id, k.active.is_(True))
    return int(connection.execute(select(func.count()).where(*theirs, refused)).scalar_one())


def _name(connection_id: int, fields: int) -> str:
    return f"refusing.{connection_id}.{fields:x}"
