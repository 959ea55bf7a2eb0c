"""The text of $filter, read into a condition by recursive descent (dataverse.md 2.3)."""

from collections.abc import Mapping
from typing import Final

from dataverse_emulator.query.functions import ARITY
from dataverse_emulator.query.model import (
    All,
    Between,
    Compare,
    CompareColumns,
    Condition,
    Exists,
    Like,
    Literal,
    Match,
    Named,
    Not,
    Op,
    Path,
    Some,
    Within,
)
from dataverse_emulator.query.tokens import Token, shown, texts, tokens
from dataverse_emulator.state.columns import Kind, utc_seconds
from dataverse_emulator.state.problems import Refusal, bad_syntax, not_implemented

_OPS: Final = {op.value: op for op in Op}
_MATCHES: Final = {match.value: match for match in Match}
_CRM: Final = "Microsoft.Dynamics.CRM."
_CONSTANTS: Final = frozenset({"null", "true", "false"})
_LAMBDAS: Final = ("/any", "/all")
_MAX_DEPTH: Final = 100


def parsed(text: str, aliases: Mapping[str, str] | None = None) -> Condition:
    """The condition a $filter text states; `aliases` are the @p query options."""
    if not text.strip():
        raise bad_syntax("The $filter is empty.")
    return _Parser(tokens(text), dict(aliases or {}), text).whole()


class _Parser:
    def __init__(self, found: list[Token], aliases: dict[str, str], text: str) -> None:
        self._tokens = found
        self._aliases = aliases
        self._text = text
        self._at = 0
        self._depth = 0
        # The names that stand for rows of collections, innermost last.
        self._variables: list[str] = []

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
            if token.text.endswith(_LAMBDAS):
                return self._lambda(token)
            return self._function(token)
        path, op = self._path(self._aliased(token)), self._next()
        if op.kind != "name" or op.text not in _OPS:
            raise self._error(op)
        operand = self._aliased(self._next())
        if operand.kind == "name" and operand.text not in _CONSTANTS and operand.text not in self._aliases:
            return CompareColumns(path, _OPS[op.text], self._path(operand))
        return Compare(path, _OPS[op.text], self._literal(operand))

    def _aliased(self, token: Token) -> Token:
        """The property an alias stands for; other tokens, and aliases of literals, as they are."""
        text = self._aliases.get(token.text, "").strip()
        inner = tokens(text) if token.kind == "name" and text else []
        named = len(inner) == 1 and inner[0].kind == "name" and inner[0].text not in _CONSTANTS
        return Token("name", text, token.at) if named and not text.startswith("@") else token

    def _path(self, token: Token) -> Path:
        if token.text[0] in "@$":
            raise self._error(token)
        *through, name = token.text.split("/")
        if self._variables:
            if not through or through[0] != self._variables[-1]:
                raise self._outer(token, through)
            through = through[1:]
        return Path(name, tuple(through))

    def _outer(self, token: Token, through: list[str]) -> Refusal:
        if through and through[0] in self._variables:
            return not_implemented("a variable of an outer any() or all()", f"'{token.text[:60]}'.")
        return bad_syntax(
            f"Could not find a property named '{token.text[:60]}': within any() and all() properties "
            f"begin with '{self._variables[-1]}/'."
        )

    def _lambda(self, token: Token) -> Condition:
        """`collection/any(o:condition)`; without a condition `any()` asks for one row at least."""
        *through, collection, word = token.text.split("/")
        if self._variables:
            if not through or through[0] != self._variables[-1]:
                raise self._outer(token, through)
            through = through[1:]
        if through:
            raise not_implemented("any() and all() beyond a lookup", "the documentation rules them out.")
        self._need_mark("(")
        if word == "any" and self._take_mark(")"):
            return Exists(collection, None)
        variable = self._next()
        if variable.kind != "name" or not variable.text.isidentifier():
            raise self._error(variable)
        self._need_mark(":")
        self._variables.append(variable.text)
        inner = self._or()
        self._variables.pop()
        self._need_mark(")")
        return Exists(collection, inner, every=word == "all")

    def _function(self, name: Token) -> Condition:
        if name.text in _MATCHES:
            return self._text_function(_MATCHES[name.text])
        function = name.text.removeprefix(_CRM)
        if name.text == function or not (
            function in ARITY or function in ("In", "NotIn", "Between", "NotBetween")
        ):
            raise not_implemented("this $filter function", f"'{name.text[:60]}'.")
        path, values = self._arguments()
        if function in ("In", "NotIn"):
            return Within(path, values, negated=function == "NotIn")
        if function in ("Between", "NotBetween"):
            if len(values) != 2:
                raise bad_syntax(f"{function} needs two values.")
            return Between(path, values[0], values[1], negated=function == "NotBetween")
        arity = ARITY[function]
        if (arity is None and not values) or (arity is not None and len(values) != arity):
            raise bad_syntax(f"{function} was given {len(values)} values.")
        return Named(path, function, values)

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
        return Like(self._path(column), match, literal.value)

    def _arguments(self) -> tuple[Path, tuple[str, ...]]:
        """`(PropertyName='x',PropertyValues=["1","5"])`, with `PropertyValue` for a single value."""
        self._need_mark("(")
        self._need_name("PropertyName")
        name = self._literal(self._next())
        if name.kind is not Kind.TEXT or not isinstance(name.value, str):
            raise bad_syntax("PropertyName must be a quoted text.")
        values: tuple[str, ...] = ()
        while self._take_mark(","):
            values += self._argument()
        self._need_mark(")")
        *through, last = name.value.split("/")
        if self._variables and through[:1] == [self._variables[-1]]:
            through = through[1:]
        return Path(last, tuple(through), logical=True), values

    def _argument(self) -> tuple[str, ...]:
        token = self._next()
        if token.kind != "name" or token.text not in (
            "PropertyValue", "PropertyValues", "PropertyValue1", "PropertyValue2"
        ):  # fmt: skip
            raise self._error(token)
        self._need_mark("=")
        if token.text == "PropertyValues":
            return self._strings(self._next())
        literal = self._literal(self._next())
        if literal.kind is Kind.WHEN:
            return (self._tokens[self._at - 1].text,)
        return (str(literal.value),)

    def _strings(self, token: Token) -> tuple[str, ...]:
        if token.kind == "name" and token.text in self._aliases:
            token = Token("list", self._aliases[token.text].strip(), token.at)
        if token.kind != "list":
            raise self._error(token)
        return texts(token.text)

    def _literal(self, token: Token) -> Literal:
        if token.kind == "name" and token.text in self._aliases:
            inner = tokens(self._aliases[token.text])
            if len(inner) != 1 or (inner[0].kind == "name" and inner[0].text.startswith("@")):
                raise bad_syntax(f"The parameter alias '{token.text[:40]}' is not a literal.")
            token = inner[0]
        return self._constant(token)

    def _constant(self, token: Token) -> Literal:
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

    def _peek(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _next(self) -> Token:
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

    def _error(self, token: Token | None = None) -> Refusal:
        found = token or self._peek()
        at = found.at if found else len(self._text)
        return bad_syntax(f"Syntax error at position {at} in '{shown(self._text)}'.")
