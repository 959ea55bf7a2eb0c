"""What mail servers and mail providers report: bounces and complaints."""

from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import Field

from assent.policy.returning import Return
from assent.services import returns
from assent.services.returns import Event, Taken
from assent.web.api.calling import App, Calling
from assent.web.api.shapes import Shape

router = APIRouter(tags=["Bounces and complaints"], prefix="/returns")


class EventShape(Shape):
    """One mail that came back, or was complained of."""

    kind: Return
    email: Annotated[str, Field(max_length=320, description="The address the mail went to.")]
    return_path: Annotated[
        str, Field(max_length=320, description="The mail's envelope sender: it tells which mail it was.")
    ] = ""
    id: Annotated[str, Field(max_length=64, description="The provider's number of this event.")] = ""
    detail: Annotated[str, Field(max_length=300, description="What the other server said.")] = ""

    def event(self) -> Event:
        """As the service takes it."""
        return Event(self.kind, self.email, self.return_path, self.id, self.detail)


class EventsBody(Shape):
    """What a provider tells at once."""

    events: Annotated[list[EventShape], Field(min_length=1, max_length=1_000)]


class TakenShape(Shape):
    """What became of each, in the order given."""

    taken: list[Taken]


@router.post("", summary="Report bounces and complaints")
async def report_returns(app: App, calling: Calling, body: EventsBody) -> TakenShape:
    """Hard bounces and complaints suppress the address; a complaint also withdraws the person's permission.

    Each is written down once, however often it is told. For a key of the role mailer.
    """
    events = [one.event() for one in body.events]
    return TakenShape(taken=await returns.take_events(app, calling, events))


@router.post("/message", summary="Report by mail")
async def report_message(
    app: App,
    calling: Calling,
    data: Annotated[
        bytes, Body(media_type="message/rfc822", description="The report as it came (RFC 3464 or RFC 5965).")
    ],
) -> TakenShape:
    """Take in one mail that came to the return address, as a mail server's filter hands it on."""
    return TakenShape(taken=[await returns.take_message(app, data, calling)])
