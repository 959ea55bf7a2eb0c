"""The skiptoken cookie: where the next page begins, encoded as section 2.4 shows."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote
from xml.sax.saxutils import quoteattr

from lxml import etree

from dataverse_emulator.state.problems import Refusal, bad_syntax

_OUTER = re.compile(
    r'<cookie pagenumber="(\d{1,9})"(?: pagingcookie="([^"]*)")? istracking="(True|False)" ?/>', re.ASCII
)


_DECIMAL = re.compile(r"-?\d{1,20}(\.\d{1,20})?(e[+-]?\d{1,3})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cookie:
    """A page number, whether change tracking is on, and named attributes per element."""

    page: int
    tracking: bool
    elements: Mapping[str, Mapping[str, str]]

    def text(self) -> str:
        """The cookie as an annotation has it: an XML text around another one that is encoded twice."""
        held = "".join(
            f"<{name}{''.join(f' {key}={quoteattr(value)}' for key, value in attributes.items())}/>"
            for name, attributes in self.elements.items()
        )
        inner = f'<cookie page="{self.page - 1}">{held}</cookie>'
        twice = quote(quote(inner, safe=""), safe="")
        return f'<cookie pagenumber="{self.page}" pagingcookie="{twice}" istracking="{self.tracking}" />'

    def encoded(self) -> str:
        """The cookie as the value of $skiptoken."""
        return quote(self.text(), safe="")


def after(key: str, first: str, last: str, page: int = 2) -> Cookie:
    """The cookie of the page that follows one with these first and last rows, in key order."""
    held = {"last": f"{{{last.upper()}}}", "first": f"{{{first.upper()}}}"}
    return Cookie(page, tracking=False, elements={key: held})


def parsed(text: str) -> Cookie:
    """The cookie in a (once decoded) skiptoken; anything altered is refused.

    Some clients write one with nothing but a page number, from 1; the pages before count as full ones.
    """
    outer = _OUTER.fullmatch(text)
    if outer is None:
        raise malformed()
    if outer[2] is None:
        if int(outer[1]) == 0 or outer[3] == "True":
            raise malformed()
        return Cookie(int(outer[1]), tracking=False, elements={})
    return Cookie(int(outer[1]), outer[3] == "True", elements(unquote(unquote(outer[2]))))


def elements(text: str) -> dict[str, dict[str, str]]:
    """The attributes of each element of the inner text."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(text.encode("utf-8", "surrogatepass"), parser)
    except (etree.XMLSyntaxError, ValueError):
        raise malformed() from None
    return {str(held.tag): {str(key): str(value) for key, value in held.attrib.items()} for held in root}


def malformed() -> Refusal:
    """A cookie that is none of those handed out."""
    return bad_syntax("The paging cookie is malformed. Use it, or the nextLink, verbatim.")


def attribute(cookie: Cookie, element: str, name: str) -> str:
    """A value the cookie must have."""
    try:
        return cookie.elements[element][name]
    except KeyError:
        raise malformed() from None


def number(cookie: Cookie, element: str, name: str) -> int:
    """A number the cookie must have."""
    text = attribute(cookie, element, name)
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise malformed()
    return int(text)


def decimal(cookie: Cookie, element: str, name: str) -> float:
    """A number with a sign or a fraction that the cookie must have."""
    return decimal_of(attribute(cookie, element, name))


def decimal_of(text: str) -> float:
    """A number as cookies spell it."""
    if not _DECIMAL.fullmatch(text):
        raise malformed()
    return float(text) if "." in text or "e" in text else int(text)


def link(url: str, query: str, option: str, value: str) -> str:
    """The same URL and query with one option in place of a former one (2.4)."""
    kept = [
        piece
        for piece in query.split("&")
        if piece and unquote(piece.partition("=")[0]) not in ("$skiptoken", option)
    ]
    return f"{url}?{'&'.join([*kept, f'{option}={value}'])}"
