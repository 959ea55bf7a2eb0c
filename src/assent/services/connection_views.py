"""Connections as people see them: what each is doing, how far its setup is, and what it waits for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from uuid import UUID

from sqlalchemy import Connection as SqlConnection

from assent.policy.permission import OnAllow
from assent.services.remaining import Progress
from assent.services.remaining import progress as progress_of
from assent.services.setup_pauses import Pause, pause_of
from assent.services.setup_words import StepState, StepView, step_views
from assent.store import progress
from assent.store.categories import active_mask
from assent.store.connection_rows import LIVE, PAUSED, REMOVAL_STOPPED, REMOVING
from assent.store.organisations import Shown, shown
from assent.store.progress import SetupStep, SweepRun
from assent.store.troubles import counts as trouble_counts


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
    progress: Progress
    pause: Pause | None
    left: tuple[str, ...]
    catalogue: bool
    repair: bool
    checked_at: datetime | None
    drift: tuple[str, ...]
    created_at: datetime

    @property
    def needs_somebody(self) -> bool:
        """Whether it stands still until a person decides."""
        return self.state in (State.WAITS, State.PAUSED, State.REMOVAL_STOPPED)


def connection_views(connection: SqlConnection, account_id: int, now: datetime) -> tuple[ConnectionView, ...]:
    troubled, columns = (
        trouble_counts(connection, account_id),
        active_mask(connection, account_id).bit_count(),
    )
    return tuple(
        _view(
            row,
            progress.steps(connection, account_id, row.connection_id),
            progress.sweep_runs(connection, account_id, row.connection_id, 1),
            troubled.get(row.connection_id, 0),
            columns,
            now,
        )
        for row in shown(connection, account_id)
    )


def _view(
    row: Shown, steps: list[SetupStep], newest: list[SweepRun], troubles: int, columns: int, now: datetime
) -> ConnectionView:
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
        last_sweep=sweep_view(newest[0]) if newest else None,
        troubles=troubles,
        steps=step_views(steps),
        progress=progress_of(steps, columns, under_way=state is State.SETTING_UP, now=now),
        pause=pause,
        left=row.settings.left,
        catalogue=row.settings.catalogue,
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


def sweep_view(run: SweepRun) -> Sweep:
    """One sweep as people see it."""
    counts = {name: count for name, count in run.counts.items() if name != progress.UNREACHED}
    reached = progress.UNREACHED not in run.counts
    on_demand = run.slot.startswith("-")
    return Sweep(run.connection_id, run.started_at, run.finished_at, counts, on_demand, reached)
