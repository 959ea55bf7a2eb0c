"""The little that SQLite and PostgreSQL spell differently."""

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert(connection: Connection, table: Table) -> sqlite.Insert:
    """An INSERT that can say ON CONFLICT; both dialects' forms take the same calls."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    # The two classes share the methods used here; one name for both keeps callers plain.
    return postgresql.insert(table)  # type: ignore[return-value]
