"""Reading rows: filter, order, and the live paging of section 2.4."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from dataverse_emulator.state.columns import NUMERIC, Kind, Shape
from dataverse_emulator.state.conditions import Condition, Predicate, compiled, find, indexed_values
from dataverse_emulator.state.contacts import ID, Contacts, Row
from dataverse_emulator.state.problems import not_implemented

MAX_PAGE = 5000
COUNT_CAP = 5000
STORED_AS_NUMBER = NUMERIC | {Kind.WHEN, Kind.BOOLEAN}


@dataclass(frozen=True, slots=True)
class Order:
    """One sort column."""

    name: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """What a collection read asks for; `select` empty means every column."""

    select: tuple[str, ...] = ()
    condition: Condition | None = None
    order: tuple[Order, ...] = ()
    top: int | None = None
    count: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where the previous page ended: its last id, and its last sort values when sorted."""

    row_id: str
    values: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, whether more follow, and the capped total when asked for."""

    rows: list[Any]
    more: bool
    total: int | None


class _Down:
    """A value that sorts the other way round."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: "_Down") -> bool:
        return bool(other.value < self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Down) and bool(self.value == other.value)

    __hash__ = None  # type: ignore[assignment]


def contact_page(
    contacts: Contacts, query: Query, size: int, after: Place | None, *, null_is_different: bool
) -> Page:
    """One page of contacts; without an order the primary key decides, as the paging cookie shows."""
    test = _test(query, contacts.shape, null_is_different=null_is_different)
    near = _from_index(contacts, query.condition)
    if query.order:
        return _sorted_page(
            contacts.rows() if near is None else near, query, contacts.shape, test, size, after
        )
    if near is None:
        source = _in_key_order(contacts, after.row_id if after else None)
    else:
        near.sort(key=lambda row: str(row[ID]))
        source = (row for row in near if after is None or str(row[ID]) > after.row_id)
    matching = source if test is None else (row for row in source if test(row))
    rows = _take(matching, size + 1)
    total = _count(contacts.rows() if near is None else near, test) if query.count else None
    return Page(rows[:size], len(rows) > size, total)


def table_page(
    rows: Iterable[Any],
    shape: Shape,
    query: Query,
    size: int,
    after: Place | None,
    *,
    null_is_different: bool,
) -> Page:
    """One page of a small table, in its own order or sorted."""
    test = _test(query, shape, null_is_different=null_is_different)
    return _sorted_page(rows, query, shape, test, size, after)


def sort_values(query: Query, shape: Shape, row: Any) -> tuple[Any, ...]:
    """The row's values of the sort columns, for the paging cookie."""
    return tuple(row[find(shape, part.name).slot] for part in query.order)


def _test(query: Query, shape: Shape, *, null_is_different: bool) -> Predicate | None:
    if query.condition is None:
        return None
    return compiled(query.condition, shape, null_is_different=null_is_different)


def _from_index(contacts: Contacts, condition: Condition | None) -> list[Row] | None:
    hit = indexed_values(condition, ("contactid", "emailaddress1"))
    if hit is None:
        return None
    name, values = hit
    if name == "contactid":
        return [row for value in values if (row := contacts.get(value.strip("{}"))) is not None]
    return [row for value in values for row in contacts.with_email(value)]


def _in_key_order(contacts: Contacts, after: str | None) -> Iterator[Row]:
    for row_id in contacts.ids_after(after):
        row = contacts.get(row_id)
        if row is not None:
            yield row


def _take(rows: Iterator[Row], wanted: int) -> list[Row]:
    found = []
    for row in rows:
        found.append(row)
        if len(found) == wanted:
            break
    return found


def _count(rows: Iterable[Any], test: Predicate | None) -> int:
    seen = 0
    for row in rows:
        if test is None or test(row):
            seen += 1
            if seen == COUNT_CAP:  # "capped at 5000" (2.3)
                break
    return seen


def _sorted_page(
    rows: Iterable[Any], query: Query, shape: Shape, test: Predicate | None, size: int, after: Place | None
) -> Page:
    matching = [row for row in rows if test is None or test(row)]
    parts = [(find(shape, part.name), part.descending) for part in query.order]
    for found, _ in parts:
        if found.column.kind is Kind.MANAGED:
            raise not_implemented("$orderby on a managed property", f"'{found.name}'.")
    key_slot: Any = shape.properties[shape.key].slot

    def key(row: Any) -> tuple[Any, ...]:
        return (*(_sortable(row[f.slot], down=down) for f, down in parts), str(row[key_slot]))

    matching.sort(key=key)
    start = 0
    if after is not None:
        downs = [down for _, down in parts]
        held = zip(after.values, downs, strict=True)
        last = (*(_sortable(value, down=down) for value, down in held), after.row_id)
        start = bisect_right(matching, last, key=key)
    total = min(len(matching), COUNT_CAP) if query.count else None
    return Page(matching[start : start + size], len(matching) > start + size, total)


def _sortable(value: Any, *, down: bool) -> Any:
    # Nulls come first when ascending, as in SQL Server.
    pair = (value is not None, value.lower() if isinstance(value, str) else value)
    if value is None:
        pair = (False, 0)
    return _Down(pair) if down else pair
