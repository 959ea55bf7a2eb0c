"""Running a joined query: first the rows of one table, then those of others beside them (Join tables)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Final

from dataverse_emulator.query import aggregates, executor, secrets
from dataverse_emulator.query.conditions import absent, compiled, finder, getter
from dataverse_emulator.query.joined import (
    Against,
    Aggregation,
    Both,
    Either,
    Field,
    JoinedQuery,
    Keep,
    Link,
    On,
    Sort,
    Where,
)
from dataverse_emulator.query.model import Op, Order, Path, Place, Query
from dataverse_emulator.query.ordering import Part, ordered, place_after
from dataverse_emulator.query.scope import Scope, resolved
from dataverse_emulator.state.columns import LOOKUPS, OPTIONS, Column, Kind
from dataverse_emulator.state.formatted import formatted
from dataverse_emulator.state.problems import Problem, Refusal, not_implemented

#: A row of each joined table by position, or nothing where an outer join found none.
Row = tuple[int | None, ...]
#: Joins that would make more rows than this are given up, as a database gives up on time.
MAX_JOINED: Final = 500_000
#: "Simple paging can't return a data set larger than 50,000 records" (Page results).
MAX_SIMPLE_PAGING: Final = 50_000
_TESTS: Final = {Op.EQ: eq, Op.NE: ne, Op.GT: gt, Op.GE: ge, Op.LT: lt, Op.LE: le}


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows, whether more follow, and the capped total."""

    rows: list[Row]
    more: bool
    total: int | None


def page(
    scope: Scope,
    query: JoinedQuery,
    size: int,
    *,
    skip: int = 0,
    after: Place | None = None,
    count: bool = False,
    among: Iterable[int] | None = None,
) -> Rows:
    """One page: after a place, or else after so many rows."""
    secrets.check(scope, query)
    if is_plain(query) and not any(sort.shown for sort in query.order):
        return _plain_page(scope, query, size, skip, after, count, among)
    rows = all_rows(scope, query, among)
    if after is not None:
        key = scope.organization.table(query.table).row_id
        last = (after.values, after.row_id)
        skip = place_after(rows, _parts(scope, query), lambda row: key(row[0] or 0), last)
    total = min(len(rows), executor.COUNT_CAP) if count else None
    return Rows(rows[skip : skip + size], len(rows) > skip + size, total)


def is_plain(query: JoinedQuery) -> bool:
    """Whether it asks of one table what a query of one table can."""
    return not (query.links or query.where or query.distinct or query.aggregation)


def has_cookie(scope: Scope, query: JoinedQuery) -> bool:
    """Whether pages can go on after a row: each row of the first table comes once, in its own order."""
    organization = scope.organization
    once = all(
        link.keep is Keep.FIRST or link.column == organization.model.tables[link.table].key
        for link in query.links
    )
    own = all(sort.field.source == 0 for sort in query.order)
    return once and own and not query.distinct and query.aggregation is None


def _plain_page(
    scope: Scope,
    query: JoinedQuery,
    size: int,
    skip: int,
    after: Place | None,
    count: bool,
    among: Iterable[int] | None,
) -> Rows:
    order = tuple(Order(sort.field.path, sort.descending) for sort in query.order)
    table = scope.organization.table(query.table)
    wanted = Query(condition=query.condition, order=order, count=count)
    found = executor.page(scope, table, wanted, skip + size, after, among)
    return Rows([(position,) for position in found.rows[skip:]], found.more, found.total)


def all_rows(scope: Scope, query: JoinedQuery, among: Iterable[int] | None = None) -> list[Row]:
    """Every row, in order, distinct if asked."""
    names = query.tables
    table = scope.organization.table(query.table)
    found = executor.matching(scope, table, query.condition, among)
    found.sort(key=table.row_id)
    rows: list[Row] = [(position,) for position in found]
    for link in query.links:
        rows = _joined(scope, names, link, rows)
    if query.where is not None:
        rows = list(filter(_predicate(scope, names, query.where), rows))
    rows = ordered(rows, _parts(scope, query))
    if query.distinct:
        gets = [value_of(scope, names, output.field) for output in query.outputs]
        rows = list({tuple(str(get(row)) for get in gets): row for row in reversed(rows)}.values())[::-1]
    return rows


def _joined(scope: Scope, names: Sequence[str], link: Link, rows: list[Row]) -> list[Row]:
    parent = value_of(scope, names, Field(link.parent, Path(link.parent_column, logical=True)))
    find = finder(scope, link.table, link.column, link.condition)
    other, made = scope.organization.table(link.table), list[Row]()
    for row in rows:
        partners = sorted(find(parent(row)), key=other.row_id)
        if link.keep is Keep.FIRST:
            partners = partners[:1]
        if partners:
            made += [(*row, partner) for partner in partners]
        elif link.keep is Keep.OUTER:
            made.append((*row, None))
        if len(made) > MAX_JOINED:
            raise Refusal(
                Problem.SQL_TIMEOUT,
                f"SQL timeout expired. (The emulator gives up on joins of more than {MAX_JOINED:,} rows.)",
            )
    return made


