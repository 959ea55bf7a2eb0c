"""`Idempotency-Key`: an unsafe request sent again gets its first answer instead of being done again."""

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assent.errors import AssentError
from assent.services import repeats
from assent.services.application import Application
from assent.services.repeats import Kept
from assent.store.database import watching_writes
from assent.store.idempotency import KeyPlace
from assent.web.api.calling import identify
from assent.web.api.intake import again
from assent.web.problems import assent_error
from assent.web.sessions import SAFE

HEADER = "idempotency-key"
REPLAYED = "Idempotency-Replayed"


class Idempotency:
    """Keeps answers under the keys callers send; stands behind `Intake`, which read the body."""

    def __init__(self, app: ASGIApp, *, application: Application) -> None:
        self._app = app
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        key = Headers(scope=scope).get(HEADER) if scope["type"] == "http" else None
        if key is None or scope["method"] in SAFE:
            await self._app(scope, receive, send)
            return
        request = Request(scope, again(scope["state"]["body"], receive))  # a form's token is in its body
        try:
            request.state.caller = await identify(self._application, request)
            place = repeats.place_of(request.state.caller, key)
            earlier = await repeats.begin(self._application, place, _asked(request))
        except AssentError as error:
            await (await assent_error(request, error))(scope, receive, send)
            return
        if earlier is not None:
            await _replay(earlier)(scope, receive, send)
            return
        await self._first(place, scope, receive, send)

    async def _first(self, place: KeyPlace, scope: Scope, receive: Receive, send: Send) -> None:
        """Do it, and keep the answer before it is given: who never saw it asks again."""
        messages: list[Message] = []

        async def keeping(message: Message) -> None:
            messages.append(message)

        with watching_writes() as watch:
            await self._app(scope, receive, keeping)
        # Not where it was cancelled: it may have been done, and the key stays taken.
        await repeats.finish(self._application, place, _kept(messages), wrote=watch.wrote)
        for message in messages:
            await send(message)


def _asked(request: Request) -> bytes:
    """Everything that makes a request this one."""
    kind = request.headers.get("content-type", "")
    line = f"{request.method} {request.url.path}?{request.url.query}\n{kind}\n".encode()
    body: bytes = request.state.body
    return line + body


def _kept(messages: list[Message]) -> Kept:
    start, last = messages[0], messages[-1]
    kind = Headers(raw=start["headers"]).get("content-type", "")
    body = b"".join(message.get("body", b"") for message in messages[1:])
    ended = last["type"] == "http.response.body" and not last.get("more_body", False)
    return Kept(start["status"] if ended else HTTPStatus.INTERNAL_SERVER_ERROR, kind, body)


def _replay(kept: Kept) -> Response:
    headers = {REPLAYED: "true"}
    if kept.content_type:
        headers["content-type"] = kept.content_type
    return Response(kept.body or None, kept.status, headers)
