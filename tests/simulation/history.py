"""One history from one script: people act, trouble strikes, all is left alone, then it is judged."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from random import Random

from assent.engine.claiming import LEASE
from assent.errors import AssentError
from assent.policy.gate import Message
from assent.services import sends
from assent.services.drafts import Draft
from assent.store.connection_rows import Settings as ConnectionSettings
from dataverse_emulator import Organization
from dataverse_emulator.state import column_definitions
from dataverse_emulator.state.columns import Column

from .checkers import agreement, verdicts_of
from .checkers.final import rows_of
from .checkers.gate import Asked
from .faults import Fault, Trouble
from .lab import COLUMNS, Lab, inhabit, remember_beginnings, remember_said
from .loop import Stuck
from .people import People
from .sabotage import Sabotage
from .script import HARMLESS, Move, Script, Step
from .world import Site, Worker, World

#: The longest a late notice stays away, with room to spare (wire.py).
LATEST_S = 420.0
PROMPT_S = 30.0
GIVEN_UP_S = 4 * 3600.0


@dataclass(frozen=True, slots=True)
class Played:
    """What a script led to: broken promises by checker, how often faults struck, and the story."""

    script: Script
    broken: tuple[tuple[str, str], ...]
    struck: Mapping[Fault, int]
    story: tuple[str, ...]
    kills: int = 0
    trace: int = 0
    last: tuple[str, ...] = ()

    @property
    def checkers(self) -> frozenset[str]:
        """The checkers that spoke."""
        return frozenset(name for name, _ in self.broken)


@dataclass(slots=True)
class Director:
    """Plays the steps of a script in a world."""

    world: World
    script: Script
    people: People = field(init=False)
    asked: list[Asked] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    background: set["asyncio.Task[None]"] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.people = People(self.world)

    async def play(self) -> None:
        """Safety: people act, faults strike. Liveness: both stop, three sweeps."""
        world = self.world
        await self._opened()
        await remember_beginnings(world)
        world.start_worker()
        for step in self.script.steps:
            await asyncio.sleep(step.gap_s)
            self._begin(step)
        await asyncio.sleep(world.chance.choice([1.0, 10.0, 60.0]))  # the last acts meet trouble, too
        if self.script.faults <= HARMLESS and self.script.slowness == 1:
            self.late = await self._half_a_minute_later()
        await self._left_alone()

    async def _opened(self) -> None:
        script, world = self.script, self.world
        settings = ConnectionSettings(
            on_allow=script.on_allow,
            hold_deleted=script.hold_deleted,
            create_in_hub=script.create_in_hub,
            create_in_crm=script.create_in_crm,
        )
        for site in world.sites:
            await world.store.accounts.set_settings(world.account_id, site.connection_id, settings)
            if script.skews[site.connection_id - 1]:
                world.trouble.count(Fault.SKEW)
            if Fault.FEED_LAGS in script.faults:
                lag = world.chance.choice([1.0, 10.0, 60.0])
                _lag(site, lag)
                world.trouble.count(Fault.FEED_LAGS)

    def _begin(self, step: Step) -> None:
        """Let a step begin; people do not wait for each other."""
        moving = self.people.acts.get(step.move) or self._others[step.move]
        task = asyncio.ensure_future(moving(step))
        self.background.add(task)
        task.add_done_callback(self.background.discard)

    @property
    def _others(self) -> Mapping[Move, Callable[[Step], Awaitable[None]]]:
        return {
            Move.SWEEP: self._sweep,
            Move.CHECK: self._check,
            Move.SEND: self._send,
            Move.WAIT: self._wait,
            Move.CRASH: self._crash,
            Move.OVERTAKE: self._overtake,
            Move.METADATA: self._metadata,
            Move.COLUMN: self._column,
            Move.BACKUP: self._backup,
            Move.RESTORE: self._restore,
        }

    async def _sweep(self, step: Step) -> None:
        world, begun = self.world, self.world.clock.seconds()
        report = await world.served(lambda w: w.app.sweep(world.account_id))
        if report is not None and not report.again and not report.failures:
            world.truth.sweeps.append((begun, world.clock.seconds()))

    async def _check(self, step: Step) -> None:
        known = self.people.contacts()
        ids = [one.contact_id for one in known] if step.yes else [known[step.who % len(known)].contact_id]
        message = Message([0, 1, 2][step.other % 3])
        asked = Asked.now(self.world, ids, message.category)
        found = await self.world.served(lambda w: w.app.check(self.world.account_id, ids, message))
        if found is not None:
            asked.answered(self.world, [one for one, verdict in found.verdicts.items() if verdict.may])
            self.asked.append(asked)

    async def _send(self, step: Step) -> None:
        world, name = self.world, f"send {len(self.asked)} at {self.world.clock.seconds():.3f}"
        draft = Draft(
            name=name, subject=name, body="Hello {{ first_name }}", category=[0, 1, 2][step.other % 3]
        )
        ids = [one.contact_id for one in self.people.contacts()]

        async def sending(worker: Worker) -> None:
            made = await sends.create(worker.app, world.staff, draft)
            await sends.start(worker.app, world.staff, made.send_id, made.revision)

        asked = Asked.now(world, ids, draft.category, subject=name)
        self.asked.append(asked)
        await world.served(sending)

    async def _wait(self, step: Step) -> None:
        await asyncio.sleep(0)

    async def _crash(self, step: Step) -> None:
        """Kill a process at some await to come, and start another after a while."""
        world = self.world
        if not world.living:
            return
        worker = world.chance.choice(world.living)
        worker.process.fuse = world.chance.choice([0, 1, 2, 4, 8, 15, 30, 60])
        waited = 0.0
        while worker.process.alive and waited < 30:
            await asyncio.sleep(0.5)
            waited += 0.5
        if worker.process.alive:
            worker.process.fuse = None
            return
        await asyncio.sleep(world.chance.choice([0.5, 5.0, 100.0]))
        world.engine.take_over(worker.process)
        world.start_worker()

    async def _overtake(self, step: Step) -> None:
        """Another process takes over the work of one that lives."""
        world = self.world
        if world.living:
            taken = world.engine.take_over(world.chance.choice(world.living).process)
            world.start_worker()
            if taken:
                world.trouble.count(Fault.TWO_WORKERS)

    async def _metadata(self, step: Step) -> None:
        self.world.trouble.count(Fault.METADATA_CHANGED)
        self.world.site(step.site).organization.metadata_changed()

    async def _column(self, step: Step) -> None:
        """Delete a column in Dynamics; somebody makes it again, empty, before all is left alone."""
        world, organization = self.world, self.world.site(step.site).organization
        name = COLUMNS[step.field]
        column = organization.model.tables["contact"].columns.get(name)
        if column is None:
            return
        world.trouble.count(Fault.COLUMN_MISSING)
        remember_said(world, world.site(step.site))
        column_definitions.drop(organization, "contact", name)
        world.truth.lost(
            world.clock.seconds(), lambda deed: deed.entity[0] == step.site and deed.field == step.field
        )
        await asyncio.sleep(world.chance.choice([0.5, 20.0, 100.0]))
        _make_again(world.site(step.site).organization, [column])

    async def _backup(self, step: Step) -> None:
        site = self.world.site(step.site)
        site.backup, site.backup_at = site.organization.snapshot(), self.world.clock.seconds()

    async def _restore(self, step: Step) -> None:
        world, site = self.world, self.world.site(step.site)
        if site.backup is None:
            return
        world.trouble.count(Fault.RESTORED)
        backup_at = site.backup_at
        world.truth.lost(
            world.clock.seconds(), lambda deed: deed.entity[0] == step.site and (deed.at or 0.0) > backup_at
        )
        organization, site.backup = site.backup, None
        remember_said(world, site)
        stood = {row_id: int(row["versionnumber"]) for row_id, row in world.rows(site).items()}
        _make_again(organization, site.organization.model.tables["contact"].columns.values())
        organization.identity.honour(site.organization.identity)  # signing in is not the organisation's
        inhabit(world, site.connection_id, organization)
        now = {row_id: int(row["versionnumber"]) for row_id, row in world.rows(site).items()}
        lost = {row_id: version for row_id, version in stood.items() if now.get(row_id) != version}
        world.truth.restored(site.connection_id, lost, world.clock.seconds())

    async def _half_a_minute_later(self) -> list[str]:
        """Nothing went wrong: notices and wake-ups alone bring both sides to agree."""
        if self.background:
            await asyncio.wait(list(self.background))
        await asyncio.sleep(PROMPT_S)
        people = await self.world.everybody()
        return agreement.differences(people, rows_of(self.world))

    async def _left_alone(self) -> None:
        """Faults and people stop; what is late arrives, what died is taken over, three sweeps run."""
        world = self.world
        world.trouble.over = True
        if self.background:
            await asyncio.wait(list(self.background), timeout=GIVEN_UP_S)
        for worker in world.workers:
            worker.process.fuse = None
            if not worker.process.alive:
                world.engine.take_over(worker.process)
        if not world.living:
            world.start_worker()
        for site in world.sites:
            _lag(site, 0.0)
        await asyncio.sleep(
            LATEST_S if Fault.NOTICE_LATE in self.script.faults else LEASE.total_seconds() + 70
        )
        waited = 0.0
        while world.engine.under_way() and waited < GIVEN_UP_S:
            await asyncio.sleep(30)
            waited += 30
        for _ in range(3):
            await world.living[0].app.sweep(world.account_id)


def _make_again(organization: Organization, columns: Iterable[Column]) -> None:
    """Make the columns that the organisation lacks, empty."""
    for column in columns:
        if column.name not in organization.model.tables["contact"].columns:
            column_definitions.add(organization, "contact", column)


def _lag(site: Site, seconds: float) -> None:
    """Let changes be visible to change tracking so much later."""
    site.organization.choices = replace(site.organization.choices, tracking_lag_s=seconds)


def play(lab: Lab, script: Script, sabotage: Sabotage | None = None) -> Played:
    """Play a script; the same one always gives the same history."""
    chance = Random(script.seed)
    trouble = Trouble(script.faults, Random(chance.getrandbits(32)), script.harshness)
    world = lab.world(script.sites, chance, trouble, script.skews)
    world.wire.slowness = script.slowness
    director = Director(world, script)

    async def lived() -> tuple[tuple[str, str], ...]:
        await director.play()
        return await verdicts_of(world, script, director.asked, director.late)

    try:
        with sabotage.plant() if sabotage is not None else nullcontext():
            broken = world.clock.loop.run(lived())
    except (Stuck, AssentError) as error:  # a sweep that fails although nothing is wrong any more
        broken = (("liveness", f"{type(error).__name__}: {error}"),)
    finally:
        world.over = True
        world.clock.loop.end()
    broken += tuple(("unhandled", one) for one in world.clock.loop.problems)
    return Played(
        script,
        broken,
        Counter(trouble.struck),
        _story(world),
        world.kills,
        world.wire.trace,
        tuple(world.wire.last),
    )


def _story(world: World) -> tuple[str, ...]:
    return tuple(str(deed) for deed in sorted(world.truth.deeds, key=lambda d: d.at or 0.0))
