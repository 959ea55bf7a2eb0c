"""What a sighting adds to what is known of a link (rules M3, M4, T4, T6)."""

from dataclasses import replace
from datetime import datetime
from itertools import permutations, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assent.policy.permission import BulkEmail, Stance
from assent.policy.sides import PERMISSION, Base, Link, Row
from assent.policy.sightings import absorb, acted, answer, intend, proves_restore

from .samples import (
    ALLOW,
    BOTH,
    DENY,
    EVENTS,
    NEWS,
    NULL,
    UNREAD,
    WITHDRAWN,
    a_base,
    a_link,
    a_row,
    at,
    quick,
)

YES, NO, SILENT = Stance.YES, Stance.NO, Stance.SILENT


def see(link: Link, row: Row, seconds: float = 100) -> Link:
    """Absorb a read that began at that second."""
    return absorb(link, row, read_at=at(seconds), read_revision=7)


ALLOWED = a_link(a_row(ALLOW), a_base(), same=0, read=0)
DENIED = a_link(a_row(DENY), a_base(WITHDRAWN, DENY), same=0, read=0)

#: From the base's stance to the one seen: is it somebody's act?
ACTS = {
    (YES, YES): False,
    (YES, NO): True,
    (YES, SILENT): False,  # T6: turning null is not an act
    (NO, YES): True,
    (NO, NO): False,
    (NO, SILENT): False,
    (SILENT, YES): False,  # T3, T5: only from Do not allow is it a change to Allow
    (SILENT, NO): True,  # T2
    (SILENT, SILENT): False,
}


@pytest.mark.parametrize("cell", list(ACTS))
def test_every_move_of_a_row_is_an_act_or_not(cell: tuple[Stance, Stance]) -> None:
    """M3, T2, T6: values that differ are acts; blanks, and what fills them with Yes, are not."""
    assert ACTS[cell] == acted(*cell)


@pytest.mark.parametrize(
    ("known", "value", "expected"), [(0, 0, SILENT), (0, 1, SILENT), (1, 0, NO), (1, 1, YES)]
)
def test_a_category_unknown_is_silent(known: int, value: int, expected: Stance) -> None:
    """T6: a null or missing column says nothing, whatever the value bit holds."""
    assert expected is answer(known, value, NEWS)


STANCES = {ALLOW: YES, DENY: NO, NULL: SILENT, UNREAD: SILENT}


@pytest.mark.parametrize(("link", "old"), [(ALLOWED, YES), (DENIED, NO)])
@pytest.mark.parametrize("toggle", list(BulkEmail))
def test_a_toggle_that_differs_from_the_base_is_touched(link: Link, old: Stance, toggle: BulkEmail) -> None:
    """M3: touched in the CRM is a value that differs from the base."""
    seen = see(link, a_row(toggle, version=11))
    assert ACTS[old, STANCES[toggle]] == bool(seen.crm_touched & PERMISSION)


def test_a_category_that_differs_from_the_base_is_touched() -> None:
    """M3: each subscription has its own mark."""
    for (base_known, base_value), (known, value) in product(product((0, NEWS), (0, NEWS)), repeat=2):
        link = a_link(a_row(), a_base(known=base_known | EVENTS, value=base_value | EVENTS))
        seen = see(link, a_row(version=11, known=known | EVENTS, value=value | EVENTS))
        old, now = answer(base_known, base_value, NEWS), answer(known, value, NEWS)
        assert (NEWS if ACTS[old, now] else 0) == seen.crm_touched


def test_a_row_without_a_base_is_touched_nowhere() -> None:
    """M5: what is first seen has nothing to differ from."""
    assert not see(a_link(None), a_row(DENY, value=0)).crm_touched


def test_what_was_once_seen_to_differ_stays_touched() -> None:
    """M3: an act seen is an act, though a later sighting shows the base's value again."""
    seen = see(see(ALLOWED, a_row(DENY, version=11), 100), a_row(ALLOW, version=12), 200)
    assert seen.crm_touched == PERMISSION


def test_a_sighting_older_than_the_stored_one_is_no_news() -> None:
    """T4: however late a notice comes, it touches nothing."""
    assert see(ALLOWED, a_row(DENY, version=9)) == ALLOWED


def test_the_same_sighting_again_changes_nothing_but_when_it_was_read() -> None:
    """T4: doubled sightings only move the moment of reading."""
    again = see(ALLOWED, a_row(ALLOW), 100)
    assert replace(ALLOWED, same_at=at(100), read_at=at(100), read_revision=7) == again
    assert again == see(again, a_row(ALLOW), 50)


