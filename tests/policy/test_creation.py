"""What is created in the other system, what imports may do, and signs of a copy (rules I4-I8, M5, M7)."""

from dataclasses import replace
from itertools import product
from uuid import UUID

import pytest

from assent.policy.identity import (
    AddressMarks,
    NotCreated,
    Origin,
    Suspicion,
    contact_from_row,
    imported_basis,
    imported_value,
    row_id_for,
    row_wanted,
    suspect,
)
from assent.policy.permission import LegalBasis
from assent.policy.sides import Contact, Hold, Row

from .samples import (
    BOTH,
    CONTACT_ID,
    EVENTS,
    NEWS,
    NONE,
    ROW_1,
    ROW_2,
    WITHDRAWN,
    a_base,
    a_contact,
    a_link,
    a_row,
)

ORG, OTHER_ORG = UUID(int=0xB1), UUID(int=0xB2)
NOTHING, ERASED = AddressMarks(), AddressMarks(erased=True)


def created(row: Row, marks: AddressMarks = NOTHING, switched_on: bool = True) -> Contact | NotCreated:
    """What becomes of a row first seen."""
    return contact_from_row(row, CONTACT_ID, marks=marks, switched_on=switched_on)


NOT_CREATED = {
    "no address": (replace(a_row(), email=None), AddressMarks(), True, NotCreated.NO_ADDRESS),
    "no real address": (replace(a_row(), email="call her"), AddressMarks(), True, NotCreated.NO_ADDRESS),
    "erased": (a_row(), ERASED, True, NotCreated.ERASED),
    "switched off": (a_row(), AddressMarks(), False, NotCreated.SWITCHED_OFF),
    "inactive": (a_row(active=False), AddressMarks(), True, NotCreated.INACTIVE),
}


@pytest.mark.parametrize("name", list(NOT_CREATED))
def test_a_row_that_must_not_become_a_contact_does_not(name: str) -> None:
    """I5, I6: no address, erased, switched off or inactive."""
    row, marks, switched_on, expected = NOT_CREATED[name]
    assert expected is created(row, marks, switched_on)


def test_a_row_that_may_becomes_one() -> None:
    """I5: in real time the contact is created."""
    assert isinstance(created(a_row()), Contact)


def test_a_contact_gets_a_row_only_when_every_rule_lets_it() -> None:
    """I5, I6, I8: erasure bars all, the switch most, imports and foreign contacts need a tick."""
    yes_no = (False, True)
    for origin, erased, switched_on, ticked in product(Origin, yes_no, yes_no, yes_no):
        due = not erased and switched_on and (origin is Origin.PERSON or ticked)
        why = row_wanted(
            a_contact(), origin, marks=AddressMarks(erased=erased), switched_on=switched_on, ticked=ticked
        )
        assert due == (why is None)


@pytest.mark.parametrize(
    ("origin", "why"),
    [(Origin.BULK, NotCreated.NOT_TICKED), (Origin.OTHER_CONNECTION, NotCreated.BORN_ELSEWHERE)],
)
def test_why_no_row_was_created_is_told(origin: Origin, why: NotCreated) -> None:
    """I5, I8: each refusal to create has its own word."""
    assert why is row_wanted(a_contact(), origin, marks=AddressMarks(), switched_on=True)


def test_a_contact_without_an_address_gets_no_row() -> None:
    """I5: only contacts with an email address are created."""
    nobody = replace(a_contact(), email="")
    assert NotCreated.NO_ADDRESS is row_wanted(nobody, Origin.PERSON, marks=AddressMarks(), switched_on=True)


def test_a_deleted_row_is_never_created_again() -> None:
    """I4: deleted in the CRM: the sync never creates it again."""
    deleted = replace(a_contact(), hold=Hold.CRM_DELETED.value)
    assert None is not row_wanted(deleted, Origin.PERSON, marks=AddressMarks(), switched_on=True)


def test_a_contact_that_joined_another_gets_no_row_of_its_own() -> None:
    """I3: its person has rows with the contact it joined, in every organisation."""
    joined = replace(a_contact(), hold=Hold.JOINED.value)
    assert NotCreated.JOINED is row_wanted(joined, Origin.PERSON, marks=AddressMarks(), switched_on=True)


def test_a_rows_id_is_derived_from_account_and_contact() -> None:
    """I5: the same create tried again names the same row, another contact or account never does."""
    ids = {row_id_for(account, contact) for account in (1, 2, 11) for contact in (ROW_1, ROW_2)}
    assert len(ids) == 6
    assert row_id_for(1, ROW_1) == row_id_for(1, ROW_1)


@pytest.mark.parametrize("current", list(LegalBasis))
@pytest.mark.parametrize("incoming", [None, *LegalBasis])
def test_imports_never_overwrite_withdrawn_nor_turn_a_blank_into_anything(
    current: LegalBasis, incoming: LegalBasis | None
) -> None:
    """I7, T7: Withdrawn stays, a blank or None leaves what was there, the rest is taken."""
    expected = current if current is WITHDRAWN or incoming in (None, NONE) else incoming
    assert expected is imported_basis(current, incoming)


def test_imported_subscriptions_refuse_only_where_they_answer() -> None:
    """I7: a blank turns into nothing, an answered No refuses, and no refusal is overwritten."""
    for current, answered, value in product((0, NEWS, EVENTS, BOTH), repeat=3):
        result = imported_value(current, answered, value)
        for category in (NEWS, EVENTS):
            said_no = bool(answered & category) and not value & category
            expected = bool(current & category) and not said_no
            assert expected == bool(result & category)


def test_a_restore_or_a_copy_is_suspected_by_any_sign() -> None:
    """M7: another organisation, an older version, a token of the future, a hub behind its ledger."""
    older = a_link(a_row(version=9), a_base(version=10))
    same = a_link(a_row(version=10), a_base(version=10))
    unknown = [a_link(None, a_base()), a_link(a_row(version=1))]
    assert None is suspect(connected_organisation=ORG, organisation=ORG, links=[same, *unknown])
    assert Suspicion.OTHER_ORGANISATION is suspect(connected_organisation=ORG, organisation=OTHER_ORG)
    assert Suspicion.OLDER_VERSION is suspect(
        connected_organisation=ORG, organisation=ORG, links=[same, older]
    )
    assert Suspicion.FUTURE_TOKEN is suspect(
        connected_organisation=ORG, organisation=ORG, token_from_future=True
    )
    assert Suspicion.HUB_BEHIND_LEDGER is suspect(
        connected_organisation=ORG, organisation=ORG, hub_position=4, ledger_position=5
    )
    assert None is suspect(connected_organisation=ORG, organisation=ORG, hub_position=5, ledger_position=5)
