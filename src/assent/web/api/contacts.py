"""Contacts: found, read beside their rows in Dynamics, created, changed, exported, and explained."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import Field

from assent.policy.gate import Reason
from assent.policy.identity import Origin
from assent.policy.returning import Return
from assent.policy.sides import CATEGORY_LIMIT
from assent.services import contacts, exports, history
from assent.services.contacts import ContactChange, NewContact
from assent.web.api.calling import App, Calling
from assent.web.api.hub_shapes import (
    Basis,
    CategoryNumber,
    EvidenceShape,
    Filtered,
    HappeningShape,
    QuestionShape,
    Toggle,
    bit_of,
)
from assent.web.api.shapes import LARGEST_NUMBER, After, Limit, Listed, Shape, listed
from assent.web.files import CSV_FILE, csv_file

router = APIRouter(tags=["Contacts"], prefix="/contacts")

Email = Annotated[str, Field(max_length=320, examples=["anna.lind@meadow.example"])]
Name = Annotated[str, Field(max_length=200, examples=["Anna"])]
Revision = Annotated[int | None, Field(ge=0, le=LARGEST_NUMBER)]


class NewContactBody(Shape):
    """A contact to create; a basis that lets mail through needs evidence."""

    email: Email
    first_name: Name = ""
    last_name: Name = ""
    basis: Basis | None = None
    unsubscribed: Annotated[
        tuple[CategoryNumber, ...],
        Field(max_length=CATEGORY_LIMIT, description="Categories it says No to."),
    ] = ()
    evidence: EvidenceShape = EvidenceShape()


class AnswerShape(Shape):
    """An answer for one category."""

    category: CategoryNumber
    subscribed: bool


class ContactChangeBody(Shape):
    """What to set; what is left out, or null, is left alone."""

    basis: Basis | None = None
    subscriptions: Annotated[tuple[AnswerShape, ...], Field(max_length=CATEGORY_LIMIT)] = ()
    email: Email | None = None
    first_name: Name | None = None
    last_name: Name | None = None
    evidence: EvidenceShape = EvidenceShape()
    revision: Annotated[
        Revision, Field(description="Refuse (409) when the contact has moved since this revision.")
    ] = None

    def given(self) -> ContactChange:
        """As the service takes it."""
        return ContactChange(
            basis=self.basis,
            subscriptions={bit_of(answer.category): answer.subscribed for answer in self.subscriptions},
            email=self.email,
            first_name=self.first_name,
            last_name=self.last_name,
        )


class ContactRowShape(Shape):
    """A contact in a list."""

    contact_id: UUID
    email: str
    first_name: str
    last_name: str
    basis: Basis
    hold: str | None
    pending: bool
    links: Annotated[int, Field(description="How many rows in Dynamics it has.")]
    updated_at: datetime


class SubscriptionShape(Shape):
    """A contact's answer for one category."""

    number: int
    name: str
    active: bool
    subscribed: bool


class LinkedAnswerShape(Shape):
    """What a row says for one category; null where it says nothing."""

    name: str
    subscribed: bool | None


class LinkShape(Shape):
    """A row in Dynamics beside the contact."""

    connection_id: int
    connection: str
    live: bool
    row_id: UUID
    url: str
    toggle: Toggle
    toggle_agrees: bool
    email: str
    first_name: str
    last_name: str
    active: bool
    answers: list[LinkedAnswerShape]
    version: int
    modified_at: datetime | None
    read_at: datetime | None
    agrees: bool
    settled: bool
    waits: list[str]


class ReturnedShape(Shape):
    """A mail of theirs that came back; `send_id` is 0 where it is of no known send."""

    kind: Return
    send_id: int
    detail: str
    at: datetime


class ContactShape(Shape):
    """A contact and all its rows in Dynamics."""

    contact_id: UUID
    email: str
    shown_email: str
    first_name: str
    last_name: str
    basis: Basis
    subscriptions: list[SubscriptionShape]
    hold: str | None
    hold_words: str
    suppressed: bool
    liftable: Annotated[bool, Field(description="Only a bounce suppressed it, which a person may lift.")]
    origin: Origin
    revision: int
    created_at: datetime
    updated_at: datetime
    pending_since: datetime | None
    links: list[LinkShape]
    questions: list[QuestionShape]
    joined_to: Annotated[UUID | None, Field(description="The contact its rows went to (I3).")]
    returned: Annotated[list[ReturnedShape], Field(description="Bounces and complaints, the newest first.")]


