"""Row conditions as values, compiled to fast predicates with the null logic of SQL."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from dataverse_emulator.state.columns import (
    GUIDS,
    NUMERIC,
    Kind,
    Property,
    Shape,
    edm_name,
    guid,
    utc_seconds,
)
from dataverse_emulator.state.problems import bad_syntax, no_such_property, not_implemented

Predicate = Callable[[Any], bool]


class Op(Enum):
    """The comparison operators (dataverse.md 2.3)."""

    EQ = "eq"
    NE = "ne"
    GT = "gt"
    GE = "ge"
    LT = "lt"
    LE = "le"


class Match(Enum):
    """The text functions (dataverse.md 2.3)."""

    CONTAINS = "contains"
    STARTS = "startswith"
    ENDS = "endswith"


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant with the kind its spelling gives it; null has no kind."""

    kind: Kind | None
    value: str | bool | int | float | None


@dataclass(frozen=True, slots=True)
class Compare:
    """`property op literal`."""

    name: str
    op: Op
    literal: Literal


@dataclass(frozen=True, slots=True)
class Like:
    """A text function over a property."""

    name: str
    match: Match
    text: str


@dataclass(frozen=True, slots=True)
class Within:
    """`Microsoft.Dynamics.CRM.In` and, when negated, `NotIn`."""

    name: str
    values: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite, with unknown staying unknown."""

    part: "Condition"


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one part holds."""

    parts: tuple["Condition", ...]


Condition = Compare | Like | Within | Not | All | Some

_TESTS: dict[Op, Callable[[Any, Any], bool]] = {
    Op.EQ: eq,
    Op.NE: ne,
    Op.GT: gt,
    Op.GE: ge,
    Op.LT: lt,
    Op.LE: le,
}
_OPPOSITE = {Op.EQ: Op.NE, Op.NE: Op.EQ, Op.GT: Op.LE, Op.LE: Op.GT, Op.LT: Op.GE, Op.GE: Op.LT}
_WILD = re.compile(r"[%_\[]")


def find(shape: Shape, name: str) -> Property:
    """The property a query names, or the documented refusal (dataverse.md 2.5)."""
    found = shape.properties.get(name)
    if found is not None:
        return found
    known = shape.partial or name in shape.known
    if known or name.removeprefix("_").removesuffix("_value") in shape.known:
        raise not_implemented(f"column {name} of {shape.logical_name}", "only the columns in its README are.")
    raise no_such_property(name, shape.logical_name)


def compiled(condition: Condition, shape: Shape, *, null_is_different: bool) -> Predicate:
    """A function of one row; `null_is_different` decides the open question of section 2.3 (x ne true)."""
    return _Compiler(shape, null_is_different).build(condition, negated=False)


@dataclass(frozen=True, slots=True)
class _Compiler:
    shape: Shape
    null_is_different: bool

    def build(self, condition: Condition, *, negated: bool) -> Predicate:
        # Negation is pushed to the leaves, where an unknown answer (null) is simply false.
        match condition:
            case Not(part):
                return self.build(part, negated=not negated)
            case All(parts) | Some(parts):
                tests = [self.build(part, negated=negated) for part in parts]
                return _every(tests) if isinstance(condition, All) != negated else _any(tests)
            case Compare():
                return self._compare(condition, negated=negated)
            case Within():
                return self._within(condition, negated=negated)
            case Like():
                return self._like(condition, negated=negated)

    def _compare(self, condition: Compare, *, negated: bool) -> Predicate:
        found = find(self.shape, condition.name)
        op = _OPPOSITE[condition.op] if negated else condition.op
        slot: Any = found.slot
        if condition.literal.kind is None:
            if op is Op.EQ:
                return lambda row: row[slot] is None
            return lambda row: op is Op.NE and row[slot] is not None
        wanted = _constant(found, condition.literal)
        if op is Op.NE and self.null_is_different:
            return _differs_or_null(slot, wanted, found.column.kind)
        if found.column.kind is Kind.BOOLEAN:
            if op not in (Op.EQ, Op.NE):
                raise not_implemented(f"$filter with {op.value}", f"'{condition.name}' is a Boolean.")
            flag = bool(wanted) == (op is Op.EQ)
            return lambda row: row[slot] is flag
        return _ordered(slot, op, wanted, found.column.kind)

    def _within(self, condition: Within, *, negated: bool) -> Predicate:
        found = find(self.shape, condition.name)
        slot: Any = found.slot
        values = frozenset(_from_text(found, text) for text in condition.values)
        lower = found.column.kind is Kind.TEXT
        if condition.negated == negated:
            if lower:
                return lambda row: row[slot] is not None and row[slot].lower() in values
            return lambda row: row[slot] in values
        keep_null = self.null_is_different

        def outside(row: Any) -> bool:
            value = row[slot]
            if value is None:
                return keep_null
            return (value.lower() if lower else value) not in values

        return outside

    def _like(self, condition: Like, *, negated: bool) -> Predicate:
        found = find(self.shape, condition.name)
        if found.column.kind is not Kind.TEXT:
            raise bad_syntax(f"{condition.match.value} needs a text property; '{condition.name}' is none.")
        slot: Any = found.slot
        test = _text_test(condition.match, condition.text)
        if negated:
            keep_null = self.null_is_different
            return lambda row: keep_null if row[slot] is None else not test(row[slot].lower())
        return lambda row: row[slot] is not None and test(row[slot].lower())


def _every(tests: list[Predicate]) -> Predicate:
    if len(tests) == 2:
        first, second = tests
        return lambda row: first(row) and second(row)
    return lambda row: all(test(row) for test in tests)


