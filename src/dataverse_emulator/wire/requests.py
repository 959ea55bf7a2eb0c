"""Addresses, headers and preferences of the Web API, read into values (dataverse.md 2.1-2.3)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final
from urllib.parse import unquote, unquote_plus

from dataverse_emulator.query.executor import MAX_PAGE
from dataverse_emulator.state.problems import Problem, Refusal, bad_syntax

_SEGMENT: Final = re.compile(r"([$A-Za-z_][\w.$]*)(?:\((.*)\))?", re.DOTALL)
_DIGITS: Final = re.compile(r"\d{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Segment:
    """One step of a path: a name and, when in parentheses, a key (None when there are none)."""

    name: str
    key: str | None = None


def segments(path: str) -> list[Segment]:
    """The path's steps; slashes inside quotes or parentheses do not separate."""
    if not path.strip("/"):
        return [Segment("")]
    found = []
    for text in _split(path.strip("/")):
        hit = _SEGMENT.fullmatch(unquote(text))
        if hit is None:
            raise Refusal(
                Problem.UNKNOWN_RESOURCE, f"Resource not found for the segment '{unquote(text)[:80]}'."
            )
        found.append(Segment(hit[1], hit[2]))
    return found


def _split(path: str) -> list[str]:
    parts, depth, quoted, start = [], 0, False, 0
    for at, letter in enumerate(path):
        if letter == "'":
            quoted = not quoted
        elif not quoted and letter in "()":
            depth += 1 if letter == "(" else -1
        elif letter == "/" and not quoted and depth == 0:
            parts.append(path[start:at])
            start = at + 1
    return [*parts, path[start:]]


def options(query: str) -> dict[str, str]:
    """Query options by name; a repeated one is refused."""
    found: dict[str, str] = {}
    for piece in query.split("&"):
        if not piece:
            continue
        name, _, value = piece.partition("=")
        name = unquote_plus(name)
        if name in found:
            raise bad_syntax(f"Query option '{name[:40]}' was specified more than once.")
        found[name] = unquote_plus(value)
    return found


@dataclass(frozen=True, slots=True)
class Preferences:
    """The honoured parts of `Prefer`, and how they are reported back (2.2)."""

    return_representation: bool = False
    max_page: int | None = None
    track_changes: bool = False
    continue_on_error: bool = False
    annotations: tuple[str, ...] = ()

    @property
    def page_size(self) -> int:
        """5000 at most, whatever is asked (2.4)."""
        return min(self.max_page or MAX_PAGE, MAX_PAGE)

    def wants(self, annotation: str) -> bool:
        """Whether rows carry this annotation."""
        return any(fnmatchcase(annotation, pattern) for pattern in self.annotations)

    def applied(self) -> dict[str, str]:
        """The Preference-Applied header."""
        parts = ["return=representation"] if self.return_representation else []
        parts += ["odata.track-changes"] if self.track_changes else []
        parts += [f"odata.maxpagesize={self.max_page}"] if self.max_page else []
        parts += ["odata.continue-on-error"] if self.continue_on_error else []
        parts += [f'odata.include-annotations="{",".join(self.annotations)}"'] if self.annotations else []
        return {"Preference-Applied": ",".join(parts)} if parts else {}


_PREFERENCE: Final = re.compile(r'([\w.\-]+)\s*(?:=\s*("[^"]*"|[^",;]*))?\s*(?:[,;]|$)')


def preferences(header: str | None) -> Preferences:
    """The preferences in a `Prefer` header; unknown ones are ignored, as HTTP asks."""
    if not header:
        return Preferences()
    found = {hit[1].lower(): (hit[2] or "").strip().strip('"') for hit in _PREFERENCE.finditer(header)}
    size = found.get("odata.maxpagesize")
    if size is not None and (not _DIGITS.fullmatch(size) or int(size) == 0):
        raise bad_syntax(f"Invalid value '{size[:40]}' for odata.maxpagesize.")
    shown = found.get("odata.include-annotations", "")
    return Preferences(
        return_representation=found.get("return") == "representation",
        max_page=int(size) if size else None,
        track_changes="odata.track-changes" in found,
        continue_on_error="odata.continue-on-error" in found,
        annotations=tuple(part.strip() for part in shown.split(",") if part.strip()),
    )


def condition_header(headers: Mapping[str, str], name: str) -> str | None:
    """If-Match or If-None-Match; the client habit `If-None-Match: null` means nothing (2.1)."""
    value = headers.get(name)
    return None if value is None or value.strip().lower() in ("", "null") else value.strip()


_ETAG: Final = re.compile(r'W/"(\d{1,18})"', re.ASCII)


def etag_version(value: str) -> int:
    """The version in `W/"n"`; anything else never matches, and is refused as malformed (2.6)."""
    hit = _ETAG.fullmatch(value)
    if hit is None:
        raise bad_syntax(f"The ETag value '{value[:40]}' is not valid.")
    return int(hit[1])
