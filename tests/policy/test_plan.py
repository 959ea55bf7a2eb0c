"""Every state of one contact with one row, against a table made of the rules' sentences (T1-T7, M1-M6)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

from assent.policy.permission import BulkEmail, LegalBasis
from assent.policy.plan import Plan, Request, RowWrite, plan_person
from assent.policy.sides import PERMISSION, Base, Person

from .samples import (
    ALLOW,
    CONSENT,
    DENY,
    KEY_1,
    NONE,
    NULL,
    POSITIVE,
    TERMS,
    UNREAD,
    WITHDRAWN,
    a_base,
    a_contact,
    a_link,
    a_row,
)

LEAVE, NO, CONSENTS, LATER_GRANT, LATER_CONSENT, MAYBE = (
    "leave",
    "no",
    "consents",
    "later",
    "later consents",
    "maybe",
)

#: What the hub did, what the row did, what comes of it. `later` words need the grant proved later.
OUTCOMES = {
    ("silent", "silent"): LEAVE,  # T6, T7
    ("silent", "grants"): CONSENTS,  # T3
    ("silent", "refuses"): NO,  # T2
    ("silent", "stands yes"): LEAVE,  # T5: merely being Allow grants nothing
    ("grants", "silent"): LEAVE,  # T6: the hub's value counts at once
    ("grants", "grants"): LEAVE,  # M2: if both say Yes the hub's basis stays
    ("grants", "refuses"): LATER_GRANT,  # M2
    ("grants", "stands yes"): LEAVE,  # M1
    ("grants", "stands no"): LEAVE,  # M1: the hub was touched alone
    ("grants", "maybe refuses"): MAYBE,  # M3
    ("refuses", "silent"): NO,
    ("refuses", "grants"): LATER_CONSENT,  # M2
    ("refuses", "refuses"): NO,
    ("refuses", "stands yes"): NO,  # M1
    ("refuses", "stands no"): NO,
    ("refuses", "maybe refuses"): NO,
    ("stands yes", "silent"): LEAVE,
    ("stands yes", "grants"): LEAVE,  # P5: it changed back and forth; the nuance stays
    ("stands yes", "refuses"): NO,  # M1
    ("stands yes", "stands yes"): LEAVE,  # M1
    ("stands no", "silent"): NO,
    ("stands no", "grants"): CONSENTS,  # T3, M1: the row was touched alone
    ("stands no", "refuses"): NO,
    ("stands no", "stands yes"): NO,  # T6: what was blank grants nothing by turning Allow
    ("stands no", "stands no"): NO,
    ("stands no", "maybe refuses"): NO,
}


@dataclass(frozen=True)
class State:
    """One cell of the space: what was agreed, what stands now, what is marked, what is known of order."""

    base: tuple[LegalBasis, BulkEmail] | None
    hub: LegalBasis
    toggle: BulkEmail
    hub_touched: bool
    crm_touched: bool
    moved: bool
    order: str

    @property
    def person(self) -> Person:
        """The state as the policy takes it; the hub acted at 100."""
        early = self.order == "hub later"
        base: Base | None = a_base(*self.base) if self.base else None
        link = a_link(
            a_row(self.toggle, version=11 if self.moved else 10, modified=50 if early else None),
            base,
            hub_touched=PERMISSION if self.hub_touched else 0,
            crm_touched=PERMISSION if self.crm_touched else 0,
            same=150 if self.order == "row later" else 0,
        )
        return Person(a_contact(self.hub, acted=100), (link,))

    @property
    def hub_did(self) -> str:
        """M3 for the hub: an act, even a repeated one, or a value that differs from the base."""
        assert self.base is not None
        if self.hub is NONE:
            return "silent"
        touched = self.hub_touched or self.hub is not self.base[0]
        words = ("refuses", "stands no") if self.hub is WITHDRAWN else ("grants", "stands yes")
        return words[0] if touched else words[1]

    @property
    def row_did(self) -> str:
        """M3 for the CRM: the value differs from the base, was seen to, or the row moved untold."""
        assert self.base is not None
        old = self.base[1]
        if self.toggle is DENY:
            if old is not DENY or self.crm_touched:
                return "refuses"
            return "maybe refuses" if self.moved else "stands no"
        if self.toggle is ALLOW:
            return "grants" if old is DENY or self.crm_touched else "stands yes"
        return "silent"


#: What can agree (T1, T6, T7), listed by hand.
BASES = [
    *product(POSITIVE, (ALLOW, NULL, UNREAD)),
    *product((NONE,), (ALLOW, NULL, UNREAD)),
    *product((WITHDRAWN,), (DENY, UNREAD)),
]
YES_NO = (False, True)
ORDERS = ("unknown", "hub later", "row later")


def based_states() -> Iterator[State]:
    """Every state with a base that can come about."""
    for base, hub, toggle, hub_touched, crm_touched, moved, order in product(
        BASES, LegalBasis, BulkEmail, YES_NO, YES_NO, YES_NO, ORDERS
    ):
        blank = toggle in (NULL, UNREAD)
        impossible = (
            (not moved and (toggle is not base[1] or crm_touched))  # a row that changed has moved
            or (crm_touched and blank)  # has its own test: what was refused before it was cleared
            or (hub is NONE and base[0] is WITHDRAWN)  # T7: None is never set over Withdrawn
        )
        if not impossible:
            yield State(base, hub, toggle, hub_touched, crm_touched, moved, order)


def unbased_states() -> Iterator[State]:
    """Every state without a base."""
    for hub, toggle, order in product(LegalBasis, BulkEmail, ORDERS):
        yield State(None, hub, toggle, False, False, False, order)


def wanted(state: State) -> tuple[LegalBasis, tuple[Request, ...]]:
    """The basis, and the questions asked, that the rules demand."""
    if state.base is None:  # M5: the strictest holds, and nothing is granted by a row first seen
        refused = state.hub is WITHDRAWN or state.toggle is DENY
        return (WITHDRAWN if refused else state.hub), ()
    outcome = OUTCOMES[state.hub_did, state.row_did]
    if outcome == CONSENTS or (outcome == LATER_CONSENT and state.order == "row later"):
        return CONSENT, ()
    if outcome == LEAVE or (outcome in (LATER_GRANT, MAYBE) and state.order == "hub later"):
        return state.hub, ()
    return WITHDRAWN, ((Request.GRANT_SET_ASIDE,) if outcome == MAYBE else ())


def wanted_write(state: State, basis: LegalBasis) -> RowWrite | None:
    """The write the rules demand for that basis: T1, T6, T7 for the value, M6 for the condition."""
    if state.toggle is UNREAD or basis is NONE:
        return None
    if basis is WITHDRAWN:
        return None if state.toggle is DENY else RowWrite(KEY_1, DENY)
    if state.toggle is not DENY:
        return None  # T6: null is filled by the backfill, at its own pace
    return RowWrite(KEY_1, ALLOW, if_version=11 if state.moved else 10, lifts=PERMISSION)


def planned(state: State) -> Plan:
    """What the policy plans."""
    return plan_person(state.person, TERMS)


def test_the_table_decides_everything_that_can_be_met() -> None:
    """M1-M3: no state falls outside the table, and every cell of it is met."""
    met = {(state.hub_did, state.row_did) for state in based_states()}
    assert set(OUTCOMES) == met


def test_every_based_state_leads_to_the_basis_of_its_sentence() -> None:
    """T1-T7, M1-M3: the basis and the open questions of every state with a base."""
    for state in based_states():
        plan = planned(state)
        assert wanted(state) == (plan.after.basis, plan.requests), state


def test_every_state_without_a_base_holds_the_strictest() -> None:
    """M5, T5: no base, no grant; a refusal on either side stands."""
    for state in unbased_states():
        plan = planned(state)
        assert wanted(state) == (plan.after.basis, plan.requests), state


def test_every_state_writes_exactly_the_toggle_that_must_change() -> None:
    """T1, T6, M6: a write names only what changes, and Allow is conditional on the version read."""
    for state in (*based_states(), *unbased_states()):
        basis, _ = wanted(state)
        write = wanted_write(state, basis)
        assert (() if write is None else (write,)) == planned(state).writes, state


def test_a_change_of_basis_is_told_once_with_both_values() -> None:
    """Promise 4: old, new and a rule for every change, and no word where nothing changed."""
    for state in (*based_states(), *unbased_states()):
        basis, _ = wanted(state)
        expected = [] if basis is state.hub else [(PERMISSION, int(state.hub), int(basis))]
        assert expected == [(c.field, c.old, c.new) for c in planned(state).changes], state


def test_inactive_rows_are_never_written_and_grant_nothing() -> None:
    """I4: whatever the state, an inactive row takes no write and its Allow is no grant."""
    for state in (*based_states(), *unbased_states()):
        link = state.person.links[0]
        assert link.row is not None
        asleep = replace(link, row=replace(link.row, active=False))
        plan = plan_person(replace(state.person, links=(asleep,)), TERMS)
        assert plan.writes == ()
        assert plan.after.basis in (state.hub, WITHDRAWN)


def test_a_row_never_sighted_decides_nothing() -> None:
    """M4: what was not read is no party."""
    for basis in LegalBasis:
        plan = plan_person(Person(a_contact(basis), (a_link(None),)), TERMS)
        assert plan.idle
        assert basis is plan.after.basis
