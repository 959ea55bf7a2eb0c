"""The condition operators of FetchXML (condition operator values, Filter rows)."""

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from dataverse_emulator.query.functions import ARITY
from dataverse_emulator.query.literals import typed
from dataverse_emulator.query.model import (
    Between,
    Compare,
    Condition,
    Like,
    Literal,
    Match,
    Named,
    Not,
    Op,
    Path,
    Within,
)
from dataverse_emulator.state.columns import LOOKUPS, OPTIONS, Column, Kind
from dataverse_emulator.state.definitions import Definition, Model
from dataverse_emulator.state.problems import Problem, Refusal, not_implemented

#: The operators that also compare two columns (Filter rows, Limitations on column comparison filters).
COMPARISONS: Final[Mapping[str, Op]] = MappingProxyType(
    {**{op.value: op for op in Op}, "neq": Op.NE}  # neq is the older name of ne
)
_TEXT: Final = {
    "like": (Match.LIKE, False),
    "not-like": (Match.LIKE, True),
    "begins-with": (Match.STARTS, False),
    "not-begin-with": (Match.STARTS, True),
    "ends-with": (Match.ENDS, False),
    "not-end-with": (Match.ENDS, True),
}


def _dashed(function: str) -> str:
    """`LastXDays` as FetchXML spells it: last-x-days."""
    dashed = re.sub(r"(?<!^)(?=[A-Z0-9])", "-", function).lower()
    return dashed.replace("-7-", "-seven-").replace("older-than", "olderthan")


_NAMED: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{_dashed(name): name for name, arity in ARITY.items() if arity is not None},
        "eq-userid": "EqualUserId",
        "ne-userid": "NotEqualUserId",
        "eq-businessid": "EqualBusinessId",
        "ne-businessid": "NotEqualBusinessId",
        "contain-values": "ContainValues",
        "not-contain-values": "DoesNotContainValues",
        "eq-or-above": "AboveOrEqual",
        "eq-or-under": "UnderOrEqual",
        "eq-userlanguage": "EqualUserLanguage",
        "eq-userteams": "EqualUserTeams",
        "eq-useroruserteams": "EqualUserOrUserTeams",
        "eq-useroruserhierarchy": "EqualUserOrUserHierarchy",
        "eq-useroruserhierarchyandteams": "EqualUserOrUserHierarchyAndTeams",
    }
)


def condition(
    model: Model, definition: Definition, column: Column, operator: str, values: Sequence[str]
) -> Condition:
    """What an operator says of a column; the values are those of `value`, or of <value> elements."""
    if column.kind is Kind.TABLE_NAME:
        values = [_table_name(model, value) for value in values]
    path = Path(column.name, logical=True)
    build = _BUILDERS.get(operator)
    if build is not None:
        return build(path, values)
    if operator in COMPARISONS:
        return Compare(path, COMPARISONS[operator], typed(column, _one(operator, values)))
    if operator in _TEXT:
        return _text(path, column, operator, values)
    if operator in _NAMED:
        return _named(path, operator, values)
    raise Refusal(
        Problem.INVALID_ARGUMENT,
        f"Invalid condition operator '{operator[:60]}' for attribute '{column.name}' of '{definition.name}'.",
    )


def _table_name(model: Model, text: str) -> str:
    """Tables may also go by their type code (the documented audit queries have 2 for contact)."""
    if not (text.isascii() and text.isdigit()):
        return text
    return next((held.name for held in model.tables.values() if str(held.code) == text), text)


def _one(operator: str, values: Sequence[str]) -> str:
    if len(values) != 1:
        raise _wrong_count(operator, "one value", len(values))
    return values[0]


def _wrong_count(operator: str, wanted: str, found: int) -> Refusal:
    return Refusal(
        Problem.INVALID_ARGUMENT, f"The condition operator '{operator}' needs {wanted}, not {found}."
    )


def _within(path: Path, values: Sequence[str], *, negated: bool) -> Condition:
    if not values:
        raise _wrong_count("not-in" if negated else "in", "one value at least", 0)
    return Within(path, tuple(values), negated)


def _between(path: Path, values: Sequence[str], *, negated: bool) -> Condition:
    if len(values) != 2:
        raise _wrong_count("not-between" if negated else "between", "two values", len(values))
    return Between(path, values[0], values[1], negated)


_BUILDERS: Final[Mapping[str, Callable[[Path, Sequence[str]], Condition]]] = MappingProxyType(
    {
        "null": lambda path, _: Compare(path, Op.EQ, Literal(None, None)),
        "not-null": lambda path, _: Compare(path, Op.NE, Literal(None, None)),
        "in": lambda path, values: _within(path, values, negated=False),
        "not-in": lambda path, values: _within(path, values, negated=True),
        "between": lambda path, values: _between(path, values, negated=False),
        "not-between": lambda path, values: _between(path, values, negated=True),
    }
)


def _text(path: Path, column: Column, operator: str, values: Sequence[str]) -> Condition:
    if column.kind in LOOKUPS | OPTIONS:
        raise not_implemented(f"'{operator}' on labels and names", f"'{column.name}' is no text.")
    match, negated = _TEXT[operator]
    found = Like(path, match, _one(operator, values))
    return Not(found) if negated else found


def _named(path: Path, operator: str, values: Sequence[str]) -> Condition:
    function = _NAMED[operator]
    arity = ARITY[function]
    if arity is None and not values:
        raise _wrong_count(operator, "a value", 0)
    if arity and len(values) != arity:
        raise _wrong_count(operator, f"{arity} value{'s' * (arity > 1)}", len(values))
    return Named(path, function, tuple(values) if arity != 0 else ())