def column_of_field(scope: Scope, names: Sequence[str], field: Field) -> Column:
    """What kind of value the field has."""
    return resolved(scope.organization, names[field.source], field.path)[1]


def value_of(scope: Scope, names: Sequence[str], field: Field) -> Callable[[Row], Any]:
    """A function from a row to the field's value; null where its table has no row."""
    source, get = field.source, getter(scope, names[field.source], field.path)
    return lambda row: None if (position := row[source]) is None else get(position)


def sort_value(scope: Scope, names: Sequence[str], sort: Sort) -> tuple[Callable[[Row], Any], Kind]:
    """What rows are sorted by, and what kind of value that is."""
    column = column_of_field(scope, names, sort.field)
    if column.kind is Kind.MANAGED:
        raise not_implemented("sorting by a managed property", f"'{sort.field.path}'.")
    if not sort.shown or sort.field.path.through or column.kind not in OPTIONS | LOOKUPS:
        return value_of(scope, names, sort.field), column.kind
    source = sort.field.source
    texts = formatted(scope.organization, scope.organization.table(names[source]), column)
    return lambda row: None if (p := row[source]) is None else texts([p])[0], Kind.TEXT


def _parts(scope: Scope, query: JoinedQuery) -> list[Part[Row]]:
    return [(sort_value(scope, query.tables, sort)[0], sort.descending) for sort in query.order]


def _predicate(scope: Scope, names: Sequence[str], where: Where) -> Callable[[Row], bool]:
    match where:
        case On(source, condition):
            test = compiled(condition, scope, names[source])
            without = absent(condition, scope, names[source])
            return lambda row: without if (p := row[source]) is None else test(p)
        case Both(parts) | Either(parts):
            tests = [_predicate(scope, names, part) for part in parts]
            if isinstance(where, Both):
                return lambda row: all(test(row) for test in tests)
            return lambda row: any(test(row) for test in tests)
        case Against(left, op, right):
            return _comparison(scope, names, left, op, right)


def _comparison(
    scope: Scope, names: Sequence[str], left: Field, op: Op, right: Field
) -> Callable[[Row], bool]:
    first, second, test = value_of(scope, names, left), value_of(scope, names, right), _TESTS[op]
    ours, theirs = (_sort_of(column_of_field(scope, names, field).kind) for field in (left, right))
    if ours != theirs:
        raise Refusal(
            Problem.INVALID_ARGUMENT, f"The columns '{left.path}' and '{right.path}' are of different types."
        )

    def holds(row: Row) -> bool:
        one, two = first(row), second(row)
        if one is None or two is None:
            return False
        return bool(test(one.lower(), two.lower()) if isinstance(one, str) else test(one, two))

    return holds


def _sort_of(kind: Kind) -> str:
    if kind in LOOKUPS | {Kind.GUID}:
        return "guid"
    if kind in (Kind.WHEN, Kind.BOOLEAN, Kind.MANAGED):
        return str(kind.value)
    return "text" if kind in (Kind.TEXT, Kind.MEMO, Kind.TABLE_NAME, Kind.CHOICES) else "number"


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of an aggregation: each one's values by name, and one row that belongs to it."""

    values: list[dict[str, Any]]
    examples: list[Row | None]


def groups(
    scope: Scope, query: JoinedQuery, wanted: Aggregation, among: Iterable[int] | None = None
) -> Groups:
    """Every group, in order."""
    secrets.check(scope, query)
    rows, names = all_rows(scope, query, among), query.tables
    aggregates.check_limit(len(rows), wanted.limit)
    keys = [
        aggregates.group_key(
            value_of(scope, names, group.field), column_of_field(scope, names, group.field), group.part
        )
        for group in wanted.groups
    ]
    figures = []
    for found in wanted.aggregates:
        column = None if found.field is None else column_of_field(scope, names, found.field)
        get = len if found.field is None else value_of(scope, names, found.field)
        figures.append((found.name, aggregates.figure(found, column, get)))
    made = [
        (
            {
                **dict(zip((group.name for group in wanted.groups), values, strict=True)),
                **{name: compute(members) for name, compute in figures},
            },
            members[0] if members else None,
        )
        for values, members in aggregates.grouped(rows, keys)
    ]
    made = ordered(made, [(_named(sort.name), sort.descending) for sort in wanted.order])
    return Groups([values for values, _ in made], [example for _, example in made])


def _named(name: str) -> Callable[[tuple[dict[str, Any], Row | None]], Any]:
    return lambda held: held[0][name]
