"""What holds for every person with up to three rows (P2-P5, M4, M6, I2, I4, T6)."""

from dataclasses import replace
from itertools import permutations

from hypothesis import assume, given
from hypothesis import strategies as st

from assent.policy.permission import BulkEmail, LegalBasis
from assent.policy.plan import RULES, plan_person
from assent.policy.sides import PERMISSION, Base, Link, Person

from .samples import (
    ALLOW,
    BOTH,
    CONSENT,
    DENY,
    INTEREST,
    KEYS,
    NEWS,
    NONE,
    NULL,
    TERMS,
    UNREAD,
    WITHDRAWN,
    a_base,
    a_contact,
    a_link,
    a_row,
    at,
    quick,
)
from .world import carried_out, settled

BASES_NOW = st.sampled_from([NONE, CONSENT, INTEREST, WITHDRAWN])
TOGGLES = st.sampled_from([ALLOW, DENY, NULL, UNREAD])
MASKS = st.integers(0, BOTH)
FIELDS = st.sampled_from([0, PERMISSION, NEWS, BOTH, PERMISSION | NEWS])
#: Which toggles can stand beside an agreed basis (T1, T6, T7).
BESIDE = {NONE: (ALLOW, NULL, UNREAD), WITHDRAWN: (DENY, UNREAD)}


@st.composite
def people(draw: st.DrawFn, sleepers: bool = False) -> Person:
    """A person whose bases were once agreed together (M4), and anything that may stand by now."""
    agreed, agreed_value = draw(BASES_NOW), draw(MASKS)
    basis, value = draw(BASES_NOW), draw(MASKS)
    assume(not (basis is NONE and agreed is WITHDRAWN))  # T7: None is never set over Withdrawn
    hub_touched = draw(FIELDS)
    links = []
    for key in draw(st.permutations(KEYS[: draw(st.integers(1, 3))])):
        base: Base | None = None
        if draw(st.booleans()):
            toggle = draw(st.sampled_from(BESIDE.get(agreed, (ALLOW, NULL, UNREAD))))
            base = a_base(agreed, toggle, value=agreed_value, known=draw(MASKS) | (BOTH & ~agreed_value))
        row = a_row(
            draw(TOGGLES),
            key=key,
            version=draw(st.sampled_from([11, 12])),
            known=draw(MASKS),
            value=draw(MASKS),
            modified=draw(st.sampled_from([None, 50, 200])),
            active=not (sleepers and draw(st.booleans())),
        )
        touched = draw(FIELDS) if base else 0
        same = draw(st.sampled_from([None, 0, 150]))
        links.append(
            a_link(row, base, key=key, hub_touched=hub_touched if base else 0, crm_touched=touched, same=same)
        )
    contact = a_contact(basis, value=value, acted=draw(st.sampled_from([None, 100])))
    return Person(contact, tuple(links))


ANY_PERSON = people()
#: Some of the rows inactive.
SLEEPERS = people(sleepers=True)


def rows_after(person: Person) -> dict[object, object]:
    """What every row holds, by key."""
    return {link.key: link.row for link in person.links}


@quick
@given(SLEEPERS)
def test_the_same_person_always_gives_the_same_plan(person: Person) -> None:
    """Pure core: nothing but the arguments decides."""
    assert plan_person(person, TERMS) == plan_person(person, TERMS)


@quick
@given(ANY_PERSON)
def test_what_is_carried_out_settles_and_then_stands_still(person: Person) -> None:
    """P4, M4: both sides confirm every link, and planning again writes nothing."""
    done = settled(carried_out(person, plan_person(person, TERMS)))
    assert done is not None
    assert plan_person(done, TERMS).idle


@quick
@given(ANY_PERSON)
def test_a_plan_half_carried_out_comes_to_the_same_end(person: Person) -> None:
    """P6: after a crash between hub and rows the next plan never grants what this one refused."""
    plan = plan_person(person, TERMS)
    half = Person(replace(plan.after, revision=8), person.links)
    again = plan_person(half, TERMS)
    if plan.after.basis is WITHDRAWN:
        assert WITHDRAWN is again.after.basis
    assert not again.after.value & ~plan.after.value & BOTH


@quick
@given(SLEEPERS)
def test_the_order_of_the_rows_does_not_matter(person: Person) -> None:
    """I2: the result is one, whichever row is named first."""
    plan = plan_person(person, TERMS)
    for order in permutations(person.links):
        other = plan_person(Person(person.contact, order), TERMS)
        assert (plan.after, set(plan.writes)) == (other.after, set(other.writes))


@quick
@given(ANY_PERSON)
def test_every_active_row_gets_the_one_result(person: Person) -> None:
    """I2: in the same pass every readable row says what the hub says, or is left null beside a Yes (T6)."""
    after = carried_out(person, plan_person(person, TERMS))
    shown = {CONSENT: ALLOW, INTEREST: ALLOW, WITHDRAWN: DENY}
    for link in after.links:
        row, basis = link.row, after.contact.basis
        assert row is not None
        if row.toggle in (ALLOW, DENY):
            assert shown.get(basis, ALLOW) is row.toggle
        assert row.toggle is not NULL or basis is not WITHDRAWN
        assert not row.known & (row.value ^ after.contact.value) & BOTH
        assert not ~row.known & ~after.contact.value & BOTH


