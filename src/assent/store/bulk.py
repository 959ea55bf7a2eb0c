"""Runs one statement for many rows with little more than the driver's own cost per row."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Connection
from sqlalchemy.sql.dml import UpdateBase


def run_many(
    connection: Connection,
    statement: UpdateBase,
    columns: Mapping[str, Column[Any]],
    rows: Sequence[Mapping[str, object]],
) -> None:
    """Run the statement once per row; `columns` tells of each parameter which column it is for."""
    if not rows:
        return
    compiled = statement.compile(dialect=connection.dialect)
    turned = {name: _processor(connection, column) for name, column in columns.items()}
    names = [(name, process) for name, process in turned.items() if process is not None]
    values = [{**row, **{name: process(row[name]) for name, process in names}} for row in rows]
    if compiled.positional:
        order = compiled.positiontup or []
        connection.exec_driver_sql(str(compiled), [tuple(map(row.__getitem__, order)) for row in values])
    else:
        connection.exec_driver_sql(str(compiled), values)


def _processor(connection: Connection, column: Column[Any]) -> Callable[[Any], Any] | None:
    dialect = connection.dialect
    return column.type.dialect_impl(dialect).bind_processor(dialect)
