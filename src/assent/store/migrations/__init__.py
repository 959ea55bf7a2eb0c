"""Brings a database's tables to this version's, by the steps in `versions`."""

from sqlalchemy import Connection


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Run the missing steps in the caller's transaction; two processes that start together do them once."""
    from pathlib import Path

    from alembic import command
    from alembic.config import Config
    from sqlalchemy import text

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(4726120331)"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
