"""Secured columns in joined queries: nobody filters, sorts or groups by what they may not read (10)."""

from collections.abc import Iterator

from dataverse_emulator.query.joined import Against, Both, Either, Field, JoinedQuery, On, Where
from dataverse_emulator.query.model import (
    All,
    CompareColumns,
    Condition,
    Exists,
    Not,
    Path,
    Related,
    Some,
)
from dataverse_emulator.query.scope import Scope, navigation_of, resolved
from dataverse_emulator.state import security
from dataverse_emulator.state.columns import Column


def check(scope: Scope, query: JoinedQuery) -> None:
    """Refuse a query whose rows depend on secured columns that the caller may not read (2.8)."""
    organization = scope.organization
    for table, path in _used(scope, query):
        steps, column = resolved(organization, table, path)
        definition = organization.model.tables[steps[-1].target if steps else table]
        if column.secured:
            security.require_columns(organization, scope.user, definition, [column.name], "canread")


def hidden(scope: Scope, table: str, column: Column) -> bool:
    """Whether the column shows null to the caller."""
    definition = scope.organization.model.tables[table]
    return column.secured and not security.permitted(
        scope.organization, scope.user, definition, column, "canread"
    )


def _used(scope: Scope, query: JoinedQuery) -> Iterator[tuple[str, Path]]:
    names = query.tables
    if query.condition is not None:
        yield from _of(scope, query.table, query.condition)
    for link in query.links:
        yield link.table, Path(link.column, logical=True)
        yield names[link.parent], Path(link.parent_column, logical=True)
        if link.condition is not None:
            yield from _of(scope, link.table, link.condition)
    if query.where is not None:
        yield from _of_where(scope, names, query.where)
    fields: list[Field | None] = [sort.field for sort in query.order]
    if query.aggregation is not None:
        fields += [part.field for part in query.aggregation.parts]
    yield from ((names[field.source], field.path) for field in fields if field is not None)


def _of_where(scope: Scope, names: tuple[str, ...], where: Where) -> Iterator[tuple[str, Path]]:
    match where:
        case On(source, condition):
            yield from _of(scope, names[source], condition)
        case Against(left, _, right):
            yield from ((names[field.source], field.path) for field in (left, right))
        case Both(parts) | Either(parts):
            for part in parts:
                yield from _of_where(scope, names, part)


def _of(scope: Scope, table: str, condition: Condition) -> Iterator[tuple[str, Path]]:
    match condition:
        case Not(part):
            yield from _of(scope, table, part)
        case All(parts) | Some(parts):
            for part in parts:
                yield from _of(scope, table, part)
        case Related(column, other, far, inner):
            yield table, Path(column, logical=True)
            yield other, Path(far, logical=True)
            if inner is not None:
                yield from _of(scope, other, inner)
        case Exists(navigation, inner):
            if inner is not None:
                target = navigation_of(scope.organization, table, navigation).target
                yield from _of(scope, target, inner)
        case CompareColumns(path, _, other):
            yield from ((table, path), (table, other))
        case _:
            yield table, condition.path