class CountShape(Shape):
    """How many there are."""

    count: int


class FactShape(Shape):
    """Something a verdict rests on."""

    text: str
    against: bool


class WhyShape(Shape):
    """Whether a contact may be mailed now, why, and what that rests on."""

    contact_id: UUID
    may: bool
    reason: Reason
    text: str
    facts: list[FactShape]
    live: bool
    at: datetime
    checked: str


class FindBody(Shape):
    """The address to find the contact of; it is not part of the request's address, which is logged."""

    email: Email


@router.get("", summary="List contacts", response_model=Listed[ContactRowShape])
async def list_contacts(
    app: App, calling: Calling, audience: Filtered, after: After = "", limit: Limit = 50
) -> Any:
    """Contacts by address; every filter given must hold."""
    return listed(await contacts.search(app, calling, audience, after=after, limit=limit))


@router.get("/count", summary="Count contacts", response_model=CountShape)
async def count_contacts(app: App, calling: Calling, audience: Filtered) -> Any:
    """How many contacts the filters leave, exactly."""
    return CountShape(count=await contacts.count(app, calling, audience))


@router.get(
    "/export",
    summary="Export contacts",
    response_class=StreamingResponse,
    responses=CSV_FILE,
)
async def export_contacts(app: App, calling: Calling, audience: Filtered) -> StreamingResponse:
    """A CSV file of the contacts the filters leave, which an import reads back."""
    return await csv_file(exports.export(app, calling, audience), "contacts.csv")


@router.post("", status_code=201, summary="Create a contact", response_model=ContactShape)
async def create_contact(app: App, calling: Calling, body: NewContactBody) -> Any:
    """The contact gets a row in Dynamics where the connections say so."""
    new = NewContact(
        email=body.email,
        first_name=body.first_name,
        last_name=body.last_name,
        basis=body.basis or NewContact("").basis,
        unsubscribed=sum(bit_of(number) for number in set(body.unsubscribed)),
    )
    return await contacts.create(app, calling, new, body.evidence.given())


@router.post("/find", summary="Find a contact by address", response_model=ContactShape)
async def find_contact(app: App, calling: Calling, body: FindBody) -> Any:
    """The contact that holds the address, however it is spelled."""
    return await contacts.find(app, calling, body.email)


@router.get("/{contact_id}", summary="Read a contact", response_model=ContactShape)
async def get_contact(app: App, calling: Calling, contact_id: UUID) -> Any:
    """What the hub holds, and what each row in Dynamics says beside it."""
    return await contacts.read(app, calling, contact_id)


@router.patch("/{contact_id}", summary="Change a contact", response_model=ContactShape)
async def change_contact(app: App, calling: Calling, contact_id: UUID, body: ContactChangeBody) -> Any:
    """Set what is given and nothing else. A basis that lets mail through needs evidence."""
    evidence = body.evidence.given()
    return await contacts.change(app, calling, contact_id, body.given(), evidence, revision=body.revision)


@router.get("/{contact_id}/why", summary="Tell whether a contact may be mailed", response_model=WhyShape)
async def check_contact(
    app: App,
    calling: Calling,
    contact_id: UUID,
    category: Annotated[int, Query(ge=0, le=CATEGORY_LIMIT, description="0: about no category.")] = 0,
) -> Any:
    """Dynamics is asked now, as right before a send."""
    return await contacts.why(app, calling, contact_id, category=bit_of(category))


@router.get(
    "/{contact_id}/history", summary="Read a contact's history", response_model=Listed[HappeningShape]
)
async def list_contact_history(
    app: App, calling: Calling, contact_id: UUID, after: After = "", limit: Limit = 50
) -> Any:
    """What happened to the contact, the newest first."""
    return listed(await history.history(app, calling, contact_id, after=after, limit=limit))


@router.post("/{contact_id}/release", summary="Release a held contact", response_model=ContactShape)
async def release_contact(app: App, calling: Calling, contact_id: UUID, body: EvidenceShape) -> Any:
    """Let a held contact go back into sends."""
    return await contacts.release_hold(app, calling, contact_id, body.given())


@router.post(
    "/{contact_id}/lift-suppression", summary="Let mail go to a bounced address", response_model=ContactShape
)
async def lift_suppression(app: App, calling: Calling, contact_id: UUID, body: EvidenceShape) -> Any:
    """Lift what a hard bounce led to, with the reason; what a complaint led to stays."""
    return await contacts.lift_suppression(app, calling, contact_id, body.given())
