"""May this message go to this contact now? Every combination of facts against the sentences (G1-G4)."""

from dataclasses import replace
from itertools import product

import pytest

from assent.policy.gate import Facts, Message, Reason, Verdict, judge
from assent.policy.permission import LegalBasis
from assent.policy.sides import PERMISSION

from .samples import BOTH, CONSENT, EVENTS, INTEREST, NEWS, NONE, POSITIVE, WITHDRAWN

#: Somebody every message may go to.
FINE = Facts(basis=CONSENT, value=BOTH, verified=True)
NEWSLETTER, GENERAL, RECEIPT = Message(NEWS), Message(), Message(transactional=True)
MASKS = (0, NEWS, EVENTS, BOTH)

FACTS = [
    Facts(basis, value, suppressed, no_mail, blocked, refuses, unsubscribed, hold, verified)
    for basis, value, suppressed, no_mail, blocked, refuses, unsubscribed, hold, verified in product(
        (CONSENT, INTEREST, NONE, WITHDRAWN),
        MASKS,
        (False, True),
        (False, True),
        (0, NEWS, EVENTS, BOTH, PERMISSION),
        (False, True),
        MASKS,
        (None, "email_conflict"),
        (False, True),
    )
]
MESSAGES = [Message(c, t) for c, t in product((0, NEWS, EVENTS), (False, True))]


def true_reasons(facts: Facts, message: Message) -> set[Reason]:
    """Every reason the rules give against this message, in no order."""
    reasons = set()
    if facts.suppressed:
        reasons.add(Reason.SUPPRESSED)  # G3
    if facts.do_not_email:
        reasons.add(Reason.DO_NOT_EMAIL)  # G3
    if message.transactional:
        return reasons  # G3: skips G1, G2 and G4, never G3
    if facts.basis is WITHDRAWN or facts.crm_refuses:
        reasons.add(Reason.WITHDRAWN)  # G1, G4: on every row linked to or bearing the address
    if facts.basis not in POSITIVE:
        reasons.add(Reason.NO_BASIS)  # G1
    wanted = {c for c in (NEWS, EVENTS) if facts.value & c and not facts.crm_unsubscribed & c}
    left = {c for c in wanted if not facts.blocked & c}
    if message.category and message.category not in wanted:
        reasons.add(Reason.UNSUBSCRIBED)  # G2
    if not message.category and not wanted:
        reasons.add(Reason.UNSUBSCRIBED_ALL)  # G2
    pending = message.category not in left if message.category in wanted else bool(wanted) and not left
    if facts.blocked & PERMISSION or (pending and message.category in {0, *wanted}):
        reasons.add(Reason.REFUSAL_PENDING)  # G4, M8: a block on this, or on the last category they had
    return reasons | unproved(facts)


def unproved(facts: Facts) -> set[Reason]:
    """The reasons of G4 that are not a refusal."""
    held = set() if facts.hold is None else {Reason.HELD}
    return held if facts.verified else held | {Reason.UNVERIFIED}


def ask(facts: Facts, message: Message, categories: int = BOTH) -> Verdict:
    """Judge with the sample account's categories."""
    return judge(facts, message, categories=categories, permission=PERMISSION)


def pending_takes_the_last_category(facts: Facts, message: Message) -> bool:
    """The corner of the test marked below: rows unsubscribed some, a notice blocks the rest."""
    return not message.category and bool(facts.crm_unsubscribed and facts.blocked & BOTH)


def test_mail_goes_exactly_where_no_reason_stands_against_it() -> None:
    """G1-G4: the gate fails closed over every combination, and the reason it gives is a true one."""
    for facts, message in product(FACTS, MESSAGES):
        if pending_takes_the_last_category(facts, message):
            continue
        reasons = true_reasons(facts, message)
        verdict = ask(facts, message)
        assert (not reasons) == verdict.may, (facts, message)
        assert verdict.may or verdict.reason in reasons, (facts, message)


def test_rows_and_blocks_together_can_take_every_category() -> None:
    """G2, G4: a No in one row and a pending No for the rest leave no category to mail."""
    for facts, message in product(FACTS, MESSAGES):
        if pending_takes_the_last_category(facts, message):
            assert (not true_reasons(facts, message)) == ask(facts, message).may, (facts, message)


def test_a_hold_is_named_and_never_hides_a_refusal() -> None:
    """G4: held gives its reason; Withdrawn stays the reason of who refused."""
    held = replace(FINE, hold="crm_deleted")
    assert Verdict(Reason.HELD, "crm_deleted") == ask(held, NEWSLETTER)
    assert Verdict(Reason.WITHDRAWN) == ask(replace(held, basis=WITHDRAWN), NEWSLETTER)


@pytest.mark.parametrize("basis", POSITIVE)
def test_every_positive_basis_may_be_mailed(basis: LegalBasis) -> None:
    """G1: all six positive bases let a verified contact through."""
    assert ask(replace(FINE, basis=basis), NEWSLETTER).may


def test_a_refused_category_leaves_the_others_open() -> None:
    """G2: a No for one category is no refusal of another."""
    assert Reason.UNSUBSCRIBED is ask(replace(FINE, value=EVENTS), NEWSLETTER).reason
    assert ask(replace(FINE, value=EVENTS), GENERAL).may
    assert ask(replace(FINE, blocked=EVENTS), NEWSLETTER).may


def test_archived_categories_do_not_keep_general_mail_alive() -> None:
    """G2: only active categories count when all of them are No."""
    assert Reason.UNSUBSCRIBED_ALL is ask(replace(FINE, value=EVENTS), GENERAL, categories=NEWS).reason


def test_an_account_without_categories_sends_on_the_basis_alone() -> None:
    """G2: where there is no category none was refused."""
    assert ask(replace(FINE, value=0), GENERAL, categories=0).may


def test_transactional_mail_skips_everything_but_suppression() -> None:
    """G3: a receipt reaches a Withdrawn contact, never a bounced address nor donotemail."""
    gone = Facts(basis=WITHDRAWN, value=0, blocked=PERMISSION, crm_refuses=True, hold="crm_deleted")
    assert ask(gone, RECEIPT).may
    assert Reason.SUPPRESSED is ask(replace(gone, suppressed=True), RECEIPT).reason
    assert Reason.DO_NOT_EMAIL is ask(replace(gone, do_not_email=True), RECEIPT).reason


def test_what_nobody_verified_is_not_mailed() -> None:
    """G4: unverified is the default; the gate fails closed."""
    assert Reason.UNVERIFIED is ask(Facts(basis=CONSENT, value=BOTH), NEWSLETTER).reason
