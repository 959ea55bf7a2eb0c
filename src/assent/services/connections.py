"""Connections to Dynamics: what they are doing, and what people decide about them."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import Enum
from uuid import UUID

import msgspec
from sqlalchemy import Connection as SqlConnection

from assent.engine.schedule import LOST_AFTER
from assent.engine.setup import Step
from assent.errors import Conflict, Invalid, Unknown
from assent.policy.permission import OnAllow
from assent.services.access import Caller, Right
from assent.services.application import Application
from assent.services.connecting import Verified, look_over
from assent.services.jobs import on_demand
from assent.services.setting_up import ask_again, webhook_url
from assent.services.setup_words import Pause, StepState, StepView, pause_of, step_views
from assent.store import progress
from assent.store.connection_rows import LIVE, PAUSED, REMOVAL_STOPPED, REMOVING
from assent.store.organisations import NewConnection, Shown, shown
from assent.store.progress import SetupStep, SweepRun
from assent.store.troubles import counts as trouble_counts
from assent.work.durable import Errand, Kind


class State(Enum):
    """What a connection is doing."""

    NEW = "new"  # connected, setup was not asked for
    SETTING_UP = "setting_up"
    WAITS = "waits"  # setup waits for a person's decision, or stopped
    LIVE = "live"
    PAUSED = "paused"  # stopped by a person
    REMOVING = "removing"  # what setup made is being taken away
    REMOVAL_STOPPED = "removal_stopped"  # somebody must look before that goes on


#: States that are the stored ones, whatever setup's steps say.
_AS_STORED = {PAUSED: State.PAUSED, REMOVING: State.REMOVING, REMOVAL_STOPPED: State.REMOVAL_STOPPED}

_STUCK = (StepState.PAUSED, StepState.FAILED)

#: What each state means for the people who send mail.
MEANS: Mapping[State, str] = {
    State.NEW: "Connected, but nothing is synced and nothing was written yet. Run setup to begin.",
    State.SETTING_UP: "Setup is under way; it goes on by itself, also after a restart.",
    State.WAITS: "Setup waits for a decision. Nothing is half-written meanwhile.",
    State.LIVE: "Changes on either side are carried over within seconds, and swept every half hour.",
    State.REMOVING: "What setup made is being removed. Nothing is synced any more; refusals stay here.",
    State.REMOVAL_STOPPED: "Removing what setup made has stopped. Nothing is synced; somebody must look.",
    State.PAUSED: (
        "Paused by a person: nothing is read from Dynamics or written there. What sales people change "
        "meanwhile is not known here, so no contact can be verified and no marketing mail goes out until "
        "it is resumed. Refusals that Dynamics reports still block at once."
    ),
}


@dataclass(frozen=True, slots=True)
class Sweep:
    """One sweep of a connection; `finished_at` is None while it runs, `reached` False when it failed."""

    connection_id: int
    started_at: datetime
    finished_at: datetime | None
    counts: Mapping[str, int]
    on_demand: bool
    reached: bool


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """A connection as people see it. Secrets and keys are never part of it."""

    connection_id: int
    name: str
    url: str
    tenant: str
    client_id: str
    organisation_id: UUID | None
    state: State
    means: str
    live: bool
    on_allow: OnAllow
    held_writers: tuple[UUID, ...]
    create_in_hub: bool
    create_in_crm: bool
    create_from_others: bool
    hold_deleted: bool
    honour_no_email: bool
    last_sweep: Sweep | None
    troubles: int
    steps: tuple[StepView, ...]
    pause: Pause | None
    left: tuple[str, ...]
    repair: bool
    checked_at: datetime | None
    drift: tuple[str, ...]
    created_at: datetime

    @property
    def needs_somebody(self) -> bool:
        """Whether it stands still until a person decides."""
        return self.state in (State.WAITS, State.PAUSED, State.REMOVAL_STOPPED)


@dataclass(frozen=True, slots=True)
class Changed:
    """New answers for a connection's settings; None leaves one as it is."""

    on_allow: OnAllow | None = None
    held_writers: tuple[UUID, ...] | None = None
    create_in_hub: bool | None = None
    create_in_crm: bool | None = None
    create_from_others: bool | None = None
    hold_deleted: bool | None = None
    honour_no_email: bool | None = None
    repair: bool | None = None


