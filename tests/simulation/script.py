"""A history before it is played: what people will do and what will go wrong; a value, so that it shrinks."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from random import Random

from assent.policy.permission import OnAllow

from .faults import Fault


class Move(Enum):
    """What can happen in one step."""

    BASIS = "a marketer sets a legal basis"
    TAKE_BACK = "a marketer takes a basis back: None"
    WITHDRAW = "a marketer sets Withdrawn"
    ANSWER_CATEGORY = "a marketer sets a subscription"
    PAGE = "the contact moves a toggle on the preference page"
    OPT_OUT = "the contact opts out of everything on the page"
    RESUME = "the contact lets mail come again on the page"
    ONE_CLICK = "the contact clicks unsubscribe in a mail program"
    HUB_EMAIL = "a marketer changes an address"
    HUB_NEW = "somebody signs up"
    BULK = "a marketer sets a basis for everybody"
    IMPORT = "a marketer imports people"
    CONFIRM = "a marketer says yes to an open question"
    PART = "a marketer takes a join apart"
    ERASE = "a privacy officer erases somebody"
    RELEASE = "a marketer lets a held contact go"
    TOGGLE = "a rep sets Bulk Email"
    DITHER = "a rep sets Bulk Email and sets it back at once"
    TICK_BOX = "a rep sets a subscription"
    PHONE = "a rep changes a phone number"
    SAME = "a rep saves what stands"
    CLEAR = "a rep empties a subscription"
    ROW_EMAIL = "a rep changes an address"
    SWAP = "a rep swaps two addresses"
    ROW_NEW = "a rep creates a contact"
    SLEEP = "a rep deactivates a contact"
    WAKE = "a rep reactivates a contact"
    DELETE = "a rep deletes a contact"
    MERGE = "a rep merges two contacts"
    ROBOT = "the ERP writes every row"
    ROBOT_ALLOWS = "the ERP sets Allow everywhere"
    SWEEP = "somebody asks for a sweep"
    CHECK = "a check before a send"
    SEND = "a newsletter is sent"
    WAIT = "nothing, for a long while"
    CRASH = "a process is killed"
    OVERTAKE = "a process is thought dead and is not"
    METADATA = "somebody changes the contact table"
    BACKUP = "the organisation is backed up"
    COLUMN = "somebody deletes a column, and makes it again"
    RESTORE = "the organisation is put back to its backup"


#: How often each move is drawn; those of a family only where the family is on.
WEIGHTS: dict[Move, int] = {
    Move.BASIS: 8,
    Move.TAKE_BACK: 1,
    Move.WITHDRAW: 6,
    Move.ANSWER_CATEGORY: 6,
    Move.PAGE: 8,
    Move.OPT_OUT: 5,
    Move.RESUME: 4,
    Move.ONE_CLICK: 4,
    Move.BULK: 1,
    Move.IMPORT: 1,
    Move.CONFIRM: 2,
    Move.TOGGLE: 14,
    Move.DITHER: 3,
    Move.TICK_BOX: 8,
    Move.PHONE: 4,
    Move.SAME: 2,
    Move.CLEAR: 1,
    Move.ROBOT: 1,
    Move.ROBOT_ALLOWS: 1,
    Move.SWEEP: 6,
    Move.CHECK: 8,
    Move.SEND: 2,
    Move.WAIT: 4,
}
#: Moves of identity (I1-I8); half of the histories have them, so that the others can be judged more closely.
IDENTITY: dict[Move, int] = {
    Move.HUB_EMAIL: 4,
    Move.HUB_NEW: 4,
    Move.RELEASE: 2,
    Move.PART: 1,
    Move.ERASE: 1,
    Move.ROW_EMAIL: 6,
    Move.SWAP: 2,
    Move.ROW_NEW: 5,
    Move.SLEEP: 3,
    Move.WAKE: 3,
    Move.DELETE: 3,
    Move.MERGE: 3,
}
FAMILY_MOVES: dict[Fault, dict[Move, int]] = {
    Fault.CRASH: {Move.CRASH: 25},
    Fault.TWO_WORKERS: {Move.OVERTAKE: 20},
    Fault.COLUMN_MISSING: {Move.COLUMN: 6},
    Fault.METADATA_CHANGED: {Move.METADATA: 6},
}
GAPS_S = (0.0, 0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 1.0, 4.0, 15.0, 70.0)
FOCUSED = 0.7

Blow = tuple[Move, bool, float]


@dataclass(frozen=True, slots=True)
class Duel:
    """What either side may do to one field: refuse, or grant."""

    hub: tuple[tuple[Move, ...], tuple[Move, ...]]
    crm: tuple[tuple[Move, ...], tuple[Move, ...]]


DUELS = (
    Duel(
        hub=((Move.WITHDRAW, Move.OPT_OUT, Move.ONE_CLICK), (Move.BASIS, Move.BASIS, Move.RESUME)),
        crm=((Move.TOGGLE, Move.TOGGLE, Move.DITHER), (Move.TOGGLE, Move.TOGGLE, Move.PHONE)),
    ),
    Duel(
        hub=((Move.PAGE, Move.ANSWER_CATEGORY), (Move.PAGE, Move.ANSWER_CATEGORY)),
        crm=((Move.TICK_BOX, Move.TICK_BOX, Move.CLEAR), (Move.TICK_BOX, Move.TICK_BOX, Move.PHONE)),
    ),
)
DUEL_GAPS_S = (0.0, 0.02, 0.05, 0.1, 0.2, 0.5, 2.0, 7.0)

#: Faults that delay nothing.
HARMLESS = frozenset({Fault.SMALL_PAGES, Fault.SKEW})


@dataclass(frozen=True, slots=True)
class Step:
    """One move after a gap; numbers choose among what there is when it comes."""

    move: Move
    gap_s: float
    who: int
    other: int
    field: int
    yes: bool
    site: int


@dataclass(frozen=True, slots=True)
class Script:
    """Everything a history depends on."""

    seed: int
    sites: int
    faults: frozenset[Fault]
    skews: tuple[float, ...]
    on_allow: OnAllow
    hold_deleted: bool
    create_in_hub: bool
    create_in_crm: bool
    slowness: int
    harshness: int
    steps: tuple[Step, ...]


def drawn(seed: int) -> Script:
    """The script of a seed."""
    chance = Random(seed)
    sites = 2 if chance.random() < 0.15 else 1
    share = chance.choice([0.0, 0.1, 0.2, 0.4])
    faults = frozenset(fault for fault in Fault if chance.random() < share)
    weights = dict(WEIGHTS)
    if chance.random() < 0.5:
        weights |= IDENTITY
    for fault in Fault:
        if fault in faults:
            weights |= FAMILY_MOVES.get(fault, {})
    moves, count = list(weights), chance.choice([1, 2, 3, 4, 5, 6, 9])
    chosen = chance.choices(moves, list(weights.values()), k=count)
    focus = chance.randrange(7)  # most of it happens to one person: that is where acts meet
    steps = [_step(chance, move, sites, focus) for move in chosen]
    for _ in range(chance.choice([0, 1, 1, 2])):
        at = chance.randrange(len(steps) + 1)
        steps[at:at] = _duel(chance, sites, focus)
    if Fault.RESTORED in faults:
        _restored(chance, steps)
    return Script(
        seed=seed,
        sites=sites,
        faults=faults,
        skews=tuple(chance.choice([-4.5, 0.0, 4.5]) if Fault.SKEW in faults else 0.0 for _ in range(sites)),
        on_allow=chance.choice([OnAllow.CONSENT, OnAllow.CONSENT, *OnAllow]),
        hold_deleted=chance.random() < 0.8,
        create_in_hub=chance.random() < 0.9,
        create_in_crm=chance.random() < 0.9,
        slowness=chance.choice([1, 1, 10, 50]),  # how slow network and database are: acts meet more often
        harshness=chance.choice([1, 1, 1, 4]),  # how many times as often faults strike
        steps=tuple(steps),
    )


def _restored(chance: Random, steps: list[Step]) -> None:
    """A backup is taken somewhere on the way, and an organisation put back to it later."""
    backup = replace(_step(chance, Move.BACKUP, 1, 0), site=steps[0].site)
    at = chance.randrange(len(steps))
    steps.insert(at, backup)
    restore = replace(backup, move=Move.RESTORE, gap_s=chance.choice(GAPS_S))
    steps.insert(chance.randrange(at + 1, len(steps)) + 1, restore)


def _duel(chance: Random, sites: int, focus: int) -> list[Step]:
    """Something settles; then both sides act on the same field of the same person, nearly at once."""
    field, moves = chance.choice([1, 2]), chance.choice(DUELS)
    found = [_blow(chance, moves.hub, 0.0)] if chance.random() < 0.8 else []
    gap_s = chance.choice([15.0, 40.0, 70.0]) if found else 0.0
    for number in range(chance.choice([2, 2, 3])):
        theirs = moves.crm if (number + len(found)) % 2 else moves.hub
        found.append(_blow(chance, theirs, gap_s))
        gap_s = chance.choice(DUEL_GAPS_S)
    return [
        replace(_step(chance, move, sites, focus), gap_s=gap, who=focus, field=field, yes=yes)
        for move, yes, gap in found
    ]


def _blow(chance: Random, moves: tuple[tuple[Move, ...], tuple[Move, ...]], gap_s: float) -> Blow:
    yes = chance.random() < 0.5
    return chance.choice(moves[yes]), yes, gap_s


def _step(chance: Random, move: Move, sites: int, focus: int) -> Step:
    return Step(
        move=move,
        gap_s=chance.choice(GAPS_S),
        who=focus if chance.random() < FOCUSED else chance.randrange(8),
        other=chance.randrange(8),
        field=chance.choice([1, 2]),
        yes=chance.random() < 0.5,
        site=1 + chance.randrange(sites),
    )


def step(
    move: Move, who: int = 0, gap_s: float = 0.0, *, other: int = 0, field: int = 1, yes: bool = True
) -> Step:
    """A move in the first organisation, about newsletters where it is about a category."""
    return Step(move, gap_s, who, other, field, yes=yes, site=1)


def tale(
    *steps: Step,
    faults: frozenset[Fault] = frozenset(),
    slowness: int = 1,
    harshness: int = 1,
    sites: int = 1,
    skew: float = 0.0,
) -> Callable[[int], Script]:
    """A history of these steps; its number decides about their gaps, and everything else."""

    def numbered(seed: int) -> Script:
        return Script(
            seed=seed,
            sites=sites,
            faults=faults,
            skews=(skew,) * sites,
            on_allow=OnAllow.CONSENT,
            hold_deleted=True,
            create_in_hub=True,
            create_in_crm=True,
            slowness=slowness,
            harshness=harshness,
            steps=tuple(replace(step, gap_s=step.gap_s * (1 + seed % 16) / 4) for step in steps),
        )

    return numbered
