"""One history from one seed: people act, sightings and crashes fall in between, then it is judged."""

from dataclasses import dataclass
from random import Random

from assent.policy.permission import LegalBasis, Stance
from tests.policy.samples import CONSENT, INTEREST, NONE, WITHDRAWN
from tests.policy.test_histories import (
    EDITS,
    HUB_ACTS,
    RECONCILES,
    REP_ACTS,
    SIGHTS,
    Step,
    finish,
    play,
    start,
)
from tests.policy.world import World

BEGINNINGS = (CONSENT, INTEREST, NONE, WITHDRAWN)
FAMILIES: tuple[list[Step], ...] = (HUB_ACTS, REP_ACTS, EDITS, SIGHTS, RECONCILES)
GAPS_S = (0.4, 3.0, 60.0)
SKEWS_S = (-4.5, 0.0, 4.5)


@dataclass(frozen=True, slots=True)
class History:
    """What a seed led to: the steps as played, and the sentences of the checkers it broke."""

    seed: int
    beginning: LegalBasis
    steps: tuple[tuple[Step, float], ...]
    broken: tuple[str, ...]


def history(seed: int) -> History:
    """Play one history; the same seed always gives the same one."""
    chance = Random(seed)
    basis = chance.choice(BEGINNINGS)
    world = start(basis, chance.randint(1, 2), agreed=chance.random() < 0.7, offset=chance.choice(SKEWS_S))
    # Some seeds have no crashes, no stray sightings or no edits at all: fewer faults reach further.
    families = [family for family in FAMILIES if family in (HUB_ACTS, REP_ACTS) or chance.random() < 0.6]
    steps = tuple(
        (chance.choice(chance.choice(families)), chance.choice(GAPS_S)) for _ in range(chance.randint(1, 12))
    )
    for step, gap in steps:
        play(world, step, gap)
    return History(seed, basis, steps, judged(world, basis))


def judged(world: World, basis: LegalBasis) -> tuple[str, ...]:
    """Let the checkers speak, each for one promise."""
    broken: list[str] = []
    try:
        finish(world)
    except AssertionError:
        broken.append("P4: left alone, both sides do not agree, or one more sweep writes something")
    stances = [stance for _, stance in world.acts]
    if stances and stances[-1] is Stance.NO and not world.refused_everywhere:
        broken.append("P2: the newest act was a refusal, and somebody may be mailed")
    if Stance.YES not in stances and not basis.positive and world.contact.basis.positive:
        broken.append("P3: permission that nobody gave")
    if Stance.NO not in stances and basis.positive and not world.granted_everywhere:
        broken.append("P3: a refusal that nobody made")
    return tuple(broken)
