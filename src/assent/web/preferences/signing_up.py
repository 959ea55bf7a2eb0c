"""The addresses of signing up: `/s/{token}` is a form, `/c/{token}` confirms what was filled in there.

Forms are sent from other people's pages, without cookies: they ask for a mail, and nothing else comes of
them. No answer tells anything of the address. GET changes nothing, whoever opens it.
"""

from http import HTTPStatus
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from assent.errors import Invalid, TooMany, Unknown
from assent.policy.audience import mask_of
from assent.services import sign_ups
from assent.services.application import Application
from assent.services.sign_ups import From, Given
from assent.web.preferences.forms import LARGEST_FORM
from assent.web.preferences.rendering import Asked, draw
from assent.web.preferences.routes import friendly, onwards, token_of


def sign_up_routes(app: Application) -> list[Route]:
    """The routes of sign-up forms and their confirmations."""
    pages = _Pages(app)
    return [
        Route("/s/{token}", friendly(pages.form), methods=["GET"]),
        Route("/s/{token}", friendly(pages.sign_up), methods=["POST"]),
        Route("/c/{token}", friendly(pages.ask), methods=["GET"]),
        Route("/c/{token}", friendly(pages.confirm), methods=["POST"]),
    ]


class _Pages:
    """What the pages do over one application."""

    def __init__(self, app: Application) -> None:
        self._app = app

    async def form(self, request: Request, asked: Asked) -> Response:
        """The form, or what to do now that it was sent."""
        form = await sign_ups.shown(self._app, token_of(request))
        if request.query_params.get("done") == "yes":
            words = {"title": asked.words.sign_up_sent_title, "texts": [asked.words.sign_up_sent]}
            return draw("problem.html", asked, words, brand=form.brand)
        return draw("sign_up.html", asked, {"form": form}, brand=form.brand)

    async def sign_up(self, request: Request, asked: Asked) -> Response:
        """Let a mail go out that asks for confirmation; the answer is the same whoever it is."""
        form, words = await sign_ups.shown(self._app, token_of(request)), asked.words
        pairs = await _pairs(request)
        single = dict(pairs)
        account = form.brand.name
        origin = From(
            ip=_place(request),
            language=words.language,
            subject=words.sign_up_subject.format(account=account),
            body=words.sign_up_mail.format(account=account),
        )
        given = Given(
            email=single.get("email", ""),
            first_name=single.get("first_name", ""),
            last_name=single.get("last_name", ""),
            ticked=mask_of({int(value) for name, value in pairs if name == "on" and _is_category(value)}),
        )
        if not single.get("website"):  # people leave it empty: they do not see it
            try:
                await sign_ups.sign_up(self._app, token_of(request), given, origin)
            except (Unknown, TooMany):
                raise
            except Invalid:
                said = {"title": words.sign_up_title.format(account=account), "texts": [words.sign_up_wrong]}
                return draw("problem.html", asked, said, HTTPStatus.BAD_REQUEST)
        return onwards(f"{asked.here}&done=yes")

    async def ask(self, request: Request, asked: Asked) -> Response:
        """One button: mail scanners open every link."""
        waiting = await sign_ups.look(self._app, token_of(request))
        return draw("confirm.html", asked, {"waiting": waiting}, brand=waiting.brand)

    async def confirm(self, request: Request, asked: Asked) -> Response:
        """Do it, once, and show the person their own page."""
        url = await sign_ups.confirm(self._app, token_of(request), _place(request))
        return onwards(f"{url}?lang={asked.words.code}&done=joined")


async def _pairs(request: Request) -> list[tuple[str, str]]:
    """What a form sent; what is larger than any form of ours says nothing."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM:
            return []
    text = body.decode("utf-8", "replace").replace("%00", "")
    return [(name, value.replace("\0", "")) for name, value in parse_qsl(text, max_num_fields=None)]


def _is_category(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) <= 2 and 1 <= int(value) <= 60


def _place(request: Request) -> str:
    return request.client.host if request.client else ""
