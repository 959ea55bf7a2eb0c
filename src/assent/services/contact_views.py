"""A contact as its page shows it: what the hub holds, and what each row in Dynamics says beside it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from assent.policy.address import normalise
from assent.policy.identity import Origin
from assent.policy.permission import BulkEmail, LegalBasis, Stance, agree
from assent.policy.plan import Request, settle
from assent.policy.sides import CATEGORIES, PERMISSION, Contact, Link
from assent.policy.sightings import answer
from assent.services.words import HOLD_WORDS, REQUEST_WORDS
from assent.store.categories import Category
from assent.store.questions import Question
from assent.store.returns import ReturnedMail
from assent.store.whole import Place, Whole


@dataclass(frozen=True, slots=True)
class Subscription:
    """A contact's answer for one category; `number` (1 to 60) names it outside the program."""

    bit: int
    number: int
    name: str
    active: bool
    subscribed: bool


@dataclass(frozen=True, slots=True)
class LinkedAnswer:
    """What a row says for one category: Yes, No, or None where it is empty, missing or not there yet."""

    bit: int
    name: str
    subscribed: bool | None


@dataclass(frozen=True, slots=True)
class LinkView:
    """A row in Dynamics beside the contact; what was read of it is empty until it was read once.

    `settled` tells whether both sides were proved to say the same and nobody changed anything since;
    `agrees` whether they say the same now. `waits` says in words what keeps it from being settled.
    """

    connection_id: int
    connection: str
    live: bool
    row_id: UUID
    url: str
    toggle: BulkEmail
    toggle_agrees: bool
    email: str
    email_agrees: bool
    first_name: str
    last_name: str
    active: bool
    answers: tuple[LinkedAnswer, ...]
    version: int
    modified_at: datetime | None
    read_at: datetime | None
    agrees: bool
    settled: bool
    waits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QuestionView:
    """An open question about a contact, in words."""

    request_id: int
    contact_id: UUID
    kind: Request
    text: str
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class ContactView:
    """A contact and all its rows; `revision` is what a change may be bound to.

    `joined_to` is the contact its rows went to, where it is held for that (I3).
    """

    contact_id: UUID
    email: str
    shown_email: str
    first_name: str
    last_name: str
    basis: LegalBasis
    last_positive: LegalBasis | None
    refused_personally: bool
    subscriptions: tuple[Subscription, ...]
    hold: str | None
    hold_words: str
    suppressed: bool
    liftable: bool
    origin: Origin
    revision: int
    created_at: datetime
    updated_at: datetime
    pending_since: datetime | None
    links: tuple[LinkView, ...]
    questions: tuple[QuestionView, ...]
    joined_to: UUID | None
    joined_name: str
    returned: tuple[ReturnedMail, ...] = ()

    @property
    def name(self) -> str:
        """What to call the person."""
        return f"{self.first_name} {self.last_name}".strip() or self.shown_email


def contact_view(whole: Whole) -> ContactView:
    """Say what stands of a contact."""
    contact, details = whole.person.contact, whole.details
    return ContactView(
        contact_id=contact.contact_id,
        email=contact.email,
        shown_email=details.shown_email,
        first_name=details.first_name,
        last_name=details.last_name,
        basis=contact.basis,
        last_positive=contact.last_positive,
        refused_personally=contact.refused_personally,
        subscriptions=tuple(_subscription(contact, category) for category in whole.categories),
        hold=contact.hold,
        hold_words=HOLD_WORDS.get(contact.hold or "", ""),
        suppressed=whole.marks.suppressed or whole.marks.erased,
        liftable=whole.marks.bounced_only,
        origin=details.origin,
        revision=contact.revision,
        created_at=details.created_at,
        updated_at=details.updated_at,
        pending_since=details.pending_since,
        links=tuple(_link(contact, link, whole) for link in whole.person.links),
        questions=tuple(map(question_view, whole.questions)),
        joined_to=whole.joined_to,
        joined_name=whole.joined_name,
        returned=whole.returned,
    )


def question_view(question: Question) -> QuestionView:
    """Say what a question asks."""
    return QuestionView(
        request_id=question.request_id,
        contact_id=question.contact_id,
        kind=question.kind,
        text=REQUEST_WORDS[question.kind],
        opened_at=question.opened_at,
    )


def record_url(organisation_url: str, row_id: UUID) -> str:
    """Where the row's own page is in Dynamics."""
    return f"{organisation_url.rstrip('/')}/main.aspx?pagetype=entityrecord&etn=contact&id={row_id}"


def _subscription(contact: Contact, category: Category) -> Subscription:
    return Subscription(
        bit=category.bit,
        number=category.bit.bit_length(),
        name=category.name,
        active=category.active,
        subscribed=bool(contact.value & category.bit),
    )


def _link(contact: Contact, link: Link, whole: Whole) -> LinkView:
    row = link.row
    place = whole.places.get(link.key.connection_id, Place(link.key.connection_id, "", "", live=False))
    active = [category for category in whole.categories if category.active]
    mask = sum(category.bit for category in active)
    agrees = settle(contact, link, mask) is not None
    waits = _waits(contact, link)
    return LinkView(
        connection_id=place.connection_id,
        connection=place.name,
        live=place.live,
        row_id=link.key.row_id,
        url=record_url(place.url, link.key.row_id),
        toggle=BulkEmail.UNREAD if row is None else row.toggle,
        toggle_agrees=row is not None and agree(contact.basis, row.toggle),
        email="" if row is None else row.email or "",
        email_agrees=agrees or _same_address(contact, link),
        first_name="" if row is None else row.first_name,
        last_name="" if row is None else row.last_name,
        active=row is None or row.active,
        answers=tuple(LinkedAnswer(c.bit, c.name, _answer(link, c.bit)) for c in active),
        version=0 if row is None else row.version,
        modified_at=None if row is None else row.modified_at,
        read_at=link.read_at,
        agrees=agrees,
        settled=agrees and not waits,
        waits=waits,
    )


def _same_address(contact: Contact, link: Link) -> bool:
    return link.row is not None and normalise(link.row.email) == contact.email


def _answer(link: Link, bit: int) -> bool | None:
    if link.row is None:
        return None
    stance = answer(link.row.known, link.row.value, bit)
    return None if stance is Stance.SILENT else stance is Stance.YES


def _waits(contact: Contact, link: Link) -> tuple[str, ...]:
    """What keeps a row from being settled, in the order it happens."""
    row, base = link.row, link.base
    if row is None:
        return ("The row was not read yet.",)
    if not row.active:
        return ()
    reasons = {
        "Dynamics reported a refusal; sends are blocked until the row is read again.": bool(link.refused),
        "Both sides were not compared yet.": base is None,
        "Changed in Dynamics since both sides last agreed.": bool(link.crm_touched)
        or (base is not None and row.version > base.crm_version),
        "Changed in the hub since both sides last agreed.": bool(link.hub_touched)
        or (base is not None and contact.revision > base.hub_revision),
        "A write to the row is not confirmed yet.": bool(link.intended & (PERMISSION | CATEGORIES)),
    }
    return tuple(text for text, holds in reasons.items() if holds)
