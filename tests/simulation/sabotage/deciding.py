"""Bugs in what is decided (M2, M3, T3, T5)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import assent.engine.adopt
import assent.engine.reconcile
import assent.policy.identity
import assent.policy.merge
import assent.policy.plan
import assent.store.acts
from assent.policy.merge import When
from assent.policy.permission import BulkEmail, LegalBasis
from assent.policy.sides import PERMISSION, Contact, Row
from assent.store.acts import Acting

from ..script import Move, step, tale
from .planting import bug, replaced


@bug(
    "where the order is not known, Yes wins (M2)",
    tale(step(Move.TOGGLE, 3), step(Move.OPT_OUT, 3, 0.05)),
    "refusal",
)
def grants_win() -> Iterator[None]:
    """Whoever granted is taken at their word."""

    def after(self: When, other: When) -> bool:
        return True

    with replaced(When, "proved_after", after):
        yield


@bug(
    "the clocks are taken for one (M2)",
    tale(step(Move.BASIS, 0), step(Move.TOGGLE, 0, 1.0, yes=False), slowness=50, skew=-4.5),
    "refusal",
)
def skew_ignored() -> Iterator[None]:
    """modifiedon is compared as if the organisation had our clock."""
    kept = assent.policy.merge.crm_when

    def crm_when(*, old_value_seen_at: Any, modified_at: Any, skew: timedelta) -> When:
        return kept(old_value_seen_at=old_value_seen_at, modified_at=modified_at, skew=timedelta(seconds=-1))

    with replaced(assent.policy.plan, "crm_when", crm_when):
        yield


@bug(
    "an act that repeats what stands is no act (M3)",
    tale(step(Move.TOGGLE, 3), step(Move.OPT_OUT, 3, 0.05)),
    "refusal",
)
def repeats_do_not_count() -> Iterator[None]:
    """Only a changed value marks the hub's side as touched."""
    kept = Acting._touch

    def touch(self: Acting, connection: Any, account_id: int, acted: Sequence[Any]) -> None:
        moved = [a for a in acted if (a.before.basis, a.before.value) != (a.after.basis, a.after.value)]
        kept(self, connection, account_id, moved)

    with replaced(Acting, "_touch", touch):
        yield


@bug(
    "an Allow that merely stands is Consent (T5)",
    tale(step(Move.ROW_NEW, 0, other=6, yes=False)),
    "invented",
    "nuance",
)
def default_allow_grants() -> Iterator[None]:
    """A new row's default lifts None."""
    kept = assent.policy.identity.contact_from_row

    def contact_from_row(row: Row, *given: Any, **named: Any) -> Any:
        made = kept(row, *given, **named)
        if isinstance(made, Contact) and row.toggle is BulkEmail.ALLOW and made.basis is LegalBasis.NONE:
            return replace(made, basis=LegalBasis.CONSENT)
        return made

    with replaced(assent.engine.adopt, "contact_from_row", contact_from_row):
        yield


@bug(
    "a real Allow always is Consent, whatever was chosen (T3)",
    tale(step(Move.ANSWER_CATEGORY, 1, yes=False)),
    "nuance",
)
def nuance_lost() -> Iterator[None]:
    """Whenever rows were read, a positive basis comes back as Consent."""
    kept = assent.policy.plan.plan_person

    def plan_person(person: Any, terms: Any) -> Any:
        plan = kept(person, terms)
        if plan.writes and plan.after.basis.positive:
            change = assent.policy.plan.FieldChange(
                PERMISSION, int(plan.before.basis), int(LegalBasis.CONSENT), "T3", None
            )
            if plan.before.basis is not LegalBasis.CONSENT:
                after = replace(plan.after, basis=LegalBasis.CONSENT)
                return replace(plan, after=after, changes=(*plan.changes, change))
        return plan

    with replaced(assent.engine.reconcile, "plan_person", plan_person):
        yield