@quick
@given(SLEEPERS)
def test_a_write_that_grants_is_conditional_on_the_version_read(person: Person) -> None:
    """M6: Allow and Yes carry the version; a refusing write names only what it changes."""
    rows = {link.key: link.row for link in person.links}
    for write in plan_person(person, TERMS).writes:
        row = rows[write.key]
        assert row is not None
        if write.toggle is ALLOW or write.fields & write.value:
            assert row.version == write.if_version
        assert write.toggle is None or write.toggle is not row.toggle
        assert not write.fields & row.known & ~(row.value ^ write.value)
        assert not write.fields & ~BOTH


@quick
@given(SLEEPERS)
def test_inactive_rows_are_never_written(person: Person) -> None:
    """I4: nothing is written to an inactive row."""
    asleep = {link.key for link in person.links if link.row and not link.row.active}
    assert not asleep & {write.key for write in plan_person(person, TERMS).writes}


def grants_made(person: Person) -> bool:
    """Whether anybody granted the permission since the base, on any side (M3, I4)."""
    based = [link for link in person.links if link.base]
    contact = person.contact
    moved = any((k.base and k.base.basis is not contact.basis) or k.hub_touched & PERMISSION for k in based)
    if contact.basis.positive and moved:
        return True
    return any(
        k.row and k.row.active and k.row.toggle is ALLOW and k.base
        and (k.base.toggle is DENY or k.crm_touched & PERMISSION)
        for k in based
    )  # fmt: skip


@quick
@given(SLEEPERS)
def test_no_basis_is_invented(person: Person) -> None:
    """P3, T5, T7: a positive basis is the hub's own or a grant's; None is never set over anything."""
    before, after = person.contact.basis, plan_person(person, TERMS).after.basis
    if after is not before:
        assert after in (CONSENT, WITHDRAWN)
    if after is CONSENT and before is not CONSENT:
        assert grants_made(person)
    if after is WITHDRAWN and before is not WITHDRAWN:
        toggles = [link.row.toggle for link in person.links if link.row]
        agreed = {link.base.basis for link in person.links if link.base}
        turned_null = any(link.crm_touched & PERMISSION for link in person.links)
        assert DENY in toggles or WITHDRAWN in agreed or turned_null


@quick
@given(SLEEPERS)
def test_nuance_is_kept_while_permission_is(person: Person) -> None:
    """P5: a positive basis stays itself or becomes Withdrawn."""
    if person.contact.basis.positive:
        assert plan_person(person, TERMS).after.basis in (person.contact.basis, WITHDRAWN)


@quick
@given(SLEEPERS)
def test_a_first_seen_refusal_beats_every_grant(person: Person) -> None:
    """P2, M5, I2: a refusal on a row without a base holds, whoever granted elsewhere."""
    plan = plan_person(person, TERMS)
    for link in person.links:
        if link.base is None and link.row:
            if link.row.toggle is DENY:
                assert WITHDRAWN is plan.after.basis
            assert not plan.after.value & link.row.known & ~link.row.value & BOTH


@quick
@given(SLEEPERS)
def test_a_refusal_not_proved_older_is_never_lifted(person: Person) -> None:
    """P2: the hub's touched refusal outlives every grant whose moment is not proved later."""
    hub = person.contact
    touched = any(
        k.base and (k.base.basis is not hub.basis or k.hub_touched & PERMISSION) for k in person.links
    )
    unproved = PERMISSION not in hub.acted or all(
        k.same_at is None or k.same_at <= at(100) for k in person.links
    )
    if hub.basis is WITHDRAWN and touched and unproved:
        assert WITHDRAWN is plan_person(person, TERMS).after.basis


def silenced(link: Link, toggle: BulkEmail) -> Link:
    """The link with a blank toggle and no category answered."""
    assert link.row is not None
    return replace(link, row=replace(link.row, toggle=toggle, known=0, value=0, unread=0), crm_touched=0)


@quick
@given(ANY_PERSON, st.sampled_from([NULL, UNREAD]))
def test_blank_rows_decide_nothing(person: Person, toggle: BulkEmail) -> None:
    """T6: null and unread rows change nothing in the hub, before or after a base."""
    blank = Person(person.contact, tuple(silenced(link, toggle) for link in person.links))
    plan = plan_person(blank, TERMS)
    assert (person.contact.basis, person.contact.value) == (plan.after.basis, plan.after.value)
    assert not any(write.granted for write in plan.writes)


@quick
@given(SLEEPERS)
def test_every_change_names_a_rule_and_a_row_of_this_person(person: Person) -> None:
    """Promise 4: who, old, new and by which rule."""
    plan = plan_person(person, TERMS)
    for change in plan.changes:
        assert change.rule in RULES
        assert change.old != change.new
        assert change.cause is None or change.cause in rows_after(person)


@quick
@given(SLEEPERS, st.sampled_from(list(LegalBasis)))
def test_permission_and_subscriptions_never_change_each_other(person: Person, basis: LegalBasis) -> None:
    """S2: another basis leaves every category's outcome as it was."""
    other = replace(person, contact=replace(person.contact, basis=basis))
    assert plan_person(person, TERMS).after.value == plan_person(other, TERMS).after.value
