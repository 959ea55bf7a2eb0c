"""What happens in the account, and the questions it leaves for people."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from assent.policy.permission import LegalBasis
from assent.policy.sides import CATEGORY_LIMIT
from assent.services import history, questions
from assent.services.paging import Page
from assent.services.questions import Answer
from assent.web.api.calling import App, Calling
from assent.web.api.hub_shapes import (
    Basis,
    CategoryNumber,
    EvidenceShape,
    HappeningShape,
    QuestionShape,
    bit_of,
)
from assent.web.api.shapes import After, Limit, Listed, Number, Shape, listed

router = APIRouter(tags=["Activity"])


class AskedShape(Shape):
    """An open question and what to call the person it is about."""

    question: QuestionShape
    contact: str


class AnswerBody(Shape):
    """The answer: with `grant` mail may resume, on a basis and for the categories named."""

    grant: bool
    basis: Basis | None = LegalBasis.CONSENT
    subscribe: Annotated[tuple[CategoryNumber, ...], Field(max_length=CATEGORY_LIMIT)] = ()
    evidence: EvidenceShape = EvidenceShape()


@router.get("/activity", summary="List what happened", response_model=Listed[HappeningShape])
async def list_activity(
    app: App,
    calling: Calling,
    after: After = "",
    limit: Limit = 50,
    latest: Annotated[bool, Query(description="The newest first; else in order, to be followed.")] = True,
) -> Any:
    """What happened to contacts and connections, in words."""
    return listed(await history.activity(app, calling, after=after, limit=limit, latest=latest))


@router.get("/questions", summary="List open questions", response_model=Listed[AskedShape])
async def list_questions(app: App, calling: Calling, limit: Limit = 50) -> Any:
    """The oldest first; the stricter answer applies until somebody answers."""
    return listed(Page(await questions.open_ones(app, calling, limit=limit)))


@router.post("/questions/{request_id}/answer", status_code=204, summary="Answer a question")
async def answer_question(app: App, calling: Calling, request_id: Number, body: AnswerBody) -> None:
    """Without `grant` the refusal stands, and the question is over."""
    mask = sum(bit_of(number) for number in set(body.subscribe))
    given = Answer(body.grant, body.basis, mask)
    await questions.answer(app, calling, request_id, given, body.evidence.given())
