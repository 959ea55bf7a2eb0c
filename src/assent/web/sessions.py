"""Who is signed in in a browser: the cookie, the token every form carries, and headers on every answer."""

import hashlib
import hmac
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import quote, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assent.errors import Forbidden, NotAllowed
from assent.services import people
from assent.services.access import Caller
from assent.services.application import Application
from assent.services.people import SignedIn

CSRF_HEADER = "x-csrf-token"
CSRF_FIELD = "csrf"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

#: The prefix lets browsers keep the cookie from every other host and path; they honour it over https only.
_COOKIE = "assent-session"
_SECURE_COOKIE = f"__Host-{_COOKIE}"

#: Only what this server serves, nothing inline, in nobody's frame.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    # Not "no-referrer": with it browsers send no usable Origin with forms, which is checked below.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
_ONE_YEAR = 365 * 24 * 3600


def secure(app: Application) -> bool:
    """Whether people reach this server over https."""
    return app.settings.reached_at.startswith("https://")


def cookie_name(app: Application) -> str:
    """What the session's cookie is called here."""
    return _SECURE_COOKIE if secure(app) else _COOKIE


def secret_of(app: Application, request: Request) -> str:
    """The session's secret a browser sent; empty where it sent none."""
    return request.cookies.get(cookie_name(app), "")


async def signed_in(app: Application, request: Request) -> Caller:
    """Who is signed in; sends everybody else to the sign-in page and back here afterwards.

    A page raises what this raises: a redirect for pages, told by htmx's own header where htmx asks.
    """
    try:
        return await people.session(app, secret_of(app, request))
    except Forbidden:
        raise _to_sign_in(request) from None


def begin(app: Application, response: Response, signed_in: SignedIn) -> None:
    """Give the browser a session that just began; whatever it had before is replaced."""
    response.set_cookie(
        cookie_name(app),
        signed_in.secret,
        max_age=int(people.LONGEST_SESSION.total_seconds()),
        path="/",
        secure=secure(app),
        httponly=True,
        samesite="lax",
    )


async def end(app: Application, request: Request, response: Response) -> None:
    """End the session a browser has, on both sides."""
    await people.sign_out(app, secret_of(app, request))
    response.delete_cookie(cookie_name(app), path="/", secure=secure(app), httponly=True, samesite="lax")


def csrf_token(secret: str) -> str:
    """What every form and every htmx request of a session carries; no other site can know it."""
    return hmac.new(secret.encode(), b"csrf", hashlib.sha256).hexdigest()


async def check_csrf(app: Application, request: Request) -> None:
    """Raise NotAllowed for an unsafe request that did not come from a page of this session.

    The token comes in the header `x-csrf-token` or in the form's field `csrf`.
    """
    if request.method in SAFE:
        return
    check_origin(app, request)
    given = request.headers.get(CSRF_HEADER, "")
    if not given and _is_form(request):
        value = (await request.form()).get(CSRF_FIELD)
        given = value if isinstance(value, str) else ""
    expected = csrf_token(secret_of(app, request))
    if not hmac.compare_digest(given.encode(), expected.encode()):
        raise NotAllowed(
            "This page is from an earlier session, so nothing was changed. Reload it, then try again."
        )


def check_origin(app: Application, request: Request) -> None:
    """Raise NotAllowed for an unsafe request that another site had the browser send; sign-in needs it too."""
    if request.method in SAFE:
        return
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    own = {_origin(app.settings.reached_at), _origin(str(request.base_url))}
    if site not in ("same-origin", "none") or (origin is not None and origin.lower() not in own):
        raise NotAllowed(
            "Another site sent this request, so nothing was changed. Open Assent itself and try again there. "
            "If it happens there too, ASSENT_PUBLIC_URL is not the address people use."
        )


def local_path(given: str) -> str:
    """Where to go after signing in: a path of this server, the first page for anything else."""
    is_path = given.startswith("/") and not given.startswith("//")
    return given if is_path and given.isprintable() and "\\" not in given else "/"


class SecurityHeaders:
    """Adds the headers to every answer that has none of its own."""

    def __init__(self, app: ASGIApp, *, over_https: bool) -> None:
        self._app = app
        hsts = {"Strict-Transport-Security": f"max-age={_ONE_YEAR}"} if over_https else {}
        self._headers = {**HEADERS, **hsts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does, with the headers."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, sending if scope["type"] == "http" else send)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _is_form(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind in ("application/x-www-form-urlencoded", "multipart/form-data")


def _to_sign_in(request: Request) -> HTTPException:
    """Only pages are come back to: a form that was open when the session ended is not sent twice."""
    if request.headers.get("hx-request") == "true":
        shown = urlsplit(request.headers.get("hx-current-url", ""))
        page = local_path(shown.path + (f"?{shown.query}" if shown.query else ""))
        back = "" if page == "/" else f"?next={quote(page, safe='/')}"
        return HTTPException(HTTPStatus.UNAUTHORIZED, people.ENDED, {"HX-Redirect": f"/sign-in{back}"})
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    onwards = f"?next={quote(here, safe='/')}" if request.method == "GET" and here != "/" else ""
    return HTTPException(HTTPStatus.SEE_OTHER, people.ENDED, {"Location": f"/sign-in{onwards}"})
