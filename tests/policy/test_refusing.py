"""What goes ahead of a plan that may not grant yet (section 3, Brakes)."""

from hypothesis import given

from assent.policy.permission import BulkEmail, LegalBasis
from assent.policy.plan import Plan, plan_person
from assent.policy.refusing import refusals
from assent.policy.sides import ADDRESS, PERMISSION, LinkKey, Person

from .samples import TERMS, quick
from .test_plan_laws import SLEEPERS

WITHDRAWN = LegalBasis.WITHDRAWN


def refused_rows(plan: Plan) -> set[tuple[LinkKey, int]]:
    """What a plan refuses on rows that do not stand at Do not allow, waiting for their Allow."""
    writes = [write for write in plan.writes if not write.lifts & PERMISSION]
    toggles = {(w.key, PERMISSION) for w in writes if w.toggle is BulkEmail.DO_NOT_ALLOW}
    return toggles | {(w.key, f) for w in writes if (f := w.fields & ~w.value)}


@quick
@given(SLEEPERS)
def test_nothing_is_granted_and_no_refusal_is_left_out(person: Person) -> None:
    """The hub never gets more permission, nor any row; every No of the whole plan is kept (section 3)."""
    whole = plan_person(person, TERMS)
    kept = refusals(whole)
    assert not kept.grants
    assert not any(write.granted or write.email for write in kept.writes)
    assert refused_rows(whole) == refused_rows(kept)
    assert whole.before.value & ~whole.after.value == kept.before.value & ~kept.after.value
    assert (whole.after.basis is WITHDRAWN) == (
        kept.after.basis is WITHDRAWN
    ) or kept.before.basis is WITHDRAWN
    assert whole.requests == kept.requests


@quick
@given(SLEEPERS)
def test_every_difference_is_explained(person: Person) -> None:
    """Field changes name exactly what differs, as the ledger demands (P7)."""
    kept = refusals(plan_person(person, TERMS))
    assert kept.before.email == kept.after.email
    fields = PERMISSION if kept.before.basis is not kept.after.basis else 0
    fields |= kept.before.value ^ kept.after.value
    assert fields == sum(change.field for change in kept.changes)
    assert not fields & ADDRESS


@quick
@given(SLEEPERS)
def test_a_plan_without_grants_goes_ahead_whole(person: Person) -> None:
    """Nothing is lost of a plan that only refuses."""
    whole = plan_person(person, TERMS)
    kept = refusals(whole)
    if not whole.grants and whole.after.email == whole.before.email and whole.after.hold == whole.before.hold:
        assert (whole.after, whole.changes) == (kept.after, kept.changes)
