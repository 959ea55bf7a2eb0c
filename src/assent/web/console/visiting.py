"""One request of a person who is signed in: who they are, what they sent, and how they are answered."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import structlog
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Receive

from assent.errors import AssentError, Forbidden, Invalid, NotAllowed, Unknown
from assent.ports import Evidence
from assent.services.access import Caller, Right
from assent.services.application import Application
from assent.web.console.notices import NOTICES
from assent.web.console.rendering import draw
from assent.web.console.words import sentence
from assent.web.problems import STATUS, place_of
from assent.web.sessions import check_csrf, csrf_token, secret_of, signed_in

__all__ = [
    "LARGEST_BODY",
    "OURS",
    "THEMES",
    "THEME_COOKIE",
    "Answer",
    "Desk",
    "Form",
    "Visit",
    "limited",
    "problem_page",
    "sentence",
    "status_of",
    "theme_of",
    "told",
]

log = structlog.get_logger()

THEMES = ("system", "light", "dark")
THEME_COOKIE = "assent-theme"

#: The largest body a page sends: a file to import, and a little around it.
LARGEST_BODY = 52_000_000

Answer = Callable[["Visit"], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Visit:
    """A request, the application, and who is signed in."""

    app: Application
    request: Request
    caller: Caller

    def may(self, right: str) -> bool:
        """Whether the caller has a right, by its name; pages hide what may not be done."""
        return self.caller.may(Right[right])

    @property
    def csrf(self) -> str:
        """What every form of this session carries."""
        return csrf_token(secret_of(self.app, self.request))

    @property
    def theme(self) -> str:
        """Light, dark, or as the system has it."""
        return theme_of(self.request)

    @property
    def here(self) -> str:
        """The path asked for, with what was asked of it."""
        query = self.request.url.query
        return self.request.url.path + (f"?{query}" if query else "")

    @property
    def path(self) -> str:
        """The path asked for."""
        return self.request.url.path

    @property
    def notice(self) -> str:
        """What was just done, as the address says it; only words of ours."""
        return NOTICES.get(self.asked("done"), "")

    def asked(self, name: str) -> str:
        """A parameter of the address, empty where it was not given."""
        return self.request.query_params.get(name, "").replace("\0", "")

    def number(self, name: str) -> int:
        """A number in the path; what cannot be one names nothing. Raises Unknown."""
        text = str(self.request.path_params[name])
        if not (text.isascii() and text.isdigit() and len(text) <= 18):
            raise Unknown("There is no such page. The address may be incomplete.")
        return int(text)

    async def form(self) -> "Form":
        """What was sent."""
        return Form(await self.request.form())

    def evidence(self, text: str = "", source: str = "") -> Evidence:
        """Evidence given on a page, with where it was given from."""
        place = self.request.client.host if self.request.client else ""
        return Evidence(text, source or "console", place)

    def page(
        self,
        template: str,
        status: HTTPStatus = HTTPStatus.OK,
        /,
        *,
        headers: Mapping[str, str] | None = None,
        **values: object,
    ) -> Response:
        """Draw a page of the console."""
        return draw(template, {"v": self, **values}, status, headers)

    def onwards(self, path: str, done: str = "", **query: str) -> Response:
        """Show another page after something was done, so that reloading sends nothing twice."""
        asked = {**query, **({"done": done} if done else {})}
        address = f"{path}?{urlencode(asked)}" if asked else path
        return RedirectResponse(address, HTTPStatus.SEE_OTHER)


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form; what was not sent is empty."""

    data: FormData

    def text(self, name: str) -> str:
        """The text of a field, trimmed, without what no text has."""
        value = self.data.get(name)
        return value.replace("\0", "").strip() if isinstance(value, str) else ""

    def secret(self, name: str) -> str:
        """The text of a field exactly as it was typed."""
        value = self.data.get(name)
        return value if isinstance(value, str) else ""

    def texts(self, name: str) -> list[str]:
        """The texts of a field that may be there several times."""
        return [value for value in self.data.getlist(name) if isinstance(value, str)]

    def flag(self, name: str) -> bool:
        """Whether a box was ticked."""
        return self.text(name) not in ("", "0", "no")

    def file(self, name: str) -> UploadFile | None:
        """A file, where one was chosen."""
        value = self.data.get(name)
        return value if isinstance(value, UploadFile) and value.filename else None

    def values(self) -> dict[str, str]:
        """The texts as they were sent, to be shown again."""
        return {name: value for name, value in self.data.items() if isinstance(value, str)}


