"""Putting rows of any shape into order, and finding where a page goes on (dataverse.md 2.4)."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, TypeVar

R = TypeVar("R")
#: The value of a sort column, and whether large values come first.
Part = tuple[Callable[[R], Any], bool]


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


def ordered(rows: list[R], parts: Sequence[Part[R]]) -> list[R]:
    """The rows in the order of these columns; equals keep the order they have."""
    # Sorting by the last column first, each time keeping the order of equals, sorts by all of them.
    for get, down in reversed(parts):
        rows = _by_one(rows, get, down=down)
    return rows


def _by_one(rows: list[R], get: Callable[[R], Any], *, down: bool) -> list[R]:
    """In the order of one column; nulls come first when ascending, as in SQL Server."""
    values = [(get(row), row) for row in rows]
    nulls = [row for value, row in values if value is None]
    rest = [(v.lower() if isinstance(v, str) else v, row) for v, row in values if v is not None]
    rest.sort(key=itemgetter(0), reverse=down)
    sequence = [row for _, row in rest]
    return sequence + nulls if down else nulls + sequence


def place_after(
    rows: Sequence[R],
    parts: Sequence[Part[R]],
    row_id: Callable[[R], str],
    last: tuple[Sequence[Any], str],
) -> int:
    """How many ordered rows do not come after the one with these sort values and that id."""

    def key(row: R) -> tuple[Any, ...]:
        return (*(_sortable(get(row), down=down) for get, down in parts), row_id(row))

    values, last_id = last
    held = zip(values, parts, strict=True)
    wanted = (*(_sortable(value, down=down) for value, (_, down) in held), last_id)
    return bisect_right(rows, wanted, key=key)


def _sortable(value: Any, *, down: bool) -> Any:
    pair = (value is not None, value.lower() if isinstance(value, str) else value)
    if value is None:
        pair = (False, 0)
    return _Down(pair) if down else pair
