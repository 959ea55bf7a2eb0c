"""Stories of one pass: policies, several rows, notices, addresses, categories (T3, M4, M8, I2-I4, T6)."""

from dataclasses import replace

import pytest

from assent.policy.permission import AllowPolicy, OnAllow
from assent.policy.plan import Request, plan_person, settle
from assent.policy.sides import ADDRESS, CATEGORIES, PERMISSION, Hold, Link, LinkKey

from .samples import (
    ALLOW,
    ANNA,
    BERTA,
    BOTH,
    CONSENT,
    DENY,
    EVENTS,
    INTEREST,
    KEY_1,
    KEY_2,
    KEY_3,
    NEWS,
    NONE,
    NULL,
    REP,
    TERMS,
    UNREAD,
    WITHDRAWN,
    a_base,
    a_contact,
    a_link,
    a_person,
    a_row,
    at,
    toggles_written,
)

DENIED = a_base(WITHDRAWN, DENY)
#: A rep's Allow over an agreed refusal, on the first connection.
ALLOWED_BY_REP = a_link(a_row(ALLOW, version=11), DENIED)


def refused_again(key: LinkKey, basis_row: Link = ALLOWED_BY_REP) -> Link:
    """The same link under another key."""
    assert basis_row.row is not None
    return replace(basis_row, key=key, row=replace(basis_row.row, row_id=key.row_id))


def test_a_reps_allow_becomes_consent_on_every_row() -> None:
    """T3, I2: the result goes to every row in the same pass, each on its own version."""
    other = a_link(a_row(DENY, key=KEY_2, version=10), DENIED, key=KEY_2)
    plan = plan_person(a_person(a_contact(WITHDRAWN), ALLOWED_BY_REP, other), TERMS)
    assert CONSENT is plan.after.basis
    assert [(KEY_2, ALLOW, 10)] == [(w.key, w.toggle, w.if_version) for w in plan.writes]
    assert [("T3", KEY_1)] == [(c.rule, c.cause) for c in plan.changes]


@pytest.mark.parametrize(
    ("policy", "personally", "last"),
    [
        (AllowPolicy(OnAllow.HOLD), False, CONSENT),
        (AllowPolicy(held_writers=frozenset({REP})), False, CONSENT),
        (AllowPolicy(OnAllow.RESTORE), False, None),
        (AllowPolicy(OnAllow.RESTORE), True, CONSENT),
    ],
)
def test_a_held_allow_is_written_back_and_a_person_asked(
    policy: AllowPolicy, personally: bool, last: object
) -> None:
    """T3: hold, a held writer, and restore where there is nothing to restore."""
    contact = replace(
        a_contact(WITHDRAWN), refused_personally=personally, last_positive=CONSENT if last else None
    )
    plan = plan_person(a_person(contact, ALLOWED_BY_REP), replace(TERMS, allow={1: policy}))
    assert WITHDRAWN is plan.after.basis
    assert (Request.GRANT_HELD,) == plan.requests
    assert {KEY_1: DENY} == toggles_written(plan)
    assert personally is plan.after.refused_personally


def test_an_allow_that_came_with_a_save_of_ours_is_held() -> None:
    """T3, M7: ours did not set it; a restore may have, right before, and nobody can tell."""
    terms = replace(TERMS, ourselves=frozenset({REP}))
    plan = plan_person(a_person(a_contact(WITHDRAWN), ALLOWED_BY_REP), terms)
    assert (WITHDRAWN, (Request.GRANT_HELD,)) == (plan.after.basis, plan.requests)
    assert {KEY_1: DENY} == toggles_written(plan)


def test_restore_gives_back_legitimate_interest() -> None:
    """T3: the last positive basis held comes back where a rep had refused."""
    contact = replace(a_contact(WITHDRAWN), last_positive=INTEREST)
    terms = replace(TERMS, allow={1: AllowPolicy(OnAllow.RESTORE)})
    assert INTEREST is plan_person(a_person(contact, ALLOWED_BY_REP), terms).after.basis


def test_one_connection_holds_while_another_grants() -> None:
    """T3: each connection has its own answer; an Allow that is not held is a grant."""
    terms = replace(TERMS, allow={1: AllowPolicy(OnAllow.HOLD)})
    held = plan_person(a_person(a_contact(WITHDRAWN), ALLOWED_BY_REP), terms)
    granted = plan_person(a_person(a_contact(WITHDRAWN), refused_again(KEY_3)), terms)
    assert (WITHDRAWN, CONSENT) == (held.after.basis, granted.after.basis)


