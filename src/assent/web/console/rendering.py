"""Draws the pages: templates, the small words they share, and the files they load."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from operator import and_
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from assent.errors import Unknown
from assent.web.console.icons import icon
from assent.web.console.words import RULES, WORDS, duration, plural, sentence, size, tone, without_rule

HERE = Path(__file__).parent

_KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".txt": "text/plain"}
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}

#: Everything the pages load, read once: nothing but these is ever served.
_FILES = {path.name: path.read_bytes() for path in sorted((HERE / "static").iterdir())}
#: Changes with any of them, so that browsers may keep them for good.
_EDITION = hashlib.sha256(b"".join(_FILES.values())).hexdigest()[:12]

_TEMPLATES = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def _static_url(name: str) -> str:
    return f"/static/{_EDITION}/{name}"


def _number(value: float) -> str:
    return f"{value:,.0f}"


def _breakable(text: str) -> Markup:
    """An address that breaks at its @ where it must."""
    return escape(text).replace("@", Markup("@<wbr>"))


def _when(moment: datetime | None, *, day: bool = True) -> Markup:
    """A moment as UTC; the browser shows it in its own zone."""
    if moment is None:
        return Markup('<span class="none">never</span>')
    shown = f"{moment:%-d %b %Y, %H:%M} UTC" if day else f"{moment:%H:%M} UTC"
    return Markup('<time datetime="{}" data-when="{}">{}</time>').format(
        f"{moment:%Y-%m-%dT%H:%M:%SZ}", "day" if day else "hour", shown
    )


_TEMPLATES.globals.update(
    icon=icon, static=_static_url, when=_when, plural=plural, rules=RULES, words=WORDS, tone=tone
)
_TEMPLATES.filters.update(
    n=_number,
    breakable=_breakable,
    duration=duration,
    size=size,
    band=and_,
    without_rule=without_rule,
    sentence=sentence,
)


def draw(
    template: str,
    values: Mapping[str, object],
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Draw a page."""
    return HTMLResponse(_TEMPLATES.get_template(template).render(**values), status, headers)


async def _static(request: Request) -> Response:
    name = str(request.path_params["name"])
    content = _FILES.get(name)
    if content is None:
        raise Unknown("there is no such file")
    kind = _KINDS.get(Path(name).suffix, "application/octet-stream")
    return Response(content, media_type=kind, headers=_FOREVER)


def static_routes() -> list[Route]:
    """Style sheets, scripts and the icon."""
    return [Route("/static/{edition}/{name}", _static)]
