"""Draws the pages: one language, one template, and the headers that keep them private."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from assent.store.brands import Brand
from assent.web.preferences.languages import LANGUAGES, choose
from assent.web.preferences.words import Words

HERE = Path(__file__).parent

#: Nothing is loaded but our own style sheet, nothing is kept, and no address leaks onwards.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Robots-Tag": "noindex, nofollow",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Vary": "Accept-Language",
}

#: No look of its own.
PLAIN = Brand()

_TEMPLATES = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as the pages see it: its language, and where its own forms and links lead."""

    words: Words
    path: str

    @property
    def here(self) -> str:
        """The same page in the same language."""
        return f"{self.path}?lang={self.words.code}"

    def others(self) -> list[tuple[str, str, str]]:
        """Code, name and address of the page in the other languages."""
        return [
            (words.code, words.language, f"{self.path}?lang={words.code}")
            for words in LANGUAGES.values()
            if words is not self.words
        ]


def asked(request: Request) -> Asked:
    """Read a request's language."""
    words = choose(request.query_params.get("lang", ""), request.headers.get("accept-language", ""))
    return Asked(words, request.url.path)


def draw(
    template: str,
    asked: Asked,
    values: Mapping[str, object],
    status: HTTPStatus = HTTPStatus.OK,
    *,
    brand: Brand = PLAIN,
) -> Response:
    """Draw a page in an account's look; of other places only its logo may be loaded."""
    text = _TEMPLATES.get_template(template).render(w=asked.words, asked=asked, brand=brand, **values)
    headers = HEADERS | {"Content-Language": asked.words.code}
    if brand.logo_url:
        headers["Content-Security-Policy"] += f"; img-src {brand.logo_url.partition('?')[0]}"
    return HTMLResponse(text, status, headers)
