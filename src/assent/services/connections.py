"""Connections to Dynamics: what they are doing, and what people decide about them."""

from dataclasses import dataclass, fields
from datetime import datetime
from uuid import UUID

import msgspec

from assent.engine.schedule import LOST_AFTER
from assent.engine.setup_terms import Step
from assent.errors import Conflict, Invalid, Unknown
from assent.policy.permission import OnAllow
from assent.services.access import Caller, Right
from assent.services.application import Application
from assent.services.connecting import Verified, look_over
from assent.services.connection_views import ConnectionView, State, Sweep, connection_views, sweep_view
from assent.services.jobs import on_demand
from assent.services.setting_up import ask_again, webhook_url
from assent.services.setup_words import StepState, StepView
from assent.store.organisations import NewConnection
from assent.work.durable import Errand, Kind

#: Steps that wait for somebody.
_STUCK = (StepState.PAUSED, StepState.FAILED)


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
    catalogue: bool | None = None
    repair: bool | None = None


#: What of it is a plain yes or no.
SWITCHES = (
    "create_in_hub",
    "create_in_crm",
    "create_from_others",
    "hold_deleted",
    "honour_no_email",
    "catalogue",
    "repair",
)


async def all(  # noqa: A001 - read as connections.all
    app: Application, caller: Caller
) -> tuple[ConnectionView, ...]:
    """Every connection of the account, in the order they were made."""
    caller.require(Right.READ)
    now = app.clock.now()
    return await app.store.database.read(lambda c: connection_views(c, caller.account_id, now))


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
    """Change a connection's policies and switches; what is None stays. Raises Unknown.

    A list of categories that is wanted again is made at once where the connection is live.
    """
    caller.require(Right.CONNECT)
    view = await read(app, caller, connection_id)
    given = {f.name: value for f in fields(changed) if (value := getattr(changed, f.name)) is not None}
    await set_settings(app, caller, connection_id, **given)
    if changed.catalogue and not view.catalogue and view.live:
        await ask_again(app.store, caller.account_id, connection_id, (Step.CATALOGUE,))
        await app.work.ask(Errand(Kind.SETUP, caller.account_id, connection_id))
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
    return [sweep_view(run) for run in runs]


def unknown() -> Unknown:
    """The error for a connection an account does not have."""
    return Unknown("this account has no such connection")
