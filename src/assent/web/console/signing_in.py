"""Signing in by password or one-time link, signing out, and how the pages look to whoever signs in."""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from assent.errors import AssentError, Forbidden
from assent.services import people
from assent.services.application import Application
from assent.services.people import SignedIn
from assent.web.console.notices import NOTICES
from assent.web.console.rendering import draw
from assent.web.console.visiting import THEME_COOKIE, THEMES, Form, limited, sentence, status_of, theme_of
from assent.web.sessions import begin, check_origin, end, local_path, secret_of, secure

_ONE_YEAR = 365 * 24 * 3600

#: The largest form of these pages: anybody may send them.
_LARGEST_FORM = 100_000
_PASSWORD_PAGE = "/settings/password"  # noqa: S105 - a path


def signing_in_routes(app: Application) -> list[Route]:
    """The pages that need nobody to be signed in."""
    door = _Door(app)
    return [
        Route("/sign-in", door.ask, methods=["GET"]),
        Route("/sign-in", _plainly(door.by_password), methods=["POST"]),
        Route("/sign-in/{token}", door.ask_once, methods=["GET"]),
        Route("/sign-in/{token}", _plainly(door.once), methods=["POST"]),
        Route("/sign-out", _plainly(door.leave), methods=["POST"]),
        Route("/theme", _plainly(door.theme), methods=["POST"]),
    ]


class _Door:
    def __init__(self, app: Application) -> None:
        self._app = app

    async def ask(self, request: Request) -> Response:
        """The sign-in page; whoever is signed in already goes on."""
        onwards = local_path(request.query_params.get("next", "/"))
        if await self._knows(request):
            return RedirectResponse(onwards, HTTPStatus.SEE_OTHER)
        return _draw(request, "sign_in.html", {"next": onwards, "email": ""})

    async def by_password(self, request: Request) -> Response:
        """Sign in by address and password."""
        check_origin(self._app, request)
        form = Form(await request.form())
        onwards, email = local_path(form.text("next") or "/"), form.text("email")
        place = request.client.host if request.client else ""
        try:
            signed_in = await people.sign_in(self._app, email, form.secret("password"), place)
        except AssentError as error:
            status = HTTPStatus.UNAUTHORIZED if isinstance(error, Forbidden) else status_of(error)
            values = {"next": onwards, "email": email, "error": sentence(str(error))}
            return _draw(request, "sign_in.html", values, status)
        return self._let_in(signed_in, onwards)

    async def ask_once(self, request: Request) -> Response:
        """A button: opening a link, as mail scanners do, uses nothing up."""
        return _draw(request, "sign_in_once.html", {"token": str(request.path_params["token"])})

    async def once(self, request: Request) -> Response:
        """Use a one-time link; who has no password yet is asked to choose one."""
        check_origin(self._app, request)
        try:
            signed_in = await people.sign_in_once(self._app, str(request.path_params["token"]))
        except Forbidden as error:
            values = {"next": "/", "email": "", "error": sentence(str(error))}
            return _draw(request, "sign_in.html", values, HTTPStatus.UNAUTHORIZED)
        first = f"{_PASSWORD_PAGE}?done=choose-password"
        return self._let_in(signed_in, "/" if signed_in.has_password else first)

    async def leave(self, request: Request) -> Response:
        """Sign out."""
        check_origin(self._app, request)
        response = RedirectResponse("/sign-in?done=signed-out", HTTPStatus.SEE_OTHER)
        await end(self._app, request, response)
        return response

    async def theme(self, request: Request) -> Response:
        """Keep how the pages look, in this browser alone."""
        check_origin(self._app, request)
        form = Form(await request.form())
        chosen = form.text("theme")
        response = RedirectResponse(local_path(form.text("next") or "/"), HTTPStatus.SEE_OTHER)
        if chosen in THEMES:
            response.set_cookie(
                THEME_COOKIE,
                chosen,
                max_age=_ONE_YEAR,
                samesite="lax",
                secure=secure(self._app),
                httponly=True,
            )
        return response

    def _let_in(self, signed_in: SignedIn, onwards: str) -> Response:
        response = RedirectResponse(onwards, HTTPStatus.SEE_OTHER)
        begin(self._app, response, signed_in)
        return response

    async def _knows(self, request: Request) -> bool:
        secret = secret_of(self._app, request)
        if not secret:
            return False
        try:
            await people.session(self._app, secret)
        except Forbidden:
            return False
        return True


def sign_in_address(onwards: str) -> str:
    """The sign-in page that leads back to a path."""
    return f"/sign-in?next={quote(onwards, safe='/')}"


def _draw(
    request: Request, template: str, values: Mapping[str, object], status: HTTPStatus = HTTPStatus.OK
) -> Response:
    notice = NOTICES.get(request.query_params.get("done", ""), "")
    shared = {"theme": theme_of(request), "notice": notice, "error": ""}
    return draw(template, {**shared, **values}, status)


def _plainly(answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Tell errors on the sign-in page."""

    async def answered(request: Request) -> Response:
        request = Request(request.scope, limited(request.receive, _LARGEST_FORM))
        try:
            return await answer(request)
        except AssentError as error:
            values = {"next": "/", "email": "", "error": sentence(str(error))}
            return _draw(request, "sign_in.html", values, status_of(error))

    return answered
