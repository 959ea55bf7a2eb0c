"""The spelling of OData: addresses, literals, links, etags and JSON (dataverse.md 2.1-2.6)."""

import re
from collections.abc import Collection, Iterator, Sequence
from urllib.parse import parse_qsl, quote, urlsplit
from uuid import UUID

import msgspec

from assent.errors import Unreachable

ROOT = "/api/data/v9.2/"
JSON_HEADERS = {"Content-Type": "application/json"}
ETAG = "@odata.etag"
NEXT = "@odata.nextLink"
DELTA = "@odata.deltaLink"

#: A URL inside a `$batch` part may have 65,536 characters (2.1); this leaves room for the rest of it.
LIST_CHARACTERS = 56_000

_ETAG = re.compile(r'(?:W/)?"(\d{1,19})"')
_LARGEST = (1 << 63) - 1


def query(**options: str) -> str:
    """Give `?$name=value&...`, every value percent-encoded whole (`+`, `&`, `#` and spaces too, 2.3)."""
    return "?" + "&".join(f"${name}={encoded(value)}" for name, value in options.items())


def encoded(value: str) -> str:
    """Percent-encode a query value; commas, parentheses and quotes may stand as they are."""
    return quote(value, safe="(),'$.:")


def text(value: str) -> str:
    """Spell a string literal: a single quote is doubled (2.3)."""
    return "'" + value.replace("'", "''") + "'"


def within(column: str, values: Sequence[str]) -> str:
    """Spell the `In` function; double quotes in its array let apostrophes stand (2.3)."""
    listed = msgspec.json.encode(list(values)).decode()
    return f"Microsoft.Dynamics.CRM.In(PropertyName='{column}',PropertyValues={listed})"


def chunks(values: Collection[str], most: int = 1000) -> Iterator[list[str]]:
    """Cut values so that each piece has at most `most` and fits a batched URL when encoded (2.1)."""
    piece: list[str] = []
    size = 0
    for value in values:
        length = len(encoded(msgspec.json.encode(value).decode())) + 1
        if piece and (len(piece) >= most or size + length > LIST_CHARACTERS):
            yield piece
            piece, size = [], 0
        piece.append(value)
        size += length
    if piece:
        yield piece


def select_of(link: str) -> frozenset[str] | None:
    """Give the columns a link selects, or None where it does not say."""
    chosen = dict(parse_qsl(urlsplit(link).query)).get("$select")
    return None if chosen is None else frozenset(chosen.split(","))


def etag(version: int) -> str:
    """Spell the weak etag of a row version; `W/` and the quotes belong to it (2.6)."""
    return f'W/"{version}"'


def version_of(tag: str) -> int:
    """Read a row version from an etag (its digits are `versionnumber`, 2.6); raises ValueError."""
    found = _ETAG.fullmatch(tag)
    version = int(found[1]) if found else 0
    if not found or version > _LARGEST:
        raise ValueError("not a row version")
    return version


def contact(row_id: UUID) -> str:
    """The address of one contact."""
    return f"contacts({row_id})"


def encode(body: object) -> bytes:
    """Write JSON."""
    return msgspec.json.encode(body)


def decode(body: bytes, what: str) -> dict[str, object]:
    """Read a JSON object, with or without a byte order mark (section 11); raises Unreachable."""
    try:
        found = msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        found = None
    if not isinstance(found, dict):
        raise broken(what)
    return found


def listed(page: dict[str, object], what: str) -> list[dict[str, object]]:
    """Give the rows of a page; raises Unreachable where there are none to find."""
    rows = page.get("value")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise broken(what)
    return rows


def link(page: dict[str, object], name: str) -> str | None:
    """Give the next or delta link of a page, which is opaque and used verbatim (2.4)."""
    found = page.get(name)
    return found if isinstance(found, str) and found else None


def broken(what: str) -> Unreachable:
    """An answer that cannot be read: like no answer at all."""
    return Unreachable(
        f"While {what}, Dynamics answered with something that is not a Web API answer. "
        "Nothing is assumed from it; it will be asked again."
    )
