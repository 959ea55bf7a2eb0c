"""Named sample values, and the few builders that vary them."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import settings

from assent.policy.permission import BulkEmail, LegalBasis
from assent.policy.plan import Plan, Terms
from assent.policy.sides import CATEGORIES, PERMISSION, Base, Contact, Link, LinkKey, Person, Row

#: Local to this folder: every run tries the same examples, and the whole suite stays a matter of seconds.
quick = settings(max_examples=200, deadline=None, derandomize=True, database=None)
thorough = settings(max_examples=600, deadline=None, derandomize=True, database=None)

ALLOW, DENY, NULL, UNREAD = BulkEmail.ALLOW, BulkEmail.DO_NOT_ALLOW, BulkEmail.NULL, BulkEmail.UNREAD
NONE, CONSENT, WITHDRAWN = LegalBasis.NONE, LegalBasis.CONSENT, LegalBasis.WITHDRAWN
INTEREST = LegalBasis.LEGITIMATE_INTEREST
#: The six of the design's words, listed by hand rather than asked of the code.
POSITIVE = (
    LegalBasis.CONSENT,
    LegalBasis.LEGITIMATE_INTEREST,
    LegalBasis.CONTRACT,
    LegalBasis.REQUIRED_BY_LAW,
    LegalBasis.VITAL_INTERESTS,
    LegalBasis.PUBLIC_INTEREST,
)

NEWS, EVENTS = 1, 2
BOTH = NEWS | EVENTS
SKEW = timedelta(seconds=5)
TERMS = Terms(categories=BOTH, skew=SKEW)

CONTACT_ID = UUID(int=0xC0)
ROW_1, ROW_2, ROW_3 = UUID(int=0xA1), UUID(int=0xA2), UUID(int=0xA3)
KEY_1, KEY_2, KEY_3 = LinkKey(1, ROW_1), LinkKey(1, ROW_2), LinkKey(2, ROW_3)
KEYS = (KEY_1, KEY_2, KEY_3)
REP, ERP, US = UUID(int=0xE1), UUID(int=0xE2), UUID(int=0xE3)
ANNA, BERTA = "anna@example.com", "berta@example.com"


def at(seconds: float) -> datetime:
    """A moment, counted from when the stories begin."""
    return datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(seconds=seconds)


#: The moment the base was proved in the samples below, on the hub's clock.
BASED_AT = at(0)


def a_contact(basis: LegalBasis = CONSENT, *, value: int = CATEGORIES, acted: float | None = None) -> Contact:
    """Anna in the hub; `acted` is when she last acted on every synced field."""
    fields = (PERMISSION, NEWS, EVENTS)
    return Contact(
        contact_id=CONTACT_ID,
        email=ANNA,
        revision=7,
        basis=basis,
        value=value,
        last_positive=basis if basis in POSITIVE else None,
        acted={} if acted is None else dict.fromkeys(fields, at(acted)),
    )


def a_row(
    toggle: BulkEmail = ALLOW,
    *,
    key: LinkKey = KEY_1,
    version: int = 10,
    value: int = BOTH,
    known: int = BOTH,
    modified: float | None = None,
    active: bool = True,
) -> Row:
    """Anna in the CRM, as read."""
    return Row(
        row_id=key.row_id,
        version=version,
        email=ANNA,
        toggle=toggle,
        known=known,
        value=value & known,
        active=active,
        modified_at=None if modified is None else at(modified),
        modified_by=REP,
    )


def a_base(
    basis: LegalBasis = CONSENT,
    toggle: BulkEmail = ALLOW,
    *,
    value: int = CATEGORIES,
    known: int = BOTH,
    active: bool = True,
    version: int = 10,
) -> Base:
    """What both sides were proved to hold at revision 7 and version 10."""
    return Base(7, version, basis, toggle, known, value, ANNA, active)


def a_link(
    row: Row | None,
    base: Base | None = None,
    *,
    key: LinkKey = KEY_1,
    hub_touched: int = 0,
    crm_touched: int = 0,
    same: float | None = None,
    read: float | None = None,
) -> Link:
    """A tie between the two, with its marks."""
    return Link(
        key=key,
        row=row,
        base=base,
        hub_touched=hub_touched,
        crm_touched=crm_touched,
        same_at=None if same is None else at(same),
        read_at=None if read is None else at(read),
    )


def toggles_written(plan: Plan) -> dict[LinkKey, BulkEmail]:
    """Which toggle the plan writes to which row."""
    return {write.key: write.toggle for write in plan.writes if write.toggle is not None}


def a_person(contact: Contact, *links: Link) -> Person:
    """A hub contact with the rows tied to it."""
    return Person(contact, links)
