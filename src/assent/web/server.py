"""The routes: webhook intake, liveness and readiness."""

from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from assent.errors import AssentError, Unknown
from assent.services.application import Admitted
from assent.web.inbox import Inbox
from assent.web.metrics import CountRequests
from assent.web.problems import Unhandled, assent_error, http_error, problem
from assent.web.sessions import SecurityHeaders

#: Dataverse strips bodies above 256 KB; whatever is larger is not a notice.
LARGEST_BODY = 512 * 1024

#: Every number of so many digits fits the database's own.
LONGEST_NUMBER = 18

KEY_HEADER = "x-assent-key"


class Admit(Protocol):
    """Checks a connection's webhook key."""

    async def __call__(self, connection_id: int, key: str) -> Admitted:
        """Raises Unknown for no such connection and Forbidden for a wrong key."""


def create_app(
    admit: Admit,
    inbox: Inbox,
    ready: Callable[[], Awaitable[bool]],
    faces: Sequence[BaseRoute] = (),
    *,
    over_https: bool = False,
) -> Starlette:
    """Build the web application over what the rest of the program offers, and the `faces` people meet."""

    async def dynamics_webhook(request: Request) -> Response:
        """Take a notice in: check the key, read the body, answer once it is durable."""
        connection_id = _number(request.path_params["connection_id"])
        admitted = await admit(connection_id, request.headers.get(KEY_HEADER, ""))
        body = await _body(request)
        if body is None:
            return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "A Dataverse notice has at most 256 KB.")
        await inbox.put(admitted.account_id, admitted.parse(body))
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def healthz(request: Request) -> Response:
        return PlainTextResponse("ok")

    async def readyz(request: Request) -> Response:
        if await ready():
            return PlainTextResponse("ready")
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, "The database or the engine does not answer yet.")

    return Starlette(
        routes=[
            Route("/webhooks/dynamics/{connection_id}", dynamics_webhook, methods=["POST"]),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            *faces,
        ],
        middleware=[
            Middleware(CountRequests),
            Middleware(SecurityHeaders, over_https=over_https),
            Middleware(Unhandled),
        ],
        exception_handlers={AssentError: assent_error, HTTPException: http_error},
    )


def _number(text: str) -> int:
    """Read a connection's number; what cannot be one names no connection."""
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER):
        raise Unknown("there is no such connection")
    return int(text)


async def _body(request: Request) -> bytes | None:
    """Read the body, or None once it is larger than any notice; never holds more than that."""
    chunks = bytearray()
    async for chunk in request.stream():
        chunks += chunk
        if len(chunks) > LARGEST_BODY:
            return None
    return bytes(chunks)
