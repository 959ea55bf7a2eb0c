"""Shows somebody's mail inside a page: in a frame where nothing runs, is sent, or leaves it unasked."""

import re

from starlette.responses import HTMLResponse, Response

from assent.web.sessions import POLICY

#: What mails are made of, and no more: their own styles and pictures they carry along. Remote pictures would
#: tell whoever hosts them that the mail was looked at.
_MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:; form-action 'none'; base-uri 'self'; frame-ancestors 'self'"
)
_BASE = '<base target="_blank">'
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)


def framed(html: str) -> Response:
    """A mail's HTML as a page of its own, to be shown in a frame; its links open elsewhere."""
    found = _HEAD.search(html)
    place = found.end() if found else 0
    return HTMLResponse(
        html[:place] + _BASE + html[place:],
        headers={"Content-Security-Policy": _MAIL_POLICY, "Referrer-Policy": "no-referrer"},
    )


def framing(page: Response) -> Response:
    """The page, allowed to have such a frame."""
    page.headers["Content-Security-Policy"] = f"{POLICY}; frame-src 'self'"
    return page
