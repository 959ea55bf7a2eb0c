"""The ledger: every change with its cause, verified, read and exported."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, Field

from assent.services import ledger
from assent.web.api.calling import App, Calling
from assent.web.api.shapes import After, Limit, Listed, Shape, listed

router = APIRouter(tags=["Ledger"], prefix="/ledger")


class Verification(Shape):
    """Whether the chain and the manifests of sends hold; where they do not, `broken` says how."""

    holds: bool
    links: int
    entries: int
    manifests: int
    head: str
    broken: str
    broken_seq: int | None


class EntryShape(Shape):
    """One change as it is written down."""

    seq: int
    position: int
    at: datetime
    kind: str
    actor_kind: str
    actor: str
    contact_id: UUID | None
    connection_id: int | None
    row_id: UUID | None
    fields: Annotated[int, Field(description="Mask of the fields concerned.")]
    old: dict[str, int | str | None]
    new: dict[str, int | str | None]
    rule: str
    erased: bool
    personal: dict[str, str]


class ExplainedShape(Shape):
    """What the ledger says a contact was, and the entries that made it so."""

    contact_id: UUID
    at: datetime
    basis: Annotated[str, Field(examples=["consent"])]
    unsubscribed: list[str]
    hold: str | None
    email: str | None
    because: list[EntryShape]


@router.get("/verification", summary="Verify the ledger", response_model=Verification)
async def verify_ledger(app: App, calling: Calling) -> Any:
    """Check the whole hash chain from its first link to its head, and the manifest of every send."""
    return await ledger.verify(app, calling)


@router.get("/entries", summary="List ledger entries", response_model=Listed[EntryShape])
async def list_entries(
    app: App, calling: Calling, contact_id: UUID | None = None, after: After = "", limit: Limit = 100
) -> Any:
    """In their order, of one contact or of all."""
    return listed(await ledger.entries(app, calling, contact_id=contact_id, after=after, limit=limit))


@router.get(
    "/export",
    summary="Export the ledger",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/x-ndjson": {"schema": {"type": "string"}}}}},
)
async def export_ledger(app: App, calling: Calling) -> StreamingResponse:
    """Every entry as one line of JSON."""
    lines = ledger.export(app, calling)
    named = {"Content-Disposition": 'attachment; filename="ledger.jsonl"'}
    return StreamingResponse(lines, media_type="application/x-ndjson", headers=named)


@router.get(
    "/contacts/{contact_id}", summary="Explain a contact from the ledger", response_model=ExplainedShape
)
async def explain_contact(
    app: App,
    calling: Calling,
    contact_id: UUID,
    at: Annotated[AwareDatetime | None, Query(description="At which moment; now without one.")] = None,
) -> Any:
    """What the ledger alone says the contact was at a moment, and why."""
    found = await ledger.explain(app, calling, contact_id, at=at)
    return {
        "contact_id": found.contact_id,
        "at": found.at,
        "basis": found.basis.name.lower(),
        "unsubscribed": found.unsubscribed,
        "hold": found.hold,
        "email": found.email,
        "because": found.because,
    }
