"""What is looked at before a router is called: sizes, encodings, and values no database can hold."""

import asyncio
import json
import math
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_to_bytes

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assent.errors import AssentError
from assent.services.application import Application
from assent.services.tables.limits import TableLimits
from assent.web.api.calling import known
from assent.web.api.shapes import LARGEST_NUMBER
from assent.web.problems import assent_error, problem

#: Bodies of JSON, and files to import.
LARGEST_JSON = 2 * 1024 * 1024
LARGEST_FILE = TableLimits().size_bytes

#: Larger ones are read from callers who are known, and looked through beside other requests.
_SHORT = 64 * 1024

#: Deeper than any body of ours.
DEEPEST = 32


class Unacceptable(Exception):
    """A request no router needs to see; the text says why."""

    def __init__(self, detail: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(detail)
        self.status = status


class Intake:
    """Reads the whole request, refuses what cannot be right, and hands the rest on; HEAD is GET unread."""

    def __init__(self, app: ASGIApp, *, application: Application) -> None:
        self._app = app
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            check_address(scope)
            body = await self._read(request)
            if body and is_json(request):
                await _checked(body)
        except (Unacceptable, AssentError) as error:
            if isinstance(error, Unacceptable):
                answer = problem(error.status, str(error))
            else:
                answer = await assent_error(request, error)
            # What was not read may still come: the connection is not used again.
            answer.headers["Connection"] = "close"
            await answer(scope, receive, send)
            return
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        state = {**scope.get("state", {}), "application": self._application, "body": body}
        await self._app({**scope, "method": method, "state": state}, again(body, receive), send)

    async def _read(self, request: Request) -> bytes:
        """The whole body; never holds more than is allowed, and little from callers nobody knows."""
        limit = LARGEST_JSON if is_json(request) else LARGEST_FILE
        body, caller = bytearray(), None
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise Unacceptable(
                    f"The body is larger than {limit // 1024:,} KB.", HTTPStatus.REQUEST_ENTITY_TOO_LARGE
                )
            if len(body) > _SHORT and caller is None:
                caller = await known(self._application, request)
        return bytes(body)


async def _checked(body: bytes) -> None:
    if len(body) <= _SHORT:
        check_json(body)
    else:
        await asyncio.to_thread(check_json, body)


def is_json(request: Request) -> bool:
    """Whether the body says that it is JSON."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")


def check_address(scope: Scope) -> None:
    """Raise Unacceptable for a path or a query that is no text."""
    for part in (scope.get("raw_path") or scope["path"].encode(), scope.get("query_string", b"")):
        try:
            text = unquote_to_bytes(part).decode()
        except UnicodeDecodeError:
            raise Unacceptable("The address is not UTF-8.") from None
        if "\0" in text:
            raise Unacceptable("The address holds a NUL character; nothing here has one.")


def check_json(body: bytes) -> None:
    """Raise Unacceptable for what is no JSON, says a thing twice, or holds what cannot be stored."""
    try:
        found = json.loads(body.decode(), object_pairs_hook=_once, parse_constant=_no_number)
    except UnicodeDecodeError:
        raise Unacceptable("The body is not UTF-8.") from None
    except RecursionError:
        raise Unacceptable("The body is nested too deeply.") from None
    except ValueError:
        raise Unacceptable("The body is not JSON.") from None
    level: list[Any] = [found]
    for _ in range(DEEPEST):
        if not level:
            return
        level = list(_inside(level))
    if level:
        raise Unacceptable("The body is nested too deeply.")


def _inside(level: Iterable[Any]) -> Iterable[Any]:
    """Check the values of one level; gives those of the next."""
    for value in level:
        if isinstance(value, dict):
            yield from value.keys()
            yield from value.values()
        elif isinstance(value, list):
            yield from value
        elif isinstance(value, str):
            if "\0" in value:
                raise Unacceptable("A text holds a NUL character; remove it.")
            if any("\ud800" <= character <= "\udfff" for character in value):
                raise Unacceptable("A text holds half a character (a lone surrogate); remove it.")
        elif isinstance(value, int):
            if not -LARGEST_NUMBER <= value <= LARGEST_NUMBER:
                raise Unacceptable("A number is larger than any here can be.")
        elif isinstance(value, float) and not math.isfinite(value):
            raise Unacceptable("A number is larger than any here can be.")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unacceptable("An object has the same member twice, so it is not clear which counts.")
    return found


def _no_number(_: str) -> None:
    raise ValueError


def again(body: bytes, receive: Receive) -> Receive:
    """Give a body that was read already, then whatever comes after it."""
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receiving() -> Message:
        return left.pop() if left else await receive()

    return receiving
