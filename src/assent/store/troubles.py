"""What the CRM refused or could not be reached for, until it goes well or a person puts it aside."""

from sqlalchemy import Connection, func, select

from assent.store.desk_schema import troubles


def counts(connection: Connection, account_id: int) -> dict[int, int]:
    """How many troubles each connection has that were not put aside."""
    t = troubles.c
    statement = (
        select(t.connection_id, func.count())
        .where(t.account_id == account_id, t.aside_at.is_(None))
        .group_by(t.connection_id)
    )
    return {row[0]: row[1] for row in connection.execute(statement)}
