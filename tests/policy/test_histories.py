"""Histories of acts, judged only from what people did and never from the engine's own base (P1, P2)."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assent.policy.permission import LegalBasis, Stance
from assent.policy.sides import LinkKey, Row

from .samples import (
    ALLOW,
    CONSENT,
    DENY,
    INTEREST,
    KEY_1,
    KEY_2,
    NONE,
    WITHDRAWN,
    a_contact,
    a_link,
    a_row,
    at,
    quick,
    thorough,
)
from .world import World

Step = tuple[str, object]

HUB_ACTS: list[Step] = [("hub", CONSENT), ("hub", INTEREST), ("hub", WITHDRAWN)]
REP_ACTS: list[Step] = [("rep", (key, toggle)) for key in (KEY_1, KEY_2) for toggle in (ALLOW, DENY)]
EDITS: list[Step] = [("edit", KEY_1), ("edit", KEY_2)]
SIGHTS: list[Step] = [("see", KEY_1), ("see", KEY_2)]
RECONCILES: list[Step] = [("reconcile", crash) for crash in ("", "after the hub", "after the writes")]


def start(basis: LegalBasis, rows: int, *, agreed: bool = True, offset: float = 0) -> World:
    """A person in both systems; `agreed` says whether a first reconcile has proved a base."""
    toggle = DENY if basis is WITHDRAWN else ALLOW
    keys = (KEY_1, KEY_2)[:rows]
    world = World(
        contact=a_contact(basis),
        links={key: a_link(a_row(toggle, key=key), key=key, read=0) for key in keys},
        rows={key: a_row(toggle, key=key, modified=0) for key in keys},
        offset=offset,
    )
    if agreed:
        world.reconcile()
    return world


def play(world: World, step: Step, gap: float) -> None:
    """Let time pass and one thing happen."""
    world.now += gap
    word, what = step
    if word == "hub":
        assert isinstance(what, LegalBasis)
        world.hub(what)
    elif word == "reconcile":
        world.reconcile(str(what))
    elif word == "rep":
        assert isinstance(what, tuple)
        key, toggle = what
        if key in world.rows:
            world.rep(key, toggle)
    elif what in world.rows:
        assert isinstance(what, LinkKey)
        (world.edit if word == "edit" else world.see)(what)


def finish(world: World) -> None:
    """People stop; one sweep decides, and one more must write nothing (P4)."""
    world.now += 600
    world.reconcile()
    assert all(link.base is not None for link in world.links.values())
    assert world.reconcile().idle


STEPS = st.tuples(
    st.one_of(*map(st.sampled_from, (HUB_ACTS, REP_ACTS, EDITS, SIGHTS, RECONCILES))),
    st.sampled_from([0.4, 3, 60]),
)
STARTS = st.tuples(
    st.sampled_from([CONSENT, INTEREST, NONE, WITHDRAWN]),
    st.integers(1, 2),
    st.booleans(),
    st.sampled_from([-4.5, 0, 4.5]),
)


@pytest.mark.thorough
@thorough
@given(STARTS, st.lists(STEPS, min_size=1, max_size=8))
def test_when_the_last_act_was_a_refusal_both_systems_refuse(
    beginning: tuple[LegalBasis, int, bool, float], steps: list[tuple[Step, float]]
) -> None:
    """P1, P2: whatever was seen, crashed or skewed in between, the newest refusal holds."""
    basis, rows, agreed, offset = beginning
    world = start(basis, rows, agreed=agreed, offset=offset)
    for step, gap in steps:
        play(world, step, gap)
    finish(world)
    if world.acts and world.acts[-1][1] is Stance.NO:
        assert world.refused_everywhere


@pytest.mark.thorough
@thorough
@given(STARTS, st.lists(STEPS, min_size=1, max_size=8))
def test_nothing_is_granted_that_nobody_granted(
    beginning: tuple[LegalBasis, int, bool, float], steps: list[tuple[Step, float]]
) -> None:
    """P3: without a grant by a person a refusal stays and None stays None."""
    basis, rows, agreed, offset = beginning
    world = start(basis, rows, agreed=agreed, offset=offset)
    for step, gap in steps:
        play(world, step, gap)
    finish(world)
    if not any(stance is Stance.YES for _, stance in world.acts) and not basis.positive:
        assert not world.contact.basis.positive
    if not any(stance is Stance.NO for _, stance in world.acts) and basis.positive:
        assert world.granted_everywhere


def acts_on(rows: int) -> list[Step]:
    """Everything people may do to one person's permission."""
    keys = (KEY_1, KEY_2)[:rows]
    return [*HUB_ACTS, *(("rep", (key, toggle)) for key, toggle in product(keys, (ALLOW, DENY)))]


