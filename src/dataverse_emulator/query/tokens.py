"""The words of OData expressions."""

import re
from dataclasses import dataclass
from typing import Final

import msgspec

from dataverse_emulator.state.problems import bad_syntax

_HEX: Final = r"[0-9a-fA-F]"
_TOKENS: Final = re.compile(
    rf"""
    (?P<space>\s+)
  | (?P<enum>Microsoft\.Dynamics\.CRM\.\w+'(?:[^']|'')*')
  | (?P<text>'(?:[^']|'')*')
  | (?P<guid>\{{?{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}\}}?(?![\w-]))
  | (?P<when>\d{{4}}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{{1,9}})?)?(?:Z|[+-]\d\d:\d\d)?)?(?![\w-]))
  | (?P<number>-?\d{{1,18}}(?:\.\d+)?(?![\w.]))
  | (?P<list>\[(?:[^\]"]|"(?:[^"\\]|\\.)*")*\])
  | (?P<name>[@$]?[A-Za-z_][\w.]*(?:/[$A-Za-z_]\w*)*)
  | (?P<mark>[(),=:])
    """,
    re.VERBOSE | re.ASCII,
)
_TEXT: Final = re.compile(r""""(?:[^"\\]|\\.)*"|'((?:[^'\\]|\\.)*)'""")


@dataclass(frozen=True, slots=True)
class Token:
    """One word, its kind and its place."""

    kind: str
    text: str
    at: int


def tokens(text: str) -> list[Token]:
    """The words of an expression, or the refusal of what is none."""
    found, at = [], 0
    while at < len(text):
        hit = _TOKENS.match(text, at)
        if hit is None or hit.lastgroup is None:
            if text[at] == "'":
                # The documented text of this error (Filter rows, Manage single quotes).
                raise bad_syntax(f"There is an unterminated literal at position {at} in '{shown(text)}'.")
            raise bad_syntax(f"Syntax error at position {at} in '{shown(text)}'.")
        if hit.lastgroup != "space":
            found.append(Token(hit.lastgroup, hit.group(), at))
        at = hit.end()
    return found


def shown(text: str) -> str:
    """An expression as error messages print it."""
    return text if len(text) <= 200 else f"{text[:200]}…"


def split(text: str, separator: str) -> list[str]:
    """The parts between separators that are not within quotes, parentheses or brackets."""
    parts, depth, quote, start = [], 0, "", 0
    for at, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in "([":
            depth += 1
        elif letter in ")]":
            depth -= 1
        elif letter == separator and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]


def texts(text: str) -> tuple[str, ...]:
    """A JSON list of texts, whose quotes may be single ones, as the service's reader has it: `['1','2']`."""
    try:
        return tuple(msgspec.json.decode(_TEXT.sub(_double_quoted, text), type=list[str]))
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeError):
        # The documented text of this error (Filter rows, Manage single quotes).
        raise bad_syntax(
            "Invalid JSON. A comma character ',' was expected in scope 'Array'. Every two elements in an "
            "array and properties of an object must be separated by commas."
        ) from None


def _double_quoted(hit: re.Match[str]) -> str:
    inner = hit[1]
    if inner is None:
        return hit[0]
    escaped = inner.replace("\\'", "'").replace('"', '\\"')
    return f'"{escaped}"'
