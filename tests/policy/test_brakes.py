"""Stopping a run before it writes (promise 3, Brakes)."""

from dataclasses import replace

import pytest

from assent.policy.brakes import Braked, BrakeSettings, brake
from assent.policy.permission import BulkEmail, LegalBasis
from assent.policy.plan import Plan, RowWrite
from assent.policy.sides import PERMISSION

from .samples import (
    ALLOW,
    BOTH,
    CONSENT,
    DENY,
    EVENTS,
    INTEREST,
    KEY_1,
    NEWS,
    NONE,
    POSITIVE,
    WITHDRAWN,
    a_contact,
)

SETTINGS = BrakeSettings()


def becomes(old: LegalBasis, new: LegalBasis) -> Plan:
    """A plan that changes the basis in the hub."""
    return Plan(a_contact(old), a_contact(new))


def writes(toggle: BulkEmail | None = None, fields: int = 0, value: int = 0, *, lifts: int = 0) -> Plan:
    """A plan that writes to a row, and which fields' refusals that replaces."""
    return Plan(a_contact(), a_contact(), writes=(RowWrite(KEY_1, toggle, fields, value, lifts=lifts),))


GRANTS = {
    "consent over withdrawn": becomes(WITHDRAWN, CONSENT),
    "consent over none": becomes(NONE, CONSENT),
    "a category turned on": Plan(a_contact(value=NEWS), a_contact(value=BOTH)),
    "allow over do not allow": writes(ALLOW, lifts=PERMISSION),
    "yes over no": writes(fields=BOTH, value=EVENTS, lifts=EVENTS),
}
NO_GRANTS = {
    "refusal": becomes(CONSENT, WITHDRAWN),
    "refusal over none": becomes(NONE, WITHDRAWN),
    "another positive basis": becomes(INTEREST, CONSENT),
    "a category turned off": Plan(a_contact(value=BOTH), a_contact(value=NEWS)),
    "do not allow on a row": writes(DENY),
    "no on a row": writes(fields=BOTH, value=0),
    "an address": Plan(a_contact(), a_contact(), writes=(RowWrite(KEY_1, email="b@example.com"),)),
    "allow over a blank": writes(ALLOW),
    "yes over a blank": writes(fields=BOTH, value=EVENTS),
    "nothing": becomes(CONSENT, CONSENT),
}
REFUSAL, GRANT = NO_GRANTS["refusal"], GRANTS["consent over withdrawn"]


@pytest.mark.parametrize("name", list(GRANTS))
def test_a_plan_that_gives_permission_anywhere_counts(name: str) -> None:
    """Promise 3: a grant is a grant in the hub, on a row and in a category."""
    assert GRANTS[name].grants


@pytest.mark.parametrize("name", list(NO_GRANTS))
def test_a_plan_that_only_refuses_or_keeps_does_not_count(name: str) -> None:
    """Promise 3: what refuses or moves nothing is no grant."""
    assert not NO_GRANTS[name].grants


@pytest.mark.parametrize("old", list(LegalBasis))
@pytest.mark.parametrize("new", list(LegalBasis))
def test_every_change_of_basis_counts_exactly_when_mail_becomes_possible(
    old: LegalBasis, new: LegalBasis
) -> None:
    """Promise 3: from no permission to permission, and nothing else."""
    assert (old not in POSITIVE and new in POSITIVE) == becomes(old, new).grants


@pytest.mark.parametrize(
    ("grants", "contacts", "stopped"),
    [
        (0, 0, False),
        (20, 20, False),  # never more than twenty
        (21, 21, True),
        (21, 420, False),  # five in a hundred, not more
        (21, 419, True),
        (51, 1000, True),
        (50, 1000, False),
    ],
)
def test_a_run_stops_above_both_the_share_and_twenty(grants: int, contacts: int, stopped: bool) -> None:
    """Promise 3: more than a set share of contacts and more than 20."""
    expected = Braked(grants, contacts) if stopped else None
    assert expected == brake([GRANT] * grants + [REFUSAL] * 3, contacts, SETTINGS)


def test_refusals_are_never_braked() -> None:
    """Promise 3: a mass refusal passes this brake."""
    assert None is brake([REFUSAL] * 10_000, 10_000, SETTINGS)


def test_an_account_may_set_its_own_share() -> None:
    """Promise 3: the share is a setting."""
    assert None is brake([GRANT] * 30, 100, replace(SETTINGS, share=0.3))
    assert Braked(30, 100) == brake([GRANT] * 30, 100, replace(SETTINGS, share=0.29))
