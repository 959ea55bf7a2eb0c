"""Running a query against a table: candidates from an index, filter, order, and live pages (2.3, 2.4)."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from dataverse_emulator.query.conditions import Narrowing, getter, narrowing
from dataverse_emulator.query.model import (
    All,
    Compare,
    Condition,
    Literal,
    Op,
    Path,
    Place,
    Query,
    Some,
    Within,
)
from dataverse_emulator.query.ordering import ordered, place_after
from dataverse_emulator.query.scope import Scope, column_of, resolved
from dataverse_emulator.state.columns import GUIDS, Kind
from dataverse_emulator.state.definitions import Definition
from dataverse_emulator.state.problems import not_implemented
from dataverse_emulator.state.table import Table

MAX_PAGE: Final = 5000
COUNT_CAP: Final = 5000
# With more candidates than this, reading in key order until the page is full is cheaper than sorting them.
_WORTH_SORTING: Final = 20_000
_WORTH_AN_INDEX: Final = 100
# Rows read at a time when looking for those that hold.
_BLOCK: Final = 4096


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows by position, whether more follow, and the capped total when asked for."""

    rows: list[int]
    more: bool
    total: int | None


def page(
    scope: Scope,
    table: Table,
    query: Query,
    size: int,
    after: Place | None = None,
    among: Iterable[int] | None = None,
) -> Page:
    """One page of the table, or of some of its rows; without an order the primary key decides (2.4)."""
    narrow = _narrowing(scope, table, query.condition)
    near = _candidates(table, query.condition) if among is None else list(among)
    if query.order:
        return _sorted_page(scope, table, query, narrow(_all(table, near)), size, after)
    start = after.row_id if after else None
    if near is None:
        rows = _first(table, start, size + 1, narrow)
    else:
        rows = sorted(narrow(near), key=table.row_id)
        if start is not None:
            rows = rows[bisect_right(rows, start, key=table.row_id) :]
    total = _count(table, near, narrow) if query.count else None
    return Page(rows[:size], len(rows) > size, total)


def _first(table: Table, start: str | None, wanted: int, narrow: Narrowing) -> list[int]:
    """The first rows in key order that hold, in blocks so that most of a large table is left alone."""
    if narrow is list:
        return table.first_positions(start, wanted)
    rows: list[int] = []
    source = table.positions_after(start)
    while len(rows) < wanted and (block := list(islice(source, _BLOCK))):
        rows += narrow(block)
    return rows[:wanted]


def count(scope: Scope, table: Table, query: Query, among: Iterable[int] | None = None) -> int:
    """How many rows match, capped at 5000 (2.3)."""
    near = _candidates(table, query.condition) if among is None else list(among)
    return _count(table, near, _narrowing(scope, table, query.condition))


def matching(
    scope: Scope, table: Table, condition: Condition | None, among: Iterable[int] | None = None
) -> list[int]:
    """Every row that matches, in no particular order: where joins and aggregates begin."""
    near = _candidates(table, condition) if among is None else list(among)
    return _narrowing(scope, table, condition)(_all(table, near))


def _narrowing(scope: Scope, table: Table, condition: Condition | None) -> Narrowing:
    return list if condition is None else narrowing(condition, scope, table.definition.name)


def _all(table: Table, near: list[int] | None) -> list[int]:
    return list(table.positions()) if near is None else near


def sort_values(scope: Scope, table: Table, query: Query, position: int) -> tuple[Any, ...]:
    """The row's values of the sort columns, for the paging cookie."""
    return tuple(getter(scope, table.definition.name, part.path)(position) for part in query.order)


def _count(table: Table, near: list[int] | None, narrow: Narrowing) -> int:
    if near is not None:
        return min(len(narrow(near)), COUNT_CAP)
    return len(_first(table, None, COUNT_CAP, narrow))


def _sorted_page(
    scope: Scope, table: Table, query: Query, rows: list[int], size: int, after: Place | None
) -> Page:
    name = table.definition.name
    for part in query.order:
        if resolved(scope.organization, name, part.path)[1].kind is Kind.MANAGED:
            raise not_implemented("$orderby on a managed property", f"'{part.path}'.")
    parts = [(getter(scope, name, part.path), part.descending) for part in query.order]
    rows.sort(key=table.row_id)
    rows = ordered(rows, parts)
    start = 0 if after is None else place_after(rows, parts, table.row_id, (after.values, after.row_id))
    total = min(len(rows), COUNT_CAP) if query.count else None
    return Page(rows[start : start + size], len(rows) > start + size, total)


# -- indexes ------------------------------------------------------------------------------------------


def _candidates(table: Table, condition: Condition | None) -> list[int] | None:
    """The only rows that can match, from an index; nothing when reading all is as good."""
    hit = indexed_values(condition, table.definition)
    if hit is None:
        return None
    name, values = hit
    if name == table.definition.key:
        found = (table.position(value.strip("{}")) for value in values)
        return [position for position in found if position is not None]
    if len(table) < _WORTH_AN_INDEX:
        return None
    rows = {p for value in values for p in table.holding((name,), (value.strip("{}"),))}
    return None if len(rows) > _WORTH_SORTING else list(rows)


def indexed_values(condition: Condition | None, definition: Definition) -> tuple[str, frozenset[str]] | None:
    """The column to which the condition confines rows, and the only values (lower-case) it leaves."""
    match condition:
        case Compare(path, Op.EQ, Literal(Kind.TEXT | Kind.GUID, str(value))) if not path.through:
            column = _indexable(definition, path)
            return None if column is None else (column, frozenset({value.lower()}))
        case Within(path, values, False) if not path.through:
            column = _indexable(definition, path)
            return None if column is None else (column, frozenset(value.lower() for value in values))
        case All(parts):
            found = [hit for part in parts if (hit := indexed_values(part, definition))]
            return min(found, key=lambda hit: len(hit[1]), default=None)
        case Some(parts):
            hits = [indexed_values(part, definition) for part in parts]
            kept = [hit for hit in hits if hit]
            if len(kept) == len(hits) and len({name for name, _ in kept}) == 1:
                return kept[0][0], frozenset().union(*(values for _, values in kept))
    return None


def _indexable(definition: Definition, path: Path) -> str | None:
    if path.name not in definition.properties and not path.logical:
        return None
    column = column_of(definition, path)
    return column.name if column.kind in GUIDS | {Kind.TEXT} else None
