"""How the account is doing, and what went wrong."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import Field

from assent.services import health, troubles
from assent.services.health import State
from assent.web.api.calling import App, Calling
from assent.web.api.connections import ConnectionShape
from assent.web.api.shapes import After, Limit, Listed, Shape, listed

router = APIRouter(tags=["Health"])

Cursor = Annotated[str, Path(max_length=100, description="`cursor` of a trouble.")]


class WaitingShape(Shape):
    """Contacts whose sides differ now."""

    count: int
    refusals: int
    since: datetime | None
    refusal_since: datetime | None


class FreshnessShape(Shape):
    """Seconds from a refusal to its effect in both systems, over the last 24 hours."""

    count: int
    p50: float | None
    p95: float | None
    p99: float | None
    slowest: float | None
    oldest_s: Annotated[float | None, Field(description="How long the oldest waiting refusal has waited.")]


class HourShape(Shape):
    """One hour of the last day."""

    at: datetime
    count: int
    p95: float | None


class HealthShape(Shape):
    """How the account is doing."""

    state: State
    sentence: str
    contacts: int
    links: int
    waiting: WaitingShape
    freshness: FreshnessShape
    hours: list[HourShape]
    connections: list[ConnectionShape]
    troubles: int
    questions: int
    ledger_entries: int
    at: datetime


class TroubleShape(Shape):
    """Something that was refused or not reached; without `row_id` it concerns the connection."""

    cursor: str
    connection_id: int
    connection_name: str
    row_id: UUID | None
    row_url: str
    contact_id: UUID | None
    kind: str
    title: str
    message: str
    to_do: str
    first_at: datetime
    last_at: datetime
    times: int
    aside: bool


@router.get("/health", summary="Tell how the account is doing", response_model=HealthShape)
async def get_health(app: App, calling: Calling) -> Any:
    """What waits, how fresh both sides are, and which connections need somebody."""
    return await health.health(app, calling)


@router.get("/troubles", summary="List what went wrong", response_model=Listed[TroubleShape])
async def list_troubles(
    app: App, calling: Calling, after: After = "", limit: Limit = 100, aside: bool = False
) -> Any:
    """What was refused or not reached and did not go well since; with `aside`, what was put aside."""
    return listed(await troubles.troubles(app, calling, after=after, limit=limit, aside=aside))


@router.post("/troubles/retry", status_code=204, summary="Try everything again")
async def retry_troubles(app: App, calling: Calling) -> None:
    """Sweep every connection, and try every contact that is still due."""
    await troubles.retry_all(app, calling)


@router.post("/troubles/{cursor}/retry", status_code=204, summary="Try one thing again")
async def retry_trouble(app: App, calling: Calling, cursor: Cursor) -> None:
    """Try again what the trouble concerns, right away."""
    await troubles.retry(app, calling, cursor)


@router.put("/troubles/{cursor}/aside", status_code=204, summary="Put a trouble aside")
async def put_trouble_aside(app: App, calling: Calling, cursor: Cursor) -> None:
    """Tell nobody of it any more; it comes back when it changes."""
    await troubles.put_aside(app, calling, cursor)


@router.delete("/troubles/{cursor}/aside", status_code=204, summary="Tell of a trouble again")
async def take_trouble_back(app: App, calling: Calling, cursor: Cursor) -> None:
    """The opposite of putting it aside."""
    await troubles.put_aside(app, calling, cursor, aside=False)