def test_a_personal_refusal_is_forgotten_once_mail_may_go_again() -> None:
    """T3: what bars restoring ends with the refusal it was."""
    contact = replace(a_contact(WITHDRAWN), refused_personally=True)
    assert not plan_person(a_person(contact, ALLOWED_BY_REP), TERMS).after.refused_personally


def test_a_refusal_on_one_row_goes_to_all() -> None:
    """I2, T2: whoever refuses on one row has refused in the hub and on every other row."""
    refused = a_link(a_row(DENY, version=11), a_base())
    rest = [a_link(a_row(key=key), a_base(), key=key) for key in (KEY_2, KEY_3)]
    plan = plan_person(a_person(a_contact(INTEREST), refused, *rest), TERMS)
    assert WITHDRAWN is plan.after.basis
    assert {KEY_2: DENY, KEY_3: DENY} == toggles_written(plan)
    assert {None} == {write.if_version for write in plan.writes}


def test_a_refusal_deactivated_with_its_row_still_counts() -> None:
    """I4: a refusal on it counts once, when made."""
    link = a_link(a_row(DENY, version=11, active=False), a_base())
    plan = plan_person(a_person(a_contact(), link), TERMS)
    assert WITHDRAWN is plan.after.basis
    done = replace(link, base=settle(plan.after, link, BOTH))
    granted = replace(plan.after, basis=CONSENT, acted={PERMISSION: at(100)})
    later = plan_person(a_person(granted, replace(done, hub_touched=PERMISSION)), TERMS)
    assert CONSENT is later.after.basis
    assert () == later.writes


def test_a_row_that_wakes_merges_without_its_base() -> None:
    """I4: reactivation: the strictest holds, whatever was touched."""
    link = a_link(a_row(DENY, version=12), a_base(CONSENT, DENY, active=False), hub_touched=PERMISSION)
    assert WITHDRAWN is plan_person(a_person(a_contact(acted=100), link), TERMS).after.basis


@pytest.mark.parametrize(("field", "granted"), [(PERMISSION, True), (NEWS, False)])
def test_a_noticed_refusal_overwritten_unseen_stands_as_an_act(field: int, granted: bool) -> None:
    """M8: our Allow or Yes stands where a notice had told of a refusal we never read."""
    link = replace(
        a_link(a_row(version=12), a_base(WITHDRAWN if granted else CONSENT, DENY if granted else ALLOW)),
        refused=field,
        refused_version=11,
        intended=field,
        intended_value=field,
    )
    plan = plan_person(a_person(a_contact(), link), TERMS)
    assert (WITHDRAWN if granted else CONSENT) is plan.after.basis
    assert (CATEGORIES if granted else CATEGORIES & ~NEWS) == plan.after.value


@pytest.mark.parametrize(("refused_version", "intended"), [(13, PERMISSION), (11, 0)])
def test_a_notice_alone_is_not_a_value(refused_version: int, intended: int) -> None:
    """M8: not yet read, or read and decided otherwise by a person: the merge decides by what it read."""
    link = replace(
        a_link(a_row(version=12), a_base()),
        refused=PERMISSION,
        refused_version=refused_version,
        intended=intended,
        intended_value=intended,
    )
    assert CONSENT is plan_person(a_person(a_contact(), link), TERMS).after.basis


def test_our_own_allow_is_not_taken_for_a_reps() -> None:
    """M4, T4: Withdrawn by a click after our Allow was sent; read back, that Allow grants nothing."""
    link = replace(ALLOWED_BY_REP, intended=PERMISSION, intended_value=PERMISSION, hub_touched=PERMISSION)
    plan = plan_person(a_person(a_contact(WITHDRAWN), link), TERMS)
    assert WITHDRAWN is plan.after.basis
    assert {KEY_1: DENY} == toggles_written(plan)


def test_a_category_follows_whoever_touched_it() -> None:
    """M1, S2: each category is its own field, and carries its cause."""
    link = a_link(a_row(version=11, value=EVENTS), a_base(value=CATEGORIES & ~EVENTS), hub_touched=EVENTS)
    plan = plan_person(a_person(a_contact(value=CATEGORIES), replace(link, hub_touched=EVENTS)), TERMS)
    assert CATEGORIES & ~NEWS == plan.after.value
    assert [(NEWS, 1, 0, "M1", KEY_1)] == [(c.field, c.old, c.new, c.rule, c.cause) for c in plan.changes]


