"""The addresses of the pages: outside the imitated surface, never counted, journalled or limited."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qs

from dataverse_emulator.pages import files, listing, record, values
from dataverse_emulator.state.columns import guid
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.wire.answers import Answer

_PLAIN: Final = "text/plain; charset=utf-8"
_POLICY: Final = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
_SAFETY: Final = MappingProxyType(
    {
        "Content-Security-Policy": _POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
)


def perform(
    organization: Organization, method: str, path: str, query: str, headers: Mapping[str, str]
) -> Answer | None:
    """The answer to a request for a page, or nothing when the address is not one of a page."""
    if path == "/":
        # Programs that ask for the root are told that it is not imitated; browsers want something to see.
        return _moved() if "text/html" in headers.get("accept", "") and method == "GET" else None
    if path == "/main.aspx" and method == "GET":
        return _record_link(query)
    if path != "/rep" and not path.startswith("/rep/"):
        return None
    if method not in ("GET", "HEAD"):
        return _answer(b"Pages take GET; the Web API takes changes.\n", _PLAIN, 405, Allow="GET, HEAD")
    known = headers.get("if-none-match", "")
    if path.startswith(files.FOLDER):
        return _file(path.removeprefix(files.FOLDER), query, known)
    return _page(organization, path.rstrip("/"), query, known)


def _page(organization: Organization, path: str, query: str, known: str) -> Answer:
    given = {name: texts[-1] for name, texts in parse_qs(query, errors="replace").items()}
    form = given.get("form", "")
    match path.removeprefix("/rep").split("/"):
        case [""]:
            return _moved()
        case ["", "contacts"]:
            return _html(
                listing.draw(organization, given.get("search", "").strip(), _number(given.get("page")))
            )
        case ["", "contacts", "new"]:
            return _html(record.draw(organization, None, form))
        case ["", "contacts", key]:
            row = values.contact(organization, guid(key))
            if row is None:
                return _html(record.missing(organization, key[:60]), 404)
            return _html(record.draw(organization, row, form))
        case ["", "contacts", key, "row"]:
            return _row(organization, key, known)
    return _answer(b"There is no such page; the contacts are at /rep/contacts.\n", _PLAIN, 404)


def _row(organization: Organization, key: str, known: str) -> Answer:
    """The row as it is now, for pages that show changes by themselves; 304 while it is the known one."""
    row = values.contact(organization, guid(key))
    if row is None:
        return _answer(b"{}", "application/json", 404)
    tag = values.etag(row)
    if known == tag:
        return _answer(b"", "application/json", 304, ETag=tag)
    return _answer(values.snapshot(organization, row).encode(), "application/json", ETag=tag)


def _file(name: str, query: str, known: str) -> Answer:
    found = files.file(name)
    if found is None:
        return _answer(b"There is no such file.\n", _PLAIN, 404)
    tag = f'"{found.version}"'
    kept = "public, max-age=31536000, immutable" if query == f"v={found.version}" else "no-cache"
    headers = {**_SAFETY, "Content-Type": found.kind, "Cache-Control": kept, "ETag": tag}
    return Answer(304, headers) if known == tag else Answer(200, headers, found.body)


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 10 else 1


def _html(body: bytes, status: int = 200) -> Answer:
    return _answer(body, "text/html; charset=utf-8", status)


def _answer(body: bytes, kind: str, status: int = 200, **more: str) -> Answer:
    return Answer(status, {**_SAFETY, "Content-Type": kind, **more}, body)


def _record_link(query: str) -> Answer:
    """Follow the address other programs link a contact by, which organisations keep across their apps."""
    given = {name: texts[-1] for name, texts in parse_qs(query, errors="replace").items()}
    key = guid(given.get("id", ""))
    if given.get("pagetype") != "entityrecord" or given.get("etn") != "contact" or key is None:
        return _moved()
    return _moved(f"{listing.PATH}/{key}")


def _moved(location: str = listing.PATH) -> Answer:
    return _answer(b"", _PLAIN, 303, Location=location)
