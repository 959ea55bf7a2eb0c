"""Minimal examples where the code contradicts a rule; each is to become an ordinary test once it holds."""

from dataclasses import replace
from uuid import UUID

import pytest

from assent.policy.permission import AllowPolicy, OnAllow
from assent.policy.plan import Request, Terms, plan_person
from assent.policy.sides import CATEGORIES, PERMISSION
from assent.policy.sightings import absorb

from .samples import (
    ALLOW,
    BERTA,
    BOTH,
    CONSENT,
    DENY,
    ERP,
    EVENTS,
    INTEREST,
    KEY_1,
    KEY_2,
    KEY_3,
    NEWS,
    NULL,
    REP,
    TERMS,
    WITHDRAWN,
    a_base,
    a_contact,
    a_link,
    a_person,
    a_row,
    at,
    toggles_written,
)
from .test_histories import finish, play, start
from .world import carried_out, settled

HOLD = replace(TERMS, allow={1: AllowPolicy(OnAllow.HOLD)})
HELD_ERP = replace(TERMS, allow={1: AllowPolicy(held_writers=frozenset({ERP}))})
DENIED = a_base(WITHDRAWN, DENY)


def test_a_reps_refusal_is_not_taken_for_our_lost_write() -> None:
    """P2, M3: we meant to write Do not allow and may not have; a rep refused after a new consent."""
    link = replace(
        a_link(a_row(DENY, version=11, modified=500), a_base(), hub_touched=PERMISSION, same=0, read=600),
        intended=PERMISSION,
        intended_value=0,
    )
    plan = plan_person(a_person(a_contact(CONSENT, acted=400), link), TERMS)
    assert WITHDRAWN is plan.after.basis


def test_a_refusal_made_while_the_read_ran_is_not_older_than_its_start() -> None:
    """P2, I2: a read from 100 to 102 shows a refusal of 101.5; another row's Allow of 101.2 is not later."""
    refused = a_link(a_row(DENY, key=KEY_2, version=11, modified=101), DENIED, key=KEY_2, same=0, read=100)
    refused = replace(refused, crm_touched=PERMISSION)
    granted = a_link(a_row(ALLOW, version=11, modified=101), DENIED, same=101, read=103)
    plan = plan_person(a_person(a_contact(WITHDRAWN), granted, refused), TERMS)
    assert WITHDRAWN is plan.after.basis


def test_an_inactive_rows_old_no_does_not_refuse_again() -> None:
    """I4, P4: refused and counted; then the person turns News on in the hub, and that must last."""
    row = a_row(value=EVENTS, active=False)
    old = a_base(value=CATEGORIES & ~NEWS, active=False)
    contact = a_contact(value=CATEGORIES, acted=100)
    person = a_person(contact, a_link(row, old, hub_touched=NEWS))
    plan = plan_person(person, TERMS)
    assert plan.idle
    done = settled(carried_out(person, plan))
    assert done is not None
    assert plan_person(done, TERMS).idle


def test_a_row_put_to_sleep_may_have_refused_again_right_before() -> None:
    """M3, I4: no News on either side; the person turns it on, the rep clears it, says No and deactivates."""
    row = a_row(version=12, value=EVENTS, active=False, modified=200)
    for acted, wanted in ((100, CATEGORIES & ~NEWS), (300, CATEGORIES)):
        link = a_link(row, a_base(value=CATEGORIES & ~NEWS), hub_touched=NEWS, same=0)
        plan = plan_person(a_person(a_contact(acted=acted), link), TERMS)
        assert wanted == plan.after.value
        assert (wanted != CATEGORIES) is (Request.GRANT_SET_ASIDE in plan.requests)


def test_clearing_the_toggle_does_not_undo_a_refusal_that_was_seen() -> None:
    """T6, P1: turning null is not an act, so the newest provable act is still the refusal."""
    link = a_link(a_row(), a_base(), same=0, read=0)
    for version, toggle in ((11, DENY), (12, NULL)):
        link = absorb(link, a_row(toggle, version=version), read_at=at(version * 10), read_revision=7)
    assert WITHDRAWN is plan_person(a_person(a_contact(), link), TERMS).after.basis


def test_clearing_a_category_does_not_undo_a_no_that_was_seen() -> None:
    """T6, P1: the same for a subscription column; the null must not bring the Yes back."""
    link = a_link(a_row(), a_base(), same=0, read=0)
    for version, known in ((11, BOTH), (12, EVENTS)):
        row = a_row(version=version, known=known, value=EVENTS)
        link = absorb(link, row, read_at=at(version * 10), read_revision=7)
    assert CATEGORIES & ~NEWS == plan_person(a_person(a_contact(), link), TERMS).after.value