def test_a_reps_yes_lifts_a_no_everywhere() -> None:
    """M1, M6: a Yes set in the CRM goes to the hub, and to the other row on its version."""
    no = a_base(value=CATEGORIES & ~NEWS)
    links = [a_link(a_row(version=11), no), a_link(a_row(key=KEY_2, value=EVENTS), no, key=KEY_2)]
    plan = plan_person(a_person(a_contact(value=CATEGORIES & ~NEWS), *links), TERMS)
    assert CATEGORIES == plan.after.value
    assert [(KEY_2, NEWS, NEWS, 10)] == [(w.key, w.fields, w.value, w.if_version) for w in plan.writes]
    assert plan.grants


def test_a_null_column_takes_a_no_at_once_and_a_yes_only_from_the_backfill() -> None:
    """T6, T1: a refusal is written over null at once; the rest is the paced backfill's."""
    link = a_link(a_row(NULL, known=0, value=0))
    no = plan_person(a_person(a_contact(WITHDRAWN, value=CATEGORIES & ~NEWS), link), TERMS)
    assert [(DENY, NEWS, 0, None)] == [(w.toggle, w.fields, w.value, w.if_version) for w in no.writes]
    assert plan_person(a_person(a_contact(), link), TERMS).idle
    filled = plan_person(a_person(a_contact(), link), replace(TERMS, fill=True))
    assert [(ALLOW, BOTH, BOTH, 10)] == [(w.toggle, w.fields, w.value, w.if_version) for w in filled.writes]
    assert not filled.grants


@pytest.mark.parametrize("fill", [False, True])
def test_a_missing_column_is_never_written(fill: bool) -> None:
    """T6: what column security hides is reported, not taken for cleared."""
    link = a_link(replace(a_row(UNREAD, known=EVENTS, value=EVENTS), unread=NEWS))
    person = a_person(a_contact(WITHDRAWN, value=CATEGORIES & ~NEWS), link)
    assert plan_person(person, replace(TERMS, fill=fill)).idle


def test_the_backfill_writes_nothing_for_none() -> None:
    """T1: for None the toggle keeps its value, null too."""
    plan = plan_person(a_person(a_contact(NONE), a_link(a_row(NULL))), replace(TERMS, fill=True))
    assert plan.idle


def test_an_address_changed_in_the_crm_is_followed() -> None:
    """I3: the person keeps their permission, the hub follows."""
    link = a_link(replace(a_row(version=11), email=" Berta@Example.com"), a_base())
    plan = plan_person(a_person(a_contact(INTEREST), link), TERMS)
    assert (BERTA, INTEREST, None, ()) == (plan.after.email, plan.after.basis, plan.after.hold, plan.writes)
    assert [(ADDRESS, ANNA, BERTA, "I3", KEY_1)] == [
        (c.field, c.old, c.new, c.rule, c.cause) for c in plan.changes
    ]


def test_an_address_changed_in_the_hub_is_written_on_its_version() -> None:
    """I3, M6: the row follows."""
    plan = plan_person(a_person(replace(a_contact(), email=BERTA), a_link(a_row(), a_base())), TERMS)
    assert [(BERTA, 10, ADDRESS)] == [(w.email, w.if_version, w.touched) for w in plan.writes]


def test_an_address_changed_on_both_sides_is_the_crms_and_held() -> None:
    """I3: the CRM's is kept and the contact is held until someone looks."""
    link = a_link(replace(a_row(version=11), email="carla@example.com"), a_base())
    plan = plan_person(a_person(replace(a_contact(), email=BERTA), link), TERMS)
    assert ("carla@example.com", Hold.EMAIL_CONFLICT.value) == (plan.after.email, plan.after.hold)


def test_a_cleared_address_is_not_copied() -> None:
    """I3: cleared in the CRM, it stays in the hub, unlinks nothing and is not written back."""
    link = a_link(replace(a_row(version=11), email=None), a_base())
    plan = plan_person(a_person(a_contact(), link), TERMS)
    assert plan.idle
    assert None is not settle(plan.after, link, BOTH)


def test_a_base_needs_every_answer_to_agree() -> None:
    """M4: one toggle, category or address that differs, and nothing is settled."""
    contact = a_contact(value=CATEGORIES & ~NEWS)
    agreed = a_row(value=EVENTS)
    base = settle(contact, a_link(agreed), BOTH)
    assert base is not None
    assert (7, 10, CONSENT, ALLOW, BOTH) == (
        base.hub_revision,
        base.crm_version,
        base.basis,
        base.toggle,
        base.known,
    )
    blank = replace(agreed, known=EVENTS)
    for row in (a_row(DENY, value=EVENTS), a_row(), replace(agreed, email=BERTA), blank):
        assert None is settle(contact, a_link(row), BOTH)
    assert None is not settle(contact, a_link(replace(blank, unread=NEWS)), BOTH)
    assert None is settle(contact, a_link(None), BOTH)
