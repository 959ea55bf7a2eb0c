"""The addresses of a person's own pages: `/p/{token}` shows and saves, `/u/{token}` stops mail.

GET and HEAD change nothing, whoever opens them: mail scanners follow every link.
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

from assent.errors import Erased, Unknown
from assent.ports import Evidence
from assent.services import preferences
from assent.services.application import Application
from assent.services.preferences import PreferencePage, Saved
from assent.web.preferences.colours import button_style
from assent.web.preferences.forms import evidence_text, read_form
from assent.web.preferences.rendering import HEADERS, HERE, Asked, asked, draw
from assent.web.problems import judged

_Answer = Callable[[Request, Asked], Awaitable[Response]]


def preference_routes(app: Application) -> list[Route]:
    """The routes of the pages."""
    pages = _Pages(app)
    return [
        Route("/p/assets/style.css", _style),
        Route("/p/assets/brand-{colour}.css", _coloured),
        Route("/p/{token}", friendly(pages.show), methods=["GET"]),
        Route("/p/{token}", friendly(pages.save), methods=["POST"]),
        Route("/u/{token}", friendly(pages.ask), methods=["GET"]),
        Route("/u/{token}", friendly(pages.unsubscribe), methods=["POST"]),
    ]


class _Pages:
    """What the pages do over one application."""

    def __init__(self, app: Application) -> None:
        self._app = app

    async def show(self, request: Request, asked: Asked) -> Response:
        """The page, with what was just saved; the question where one is due."""
        page = await preferences.page(self._app, token_of(request))
        done = request.query_params.get("done", "").split(".")
        template = "question.html" if "ask" in done and page.withdrawn else "page.html"
        saved = bool(set(done) - {"kept", "late", "nothing"})
        values = {"page": page, "saved": saved, "done": _confirmed(page, done, asked)}
        return draw(template, asked, values, brand=page.brand)

    async def save(self, request: Request, asked: Asked) -> Response:
        """Save, then show the page anew, so that going back or reloading sends nothing twice."""
        sent = await read_form(request)
        page = await preferences.page(self._app, token_of(request))
        evidence = _evidence(request, "preference page", evidence_text(sent, page, asked.words), asked)
        saved = await preferences.save(self._app, token_of(request), sent.wish, evidence=evidence)
        return onwards(f"{asked.here}&done={_done(saved, kept=sent.wish.resume is False)}")

    async def ask(self, request: Request, asked: Asked) -> Response:
        """One button, or what came of it."""
        mail = await preferences.leaving(self._app, token_of(request))
        return draw("unsubscribe.html", asked, {"mail": mail, "token": token_of(request)}, brand=mail.brand)

    async def unsubscribe(self, request: Request, asked: Asked) -> Response:
        """Stop mail: from a mail program (RFC 8058, answered without a redirect), or from our button."""
        pressed = request.query_params.get("from") == "page"
        token, words = token_of(request), asked.words
        if not pressed:
            evidence = _evidence(request, "one-click unsubscribe", "", asked)
            mail = await preferences.unsubscribe(self._app, token, evidence=evidence)
            return draw("unsubscribe.html", asked, {"mail": mail, "token": token}, brand=mail.brand)
        name = (await preferences.leaving(self._app, token)).category
        text = words.unsubscribe_all if name is None else words.unsubscribe.format(name=name)
        evidence = _evidence(request, "unsubscribe page", f"[{text}]", asked)
        await preferences.unsubscribe(self._app, token, evidence=evidence)
        return onwards(asked.here)


def token_of(request: Request) -> str:
    """The token in the address."""
    return str(request.path_params["token"])


def _evidence(request: Request, source: str, text: str, asked: Asked) -> Evidence:
    place = request.client.host if request.client else ""
    return Evidence(text=text, source=f"{source} ({asked.words.language})", ip=place)


def onwards(url: str) -> Response:
    """Show another page, so that going back or reloading sends nothing twice."""
    return RedirectResponse(url, HTTPStatus.SEE_OTHER, HEADERS)


def _done(saved: Saved, *, kept: bool) -> str:
    """What a save led to, as the next page's address tells it."""
    flags = {
        "stop": saved.stopped,
        "resume": saved.resumed,
        "kept": kept,
        "late": saved.unsaved,
        "ask": saved.asks,
    }
    numbers = [str(bit.bit_length()) for bit in saved.on + saved.off]
    return ".".join([name for name, is_so in flags.items() if is_so] + numbers) or "nothing"


def _confirmed(page: PreferencePage, done: list[str], asked: Asked) -> list[str]:
    """What to confirm: only what is true now, so that no address can make the page say otherwise."""
    words, said = asked.words, []
    if "stop" in done and page.withdrawn:
        said.append(words.done_stop)
    if "resume" in done and page.basis.positive:
        said.append(words.done_resume)
    if "joined" in done and page.basis.positive:
        said.append(words.done_joined)
    if "kept" in done and page.withdrawn:
        said.append(words.done_kept)
    said += [
        (words.done_on if choice.yes else words.done_off).format(name=choice.name)
        for choice in page.choices
        if str(choice.bit.bit_length()) in done
    ]
    if "late" in done:
        said.append(words.done_unsaved)
    if "nothing" in done:
        said.append(words.done_nothing)
    return said


def friendly(answer: _Answer) -> Callable[[Request], Awaitable[Response]]:
    """Answer with a page whatever is wrong: with the link, for the moment, or with us."""

    async def answered(request: Request) -> Response:
        seen = asked(request)
        try:
            return await answer(request, seen)
        except Erased:
            # No refusal: a mail program's one click, too, has what it asked for.
            words = {"title": seen.words.erased_title, "texts": [seen.words.erased]}
            return draw("problem.html", seen, words)
        except Unknown:
            words = {"title": seen.words.lost_title, "texts": [seen.words.lost, seen.words.lost_advice]}
            return draw("problem.html", seen, words, HTTPStatus.NOT_FOUND)
        except Exception as error:  # noqa: BLE001 - whatever it is, people get a page
            words = {"title": seen.words.later_title, "texts": [seen.words.later]}
            return draw("problem.html", seen, words, judged(request, error))

    return answered


async def _style(request: Request) -> Response:
    headers = HEADERS | {"Cache-Control": "public, max-age=3600"}
    return FileResponse(HERE / "style.css", media_type="text/css", headers=headers)


async def _coloured(request: Request) -> Response:
    """The buttons in an account's colour; the colour stands in the address, so nothing is looked up."""
    text = button_style(str(request.path_params["colour"]))
    if text is None:
        return Response(status_code=HTTPStatus.NOT_FOUND)
    return Response(text, media_type="text/css", headers=HEADERS | {"Cache-Control": "public, max-age=86400"})
