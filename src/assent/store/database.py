"""One door to the database: a function of a connection runs in one transaction, off the event loop."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, NoSuchModuleError, OperationalError
from sqlalchemy.pool import StaticPool

import assent.store.desk_schema
import assent.store.schema  # noqa: F401 - both register their tables
from assent.errors import Bug, Invalid, Retry
from assent.store.among import GUID_BYTES
from assent.store.parts import metadata

T = TypeVar("T")

#: How long a writer waits for another process that writes to the same file.
BUSY_TIMEOUT_S = 10.0
#: PostgreSQL: could not serialise, deadlock, lock not available, too many connections, shutting down.
_PASSING = frozenset({"40001", "40P01", "55P03", "53300", "57P01", "57P02", "57P03"})


@dataclass(slots=True)
class Watch:
    """Tells whether anything may have been written, by whatever was awaited while it looked on."""

    wrote: bool = False


_WATCH: ContextVar[Watch | None] = ContextVar("assent_writes", default=None)


@contextmanager
def watching_writes() -> Iterator[Watch]:
    """Look on while a request is answered."""
    watch = Watch()
    before = _WATCH.set(watch)
    try:
        yield watch
    finally:
        _WATCH.reset(before)


def driver_url(url: str) -> URL:
    """Read a database URL; a PostgreSQL one without a driver gets psycopg.

    Raises Invalid, which never quotes it.
    """
    try:
        parsed = make_url(url)
        parsed.get_dialect()
    except (ArgumentError, NoSuchModuleError):
        raise Invalid("this is no database URL; expected postgresql://USER:PASSWORD@HOST/NAME") from None
    return parsed.set(drivername="postgresql+psycopg") if parsed.drivername == "postgresql" else parsed


class Database:
    """SQLite by default, PostgreSQL by URL; the same functions run on both.

    `write` functions of one SQLite database run one after another, each begun as the only writer.
    `inline` runs everything in the caller's thread, for simulations. Errors that pass by themselves
    are raised as Retry; what the data would violate is a Bug. Neither ever quotes a value.
    """

    def __init__(
        self,
        url: str = "sqlite://",
        *,
        inline: bool = False,
        threads: int = 4,
        busy_timeout_s: float = BUSY_TIMEOUT_S,
    ) -> None:
        parsed = driver_url(url)
        self.inline = inline
        self.sqlite = parsed.get_backend_name() == "sqlite"
        self.in_memory = self.sqlite and parsed.database in (None, "", ":memory:")
        self.writer, self.reader = self._engines(parsed, threads, busy_timeout_s)
        alone = ThreadPoolExecutor(1 if self.sqlite else threads, thread_name_prefix="assent-write")
        self._writing = alone
        self._reading = alone if self.in_memory else ThreadPoolExecutor(threads, "assent-read")

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on one unchanging view of the data; it must not write."""
        return await self._run(self._reading, self._read, work)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction: all of it happens or nothing does."""
        if (watch := _WATCH.get()) is None:
            return await self._run(self._writing, self._write, work)

        def watched(connection: Connection) -> T:
            done = work(connection)
            watch.wrote = True  # before it is committed: a commit whose end is not known may have been one
            return done

        return await self._run(self._writing, self._write, watched)

    async def upgrade(self) -> None:
        """Bring the tables to what this version of the program expects."""
        if self.in_memory:  # born empty with every start: there is nothing to migrate
            await self._run(self._writing, self._write, metadata.create_all)
            return
        from assent.store.migrations import upgrade

        await self._run(self._writing, self._write, upgrade)

    def close(self) -> None:
        """Finish what runs and let every connection go."""
        self._writing.shutdown()
        self._reading.shutdown()
        self.writer.dispose()
        self.reader.dispose()

    async def _run(self, pool: ThreadPoolExecutor, how: Callable[[Any], T], work: object) -> T:
        if self.inline:
            return how(work)
        return await asyncio.get_running_loop().run_in_executor(pool, how, work)

    def _read(self, work: Callable[[Connection], T]) -> T:
        return _transact(self.reader, "BEGIN", work)

    def _write(self, work: Callable[[Connection], T]) -> T:
        return _transact(self.writer, "BEGIN IMMEDIATE", work)

    def _engines(self, url: URL, threads: int, busy_timeout_s: float) -> tuple[Engine, Engine]:
        if not self.sqlite:
            engine: Engine = create_engine(
                url, hide_parameters=True, pool_size=2 * threads, pool_pre_ping=True
            )
            reader: Engine = engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
            return engine, reader
        if self.in_memory:
            engine = create_engine(
                url, hide_parameters=True, poolclass=StaticPool, connect_args={"check_same_thread": False}
            )
            _tune(engine)
            return engine, engine
        calm = {"check_same_thread": False, "timeout": busy_timeout_s}
        writer = create_engine(url, hide_parameters=True, pool_size=1, connect_args=calm)
        reader = create_engine(url, hide_parameters=True, pool_size=threads, connect_args=calm)
        _tune(writer)
        _tune(reader, "PRAGMA query_only=ON")
        return writer, reader


def _tune(engine: Engine, *pragmas: str) -> None:
    """Make SQLite durable and orderly: write-ahead log, synced commits, and no BEGIN of the driver's own."""

    def connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        connection.create_function(GUID_BYTES, 1, bytes.fromhex, deterministic=True)
        for pragma in (
            "PRAGMA journal_mode=WAL",
            "PRAGMA synchronous=FULL",
            "PRAGMA foreign_keys=ON",
            "PRAGMA cache_size=-65536",
            *pragmas,
        ):
            connection.execute(pragma).close()

    event.listen(engine, "connect", connected)


def _transact(engine: Engine, begin: str, work: Callable[[Connection], T]) -> T:
    """Run in one transaction; `begin` is how SQLite is told, whose driver leaves that to us.

    It is told by the driver, not by an event: an engine with events takes longer over every statement.
    """
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "sqlite":
                connection.connection.cursor().execute(begin)
            return work(connection)
    except sqlite3.Error as error:
        raise _judged(OperationalError(begin, None, error)) from None
    except DBAPIError as error:
        raise _judged(error) from None


def _judged(error: DBAPIError) -> Retry | Bug:
    """Tell what passes by itself from what is ours, without quoting the driver, who quotes values."""
    state = getattr(error.orig, "sqlstate", None) or ""
    if error.connection_invalidated or state in _PASSING or state.startswith("08"):
        return Retry(f"the database could not take this now (state {state or 'connection lost'}); try again")
    name = getattr(error.orig, "sqlite_errorname", "")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return Retry("the database file is busy with another process; try again")
    if isinstance(error, InterfaceError | OperationalError) and not (state or name):
        return Retry("the database does not answer; try again")
    return Bug(f"the database refused a statement ({type(error).__name__}, {state or name or 'no code'})")