@pytest.mark.parametrize(("terms", "writer"), [(HOLD, REP), (HELD_ERP, ERP)])
def test_an_allow_that_is_always_held_does_not_undo_a_refusal_seen_before_it(
    terms: Terms, writer: UUID
) -> None:
    """T3, P2: a rep refused (seen), an Allow that must be held followed: Do not allow is written back."""
    link = a_link(a_row(), a_base(), same=0, read=0)
    for version, toggle, who in ((11, DENY, REP), (12, ALLOW, writer)):
        row = replace(a_row(toggle, version=version), modified_by=who)
        link = absorb(link, row, read_at=at(version * 10), read_revision=7)
    plan = plan_person(a_person(a_contact(), link), terms)
    assert {KEY_1: DENY} == toggles_written(plan)


def test_a_held_writers_allow_stays_held_when_somebody_edits_the_row_after_it() -> None:
    """T3: the ERP's Allow was seen as the ERP's; a rep's new phone number does not make it the rep's."""
    link = a_link(a_row(DENY), DENIED, same=0, read=0)
    for version, who in ((11, ERP), (12, REP)):
        row = replace(a_row(ALLOW, version=version), modified_by=who)
        link = absorb(link, row, read_at=at(version * 10), read_revision=7)
    assert WITHDRAWN is plan_person(a_person(a_contact(WITHDRAWN), link), HELD_ERP).after.basis


def test_a_row_that_wakes_with_the_old_address_comes_to_agree() -> None:
    """P4, I3: the hub's address changed while the row slept; after one sweep both agree."""
    contact = replace(a_contact(), email=BERTA)
    person = a_person(contact, a_link(a_row(version=12), a_base(active=False)))
    plan = plan_person(person, TERMS)
    assert None is not settled(carried_out(person, plan))


def test_an_allow_after_a_seen_refusal_after_a_click_is_the_latest() -> None:
    """M2: seen refused after the click, then seen allowed: the order is proved, the later act wins."""
    link = a_link(a_row(), a_base(), hub_touched=PERMISSION, same=0, read=0)
    for version, toggle, seconds in ((11, DENY, 300), (12, ALLOW, 500)):
        row = a_row(toggle, version=version, modified=seconds - 50)
        link = absorb(link, row, read_at=at(seconds), read_revision=7)
    plan = plan_person(a_person(a_contact(WITHDRAWN, acted=100), link), TERMS)
    assert CONSENT is plan.after.basis


def test_the_syncs_own_withdrawal_is_no_act_of_the_hub() -> None:
    """M3: a rep refused, the hub took it, the settling was lost, the same rep allowed again."""
    link = a_link(a_row(), a_base(), same=0, read=0)
    link = absorb(link, a_row(DENY, version=11, modified=90), read_at=at(100), read_revision=7)
    taken = plan_person(a_person(a_contact(), link), TERMS).after
    link = absorb(link, a_row(ALLOW, version=12, modified=190), read_at=at(200), read_revision=8)
    assert CONSENT is plan_person(a_person(replace(taken, revision=8), link), TERMS).after.basis


def test_a_withdrawn_basis_is_remembered_as_the_last_positive_one() -> None:
    """T3: restore means the last positive basis held, and that was the one just withdrawn."""
    contact = replace(a_contact(INTEREST), last_positive=None)
    plan = plan_person(a_person(contact, a_link(a_row(DENY, version=11), a_base(INTEREST))), TERMS)
    assert INTEREST is plan.after.last_positive


def test_two_connections_with_different_policies_give_one_result_in_any_order() -> None:
    """I2, T3: the decision is one, whichever row is named first."""
    terms = replace(TERMS, allow={1: AllowPolicy(OnAllow.RESTORE)})
    contact = replace(a_contact(WITHDRAWN), last_positive=INTEREST)
    links = [a_link(a_row(version=11, key=key), DENIED, key=key) for key in (KEY_1, KEY_3)]
    one, other = (plan_person(a_person(contact, *order), terms) for order in (links, links[::-1]))
    assert one.after == other.after


def test_two_rows_with_different_new_addresses_give_one_result_in_any_order() -> None:
    """I3: two rows moved to two addresses: neither may win by being named first."""
    links = [
        a_link(replace(a_row(version=11, key=key), email=email), a_base(), key=key)
        for key, email in ((KEY_1, BERTA), (KEY_2, "carla@example.com"))
    ]
    one, other = (plan_person(a_person(a_contact(), *order), TERMS) for order in (links, links[::-1]))
    assert one.after == other.after


def test_a_rep_who_refuses_again_after_our_unsettled_refusal_is_heard() -> None:
    """P2: a click refuses, we write it and crash; a new consent; a rep allows and then refuses."""
    world = start(CONSENT, 2)
    world.hub(WITHDRAWN)
    world.reconcile(crash="after the writes")
    play(world, ("hub", CONSENT), 60)
    play(world, ("rep", (KEY_2, ALLOW)), 60)
    play(world, ("rep", (KEY_2, DENY)), 60)
    finish(world)
    assert world.refused_everywhere
