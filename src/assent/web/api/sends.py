"""Sends: drafted, previewed against the gate, started, stopped, and accounted for."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Query
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, Field

from assent.policy.audience import read_audience
from assent.policy.gate import Reason
from assent.policy.sending import RecipientState, SendState
from assent.policy.sides import CATEGORY_LIMIT
from assent.services import manifests, scheduling, sends, uploads
from assent.services.sends import Draft, Preview, Result, SendView, Wanted
from assent.web.api.calling import App, Calling
from assent.web.api.shapes import After, Limit, Line, Listed, Number, Shape, listed

router = APIRouter(tags=["Sends"], prefix="/sends")

Part = Annotated[str, Field(max_length=500_000)]
Counts = Annotated[dict[str, int], Field(examples=[{"sent": 120, "left_out": 3}])]


class SendBody(Shape):
    """What is written, and for whom.

    Texts may name {{ first_name }}, {{ last_name }}, {{ email }}, {{ category }}, {{ preferences_url }} and
    {{ unsubscribe_url }}; marketing mail without one of the last two gets a link added.
    """

    name: Annotated[Line, Field(description="What the send is called here.", examples=["May newsletter"])]
    subject: Annotated[str, Field(min_length=1, max_length=400, examples=["Hello {{ first_name }}"])]
    body: Annotated[Part, Field(description="Text; may be empty where there is HTML.")] = ""
    html: Part = ""
    category: Annotated[
        int | None, Field(ge=1, le=CATEGORY_LIMIT, description="The number of its category, if any (G2).")
    ] = None
    transactional: Annotated[
        bool, Field(description="No marketing: only suppressed addresses are left out (G3).")
    ] = False
    audience: Annotated[
        dict[str, Any],
        Field(
            default_factory=dict,
            description="Filters that must all hold; empty: everybody.",
            examples=[{"bases": ["consent"]}],
        ),
    ]

    def draft(self) -> Draft:
        """As the service takes it; raises Invalid for a filter nobody knows."""
        return Draft(
            name=self.name,
            subject=self.subject,
            body=self.body,
            html=self.html,
            category=0 if self.category is None else 1 << (self.category - 1),
            transactional=self.transactional,
            audience=read_audience(self.audience),
        )


class StartBody(Shape):
    """Which draft is meant: one that was changed since is not sent."""

    revision: Annotated[
        str, Field(max_length=64, description="The `revision` of the send, or of its preview, as you saw it.")
    ]


class PlanBody(StartBody):
    """Which draft is meant, and when it starts."""

    at: Annotated[AwareDatetime, Field(description="With its zone.", examples=["2026-05-04T09:00:00+02:00"])]


class SendShape(Shape):
    """A send. `problem` says what it waits for, or why it failed; `counts` holds recipients by state.

    Of `total` recipients nothing more happens to `settled`.
    """

    send_id: Number
    revision: Annotated[str, Field(description="What it says, and for whom: another after every change.")]
    name: str
    subject: str
    body: str
    html: str
    category: int | None
    category_name: str
    transactional: bool
    audience: dict[str, Any]
    state: SendState
    problem: str
    counts: Counts
    total: int
    settled: int
    created_at: datetime
    planned_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None


class WrongLineShape(Shape):
    """A line of the file without an address."""

    line: int
    text: str


class UploadedShape(Shape):
    """Whom the send is for now, and what of the file was left out."""

    send: SendShape
    found: int
    unknown: Annotated[list[str], Field(description="Addresses no contact has; they are not mailed.")]
    wrong: list[WrongLineShape]
    repeated: int


class ResultShape(Shape):
    """What became of a send: recipients by state, those left out by reason, mails that came back by kind."""

    send: SendShape
    by_state: Counts
    left_out: Annotated[dict[str, int], Field(examples=[{"withdrawn": 2, "unsubscribed": 1}])]
    returned: Annotated[dict[str, int], Field(examples=[{"hard_bounce": 4, "complaint": 1}])]


class RecipientShape(Shape):
    """How far the mail to one recipient got; `why` says it in words."""

    contact_id: UUID
    email: str
    name: str
    state: RecipientState
    reason: Annotated[Reason, Field(description="What the gate said.")]
    detail: str
    why: str
    at: datetime


class ManifestAskedShape(Shape):
    """How a connection was asked while everybody was checked, and the earliest moment up to which."""

    connection: int
    since: datetime
    method: str


class ManifestShape(Shape):
    """What was decided about everybody before the first mail went out; signed, and named in the ledger."""

    send_id: int
    revision: str
    checked_at: datetime
    asked: list[ManifestAskedShape]
    lines: int
    outcomes: Annotated[dict[str, int], Field(examples=[{"may": 120, "left_out": 3}])]
    reasons: Annotated[dict[str, int], Field(examples=[{"withdrawn": 3}])]
    digest: Annotated[str, Field(description="SHA-256 of the header and of every part, in hexadecimal.")]
    signature: Annotated[str, Field(description="HMAC-SHA-256 under the account's own key.")]


class MailShape(Shape):
    """A mail as one person would get it."""

    subject: str
    text: str
    html: str | None


class PreviewShape(Shape):
    """What a send would do now. `obstacles` says what keeps it from being started."""

    revision: Annotated[str, Field(description="Which draft this is about; say it when you start the send.")]
    matched: int
    may: int
    left_out: Annotated[dict[str, int], Field(examples=[{"withdrawn": 2}])]
    sample: list[RecipientShape]
    mail: MailShape
    mail_to: str
    obstacles: list[str]
    unreachable: Annotated[bool, Field(description="Dynamics did not answer, so nobody was proved.")]


def _counts(counted: Mapping[Any, int]) -> dict[str, int]:
    return {str(key.value): number for key, number in counted.items()}


def _send(view: SendView) -> SendShape:
    draft = view.draft
    return SendShape(
        send_id=view.send_id,
        revision=view.revision,
        name=draft.name,
        subject=draft.subject,
        body=draft.body,
        html=draft.html,
        category=draft.category.bit_length() or None,
        category_name=view.category_name,
        transactional=draft.transactional,
        audience=draft.audience.plain(),
        state=view.state,
        problem=view.problem,
        counts=_counts(view.counts),
        total=view.total,
        settled=view.settled,
        created_at=view.created_at,
        planned_at=view.planned_at,
        started_at=view.started_at,
        finished_at=view.finished_at,
    )


def _result(found: Result) -> ResultShape:
    return ResultShape(
        send=_send(found.send),
        by_state=_counts(found.by_state),
        left_out=_counts(found.left_out),
        returned=_counts(found.returned),
    )


def _preview(found: Preview) -> PreviewShape:
    return PreviewShape(
        revision=found.revision,
        matched=found.matched,
        may=found.may,
        left_out=_counts(found.left_out),
        sample=[RecipientShape.model_validate(one) for one in found.sample],
        mail=MailShape.model_validate(found.mail),
        mail_to=found.mail_to,
        obstacles=list(found.obstacles),
        unreachable=found.unreachable,
    )


@router.get("", summary="List sends")
async def list_sends(app: App, calling: Calling, after: After = "", limit: Limit = 50) -> Listed[SendShape]:
    """Every send, the newest first."""
    page = await sends.sends(app, calling, after=after, limit=limit)
    return Listed[SendShape](items=[_send(view) for view in page.items], next=page.next)


@router.post("", status_code=201, summary="Draft a send")
async def create_send(app: App, calling: Calling, body: SendBody) -> SendShape:
    """Store a draft. Its texts and its category are checked; nobody is written to."""
    return _send(await sends.create(app, calling, body.draft()))


@router.get("/{send_id}", summary="Read a send")
async def get_send(app: App, calling: Calling, send_id: Number) -> SendShape:
    """One send as it stands."""
    return _send(await sends.read(app, calling, send_id))


@router.put("/{send_id}", summary="Replace a draft")
async def replace_send(app: App, calling: Calling, send_id: Number, body: SendBody) -> SendShape:
    """Replace what a draft says; 409 once it was started."""
    return _send(await sends.edit(app, calling, send_id, body.draft()))


@router.delete("/{send_id}", status_code=204, summary="Remove a draft")
async def delete_send(app: App, calling: Calling, send_id: Number) -> None:
    """Remove a draft; 409 once it was started: what was sent stays on record."""
    await sends.discard(app, calling, send_id)


@router.put("/{send_id}/audience", summary="Choose whom a draft is for by a file")
async def upload_audience(
    app: App,
    calling: Calling,
    send_id: Number,
    data: Annotated[bytes, Body(media_type="text/csv", description="A CSV file, or one address a line.")],
) -> UploadedShape:
    """The contacts whose addresses are in the file, at most 50,000, instead of whom it was for.

    Addresses that are no contact's are named in the answer and left out. 400 where nobody is known.
    """
    found = await uploads.aim(app, calling, send_id, data)
    return UploadedShape(
        send=_send(found.send),
        found=found.found,
        unknown=list(found.unknown),
        wrong=[WrongLineShape(line=one.line, text=one.text) for one in found.wrong],
        repeated=found.repeated,
    )


@router.post("/{send_id}/preview", summary="Preview a send")
async def preview_send(app: App, calling: Calling, send_id: Number) -> PreviewShape:
    """Ask the gate about everybody it is for, with Dynamics caught up, and show the mail; nobody gets it."""
    return _preview(await sends.preview(app, calling, send_id))


@router.post("/{send_id}/start", status_code=202, summary="Start a send")
async def start_send(app: App, calling: Calling, send_id: Number, body: StartBody) -> SendShape:
    """Fix who it is for, and begin; read the send to see how it gets on.

    409 where it was started before, or was changed since the draft of that revision was looked at.
    """
    return _send(await sends.start(app, calling, send_id, body.revision))


@router.post("/{send_id}/plan", summary="Plan a send for a time")
async def plan_send(app: App, calling: Calling, send_id: Number, body: PlanBody) -> SendShape:
    """Let it start by itself, within a minute of its time; everybody is checked then.

    Called again it is given another time. 409 where it was started, or was changed since you looked.
    """
    return _send(await scheduling.plan(app, calling, send_id, body.revision, body.at))


@router.post("/{send_id}/cancel", summary="Cancel a plan")
async def cancel_send(app: App, calling: Calling, send_id: Number) -> SendShape:
    """Make a planned send a draft again; 409 where it has begun."""
    return _send(await scheduling.cancel(app, calling, send_id))


@router.post("/{send_id}/pause", summary="Pause a send")
async def pause_send(app: App, calling: Calling, send_id: Number) -> SendShape:
    """Write to nobody more until it is resumed. 409 where nothing runs."""
    return _send(await scheduling.pause(app, calling, send_id))


@router.post("/{send_id}/resume", summary="Go on with a paused send")
async def resume_send(app: App, calling: Calling, send_id: Number) -> SendShape:
    """Go on; whoever's check is older than a minute by then is checked anew. 409 where it is not paused."""
    return _send(await scheduling.resume(app, calling, send_id))