def provable(steps: tuple[Step, ...], basis: LegalBasis) -> bool:
    """Whether each row is acted on at most once, and really changed: so much can be told apart."""
    acts = [what for word, what in steps if word == "rep" and isinstance(what, tuple)]
    stood = DENY if basis is WITHDRAWN else ALLOW
    return len(acts) == len({key for key, _ in acts}) and all(toggle is not stood for _, toggle in acts)


def test_the_latest_provable_act_wins() -> None:
    """M2: every history of one to three acts, each a minute apart and each seen before the next."""
    for rows, length, basis in product((1, 2), (1, 2, 3), (CONSENT, WITHDRAWN)):
        for steps in product(acts_on(rows), repeat=length):
            if not provable(steps, basis):
                continue
            world = start(basis, rows)
            for step in steps:
                play(world, step, 60)
                world.now += 60
                for key in world.links:
                    world.see(key)
            finish(world)
            if world.acts:
                granted = world.acts[-1][1] is Stance.YES
                assert (granted, not granted) == (world.granted_everywhere, world.refused_everywhere), steps


@pytest.mark.thorough
def test_reconciled_after_every_act_the_latest_act_wins_always() -> None:
    """M1: every history of one to four acts on two rows with a sweep after each."""
    for length, basis in product((1, 2, 3, 4), (CONSENT, WITHDRAWN)):
        for steps in product(acts_on(2)[1:], repeat=length):
            world = start(basis, 2)
            for step in steps:
                play(world, step, 60)
                world.reconcile()
            if world.acts:
                granted = world.acts[-1][1] is Stance.YES
                assert (granted, not granted) == (world.granted_everywhere, world.refused_everywhere), steps


@quick
@given(STARTS, st.lists(STEPS, min_size=1, max_size=6), st.data())
def test_echoes_never_change_the_outcome(
    beginning: tuple[LegalBasis, int, bool, float], steps: list[tuple[Step, float]], data: st.DataObject
) -> None:
    """T4: the same history with late, doubled and reordered notices ends the same."""
    basis, rows, agreed, offset = beginning
    plain, echoed = (start(basis, rows, agreed=agreed, offset=offset) for _ in range(2))
    past: list[tuple[LinkKey, Row, float]] = []
    for step, gap in steps:
        past += [
            (key, link.row, (link.read_at - at(0)).total_seconds())
            for key, link in echoed.links.items()
            if link.row and link.read_at
        ]
        for key, row, read_at in data.draw(st.lists(st.sampled_from(past), max_size=3)):
            echoed.see(key, row, read_at)
        play(plain, step, gap)
        play(echoed, step, gap)
    finish(plain)
    finish(echoed)
    assert (plain.contact.basis, plain.rows) == (echoed.contact.basis, echoed.rows)


def test_an_unordered_pair_of_acts_is_a_refusal() -> None:
    """M2: within the skew of the clocks a grant and a refusal have no order."""
    for first, second in (("hub", "rep"), ("rep", "hub")):
        for hub, toggle in ((CONSENT, DENY), (WITHDRAWN, ALLOW)):
            world = start(WITHDRAWN if toggle is ALLOW else CONSENT, 1)
            steps: dict[str, Step] = {"hub": ("hub", hub), "rep": ("rep", (KEY_1, toggle))}
            for word in (first, second):
                play(world, steps[word], 2)
            finish(world)
            assert world.refused_everywhere, (first, hub)


def test_a_click_repeated_after_a_reps_allow_has_spoken_last() -> None:
    """M3: who unsubscribes again after a rep set Allow has spoken last."""
    world = start(WITHDRAWN, 1)
    play(world, ("rep", (KEY_1, ALLOW)), 60)
    play(world, ("hub", WITHDRAWN), 60)
    finish(world)
    assert world.refused_everywhere


def test_a_sighting_shortly_before_an_act_dates_it() -> None:
    """M2: a rep's Allow after the click, proved by a read in between, is the later act."""
    world = start(CONSENT, 1)
    world.hub(WITHDRAWN)
    world.reconcile()
    play(world, ("hub", WITHDRAWN), 60)
    play(world, ("see", KEY_1), 60)
    play(world, ("rep", (KEY_1, ALLOW)), 60)
    finish(world)
    assert CONSENT is world.contact.basis
    assert world.granted_everywhere
