"""Outgoing webhooks: endpoints, what they were told, and telling it again."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import AwareDatetime, Field, StringConstraints

from assent.services import outgoing
from assent.services.events import TYPES
from assent.services.outgoing import State
from assent.services.paging import Page
from assent.web.api.calling import App, Calling
from assent.web.api.shapes import After, Limit, Listed, Number, Shape, listed

router = APIRouter(tags=["Outgoing webhooks"])

Url = Annotated[str, Field(max_length=1000, examples=["https://example.com/hooks"])]
Description = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]


class NewEndpointBody(Shape):
    """An address to tell."""

    url: Url
    description: Description = ""


class ChangedEndpoint(Shape):
    """What to change of an endpoint; what is left out stays."""

    url: Url | None = None
    description: Description | None = None
    active: bool | None = None


class EndpointShape(Shape):
    """An endpoint, and how telling it goes."""

    endpoint_id: int
    url: str
    description: str
    active: bool
    failures: Annotated[int, Field(description="Failures in a row.")]
    rests_until: Annotated[datetime | None, Field(description="Until when it is left alone.")]
    waiting: int
    failed: int
    last_delivered_at: datetime | None
    created_at: datetime


class Secret(Shape):
    """A secret, shown this once."""

    secret: Annotated[str, Field(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])]


class MadeEndpointShape(Secret):
    """A new endpoint and its secret."""

    endpoint: EndpointShape


class PingedShape(Shape):
    """How an endpoint answered to a test event."""

    taken: bool
    status: int | None
    problem: str


class DeliveryShape(Shape):
    """One event for one endpoint."""

    delivery_id: int
    endpoint_id: int
    message_id: Annotated[str, Field(description="The `webhook-id` it is told under, every time.")]
    kind: str
    state: State
    attempts: int
    status: int | None
    problem: str
    created_at: datetime
    next_at: datetime | None
    finished_at: datetime | None


class Since(Shape):
    """From when on."""

    since: AwareDatetime


class Replayed(Shape):
    """How much is told again."""

    count: int


class EventType(Shape):
    """A type of event."""

    type: str
    tells: str


@router.get("/webhook-events", summary="List the types of events", response_model=list[EventType])
async def list_event_types(calling: Calling) -> Any:
    """Every type an endpoint may be told."""
    return [{"type": kind, "tells": tells} for kind, tells in TYPES.items()]


@router.get("/webhook-endpoints", summary="List endpoints", response_model=Listed[EndpointShape])
async def list_endpoints(app: App, calling: Calling) -> Any:
    """Every endpoint of the account, in the order they were made."""
    return listed(Page(tuple(await outgoing.endpoints(app, calling))))


@router.post(
    "/webhook-endpoints", status_code=201, summary="Add an endpoint", response_model=MadeEndpointShape
)
async def create_endpoint(app: App, calling: Calling, body: NewEndpointBody) -> Any:
    """Tell an address everything from now on, signed as Standard Webhooks lay down."""
    return await outgoing.add_endpoint(app, calling, body.url, body.description)


@router.get("/webhook-endpoints/{endpoint_id}", summary="Read an endpoint", response_model=EndpointShape)
async def get_endpoint(app: App, calling: Calling, endpoint_id: Number) -> Any:
    """The endpoint, and how telling it goes."""
    return await outgoing.endpoint(app, calling, endpoint_id)


@router.patch("/webhook-endpoints/{endpoint_id}", summary="Change an endpoint", response_model=EndpointShape)
async def change_endpoint(app: App, calling: Calling, endpoint_id: Number, body: ChangedEndpoint) -> Any:
    """Change what is given; one that is switched on again is told what happened meanwhile."""
    return await outgoing.change_endpoint(
        app, calling, endpoint_id, url=body.url, description=body.description, active=body.active
    )


@router.delete("/webhook-endpoints/{endpoint_id}", status_code=204, summary="Remove an endpoint")
async def delete_endpoint(app: App, calling: Calling, endpoint_id: Number) -> None:
    """Tell it nothing more, and forget what it was told."""
    await outgoing.remove_endpoint(app, calling, endpoint_id)


@router.post("/webhook-endpoints/{endpoint_id}/secret", summary="Make another secret", response_model=Secret)
async def rotate_secret(app: App, calling: Calling, endpoint_id: Number) -> Any:
    """Give it another secret; the old one signs along for a day."""
    return {"secret": await outgoing.rotate_secret(app, calling, endpoint_id)}


@router.post("/webhook-endpoints/{endpoint_id}/ping", summary="Test an endpoint", response_model=PingedShape)
async def ping_endpoint(app: App, calling: Calling, endpoint_id: Number) -> Any:
    """Post a test event at once, and tell how it was answered."""
    return await outgoing.ping(app, calling, endpoint_id)


@router.get(
    "/webhook-endpoints/{endpoint_id}/deliveries",
    summary="List what an endpoint is told",
    response_model=Listed[DeliveryShape],
)
async def list_deliveries(
    app: App,
    calling: Calling,
    endpoint_id: Number,
    state: State | None = None,
    after: After = "",
    limit: Limit = 100,
) -> Any:
    """The newest first."""
    return listed(await outgoing.deliveries(app, calling, endpoint_id, state=state, after=after, limit=limit))


@router.post(
    "/webhook-endpoints/{endpoint_id}/replay",
    status_code=202,
    summary="Tell again what was given up",
    response_model=Replayed,
)
async def replay_endpoint(app: App, calling: Calling, endpoint_id: Number, body: Since) -> Any:
    """Everything that failed for good since a moment is told again, under the ids it had."""
    return {"count": await outgoing.replay_failed(app, calling, endpoint_id, body.since)}


@router.post("/webhook-deliveries/{delivery_id}/replay", status_code=204, summary="Tell one event again")
async def replay_delivery(app: App, calling: Calling, delivery_id: Number) -> None:
    """Whatever became of it before, under the id it had."""
    await outgoing.replay(app, calling, delivery_id)
