"""The list of processes that work on one database: who lives, who died, and who takes over from whom."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, Row, func, select, text

from assent.errors import Conflict
from assent.ports import Clock
from assent.store.claims import release_all_of
from assent.store.database import Database
from assent.store.desk_schema import executors

log = structlog.get_logger()

#: Whoever has not been heard of for this long counts as dead.
LEASE = timedelta(seconds=15)
#: Anything fixed: taken while somebody enters, so that two cannot take one name at once.
_ENTRANCE = 4726120332


@dataclass(frozen=True, slots=True)
class Process:
    """One process of one machine; empty texts where that cannot be told from later ones."""

    machine: str
    pid: int
    born: str


@dataclass(frozen=True, slots=True)
class Executor:
    """Who enters the list: its id for this one start, the name people know, and the process it is."""

    executor_id: str
    name: str
    version: str
    process: Process


#: Whether a process is known to run (True) or to have ended (False); None where that cannot be known.
Running = Callable[[Process], bool | None]


class Roster:
    """One process's place on the list.

    Time is the database's own where it is a server, so that the clocks of machines need not agree.
    Nothing rests on it being right: work that is taken over from a process that only slept is safe
    to run twice.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        me: Executor,
        running: Running,
        *,
        lease: timedelta = LEASE,
    ) -> None:
        self._database = database
        self._clock = clock
        self._me = me
        self._running = running
        self._lease = lease
        self._awake = False

    @property
    def executor_id(self) -> str:
        """Our id of this start."""
        return self._me.executor_id

    async def enter(self) -> None:
        """Take our place; raises Conflict while another living process has the name.

        Where it cannot be told at once whether that one lives, its next beat or the end of its lease is
        waited for.
        """
        seen: tuple[str, datetime] | None = None
        while (holder := await self._database.write(self._enter)) is not None:
            row, running = holder
            if running or (seen is not None and seen[0] == row.executor_id and seen[1] < row.beat_at):
                raise Conflict(
                    f"Another process works here under the name {self._me.name}, started at "
                    f"{row.started_at:%Y-%m-%d %H:%M:%S} UTC. Two under one name would do each other's work: "
                    "end that one, or give this one a name of its own with ASSENT_EXECUTOR_ID."
                )
            if seen is None or seen[0] != row.executor_id:
                seen = row.executor_id, row.beat_at
                log.info("waiting_whether_it_lives", executor=row.executor_id)
            await self._clock.sleep(self._lease.total_seconds() / 15)

    async def beat(self) -> bool:
        """Say that we live; False once a later process has our name, because we slept too long."""
        return await self._database.write(self._beat)

    async def claim(self) -> Mapping[str, str]:
        """The dead whose work is now ours to take over, each with its version; nobody else gets them.

        Work of a version that somebody living runs is left to them. Whoever could not beat in time
        itself judges nobody: the others may have been kept from it by the same cause.
        """
        return await self._database.write(self._claim) if self._awake else {}

    async def strike(self, executor_id: str) -> None:
        """Take somebody off the list whose work was taken over, unless it was heard of again."""
        mine = executors.c.taken_by == self._me.executor_id
        gone = executors.delete().where(executors.c.executor_id == executor_id, mine)
        await self._database.write(lambda c: c.execute(gone))

    async def leave(self) -> None:
        """Say that we end by ourselves: what we leave undone is to be taken over at once."""
        left = executors.update().where(executors.c.executor_id == self._me.executor_id).values(beat_at=None)
        await self._database.write(lambda c: c.execute(left))

    def _now(self, connection: Connection) -> datetime:
        if connection.dialect.name == "sqlite":
            return self._clock.now()
        moment: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        return moment

    def _enter(self, connection: Connection) -> tuple[Row[Any], bool | None] | None:
        """Enter, or say who holds the name and whether that one is known to run."""
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_ENTRANCE})"))
        now = self._now(connection)
        for row in connection.execute(select(executors).where(executors.c.name == self._me.name)):
            if self._alive(row, now):
                return row, self._running(_process(row))
        connection.execute(executors.insert().values(self._row(now)))
        self._awake = True
        return None

    def _row(self, now: datetime) -> dict[str, Any]:
        process = self._me.process
        return {
            "executor_id": self._me.executor_id,
            "name": self._me.name,
            "version": self._me.version,
            "machine": process.machine,
            "pid": process.pid,
            "born": process.born,
            "started_at": now,
            "beat_at": now,
        }

    def _beat(self, connection: Connection) -> bool:
        now, rows = self._now(connection), list(connection.execute(select(executors)))
        mine = next((row for row in rows if row.executor_id == self._me.executor_id), None)
        others = [row for row in rows if row.name == self._me.name and row is not mine]
        if any(
            self._alive(row, now) and (mine is None or row.started_at > mine.started_at) for row in others
        ):
            self._awake = False
            return False
        self._awake = mine is not None and mine.beat_at is not None and now - mine.beat_at < self._lease / 2
        if mine is None:  # we were given up; what we had is done by others, and we go on with what comes
            connection.execute(executors.insert().values(self._row(now)))
        else:
            alive = {"beat_at": now, "taken_by": None, "taken_at": None}
            # A last beat that was still under way when we left does not take the farewell back.
            stays = executors.c.executor_id == self._me.executor_id, executors.c.beat_at.is_not(None)
            connection.execute(executors.update().where(*stays).values(alive))
        return True

    def _claim(self, connection: Connection) -> dict[str, str]:
        now, rows = self._now(connection), list(connection.execute(select(executors)))
        dead = [row for row in rows if not self._alive(row, now)]
        living = {self._me.version} | {row.version for row in rows if self._alive(row, now)}
        found: dict[str, str] = {}
        for row in dead:
            ours = row.version == self._me.version or row.version not in living
            free = row.taken_at is None or now - row.taken_at >= self._lease
            if not (ours and free):
                continue
            unmoved = (
                executors.c.executor_id == row.executor_id,
                executors.c.beat_at.is_not_distinct_from(row.beat_at),
                executors.c.taken_at.is_not_distinct_from(row.taken_at),
            )
            taken = executors.update().where(*unmoved).values(taken_by=self._me.executor_id, taken_at=now)
            if connection.execute(taken).rowcount == 1:
                found[row.executor_id] = row.version
        if found:  # before their work goes on elsewhere: it is not to wait for them
            release_all_of(connection, found)
        return found

    def _alive(self, row: Row[Any], now: datetime) -> bool:
        if row.beat_at is None or now - row.beat_at >= self._lease:
            return False
        return row.executor_id == self._me.executor_id or self._running(_process(row)) is not False


def _process(row: Row[Any]) -> Process:
    return Process(row.machine, row.pid, row.born)
