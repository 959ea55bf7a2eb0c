"""The database engine handed to DBOS: on SQLite its own choices start late or lose order."""

import sys
import time
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

#: The first SQLite whose unixepoch() knows 'subsec', which DBOS asks for on Python 3.12 and newer.
_SUBSEC = (3, 42)


def system_engine(url: str) -> sa.Engine:
    """Open the engine database; PostgreSQL as it is, SQLite with WAL, IMMEDIATE and a clock.

    On SQLite older than 3.42 DBOS does not start, and on Python 3.11 it falls back to whole seconds,
    which loses the order within a queue; both are cured by functions registered on the connection.
    """
    engine = sa.create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare)
    return engine


def _prepare(connection: Any, _record: object) -> None:
    connection.isolation_level = "IMMEDIATE"
    version = connection.execute("select sqlite_version()").fetchone()[0]
    if tuple(int(part) for part in version.split(".")) < _SUBSEC:
        connection.create_function("unixepoch", -1, lambda *_: time.time())
    if sys.version_info < (3, 12):
        connection.create_function("strftime", -1, lambda *_: f"{time.time():.3f}")
    for pragma in ("busy_timeout=30000", "foreign_keys=on", "journal_mode=wal", "synchronous=full"):
        connection.execute(f"pragma {pragma}")
