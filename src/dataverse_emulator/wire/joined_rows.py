"""Rows of joined queries and groups as JSON, with annotations where asked (Select columns, Join tables)."""

from collections.abc import Callable, Sequence
from typing import Any

from dataverse_emulator.query import secrets
from dataverse_emulator.query.joined import Aggregate, Function, Group, JoinedQuery, Output
from dataverse_emulator.query.joins import Groups, Row, column_of_field, value_of
from dataverse_emulator.query.scope import Scope
from dataverse_emulator.state.columns import LOOKUPS, Column, Kind, utc_text
from dataverse_emulator.state.definitions import Way
from dataverse_emulator.state.formatted import FORMATTED, formatted, spelled, target_of
from dataverse_emulator.state.table import VERSION, Table
from dataverse_emulator.wire.requests import Preferences
from dataverse_emulator.wire.rows import FORMATTED_VALUE, LOOKUP_TABLE, NAVIGATION

#: Adds a value's annotations to an object: the value and the row it is of.
_Annotate = Callable[[dict[str, Any], Any, Row], None]


class JoinedWriter:
    """Makes JSON objects of the rows of one query, without nulls when told."""

    def __init__(self, scope: Scope, query: JoinedQuery, wanted: Preferences, *, nulls: bool) -> None:
        self._scope = scope
        self._names = query.tables
        self._wanted = wanted
        self._nulls = nulls
        self._root = scope.organization.table(query.table)

    def rows(self, outputs: Sequence[Output], rows: Sequence[Row], *, etag: bool) -> list[dict[str, Any]]:
        """The rows, each with the etag of the first table's row when asked."""
        parts = [(o.name, self._get(o), self._column(o), self._annotations(o)) for o in outputs]
        versions, made = self._root.cells(VERSION), list[dict[str, Any]]()
        for row in rows:
            found = {"@odata.etag": f'W/"{versions[row[0] or 0]}"'} if etag else {}
            for name, get, column, annotate in parts:
                self._put(found, name, get(row), column, annotate, row)
            made.append(found)
        return made

    def groups(self, parts: Sequence[Group | Aggregate], found: Groups) -> list[dict[str, Any]]:
        """The groups of an aggregation: what they are grouped by and their figures."""
        made = [dict[str, Any]() for _ in found.values]
        for part in parts:
            column, annotate = self._column_of(part), self._part_annotations(part)
            for held, values, row in zip(made, found.values, found.examples, strict=True):
                self._put(held, part.name, values[part.name], column, annotate, row or ())
        return made

    def _put(
        self,
        found: dict[str, Any],
        name: str,
        value: Any,
        column: Column,
        annotate: _Annotate | None,
        row: Row,
    ) -> None:
        if value is None and not self._nulls:
            return
        if value is not None and annotate is not None:
            annotate(found, value, row)
        found[name] = shown(column, value)

    # -- columns and their annotations -----------------------------------------------------------------

    def _get(self, output: Output) -> Callable[[Row], Any]:
        if secrets.hidden(self._scope, self._names[output.field.source], self._column(output)):
            return lambda _row: None
        return value_of(self._scope, self._names, output.field)

    def _column(self, output: Output) -> Column:
        return column_of_field(self._scope, self._names, output.field)

    def _column_of(self, part: Group | Aggregate) -> Column:
        """What a group or figure is a value of; counts and parts of moments are whole numbers."""
        counted = isinstance(part, Aggregate) and part.function in (Function.COUNT, Function.COUNT_COLUMN)
        if counted or part.field is None or (isinstance(part, Group) and part.part is not None):
            return Column(part.name, Kind.INTEGER)
        return column_of_field(self._scope, self._names, part.field)

    def _annotations(self, output: Output) -> _Annotate | None:
        column = self._column(output)
        if (
            not self._wanted.annotations
            or column.kind not in FORMATTED | LOOKUPS
            or output.field.path.through
        ):
            return None
        source, name = output.field.source, output.name
        table = self._scope.organization.table(self._names[source])
        texts = formatted(self._scope.organization, table, column)
        navigations = self._navigations(table, column) if source == 0 and column.kind in LOOKUPS else {}

        def annotate(found: dict[str, Any], _value: Any, row: Row) -> None:
            position = row[source]
            if position is None:
                return
            if self._wanted.wants(FORMATTED_VALUE) and (text := texts([position])[0]) is not None:
                found[f"{name}@{FORMATTED_VALUE}"] = text
            if column.kind not in LOOKUPS:
                return
            target = target_of(table, column, position)
            if self._wanted.wants(NAVIGATION) and target in navigations:
                found[f"{name}@{NAVIGATION}"] = navigations[target]
            if self._wanted.wants(LOOKUP_TABLE):
                found[f"{name}@{LOOKUP_TABLE}"] = target

        return annotate

    def _navigations(self, table: Table, column: Column) -> dict[str, str]:
        held = self._scope.organization.model.navigations[table.definition.name].values()
        steps = [step for step in held if step.way is Way.ONE and step.column == column.name]
        return {target: step.name for step in steps for target in step.targets}

    def _part_annotations(self, part: Group | Aggregate) -> _Annotate | None:
        column = self._column_of(part)
        if isinstance(part, Group) and part.part is None:
            return self._annotations(Output(part.name, part.field))
        if not self._wanted.wants(FORMATTED_VALUE):
            return None

        def annotate(found: dict[str, Any], value: Any, _row: Row) -> None:
            found[f"{part.name}@{FORMATTED_VALUE}"] = spelled(column, value)

        return annotate


def shown(column: Column, value: Any) -> Any:
    """A stored value as the wire has it (2.5)."""
    if value is None or column.kind is not Kind.WHEN:
        return value
    return utc_text(value)[:10] if column.date_only else utc_text(value)
