"""The gate for other senders: name whom you would write to, and hear whom you may."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from pydantic import Field

from assent.policy.audience import numbers_of
from assent.policy.gate import Facts, Message, Reason
from assent.policy.method import Method
from assent.policy.sides import CATEGORIES, CATEGORY_LIMIT
from assent.services import checks
from assent.services.checks import LONGEST_WAIT, MOST, WAIT, Answer, Answers, Question
from assent.web.api.calling import App, Calling
from assent.web.api.shapes import Shape

router = APIRouter(tags=["Sends"], prefix="/checks")

NDJSON = "application/x-ndjson"


class CheckBody(Shape):
    """Whom you would write to, and about what; addresses and contacts are answered in this order."""

    addresses: Annotated[
        list[Annotated[str, Field(max_length=500)]],
        Field(default_factory=list, max_length=MOST, examples=[["anna.lind@example.com"]]),
    ]
    contact_ids: Annotated[list[UUID], Field(default_factory=list, max_length=MOST)]
    category: Annotated[
        int | None, Field(ge=1, le=CATEGORY_LIMIT, description="The number of its category, if any (G2).")
    ] = None
    transactional: Annotated[
        bool, Field(description="No marketing: only suppressed addresses are held back (G3).")
    ] = False
    deadline_s: Annotated[
        float,
        Field(
            gt=0,
            le=LONGEST_WAIT.total_seconds(),
            description="How long Dynamics is waited for; what is not proved by then is `unverified`.",
        ),
    ] = WAIT.total_seconds()

    def question(self) -> Question:
        """As the service takes it."""
        category = 0 if self.category is None else 1 << (self.category - 1)
        message = Message(category, self.transactional)
        within = timedelta(seconds=self.deadline_s)
        return Question(self.addresses, self.contact_ids, message, within)


class AskedConnectionShape(Shape):
    """How a connection was asked: whatever was readable there at `as_of` is in the verdicts."""

    connection_id: int
    as_of: datetime
    method: Method
    expected_requests: Annotated[int, Field(description="Besides the change feed.")]
    problem: Annotated[str, Field(description="Why it could not be asked; then nobody is verified.")]


class FactsShape(Shape):
    """What a verdict rests on, the stricter of the hub and of every row in Dynamics counting."""

    basis: Annotated[str, Field(examples=["consent"])]
    unsubscribed: Annotated[list[int], Field(description="Categories the hub has a No for, by number.")]
    dynamics_refuses: Annotated[bool, Field(description="A row says Do not allow.")]
    dynamics_unsubscribed: list[int]
    suppressed: bool
    do_not_email: Annotated[
        bool, Field(description="A row says no to any email, in a connection that honours it (G3).")
    ]
    refusal_pending: bool
    hold: str | None
    verified: bool


class VerdictShape(Shape):
    """The verdict on one address or contact; nobody is known under it where `contact_id` is null."""

    asked: Annotated[str, Field(description="The address or id as you gave it.")]
    contact_id: UUID | None
    email: str
    may: bool
    reason: Reason
    detail: str
    why: str
    facts: FactsShape | None
    as_of: datetime


class CheckShape(Shape):
    """The whole answer; as NDJSON its members but `verdicts` come first and last, a verdict to a line."""

    began: datetime
    connections: list[AskedConnectionShape]
    verdicts: list[VerdictShape]
    counts: Annotated[dict[str, int], Field(examples=[{"may_mail": 120, "withdrawn": 3}])]


@router.post(
    "",
    summary="Check whom you may write to",
    response_model=CheckShape,
    responses={200: {"content": {NDJSON: {"schema": {"type": "string"}}}}},
)
async def check_many(app: App, calling: Calling, body: CheckBody, request: Request) -> Any:
    """Dynamics is asked now, as right before a send; write to those alone of whom it says `may`.

    The verdicts are streamed: one document, or with `Accept: application/x-ndjson` one line each, after a
    line that tells how Dynamics was asked and before one with the counts. An answer without these counts
    was cut short.
    """
    answers = await checks.ask(app, calling, body.question())
    if NDJSON in request.headers.get("accept", ""):
        return StreamingResponse(_lines(answers), media_type=NDJSON)
    return StreamingResponse(_document(answers), media_type="application/json")


async def _lines(answers: Answers) -> AsyncIterator[bytes]:
    counts: Counter[str] = Counter()
    yield msgspec.json.encode(_head(answers)) + b"\n"
    async for page in answers.verdicts:
        counts.update(one.verdict.reason.value for one in page)
        yield b"".join(msgspec.json.encode(_verdict(one)) + b"\n" for one in page)
    yield msgspec.json.encode({"counts": counts}) + b"\n"


async def _document(answers: Answers) -> AsyncIterator[bytes]:
    counts: Counter[str] = Counter()
    before = msgspec.json.encode(_head(answers))[:-1] + b',"verdicts":['
    async for page in answers.verdicts:
        counts.update(one.verdict.reason.value for one in page)
        yield before + b",".join(msgspec.json.encode(_verdict(one)) for one in page)
        before = b","
    yield b'],"counts":' + msgspec.json.encode(counts) + b"}"


def _head(answers: Answers) -> dict[str, Any]:
    connections = [
        {
            "connection_id": key,
            "as_of": one.since,
            "method": one.method.value,
            "expected_requests": one.choice.cost.requests if one.choice else 0,
            "problem": "" if one.error is None else str(one.error),
        }
        for key, one in sorted(answers.asked.items())
    ]
    return {"began": answers.began, "connections": connections}


def _verdict(one: Answer) -> dict[str, Any]:
    return {
        "asked": one.asked,
        "contact_id": one.contact_id,
        "email": one.email,
        "may": one.verdict.may,
        "reason": one.verdict.reason.value,
        "detail": one.verdict.detail,
        "why": one.why,
        "facts": None if one.facts is None else _facts(one.facts),
        "as_of": one.as_of,
    }


def _facts(facts: Facts) -> dict[str, Any]:
    return {
        "basis": facts.basis.name.lower(),
        "unsubscribed": numbers_of(CATEGORIES & ~facts.value),
        "dynamics_refuses": facts.crm_refuses,
        "dynamics_unsubscribed": numbers_of(facts.crm_unsubscribed),
        "suppressed": facts.suppressed,
        "do_not_email": facts.do_not_email,
        "refusal_pending": bool(facts.blocked),
        "hold": facts.hold,
        "verified": facts.verified,
    }
