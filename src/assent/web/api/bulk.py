"""One action on many contacts: previewed, then applied to exactly what was previewed."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from assent.policy.bulk import BulkAction, BulkKind, Outcome, read_action
from assent.policy.sides import CATEGORY_LIMIT
from assent.services import bulk
from assent.web.api.calling import App, Calling
from assent.web.api.hub_shapes import AudienceShape, BasisName, CategoryNumber, EvidenceShape
from assent.web.api.shapes import Shape

router = APIRouter(tags=["Bulk actions"], prefix="/bulk")


class ActionShape(Shape):
    """The action: a legal basis to set, or categories to subscribe to or unsubscribe from."""

    kind: BulkKind
    basis: BasisName | None = None
    categories: Annotated[list[CategoryNumber] | None, Field(max_length=CATEGORY_LIMIT)] = None

    def given(self) -> BulkAction:
        """As the service takes it."""
        return read_action(self.model_dump(mode="json", exclude_none=True))


class PreviewBody(Shape):
    """Whom an action is for, and what it is."""

    audience: AudienceShape
    action: ActionShape


class ApplyBody(PreviewBody):
    """The same, with the token of its preview; an action that lets mail through needs evidence."""

    token: Annotated[str, Field(max_length=200)]
    evidence: EvidenceShape = EvidenceShape()


class SampledShape(Shape):
    """One of the contacts looked at."""

    contact_id: UUID
    name: str
    outcome: Outcome


class BulkPreviewShape(Shape):
    """What the action would do, by outcome; the token lets exactly this be applied."""

    matched: int
    counts: dict[Outcome, int]
    sample: list[SampledShape]
    token: str


class BulkResultShape(Shape):
    """What the action did, by outcome."""

    matched: int
    counts: dict[Outcome, int]


@router.post("/preview", summary="Preview a bulk action", response_model=BulkPreviewShape)
async def preview_bulk_action(app: App, calling: Calling, body: PreviewBody) -> Any:
    """Nothing is changed. A grant never lifts Withdrawn, nor a No that the person gave."""
    return await bulk.preview(app, calling, body.audience.given(), body.action.given())


@router.post("/apply", summary="Apply a bulk action", response_model=BulkResultShape)
async def apply_bulk_action(app: App, calling: Calling, body: ApplyBody) -> Any:
    """All of it or nothing; 409 where contacts changed since the preview."""
    return await bulk.apply(
        app, calling, body.audience.given(), body.action.given(), body.token, body.evidence.given()
    )
