"""Whole contacts that join another (rule I3)."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from assent.policy.joining import join
from assent.policy.permission import LegalBasis
from assent.policy.sides import ADDRESS, PERMISSION, Hold, LinkKey, Person, Row

from .samples import BOTH, CONSENT, KEYS, NONE, WITHDRAWN, a_base, a_contact, a_link, a_row, quick
from .test_plan_laws import BASES_NOW, MASKS

OLD, NEW, ELSEWHERE = "old@x.example", "new@x.example", "elsewhere@x.example"


def row_at(key: LinkKey, address: str | None, *, active: bool = True) -> Row:
    """A row with an address."""
    return replace(a_row(key=key, active=active), email=address)


def somebody(address: str, rows: dict[LinkKey, str | None], **contact: object) -> Person:
    """A contact all of whose rows once bore its address, and bear these now."""
    base = replace(a_base(), email=address)
    links = tuple(a_link(row_at(key, now), base, key=key) for key, now in rows.items())
    return Person(replace(a_contact(), email=address, **contact), links)  # type: ignore[arg-type]


LEAVING = somebody(OLD, {KEYS[0]: NEW, KEYS[1]: NEW})
HOLDER = somebody(NEW, {KEYS[2]: NEW})


@quick
@given(BASES_NOW, MASKS, BASES_NOW, MASKS)
def test_a_join_grants_nothing_and_drops_no_refusal(
    basis: LegalBasis, value: int, other_basis: LegalBasis, other_value: int
) -> None:
    """The holder ends with the strictest of both, never with more than it had (I3, P2)."""
    person = replace(LEAVING, contact=replace(LEAVING.contact, basis=basis, value=value))
    holder = replace(HOLDER, contact=replace(HOLDER.contact, basis=other_basis, value=other_value))
    found = join(person, holder)
    assume(found is not None)
    assert found is not None
    assert value & other_value == found.holder.value
    assert (WITHDRAWN in (basis, other_basis)) == (found.holder.basis is WITHDRAWN)
    assert not found.holder.basis.positive or found.holder.basis is other_basis
    assert Hold.JOINED.value == found.left.hold
    moved = (PERMISSION if found.holder.basis is not other_basis else 0) | (other_value ^ found.holder.value)
    assert moved == sum(change.field for change in found.changes)


@pytest.mark.parametrize(
    ("person", "holder"),
    [
        (replace(LEAVING, contact=replace(LEAVING.contact, hold="crm_deleted")), HOLDER),
        (LEAVING, replace(HOLDER, contact=replace(HOLDER.contact, hold="email_conflict"))),
        (somebody(OLD, {KEYS[0]: NEW, KEYS[1]: OLD}), HOLDER),
        (somebody(OLD, {KEYS[0]: NEW, KEYS[1]: None}), HOLDER),
        (somebody(OLD, {}), HOLDER),
        (LEAVING, somebody(NEW, {KEYS[2]: ELSEWHERE})),
        (LEAVING, replace(HOLDER, contact=replace(HOLDER.contact, basis=NONE))),
        (replace(LEAVING, links=tuple(replace(k, hub_touched=ADDRESS) for k in LEAVING.links)), HOLDER),
    ],
    ids=[
        "held",
        "holder held",
        "a row stayed",
        "a row is blank",
        "no row",
        "swap",
        "would grant",
        "conflict",
    ],
)
def test_what_keeps_a_contact_from_joining(person: Person, holder: Person) -> None:
    """A person decides wherever it is not plain that two contacts became one (I3)."""
    assert None is join(person, holder)


@given(st.sampled_from([CONSENT, WITHDRAWN]))
def test_a_contact_held_for_the_taken_address_may_join_later(basis: LegalBasis) -> None:
    """The hold for want of a join ends with it (I3)."""
    held = replace(LEAVING, contact=replace(LEAVING.contact, hold=Hold.ADDRESS_TAKEN.value, basis=basis))
    found = join(held, HOLDER)
    assert found is not None
    assert (None, BOTH) == (found.holder.hold, found.holder.value & BOTH)
