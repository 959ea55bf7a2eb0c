"""May this message go to this contact now? (rules G1-G4)"""

from dataclasses import dataclass
from enum import Enum

from assent.policy.permission import LegalBasis


class Reason(Enum):
    """Why a contact was left out of a send; `MAY` is the only word that lets mail through."""

    MAY = "may_mail"
    SUPPRESSED = "suppressed"  # G3: hard bounce, spam complaint, erased
    WITHDRAWN = "withdrawn"  # G1
    NO_BASIS = "no_basis"  # G1
    UNSUBSCRIBED = "unsubscribed"  # G2
    UNSUBSCRIBED_ALL = "unsubscribed_all"  # G2
    DO_NOT_EMAIL = "do_not_email"  # G3, by setting
    REFUSAL_PENDING = "refusal_pending"  # G4: a fast-lane block, not yet merged
    UNVERIFIED = "unverified"  # G4: not proved since the check began
    HELD = "held"  # G4: a person or a rule decides first; `detail` names the hold


@dataclass(frozen=True, slots=True)
class Message:
    """What a send is about: at most one category, and whether it is transactional."""

    category: int = 0
    transactional: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one contact at the moment of the check."""

    basis: LegalBasis
    value: int
    suppressed: bool = False
    do_not_email: bool = False
    blocked: int = 0
    crm_refuses: bool = False
    crm_unsubscribed: int = 0
    hold: str | None = None
    verified: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """A reason and, for a held contact, which hold; never a bare boolean."""

    reason: Reason
    detail: str = ""

    @property
    def may(self) -> bool:
        """Whether the message may be handed over."""
        return self.reason is Reason.MAY


def judge(facts: Facts, message: Message, *, categories: int, permission: int) -> Verdict:
    """Judge one contact; the first reason found, in the order a person would want to hear it.

    `categories` is the mask of active categories and `permission` the bit of the permission field
    in `facts.blocked`. Nothing relaxes G1; transactional mail skips G1, G2 and G4, never G3.
    """
    if facts.suppressed:
        return Verdict(Reason.SUPPRESSED)
    if facts.do_not_email:
        return Verdict(Reason.DO_NOT_EMAIL)
    if message.transactional:
        return Verdict(Reason.MAY)
    return (
        Verdict(_unverifiable(facts, message, categories, permission))
        if facts.hold is None
        else _held(facts, message, categories, permission)
    )


def _held(facts: Facts, message: Message, categories: int, permission: int) -> Verdict:
    """A hold never hides a plain refusal: the refusal is the truer reason."""
    reason = _unverifiable(facts, message, categories, permission)
    if reason in (Reason.MAY, Reason.UNVERIFIED):
        return Verdict(Reason.HELD, facts.hold or "")
    return Verdict(reason)


def _unverifiable(facts: Facts, message: Message, categories: int, permission: int) -> Reason:
    reason = _permitted(facts, message, categories)
    if reason is not Reason.MAY:
        return reason
    blocks = permission | (message.category or 0)
    if facts.blocked & blocks:
        return Reason.REFUSAL_PENDING
    open_ = facts.value & ~facts.crm_unsubscribed & categories
    if not message.category and open_ & facts.blocked and not open_ & ~facts.blocked:
        return Reason.REFUSAL_PENDING
    return Reason.MAY if facts.verified else Reason.UNVERIFIED


def _permitted(facts: Facts, message: Message, categories: int) -> Reason:
    """G1 and G2, on the stricter of the hub and every CRM row linked to or bearing the address."""
    if facts.basis is LegalBasis.WITHDRAWN or facts.crm_refuses:
        return Reason.WITHDRAWN
    if facts.basis is LegalBasis.NONE:
        return Reason.NO_BASIS
    value = facts.value & ~facts.crm_unsubscribed
    if message.category:
        return Reason.MAY if value & message.category else Reason.UNSUBSCRIBED
    return Reason.MAY if value & categories or not categories else Reason.UNSUBSCRIBED_ALL
