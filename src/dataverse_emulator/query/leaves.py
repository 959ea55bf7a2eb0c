"""Tests of single values, with what each says of a null."""

from collections.abc import Callable
from dataclasses import dataclass
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Final

from dataverse_emulator.query.literals import constant
from dataverse_emulator.query.model import Literal, Op, Path
from dataverse_emulator.state.columns import TEXTS, Column, Kind
from dataverse_emulator.state.problems import not_implemented

TESTS: Final[dict[Op, Callable[[Any, Any], bool]]] = {
    Op.EQ: eq,
    Op.NE: ne,
    Op.GT: gt,
    Op.GE: ge,
    Op.LT: lt,
    Op.LE: le,
}
OPPOSITE: Final = {
    Op.EQ: Op.NE, Op.NE: Op.EQ, Op.GT: Op.LE, Op.LE: Op.GT, Op.LT: Op.GE, Op.GE: Op.LT
}  # fmt: skip


UNSET: Final = object()


@dataclass(frozen=True, slots=True)
class Leaf:
    """A test of a value that is there, and what is said of one that is not.

    `equal` is set when the test asks for nothing but that value (lower-case when `folded`), which is
    quicker to compare inline.
    """

    test: Callable[[Any], bool]
    on_null: bool = False
    equal: Any = UNSET
    folded: bool = False


def comparison(path: Path, column: Column, op: Op, literal: Literal, keep_null: bool) -> Leaf:
    """A comparison with a literal."""
    if literal.kind is None:
        # eq null finds nulls alone, which inline comparison with None does as well.
        return Leaf(lambda _value: op is Op.NE, on_null=op is Op.EQ, equal=None if op is Op.EQ else UNSET)
    wanted = constant(path, column, literal)
    if column.kind is Kind.BOOLEAN and op not in (Op.EQ, Op.NE):
        raise not_implemented(f"$filter with {op.value}", f"'{path}' is a Boolean.")
    return leaf(column, op, wanted, keep_null=keep_null)


def leaf(column: Column, op: Op, wanted: Any, *, keep_null: bool) -> Leaf:
    """A comparison with a value in the column's own form."""
    on_null = keep_null and op is Op.NE
    test = TESTS[op]
    alone = wanted if op is Op.EQ else UNSET
    if column.kind in TEXTS:
        return Leaf(lambda value: test(value.lower(), wanted), on_null, alone, folded=op is Op.EQ)
    return Leaf(lambda value: test(value, wanted), on_null, alone)


def membership(column: Column, values: frozenset[Any], *, outside: bool, keep_null: bool) -> Leaf:
    """Whether the value is one of those, or none of them."""
    if column.kind in TEXTS:
        return Leaf(lambda value: (value.lower() in values) != outside, outside and keep_null)
    return Leaf(lambda value: (value in values) != outside, outside and keep_null)


def between(low: Any, high: Any, column: Column, *, outside: bool, keep_null: bool) -> Leaf:
    """Whether the value lies from one to the other, both included, or outside."""
    if column.kind in TEXTS:
        return Leaf(lambda value: (low <= value.lower() <= high) != outside, outside and keep_null)
    return Leaf(lambda value: (low <= value <= high) != outside, outside and keep_null)