def _any(tests: list[Predicate]) -> Predicate:
    if len(tests) == 2:
        first, second = tests
        return lambda row: first(row) or second(row)
    return lambda row: any(test(row) for test in tests)


def _ordered(slot: Any, op: Op, wanted: Any, kind: Kind) -> Predicate:
    test = _TESTS[op]
    if kind is Kind.TEXT:
        return lambda row: row[slot] is not None and test(row[slot].lower(), wanted)
    return lambda row: row[slot] is not None and test(row[slot], wanted)


def _differs_or_null(slot: Any, wanted: Any, kind: Kind) -> Predicate:
    if kind is Kind.TEXT:
        return lambda row: row[slot] is None or row[slot].lower() != wanted
    return lambda row: row[slot] != wanted


def _text_test(match: Match, text: str) -> Callable[[str], bool]:
    lowered = text.lower()
    if _WILD.search(lowered):
        pattern = _like_pattern(match, lowered)
        return lambda value: pattern.fullmatch(value) is not None
    if match is Match.CONTAINS:
        return lambda value: lowered in value
    if match is Match.STARTS:
        return lambda value: value.startswith(lowered)
    return lambda value: value.endswith(lowered)


def _like_pattern(match: Match, text: str) -> re.Pattern[str]:
    """SQL LIKE as a regular expression: %, _, [set], [^set] are wildcards (dataverse.md 2.3)."""
    parts, at = [""], 0
    while at < len(text):
        end = text.find("]", at + 2) if text[at] == "[" else -1
        if end > 0:
            parts[-1] += _character_set(text[at + 1 : end])
            at = end + 1
            continue
        if text[at] == "%":
            parts.append("")
        else:
            parts[-1] += "." if text[at] == "_" else re.escape(text[at])
        at += 1
    if match is not Match.STARTS:
        parts.insert(0, "")
    if match is not Match.ENDS:
        parts.append("")
    # Atomic groups: each part is found once, at its first place, so a hostile text cannot cause a hang.
    middle = "".join(f"(?>.*?{part})" for part in parts[1:-1])
    return re.compile(f"{parts[0]}{middle}.*{parts[-1]}", re.DOTALL)


def _character_set(inner: str) -> str:
    negated = inner.startswith("^") and len(inner) > 1
    kept = re.sub(r"([\\\[\]^&~|])", r"\\\1", inner[1:] if negated else inner)
    return f"[{'^' if negated else ''}{_sane_ranges(kept)}]"


def _sane_ranges(inner: str) -> str:
    """Keep `a-z`, escape a dash that forms no rising range, so that no text is a broken pattern."""
    return re.sub(
        r"(.)-(.)",
        lambda hit: hit[0] if hit[1] <= hit[2] and "\\" not in hit[0] else f"{hit[1]}\\-{hit[2]}",
        inner,
    )


def _constant(found: Property, literal: Literal) -> object:
    """The literal as the column keeps values, or the refusal for a wrong type."""
    kind, value = found.column.kind, literal.value
    if kind is Kind.TEXT and isinstance(value, str) and literal.kind is Kind.TEXT:
        return value.lower()
    if kind is Kind.BOOLEAN and isinstance(value, bool):
        return value
    if kind in GUIDS and literal.kind is Kind.GUID:
        return value
    if kind in NUMERIC and isinstance(value, int | float) and not isinstance(value, bool):
        return value if literal.kind is Kind.INTEGER else _mismatch(found, literal)
    if kind is Kind.WHEN and literal.kind is Kind.WHEN:
        return value
    return _mismatch(found, literal)


def _mismatch(found: Property, literal: Literal) -> object:
    theirs = edm_name(literal.kind) if literal.kind else "null"
    raise bad_syntax(
        "A binary operator with incompatible types was detected. "
        f"Found operand types '{edm_name(found.column.kind)}' and '{theirs}' for property '{found.name}'."
    )


def _from_text(found: Property, text: str) -> object:
    """A value of `PropertyValues`, which are all texts (dataverse.md 2.3)."""
    kind = found.column.kind
    if kind is Kind.TEXT:
        return text.lower()
    if kind in GUIDS and (value := guid(text)):
        return value
    if kind is Kind.BOOLEAN and text.lower() in ("true", "false", "1", "0"):
        return text.lower() in ("true", "1")
    if kind in NUMERIC and re.fullmatch(r"-?\d{1,18}", text, re.ASCII):
        return int(text)
    if kind is Kind.WHEN and (when := utc_seconds(text)) is not None:
        return when
    raise bad_syntax(f"The value '{text[:80]}' cannot be read as {edm_name(kind)} for '{found.name}'.")


def indexed_values(condition: Condition | None, names: Sequence[str]) -> tuple[str, frozenset[str]] | None:
    """The property among `names` to which the condition confines rows, and the only values it leaves."""
    match condition:
        case Compare(name, Op.EQ, Literal(Kind.TEXT | Kind.GUID, str(value))) if name in names:
            return name, frozenset({value.lower()})
        case Within(name, values, False) if name in names:
            return name, frozenset(value.lower() for value in values)
        case All(parts):
            found = [hit for part in parts if (hit := indexed_values(part, names))]
            return min(found, key=lambda hit: len(hit[1]), default=None)
        case Some(parts):
            hits = [indexed_values(part, names) for part in parts]
            kept = [hit for hit in hits if hit]
            if len(kept) == len(hits) and len({name for name, _ in kept}) == 1:
                return kept[0][0], frozenset().union(*(values for _, values in kept))
    return None
