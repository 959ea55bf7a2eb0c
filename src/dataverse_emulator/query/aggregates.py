"""Groups of rows and their figures (FetchXML aggregates, SQL GROUP BY, OData $apply)."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from dataverse_emulator.query.joined import Aggregate, DatePart, Function
from dataverse_emulator.state.columns import NUMERIC, WHOLE, Column, Kind
from dataverse_emulator.state.problems import Problem, Refusal, bad_syntax, not_implemented

#: "AggregateQueryRecordLimit exceeded" beyond this many rows, as documented for aggregate queries.
MAX_ROWS: Final = 50_000

R = TypeVar("R")
Getter = Callable[[R], Any]
_MEASURED: Final = frozenset({Function.SUM, Function.AVERAGE})
_COMPARED: Final = frozenset({Function.MIN, Function.MAX})
_INCOMPARABLE: Final = frozenset({Kind.MANAGED, Kind.BOOLEAN})


def check_limit(count: int, limit: int | None) -> None:
    """Refuse to aggregate too many rows, or more than the query itself allows."""
    if count > min(limit or MAX_ROWS, MAX_ROWS):
        raise Refusal(
            Problem.TOO_MANY_TO_AGGREGATE,
            "The maximum record limit is exceeded. Reduce the number of records.",
        )


def grouped(rows: Iterable[R], keys: Sequence[Getter[R]]) -> list[tuple[tuple[Any, ...], list[R]]]:
    """The rows by their values of the keys, in the order of those; without keys all rows are one group.

    Texts that differ in case alone are one value, as in SQL Server; the first spelling stands for all.
    """
    held: dict[tuple[Any, ...], tuple[tuple[Any, ...], list[R]]] = {} if keys else {(): ((), [])}
    for row in rows:
        values = tuple(key(row) for key in keys)
        folded = tuple(value.lower() if isinstance(value, str) else value for value in values)
        held.setdefault(folded, (values, []))[1].append(row)
    sequence = sorted(held.items(), key=lambda item: [(v is not None, v or 0) for v in item[0]])
    return [found for _, found in sequence]


def group_key(get: Getter[R], column: Column, part: DatePart | None) -> Getter[R]:
    """The value a row is grouped by: its own, or the part of a moment."""
    if column.kind is Kind.MANAGED:
        raise not_implemented("grouping by a managed property", f"'{column.name}'.")
    if part is None:
        return get
    if column.kind is not Kind.WHEN:
        raise bad_syntax(f"Only dates are grouped by {part.value}; '{column.name}' is none.")
    return lambda row: None if (when := get(row)) is None else date_part(when, part)


def date_part(seconds: int, part: DatePart) -> int:
    """A part of a moment, with weeks as SQL Server counts them: from Sunday, the first holding January 1."""
    moment = datetime.fromtimestamp(seconds, UTC)
    match part:
        case DatePart.DAY:
            return moment.day
        case DatePart.WEEK:
            first = moment.replace(month=1, day=1)
            return (moment.timetuple().tm_yday + first.isoweekday() % 7 - 1) // 7 + 1
        case DatePart.MONTH:
            return moment.month
        case DatePart.QUARTER:
            return (moment.month - 1) // 3 + 1
        case DatePart.YEAR:
            return moment.year


def figure(wanted: Aggregate, column: Column | None, get: Getter[R]) -> Callable[[list[R]], Any]:
    """From the rows of a group to its figure; nulls are left out of all but the count of rows."""
    function = wanted.function
    if column is None or (function is Function.COUNT and not wanted.distinct):
        return len
    if function in _MEASURED and column.kind not in NUMERIC:
        raise bad_syntax(f"{function.value} needs a number; '{column.name}' is none.")
    if function in _COMPARED and column.kind in _INCOMPARABLE:
        raise bad_syntax(f"{function.value} needs something that can be compared; '{column.name}' cannot.")

    def values(members: Iterable[R]) -> list[Any]:
        found = [value for row in members if (value := get(row)) is not None]
        if not wanted.distinct:
            return found
        return list({v.lower() if isinstance(v, str) else str(v): v for v in found}.values())

    match function:
        case Function.SUM:
            # "Aggregate data" shows the sum of nothing as 0.
            return lambda members: sum(values(members))
        case Function.AVERAGE:
            whole = column.kind in WHOLE
            return lambda members: _average(values(members), whole=whole)
        case Function.MIN:
            return lambda members: min(values(members), key=_folded, default=None)
        case Function.MAX:
            return lambda members: max(values(members), key=_folded, default=None)
        case Function.COUNT | Function.COUNT_COLUMN:
            return lambda members: len(values(members))


def _average(values: list[Any], *, whole: bool) -> Any:
    if not values:
        return None
    return int(sum(values) / len(values)) if whole else sum(values) / len(values)


def _folded(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value