class Desk:
    """Makes routes of answers: everybody is signed in, and every error becomes a page in words."""

    def __init__(self, app: Application) -> None:
        self.app = app

    def get(self, path: str, answer: Answer) -> Route:
        """A page that changes nothing."""
        return Route(path, self._guarded(answer), methods=["GET"])

    def post(self, path: str, answer: Answer) -> Route:
        """Something a form or a button does."""
        return Route(path, self._guarded(answer), methods=["POST"])

    def _guarded(self, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
        async def answered(request: Request) -> Response:
            request = Request(request.scope, limited(request.receive, LARGEST_BODY))
            try:
                visit = Visit(self.app, request, await signed_in(self.app, request))
            except HTTPException as ended:
                return Response(status_code=ended.status_code, headers=ended.headers)
            try:
                await check_csrf(self.app, request)
                return await answer(visit)
            except AssentError as error:
                return problem_page(visit, error)
            except HTTPException as error:
                return problem_page(visit, Invalid(_readable(error)))
            except Exception as error:  # noqa: BLE001 - whatever it is, people get a page
                log.error(
                    "page_failed", path=request.url.path, error=type(error).__name__, at=place_of(error)
                )
                return problem_page(visit, error)

        return answered


def theme_of(request: Request) -> str:
    """The theme a browser asked for before."""
    given = request.cookies.get(THEME_COOKIE, "")
    return given if given in THEMES else "system"


def status_of(error: Exception) -> HTTPStatus:
    """The status of a page that tells of an error. A session that works is no reason to sign in again."""
    if isinstance(error, Forbidden):
        return HTTPStatus.FORBIDDEN
    for kind, status in STATUS:
        if isinstance(error, kind):
            return status
    return HTTPStatus.INTERNAL_SERVER_ERROR


def told(error: AssentError) -> str:
    """What to say beside a form; raises an error no form can mend: not allowed, or not there."""
    if isinstance(error, NotAllowed | Unknown):
        raise error
    return sentence(str(error))


_TITLES: Mapping[HTTPStatus, str] = {
    HTTPStatus.NOT_FOUND: "Nothing here",
    HTTPStatus.FORBIDDEN: "Not for your role",
    HTTPStatus.CONFLICT: "It changed meanwhile",
    HTTPStatus.BAD_REQUEST: "That did not work",
    HTTPStatus.UNPROCESSABLE_ENTITY: "The other side refused",
    HTTPStatus.TOO_MANY_REQUESTS: "Too often",
    HTTPStatus.SERVICE_UNAVAILABLE: "Not at the moment",
    HTTPStatus.INTERNAL_SERVER_ERROR: "An error of ours",
}

OURS = (
    "Assent could not do this because of an error of its own. Nothing is half-done. Try again; if it stays "
    "so, tell whoever operates Assent when it happened: the log names the page."
)


def problem_page(visit: Visit, error: Exception) -> Response:
    """Tell of an error inside the console: what happened and what to do. For htmx, as a notice."""
    status = status_of(error)
    said = sentence(str(error)) if isinstance(error, AssentError) else OURS
    title = _TITLES.get(status, "That did not work")
    if isinstance(error, NotAllowed) and "session" in said:
        title = "This page is too old"
    if visit.request.headers.get("hx-request") == "true":
        headers = {"HX-Retarget": "#notices", "HX-Reswap": "innerHTML", "HX-Reselect": "#notices > *"}
        return draw("problem_notice.html", {"said": said}, status, headers)
    return draw("problem.html", {"v": visit, "title": title, "said": said}, status)


def _readable(error: HTTPException) -> str:
    return f"This was not readable: {error.detail}. Nothing was changed."


def limited(receive: Receive, largest: int) -> Receive:
    """Read no more of a body than a page sends; raises Invalid, while it is read, for a larger one."""
    taken = 0

    async def receiving() -> MutableMapping[str, Any]:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > largest:
            raise Invalid(f"This is more than {largest / 1_000_000:g} MB. Nothing was changed.")
        return message

    return receiving