#: What of it is a plain yes or no.
SWITCHES = (
    "create_in_hub",
    "create_in_crm",
    "create_from_others",
    "hold_deleted",
    "honour_no_email",
    "repair",
)


async def all(  # noqa: A001 - read as connections.all
    app: Application, caller: Caller
) -> tuple[ConnectionView, ...]:
    """Every connection of the account, in the order they were made."""
    caller.require(Right.READ)
    return await app.store.database.read(lambda c: _views(c, caller.account_id))


async def read(app: Application, caller: Caller, connection_id: int) -> ConnectionView:
    """One connection; raises Unknown."""
    for view in await all(app, caller):
        if view.connection_id == connection_id:
            return view
    raise unknown()


async def setup_steps(app: Application, caller: Caller, connection_id: int) -> tuple[StepView, ...]:
    """Every step of setup, also those that were not begun; raises Unknown."""
    return (await read(app, caller, connection_id)).steps


async def verify(app: Application, caller: Caller, new: NewConnection) -> Verified:
    """Sign in, ask which organisation answers and what it tells; nothing is stored or written.

    Raises Invalid, SignInRefused, PrivilegeMissing, NotDataverse or Unreachable, each saying what to do.
    """
    caller.require(Right.CONNECT)
    return await look_over(new, app.clock, allow_other_hosts=app.settings.allow_other_hosts)


async def connect(app: Application, caller: Caller, new: NewConnection) -> ConnectionView:
    """Verify an organisation and keep the connection; raises what `verify` does, and Invalid when known."""
    caller.require(Right.CONNECT)
    if not new.name.strip():
        raise Invalid("A connection needs a name, so that people can tell it from others.")
    added = await app.connect(caller.account_id, new)
    return await read(app, caller, added.connection_id)


async def change(app: Application, caller: Caller, connection_id: int, changed: Changed) -> ConnectionView:
    """Change a connection's policies and switches; what is None stays. Raises Unknown."""
    caller.require(Right.CONNECT)
    await read(app, caller, connection_id)
    given = {f.name: value for f in fields(changed) if (value := getattr(changed, f.name)) is not None}
    await set_settings(app, caller, connection_id, **given)
    return await read(app, caller, connection_id)


async def set_up(app: Application, caller: Caller, connection_id: int) -> ConnectionView:
    """Ask for the setup of a connection: it begins, goes on where it stopped, or repairs a live one.

    Done by whichever process is free, also after a restart; `read` tells how far it is. Raises
    Unknown, Conflict for a paused connection, and Invalid where this server has no public address.
    """
    caller.require(Right.OPERATE)
    webhook_url(app.settings, connection_id)
    view = await read(app, caller, connection_id)
    if view.state is State.PAUSED:
        raise Conflict("This connection is paused. Resume it first; setup can run then.")
    if view.state in (State.REMOVING, State.REMOVAL_STOPPED):
        raise Conflict("What setup made is being removed; when that has ended, setup can begin anew.")
    if view.state is not State.SETTING_UP:
        caller.require(Right.CONNECT if view.state is State.NEW else Right.OPERATE)
        waits = [step.step for step in view.steps if step.state in _STUCK]
        again = waits or (tuple(Step) if view.state is State.LIVE else (Step.IDENTIFY,))
        await ask_again(app.store, caller.account_id, connection_id, again)
    await app.work.ask(Errand(Kind.SETUP, caller.account_id, connection_id))
    return await read(app, caller, connection_id)


async def pause(app: Application, caller: Caller, connection_id: int) -> ConnectionView:
    """Stop reading and writing an organisation until it is resumed.

    What it may know is unverified meanwhile, so marketing mail waits (G4). Raises Unknown, and
    Conflict for a connection that is not live.
    """
    caller.require(Right.CONNECT)
    view = await read(app, caller, connection_id)
    if view.state is State.PAUSED:
        return view
    if not view.live or view.state is State.SETTING_UP:
        raise Conflict("Only a live connection can be paused, and not while its setup is under way.")
    await app.store.accounts.set_live(caller.account_id, connection_id, live=False)
    return await read(app, caller, connection_id)


