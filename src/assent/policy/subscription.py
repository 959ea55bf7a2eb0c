"""What a preference page, and turning a category, may change (rules S1-S3)."""

from dataclasses import dataclass
from enum import Enum

from assent.policy.permission import LegalBasis
from assent.policy.sides import CATEGORIES, CATEGORY_LIMIT, bits


class Resume(Enum):
    """What a Withdrawn person who turns a category on answered when asked in words (S2)."""

    NOT_ASKED = "not asked"
    YES = "yes"
    NO = "no"


class AfterToggle(Enum):
    """What turning a category leads to for the basis."""

    UNCHANGED = "the basis stays"
    ASK = "ask in words whether mail may resume"
    CONSENT = "Consent, by the person's own words"


#: Whether the contact is Withdrawn, whether a category was turned on, and the answer.
AFTER_TOGGLE: dict[tuple[bool, bool, Resume], AfterToggle] = {
    (withdrawn, turned_on, answer): AfterToggle.UNCHANGED
    for withdrawn in (False, True)
    for turned_on in (False, True)
    for answer in Resume
} | {
    (True, True, Resume.NOT_ASKED): AfterToggle.ASK,
    (True, True, Resume.YES): AfterToggle.CONSENT,
}


@dataclass(frozen=True, slots=True)
class Saved:
    """What saving a page changes: the fields acted on, their new values, and the basis."""

    touched: int
    value: int
    basis: LegalBasis
    ask: bool = False
    permission_touched: bool = False


def save_page(
    *,
    basis: LegalBasis,
    shown: int,
    submitted: int,
    categories: int,
    current: int,
    unsubscribe: int = 0,
    unsubscribe_all: bool = False,
    resume: Resume = Resume.NOT_ASKED,
) -> Saved:
    """Decide what a submitted preference page means.

    Only the controls that were moved between what was `shown` and what was `submitted` are acts
    (S3): a category somebody else changed meanwhile keeps that change. Categories never touch the
    basis (S2). A button is always an act, even repeated (S3): `unsubscribe` names the categories
    whose own button was pressed, and the full opt-out is its own control.
    """
    moved = ((shown ^ submitted) | unsubscribe) & categories
    submitted &= ~unsubscribe
    value = (current & ~moved) | (submitted & moved)
    if unsubscribe_all:
        return Saved(moved, value, LegalBasis.WITHDRAWN, permission_touched=True)
    turned_on = bool(moved & submitted)
    match AFTER_TOGGLE[basis is LegalBasis.WITHDRAWN, turned_on, resume]:
        case AfterToggle.CONSENT:
            return Saved(moved, value, LegalBasis.CONSENT, permission_touched=True)
        case AfterToggle.ASK:
            return Saved(moved, value, basis, ask=True)
        case AfterToggle.UNCHANGED:
            return Saved(moved, value, basis)


def first_value(crm_known: int = 0, crm_value: int = 0) -> int:
    """Every category starts at Yes, for every contact, old and new; a first-seen CRM No stands (S1)."""
    return CATEGORIES & ~(crm_known & ~crm_value)


def free_bit(in_use: int) -> int | None:
    """Give the lowest bit no category holds, or None when all sixty are taken.

    A bit belongs to one category until it was purged everywhere, so archived ones count as in use.
    """
    return next(bits(~in_use & ((1 << CATEGORY_LIMIT) - 1)), None)
