"""Erasing people: looked at first, asked for, and how far it is; and joins taken apart."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from assent.policy.erasing import RowEnd
from assent.services import erasing, joins
from assent.services.erasing import RowStep
from assent.web.api.calling import App, Calling
from assent.web.api.contacts import ContactShape
from assent.web.api.hub_shapes import EvidenceShape
from assent.web.api.shapes import After, Limit, Listed, Number, Shape, listed

router = APIRouter(tags=["Erasures"])


class RowToEraseShape(Shape):
    """A row in Dynamics, and what would be done to it."""

    connection_id: int
    connection: str
    row_id: UUID
    url: str
    step: RowStep
    words: str


class RelativeShape(Shape):
    """Another contact that was joined to this one, and is erased on its own."""

    contact_id: UUID
    name: str


class ErasurePreviewShape(Shape):
    """What erasing a contact would do."""

    contact_id: UUID
    name: str
    email: str
    rows: list[RowToEraseShape]
    joined: list[RelativeShape]
    sealed: Annotated[int, Field(description="Ledger entries whose personal part could not be read again.")]
    erasure_id: Annotated[int | None, Field(description="Of an erasure that is under way already.")]


class RowErasedShape(Shape):
    """A row in Dynamics, and how it stands, or stood at the end."""

    connection_id: int
    connection: str
    row_id: UUID
    url: str
    end: RowEnd
    words: str


class ErasureShape(Shape):
    """An erasure; nothing personal is in it."""

    erasure_id: int
    contact_id: UUID
    by: str
    asked_at: datetime
    finished_at: Annotated[datetime | None, Field(description="Null while rows are waited for.")]
    patient: Annotated[bool, Field(description="Whether it waits for rows that cannot be reached.")]
    rows: list[RowErasedShape]


@router.get(
    "/contacts/{contact_id}/erasure", summary="Preview an erasure", response_model=ErasurePreviewShape
)
async def preview_erasure(app: App, calling: Calling, contact_id: UUID) -> Any:
    """What would be written to which rows, and what would be destroyed; nothing is changed."""
    return await erasing.preview(app, calling, contact_id)


@router.post(
    "/contacts/{contact_id}/erase", status_code=202, summary="Erase a person", response_model=ErasureShape
)
async def erase_contact(app: App, calling: Calling, contact_id: UUID, body: EvidenceShape) -> Any:
    """No mail reaches them from now on. Do not allow is written to their rows first; then nothing is left
    but a keyed hash of the address, which bars it.
    """
    return await erasing.start(app, calling, contact_id, body.given())


@router.post("/contacts/{contact_id}/part", summary="Take a join apart", response_model=ContactShape)
async def part_contact(app: App, calling: Calling, contact_id: UUID, body: EvidenceShape) -> Any:
    """Give a joined contact its rows and its address back; a refusal made since stays on both contacts."""
    return await joins.take_apart(app, calling, contact_id, body.given())


@router.get("/erasures", summary="List erasures", response_model=Listed[ErasureShape])
async def list_erasures(app: App, calling: Calling, after: After = "", limit: Limit = 50) -> Any:
    """The newest first."""
    return listed(await erasing.all(app, calling, after=after, limit=limit))


@router.get("/erasures/{erasure_id}", summary="Read an erasure", response_model=ErasureShape)
async def get_erasure(app: App, calling: Calling, erasure_id: Number) -> Any:
    """How each row stands, or stood when the person was erased."""
    return await erasing.read(app, calling, erasure_id)


@router.post(
    "/erasures/{erasure_id}/go-on", summary="Finish an erasure without waiting", response_model=ErasureShape
)
async def finish_erasure(app: App, calling: Calling, erasure_id: Number) -> Any:
    """Rows that could not be reached are listed, to be seen to in Dynamics by hand."""
    return await erasing.go_on(app, calling, erasure_id)
