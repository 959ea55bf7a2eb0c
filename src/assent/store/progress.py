"""What runs left behind to be read later: setup's journal and the sweeps' figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, exists, select

from assent.store.connection_rows import LIVE, PAUSED, read_settings
from assent.store.dialects import insert
from assent.store.schema import connections, setup_steps, sweeps

#: Among a sweep's counts: the connection could not be swept; its trouble tells why.
UNREACHED = "unreached"


@dataclass(frozen=True, slots=True)
class SetupStep:
    """Where one step of setup stands; `detail` is data for people and for resuming."""

    step: str
    state: str
    detail: Mapping[str, object]
    at: datetime


@dataclass(frozen=True, slots=True)
class SweepRun:
    """One sweep of a connection and what it counted; `finished_at` is None while it runs."""

    connection_id: int
    slot: str
    started_at: datetime
    finished_at: datetime | None
    counts: Mapping[str, int]


def _unfinished() -> Select[Any]:
    s, j = setup_steps.c, connections.c

    def somewhere(*states: str) -> ColumnElement[bool]:
        return (
            exists()
            .where(s.account_id == j.account_id, s.connection_id == j.connection_id, s.state.in_(states))
            .correlate(connections)
        )

    return (
        select(j.account_id, j.connection_id)
        .where(j.state != PAUSED, somewhere("waiting", "running"), ~somewhere("paused", "failed"))
        .order_by(j.account_id, j.connection_id)
    )


_UNFINISHED = _unfinished()
_SWEEP = insert(sweeps)
_WRITE_SWEEP = _SWEEP.on_conflict_do_update(
    index_elements=["account_id", "connection_id", "slot"],
    set_={name: _SWEEP.excluded[name] for name in ("finished_at", "counts")},
)


def write_step(connection: Connection, account_id: int, connection_id: int, step: SetupStep) -> None:
    """Write where a step stands; the newest word replaces the one before."""
    values = {
        "account_id": account_id,
        "connection_id": connection_id,
        "step": step.step,
        "state": step.state,
        "detail": msgspec.json.encode(step.detail).decode(),
        "at": step.at,
    }
    statement = insert(setup_steps).values(values)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["account_id", "connection_id", "step"],
            set_={name: statement.excluded[name] for name in ("state", "detail", "at")},
        )
    )


def steps(connection: Connection, account_id: int, connection_id: int) -> list[SetupStep]:
    """Every step of a connection that was begun, oldest word first."""
    c = setup_steps.c
    statement = (
        select(c.step, c.state, c.detail, c.at)
        .where(c.account_id == account_id, c.connection_id == connection_id)
        .order_by(c.at, c.step)
    )
    return [
        SetupStep(step, state, msgspec.json.decode(detail, type=dict[str, object]), at)
        for step, state, detail, at in connection.execute(statement)
    ]


def unfinished(connection: Connection) -> list[tuple[int, int]]:
    """Account and connection of every setup that was begun, has not ended, and waits for nobody."""
    return [(account_id, connection_id) for account_id, connection_id in connection.execute(_UNFINISHED)]


def unchecked(connection: Connection, before: datetime) -> list[tuple[int, int]]:
    """Live connections whose parts were not looked at since a moment."""
    j = connections.c
    statement = select(j.account_id, j.connection_id, j.settings).where(j.state == LIVE)
    return [
        (account_id, connection_id)
        for account_id, connection_id, settings in connection.execute(statement)
        if (at := read_settings(settings).checked_at) is None or at < before
    ]


def in_state(connection: Connection, state: str) -> list[tuple[int, int]]:
    """Account and number of every connection in a state."""
    j = connections.c
    statement = select(j.account_id, j.connection_id).where(j.state == state)
    return [tuple(row) for row in connection.execute(statement.order_by(j.account_id, j.connection_id))]


def forget_steps(connection: Connection, account_id: int, connection_id: int) -> None:
    """Empty a connection's journal, so that setup begins anew."""
    c = setup_steps.c
    connection.execute(
        setup_steps.delete().where(c.account_id == account_id, c.connection_id == connection_id)
    )


def write_sweep(connection: Connection, account_id: int, run: SweepRun) -> None:
    """Write a sweep's row, when it begins and again when it ends."""
    values = {
        "account_id": account_id,
        "connection_id": run.connection_id,
        "slot": run.slot,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "counts": msgspec.json.encode(run.counts).decode(),
    }
    connection.execute(_WRITE_SWEEP, values)


def sweep_runs(connection: Connection, account_id: int, connection_id: int, limit: int) -> list[SweepRun]:
    """The newest sweeps of a connection, newest first."""
    c = sweeps.c
    statement = (
        select(c.connection_id, c.slot, c.started_at, c.finished_at, c.counts)
        .where(c.account_id == account_id, c.connection_id == connection_id)
        .order_by(c.started_at.desc(), c.slot.desc())
        .limit(limit)
    )
    return [
        SweepRun(*row[:4], counts=msgspec.json.decode(row[4], type=dict[str, int]))
        for row in connection.execute(statement)
    ]