@router.post("/{send_id}/stop", summary="Stop a send")
async def stop_send(app: App, calling: Calling, send_id: Number) -> SendShape:
    """End it now: whoever was not written to yet is not. 409 where nothing runs."""
    return _send(await sends.stop(app, calling, send_id))


@router.get("/{send_id}/result", summary="Read what became of a send")
async def get_send_result(app: App, calling: Calling, send_id: Number) -> ResultShape:
    """How many mails got how far, and how many people were left out for which reason."""
    return _result(await sends.result(app, calling, send_id))


@router.get("/{send_id}/recipients", summary="List a send's recipients")
async def list_recipients(
    app: App,
    calling: Calling,
    send_id: Number,
    state: Annotated[list[RecipientState] | None, Query(description="Only these states.")] = None,
    reason: Annotated[Reason | None, Query(description="Only those the gate said this of.")] = None,
    after: After = "",
    limit: Limit = 100,
) -> Listed[RecipientShape]:
    """Everybody it was for, with how far their mail got and why not farther."""
    wanted = Wanted(frozenset(state or ()), reason, limit=limit)
    page = await sends.recipients(app, calling, send_id, wanted, after=after)
    return Listed[RecipientShape].model_validate(listed(page))


@router.get("/{send_id}/manifest", summary="Read a send's manifest")
async def get_manifest(app: App, calling: Calling, send_id: Number) -> ManifestShape:
    """What the check decided about everybody, in sums; 404 until it is over.

    It never changes again; `GET /ledger/verification` tells whether it is as it was written.
    """
    found = await manifests.manifest(app, calling, send_id)
    header = found.header
    return ManifestShape(
        send_id=header.send,
        revision=header.revision,
        checked_at=manifests.moment(header.checked_at),
        asked=[
            ManifestAskedShape(
                connection=one.connection, since=manifests.moment(one.since), method=one.method
            )
            for one in header.asked
        ],
        lines=header.lines,
        outcomes=dict(header.outcomes),
        reasons=dict(header.reasons),
        digest=found.digest.hex(),
        signature=found.signature.hex(),
    )


@router.get(
    "/{send_id}/manifest/export",
    summary="Export a send's manifest",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {
                "text/csv": {"schema": {"type": "string"}},
                "application/json": {"schema": {"type": "object"}},
            },
            "description": "Every contact with what was decided about it.",
        }
    },
)
async def export_manifest(
    app: App,
    calling: Calling,
    send_id: Number,
    form: Annotated[manifests.Form, Query(alias="format", description="As a table or as JSON.")] = (
        manifests.Form.CSV
    ),
) -> StreamingResponse:
    """Every line: whom mail may go to, who is left out and why, and up to when that was proved."""
    file = await manifests.file(app, calling, send_id, form)
    named = {"content-disposition": f'attachment; filename="{file.name}"'}
    return StreamingResponse(file.content, media_type=file.media_type, headers=named)
