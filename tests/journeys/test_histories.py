"""Hundreds of short random histories, judged only from what people did (promises P2 to P7)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import cast

import pytest

from assent.engine.claiming import LEASE
from assent.errors import Unreachable
from assent.policy.brakes import BrakeSettings
from assent.ports import Crm, Memory

from ..engine.stage import StagedWorld, world
from ..engine.trouble import Crash, Tripwire, wired
from .people import BusyCrm, BusyMemory, Crowd
from .sabotage import Sabotage, blind_writes, hasty_bases, lost_sightings

pytestmark = pytest.mark.thorough

PEOPLE = 25
ROUNDS = 10
SEEDS = 8


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_the_latest_refusal_holds_and_both_systems_agree(seed: int) -> None:
    """Twenty-five people a seed: reps, contacts, sweeps, drains and crashes in any order (P2-P7, M1-M6)."""
    async with lived(seed) as crowd:
        assert [] == await crowd.complaints()
        await crowd.w.ledger_holds()
        still = await crowd.w.still()
        await crowd.w.sweep()
        assert still == await crowd.w.still()


@pytest.mark.parametrize("sabotage", [blind_writes, hasty_bases, lost_sightings])
async def test_the_judge_finds_planted_faults(sabotage: Sabotage) -> None:
    """Known bugs are caught within the seeds: blind writes, bases unproved, rows lost (M4, M6)."""
    for seed in range(SEEDS):
        async with lived(seed, sabotage) as crowd:
            if await crowd.complaints():
                return
    pytest.fail("nobody noticed")


@asynccontextmanager
async def lived(seed: int, sabotage: Sabotage | None = None) -> AsyncIterator[Crowd]:
    """A world in which people acted and our triggers ran and died, after one last sweep."""
    chance = Random(seed)
    async with world() as w:
        w.brakes = BrakeSettings(share=1.0)
        crowd = Crowd(w, chance)
        await crowd.born(PEOPLE)
        if sabotage:
            crowd.memory, crowd.crm = sabotage(crowd.memory, crowd.crm)
        for _ in range(ROUNDS):
            for _ in range(chance.randrange(1, 12)):
                await crowd.somebody_acts()
            await something_runs(w, crowd)
        w.clock.pass_by(seconds=LEASE.total_seconds() + 1)
        await w.sweep()
        yield crowd


async def something_runs(w: StagedWorld, crowd: Crowd) -> None:
    """One of our triggers: undisturbed, with people acting meanwhile, or ended somewhere; or none."""
    chance = crowd.chance
    await notices_arrive(w, chance)
    run = chance.choice([w.sweep, w.drain])
    w.memory, w.office.crm = crowd.memory, crowd.crm
    match chance.choice(["run", "disturbed", "disturbed", "killed", "failed", "nothing"]):
        case "run":
            await run()
        case "disturbed":
            w.office.crm = cast("Crm", BusyCrm(crowd.crm, crowd))
            w.memory = cast("Memory", BusyMemory(crowd.memory, crowd))
            await run()
        case "killed" | "failed" as how:
            wire = Tripwire(chance.randrange(1, 50), dead=how == "killed")
            w.memory, w.office.crm = wired(crowd.memory, wire), wired(crowd.crm, wire)
            try:
                await run()
            except (Crash, Unreachable):
                w.clock.pass_by(seconds=chance.choice([0, LEASE.total_seconds() + 1]))
    w.memory, w.office.crm = crowd.memory, crowd.crm


async def notices_arrive(w: StagedWorld, chance: Random) -> None:
    """Webhooks come lost, doubled, late and in any order."""
    told = await w.notices()
    arriving = [notice for notice in told for _ in range(chance.choice([0, 1, 1, 2]))]
    chance.shuffle(arriving)
    await w.post(*arriving)
