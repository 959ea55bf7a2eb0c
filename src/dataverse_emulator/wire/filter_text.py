"""The text of $filter, read into a condition by recursive descent (dataverse.md 2.3)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from dataverse_emulator.state.columns import Kind, utc_seconds
from dataverse_emulator.state.conditions import (
    All,
    Compare,
    Condition,
    Like,
    Literal,
    Match,
    Not,
    Op,
    Some,
    Within,
)
from dataverse_emulator.state.problems import Refusal, bad_syntax, not_implemented

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
  | (?P<name>[@$]?[A-Za-z_][\w.]*(?:/[A-Za-z_]\w*)*)
  | (?P<mark>[(),=])
    """,
    re.VERBOSE | re.ASCII,
)
_OPS: Final = {op.value: op for op in Op}
_MATCHES: Final = {match.value: match for match in Match}
_CRM: Final = "Microsoft.Dynamics.CRM."
_MAX_DEPTH: Final = 100


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def parsed(text: str, aliases: Mapping[str, str] | None = None) -> Condition:
    """The condition a $filter text states; `aliases` are the @p query options."""
    return _Parser(_tokens(text), dict(aliases or {}), text).whole()


def _tokens(text: str) -> list[_Token]:
    found, at = [], 0
    while at < len(text):
        hit = _TOKENS.match(text, at)
        if hit is None or hit.lastgroup is None:
            raise bad_syntax(f"Syntax error at position {at} in '{_shown(text)}'.")
        if hit.lastgroup != "space":
            found.append(_Token(hit.lastgroup, hit.group(), at))
        at = hit.end()
    return found


def _shown(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:200]}…"


class _Parser:
    def __init__(self, tokens: list[_Token], aliases: dict[str, str], text: str) -> None:
        self._tokens = tokens
        self._aliases = aliases
        self._text = text
        self._at = 0
        self._depth = 0

    # or := and ("or" and)*, and := unary ("and" unary)*, unary := "not" unary | "(" or ")" | leaf

    def whole(self) -> Condition:
        condition = self._or()
        if self._peek() is not None:
            raise self._error()
        return condition

    def _or(self) -> Condition:
        parts = [self._and()]
        while self._take_word("or"):
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else Some(tuple(parts))

    def _and(self) -> Condition:
        parts = [self._unary()]
        while self._take_word("and"):
            parts.append(self._unary())
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _unary(self) -> Condition:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise bad_syntax("The $filter expression is nested too deeply.")
        try:
            if self._take_word("not"):
                return Not(self._unary())
            if self._take_mark("("):
                inner = self._or()
                self._need_mark(")")
                return inner
            return self._leaf()
        finally:
            self._depth -= 1

    def _leaf(self) -> Condition:
        token = self._next()
        if token.kind != "name":
            raise self._error(token)
        following = self._peek()
        if following is not None and following.text == "(" and following.kind == "mark":
            return self._function(token)
        op = self._next()
        if op.kind != "name" or op.text not in _OPS:
            raise self._error(op)
        return Compare(token.text, _OPS[op.text], self._literal(self._next()))

    def _function(self, name: _Token) -> Condition:
        if name.text in _MATCHES:
            return self._text_function(_MATCHES[name.text])
        if name.text in (f"{_CRM}In", f"{_CRM}NotIn"):
            return self._membership(negated=name.text.endswith("NotIn"))
        raise not_implemented("this $filter function", f"'{name.text[:60]}'.")

    def _text_function(self, match: Match) -> Condition:
        self._need_mark("(")
        column = self._next()
        if column.kind != "name":
            raise self._error(column)
        self._need_mark(",")
        literal = self._literal(self._next())
        self._need_mark(")")
        if literal.kind is not Kind.TEXT or not isinstance(literal.value, str):
            raise bad_syntax(f"{match.value} needs a quoted text as its second argument.")
        return Like(column.text, match, literal.value)

    def _membership(self, *, negated: bool) -> Condition:
        self._need_mark("(")
        self._need_name("PropertyName")
        name = self._literal(self._next())
        self._need_mark(",")
        self._need_name("PropertyValues")
        values = self._strings(self._next())
        self._need_mark(")")
        if name.kind is not Kind.TEXT or not isinstance(name.value, str):
            raise bad_syntax("PropertyName must be a quoted text.")
        return Within(name.value, values, negated)

    def _strings(self, token: _Token) -> tuple[str, ...]:
        if token.kind == "name" and token.text in self._aliases:
            token = _Token("list", self._aliases[token.text].strip(), token.at)
        if token.kind != "list":
            raise self._error(token)
        try:
            return tuple(msgspec.json.decode(token.text, type=list[str]))
        except (msgspec.DecodeError, msgspec.ValidationError, UnicodeError):
            raise bad_syntax(
                "PropertyValues must be an array of texts in double quotes, as in the documentation."
            ) from None

    def _literal(self, token: _Token) -> Literal:
        if token.kind == "name" and token.text in self._aliases:
            inner = _tokens(self._aliases[token.text])
            if len(inner) != 1 or (inner[0].kind == "name" and inner[0].text.startswith("@")):
                raise bad_syntax(f"The parameter alias '{token.text[:40]}' is not a literal.")
            token = inner[0]
        return self._constant(token)

    def _constant(self, token: _Token) -> Literal:
        match token.kind, token.text:
            case "name", "null":
                return Literal(None, None)
            case "name", ("true" | "false") as word:
                return Literal(Kind.BOOLEAN, word == "true")
            case "text", text:
                return Literal(Kind.TEXT, text[1:-1].replace("''", "'"))
            case "enum", text:
                return Literal(Kind.TEXT, text[text.index("'") + 1 : -1].replace("''", "'"))
            case "guid", text:
                return Literal(Kind.GUID, text.strip("{}").lower())
            case "when", text if (when := utc_seconds(text)) is not None:
                return Literal(Kind.WHEN, when)
            case "number", text:
                return Literal(Kind.INTEGER, float(text) if "." in text else int(text))
        raise self._error(token)

    def _peek(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _next(self) -> _Token:
        token = self._peek()
        if token is None:
            raise self._error()
        self._at += 1
        return token

    def _take_word(self, word: str) -> bool:
        token = self._peek()
        if token is None or token.kind != "name" or token.text != word:
            return False
        self._at += 1
        return True

    def _take_mark(self, mark: str) -> bool:
        token = self._peek()
        if token is None or token.kind != "mark" or token.text != mark:
            return False
        self._at += 1
        return True

    def _need_mark(self, mark: str) -> None:
        if not self._take_mark(mark):
            raise self._error()

    def _need_name(self, name: str) -> None:
        if not self._take_word(name):
            raise self._error()
        self._need_mark("=")

    def _error(self, token: _Token | None = None) -> Refusal:
        found = token or self._peek()
        at = found.at if found else len(self._text)
        return bad_syntax(f"Syntax error at position {at} in '{_shown(self._text)}'.")
