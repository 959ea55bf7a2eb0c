"""Groups of rows and their figures (FetchXML aggregates, OData $apply)."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final

from dataverse_emulator.query.conditions import getter
from dataverse_emulator.query.executor import matching
from dataverse_emulator.query.model import Aggregate, Aggregation, Condition, DatePart, Function, Group
from dataverse_emulator.query.scope import Scope, resolved
from dataverse_emulator.state.columns import NUMERIC, Kind
from dataverse_emulator.state.problems import Problem, Refusal, bad_syntax
from dataverse_emulator.state.table import Table

#: "AggregateQueryRecordLimit exceeded" beyond this many rows, as documented for aggregate queries.
MAX_ROWS: Final = 50_000

Figure = Callable[[list[int]], Any]


def aggregate(
    scope: Scope, table: Table, condition: Condition | None, wanted: Aggregation
) -> list[dict[str, Any]]:
    """One result per group, by alias, in the order of the groups' values."""
    rows = matching(scope, table, condition)
    if len(rows) > MAX_ROWS:
        raise Refusal(
            Problem.TOO_MANY_TO_AGGREGATE,
            "The maximum record limit is exceeded. Reduce the number of records.",
        )
    name = table.definition.name
    keys = [_group_key(scope, name, group) for group in wanted.groups]
    figures = [(found.alias, _figure(scope, name, found)) for found in wanted.aggregates]
    groups: dict[tuple[Any, ...], list[int]] = {} if keys else {(): []}
    for position in rows:
        groups.setdefault(tuple(key(position) for key in keys), []).append(position)
    ordered = sorted(groups.items(), key=lambda held: [(v is not None, v or 0) for v in held[0]])
    return [
        {
            **dict(zip((group.alias for group in wanted.groups), values, strict=True)),
            **{alias: figure(members) for alias, figure in figures},
        }
        for values, members in ordered
    ]


def _group_key(scope: Scope, table: str, group: Group) -> Callable[[int], Any]:
    get, part = getter(scope, table, group.path), group.part
    if part is None:
        return get
    column = resolved(scope.organization, table, group.path)[1]
    if column.kind is not Kind.WHEN:
        raise bad_syntax(f"Only dates are grouped by {part.value}; '{group.path}' is none.")
    return lambda position: None if (when := get(position)) is None else _part(when, part)


def _part(seconds: int, part: DatePart) -> int:
    moment = datetime.fromtimestamp(seconds, UTC)
    match part:
        case DatePart.DAY:
            return moment.day
        case DatePart.WEEK:
            return moment.isocalendar().week
        case DatePart.MONTH:
            return moment.month
        case DatePart.QUARTER:
            return (moment.month - 1) // 3 + 1
        case DatePart.YEAR:
            return moment.year


def _figure(scope: Scope, table: str, wanted: Aggregate) -> Figure:
    if wanted.path is None:
        return len
    get, function = getter(scope, table, wanted.path), wanted.function
    kind = resolved(scope.organization, table, wanted.path)[1].kind
    if function in (Function.SUM, Function.AVERAGE) and kind not in NUMERIC:
        raise bad_syntax(f"{function.value} needs a number; '{wanted.path}' is none.")

    def values(members: Iterable[int]) -> list[Any]:
        found = [value for position in members if (value := get(position)) is not None]
        return list(dict.fromkeys(found)) if wanted.distinct else found

    match function:
        case Function.SUM:
            return lambda members: sum(values(members)) if values(members) else None
        case Function.AVERAGE:
            return lambda members: sum(held) / len(held) if (held := values(members)) else None
        case Function.MIN:
            return lambda members: min(values(members), default=None)
        case Function.MAX:
            return lambda members: max(values(members), default=None)
        case Function.COUNT_DISTINCT:
            return lambda members: len(set(values(members)))
        case Function.COUNT | Function.COUNT_COLUMN:
            return lambda members: len(values(members))
