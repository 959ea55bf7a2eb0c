"""Errors as RFC 9457 problem details: what happened, what it means, what to do; nothing personal."""

import traceback
from collections.abc import Mapping
from http import HTTPStatus
from math import ceil

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assent.errors import (
    AssentError,
    Conflict,
    Forbidden,
    Invalid,
    NotAllowed,
    Paused,
    ReadAgain,
    Refused,
    Retry,
    TooMany,
    Unknown,
)

PROBLEM_TYPE = "application/problem+json"

log = structlog.get_logger()

#: The first class an error belongs to decides its status.
STATUS: tuple[tuple[type[AssentError], HTTPStatus], ...] = (
    (Unknown, HTTPStatus.NOT_FOUND),
    (Forbidden, HTTPStatus.UNAUTHORIZED),
    (NotAllowed, HTTPStatus.FORBIDDEN),
    (Conflict, HTTPStatus.CONFLICT),
    (TooMany, HTTPStatus.TOO_MANY_REQUESTS),
    (Invalid, HTTPStatus.BAD_REQUEST),
    (Refused, HTTPStatus.UNPROCESSABLE_ENTITY),
    (Paused, HTTPStatus.CONFLICT),
    (ReadAgain, HTTPStatus.CONFLICT),
    (Retry, HTTPStatus.SERVICE_UNAVAILABLE),
)


def problem(
    status: HTTPStatus,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    members: Mapping[str, object] | None = None,
) -> Response:
    """Answer with a problem document; `members` say more."""
    body = {"type": "about:blank", "title": status.phrase, "status": int(status), "detail": detail}
    return JSONResponse({**body, **(members or {})}, status, headers, media_type=PROBLEM_TYPE)


async def assent_error(request: Request, error: Exception) -> Response:
    """Translate an error of our tree; what is not the caller's to correct says only that it failed."""
    status = judged(request, error)
    if isinstance(error, AssentError) and status is not HTTPStatus.INTERNAL_SERVER_ERROR:
        return problem(status, str(error), headers=_headers(error))
    return problem(
        status,
        "Assent could not do this because of an error of its own; its log says where. Look whether it took "
        "effect before you try again.",
    )


def judged(request: Request, error: Exception) -> HTTPStatus:
    """The status an error is answered with; what is not the caller's to correct is logged."""
    for kind, status in STATUS:
        if isinstance(error, kind):
            return status
    log.error("request_failed", path=_page(request), error=type(error).__name__, at=place_of(error))
    return HTTPStatus.INTERNAL_SERVER_ERROR


def place_of(error: Exception) -> str:
    """Where in the program an error came from, without anything personal its text or values may hold."""
    frames = [
        f"{frame.f_globals.get('__name__', '')}:{line}"
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    ours = [at for at in frames if at.startswith("assent.")]
    return (ours or frames or ["nowhere"])[-1]


class Unhandled:
    """Answers errors nobody expected; a server that met them would log them with the values they quote."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does; of an answer that has begun, the rest is not sent."""
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception as error:  # noqa: BLE001 - whatever it is, it ends here
            answer = await assent_error(Request(scope), error)
            if not begun:
                await answer(scope, receive, send)


async def http_error(request: Request, error: Exception) -> Response:
    """Give the framework's own answers (no such path, wrong method) the same shape; redirects stay so."""
    status = HTTPStatus(getattr(error, "status_code", HTTPStatus.INTERNAL_SERVER_ERROR))
    headers = getattr(error, "headers", None)
    if status in range(300, 400):
        return Response(status_code=status, headers=headers)
    return problem(status, str(getattr(error, "detail", status.phrase)), headers=headers)


def _page(request: Request) -> str:
    """The path without what was filled in: tokens in it let people in, and none may stand in a log."""
    path: str = request.scope["path"]
    for name, value in request.path_params.items():
        path = path.replace(f"/{value}", f"/{{{name}}}")
    return path


def _headers(error: AssentError) -> dict[str, str]:
    """What clients read by themselves: when to try again, and how to say who calls."""
    if isinstance(error, TooMany | Retry) and error.after_s is not None:
        return {"Retry-After": str(max(1, ceil(error.after_s)))}
    return {"WWW-Authenticate": 'Bearer realm="Assent"'} if isinstance(error, Forbidden) else {}