async def resume(app: Application, caller: Caller, connection_id: int) -> ConnectionView:
    """Let a paused connection go on, and catch up at once with what changed meanwhile; raises Unknown."""
    caller.require(Right.CONNECT)
    view = await read(app, caller, connection_id)
    if view.state is State.PAUSED:
        await app.store.accounts.set_live(caller.account_id, connection_id, live=True)
        await app.work.ask(Errand(Kind.SETUP, caller.account_id, connection_id))
        await app.work.sweep(caller.account_id, on_demand(app.clock.now()))
    return await read(app, caller, connection_id)


async def sweep_now(app: Application, caller: Caller) -> None:
    """Sweep every live connection of the account now instead of at the half hour.

    It runs as durable work, so that it outlives this process and counts among the sweeps that run at
    a time. Raises Conflict while one is running: it already looks at everything since the last.
    """
    caller.require(Right.OPERATE)
    views = await all(app, caller)
    now = app.clock.now()
    if not any(view.live for view in views):
        raise Conflict("No connection is live, so there is nothing to sweep yet.")
    if any(_runs(view.last_sweep, now) for view in views):
        raise Conflict("A sweep is running already; its figures appear when it ends.")
    await app.work.sweep(caller.account_id, on_demand(now))


def _runs(sweep: Sweep | None, now: datetime) -> bool:
    return sweep is not None and sweep.finished_at is None and now - sweep.started_at < LOST_AFTER


async def set_settings(app: Application, caller: Caller, connection_id: int, **given: object) -> None:
    """Change some of a connection's stored settings."""
    kept = (await app.store.accounts.connection(caller.account_id, connection_id)).settings
    settings = msgspec.structs.replace(kept, **given)
    await app.store.accounts.set_settings(caller.account_id, connection_id, settings)


async def sweeps(app: Application, caller: Caller, connection_id: int, *, limit: int = 50) -> list[Sweep]:
    """The newest sweeps of a connection, newest first; raises Unknown."""
    await read(app, caller, connection_id)
    runs = await app.store.accounts.sweeps(caller.account_id, connection_id, min(limit, 500))
    return [_sweep(run) for run in runs]


def unknown() -> Unknown:
    """The error for a connection an account does not have."""
    return Unknown("this account has no such connection")


def _views(connection: SqlConnection, account_id: int) -> tuple[ConnectionView, ...]:
    troubled = trouble_counts(connection, account_id)
    return tuple(
        _view(
            row,
            progress.steps(connection, account_id, row.connection_id),
            progress.sweep_runs(connection, account_id, row.connection_id, 1),
            troubled.get(row.connection_id, 0),
        )
        for row in shown(connection, account_id)
    )


def _view(row: Shown, steps: list[SetupStep], newest: list[SweepRun], troubles: int) -> ConnectionView:
    pause = pause_of(steps)
    state = _state(row.state, steps, pause)
    return ConnectionView(
        connection_id=row.connection_id,
        name=row.name,
        url=row.url,
        tenant=row.tenant,
        client_id=row.client_id,
        organisation_id=row.organisation_id,
        state=state,
        means=MEANS[state],
        live=row.state == LIVE,
        on_allow=row.settings.on_allow,
        held_writers=row.settings.held_writers,
        create_in_hub=row.settings.create_in_hub,
        create_in_crm=row.settings.create_in_crm,
        create_from_others=row.settings.create_from_others,
        hold_deleted=row.settings.hold_deleted,
        honour_no_email=row.settings.honour_no_email,
        last_sweep=_sweep(newest[0]) if newest else None,
        troubles=troubles,
        steps=step_views(steps),
        pause=pause,
        left=row.settings.left,
        repair=row.settings.repair,
        checked_at=row.settings.checked_at,
        drift=row.settings.drift,
        created_at=row.created_at,
    )


def _state(stored: str, steps: list[SetupStep], pause: Pause | None) -> State:
    if stored in _AS_STORED:
        return _AS_STORED[stored]
    if pause is not None:
        return State.WAITS
    under_way = {StepState.RUNNING.value, StepState.WAITING.value}
    if any(step.state in under_way for step in steps):
        return State.SETTING_UP
    if stored == LIVE:
        return State.LIVE
    return State.SETTING_UP if steps else State.NEW


def _sweep(run: SweepRun) -> Sweep:
    counts = {name: count for name, count in run.counts.items() if name != progress.UNREACHED}
    reached = progress.UNREACHED not in run.counts
    on_demand = run.slot.startswith("-")
    return Sweep(run.connection_id, run.started_at, run.finished_at, counts, on_demand, reached)