def test_the_moment_of_sameness_rises_only_when_the_value_turned_again() -> None:
    """M2: an act came after the last read that showed the other value, never after a later one."""
    seen = see(see(ALLOWED, a_row(ALLOW), 50), a_row(DENY, version=11), 100)
    assert at(50) == seen.same_at
    assert at(50) == see(seen, a_row(DENY, version=12), 150).same_at
    assert at(100) == see(seen, a_row(ALLOW, version=12), 150).same_at


@pytest.mark.parametrize(("base", "wrote"), [(DENIED, ALLOW), (ALLOWED, DENY)])
def test_our_own_write_read_back_is_no_act(base: Link, wrote: BulkEmail) -> None:
    """M4, T4: after a crash our own Allow is not taken for a rep's."""
    link = replace(base, intended=PERMISSION, intended_value=PERMISSION if wrote is ALLOW else 0)
    assert not see(link, a_row(wrote, version=11)).crm_touched


@pytest.mark.parametrize(("base", "first"), [(DENIED, PERMISSION), (ALLOWED, 0)])
def test_an_earlier_write_of_ours_is_no_act_beside_a_later_opposite_one(base: Link, first: int) -> None:
    """M4: an Allow still on its way when a Do not allow is intended is nobody's grant; nor the reverse."""
    link = intend(intend(base, PERMISSION, first), PERMISSION, PERMISSION ^ first)
    assert not see(link, a_row(ALLOW if first else DENY, version=11)).crm_touched


@pytest.mark.parametrize("version", [10, 12])
@pytest.mark.parametrize("put_back", [{"email": "other@x.example"}, {"modified_at": at(50)}])
def test_the_same_version_saved_at_another_time_proves_a_restore(
    version: int, put_back: dict[str, Any]
) -> None:
    """M7: a version stands for one content; a row that came to it twice was put back between."""
    row = a_row(version=version)
    link = a_link(row, a_base(), same=0, read=0)
    assert not proves_restore(link, row, read_at=at(100))
    assert proves_restore(replace(link, base=None), replace(row, **put_back), read_at=at(100))
    assert proves_restore(link, replace(row, **put_back), read_at=at(100))
    assert not proves_restore(link, replace(row, **put_back), read_at=at(0))


@pytest.mark.parametrize("base", [a_base(), None])
def test_a_row_older_than_its_last_sighting_was_put_back(base: Base | None) -> None:
    """M7: though it never was as old as the base, or there is none any more."""
    link = a_link(a_row(version=12), base, same=0, read=0)
    assert proves_restore(link, a_row(version=11), read_at=at(100))


def test_our_own_category_write_read_back_is_no_act() -> None:
    """M4: the intent covers the columns it named and no other."""
    link = replace(ALLOWED, intended=NEWS, intended_value=0)
    assert see(link, a_row(version=11, value=0)).crm_touched == EVENTS


TOGGLES = st.lists(st.sampled_from([ALLOW, DENY, NULL, UNREAD]), min_size=1, max_size=5)


def sightings_of(toggles: list[BulkEmail]) -> list[tuple[Row, datetime]]:
    """A row's life after the base, each state read once."""
    values = [BOTH, NEWS, 0, EVENTS, BOTH]
    return [
        (a_row(toggle, version=11 + i, value=values[i], modified=i * 10), at(i * 10 + 5))
        for i, toggle in enumerate(toggles)
    ]


@quick
@given(TOGGLES, st.data())
def test_echoes_change_nothing_however_late_or_doubled(toggles: list[BulkEmail], data: st.DataObject) -> None:
    """T4: old sightings replayed among new ones leave the link as it was without them."""
    plain = echoed = ALLOWED
    past: list[tuple[Row, datetime]] = [(a_row(ALLOW), at(0))]
    for row, read_at in sightings_of(toggles):
        plain = absorb(plain, row, read_at=read_at, read_revision=7)
        echoed = absorb(echoed, row, read_at=read_at, read_revision=7)
        past.append((row, read_at))
        for old, when in data.draw(st.lists(st.sampled_from(past), max_size=4)):
            echoed = absorb(echoed, old, read_at=when, read_revision=7)
    assert plain == echoed


def test_reordered_sightings_end_at_the_newest_row() -> None:
    """T4: whatever the order, the stored sighting is the newest, and a refusal that stands is seen."""
    for last in (ALLOW, DENY):
        for order in permutations(sightings_of([DENY, ALLOW, last])):
            link = ALLOWED
            for row, read_at in order:
                link = absorb(link, row, read_at=read_at, read_revision=7)
            assert link.row is not None
            assert (13, last) == (link.row.version, link.row.toggle)
            assert last is ALLOW or link.crm_touched & PERMISSION
