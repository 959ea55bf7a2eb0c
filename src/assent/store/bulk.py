"""Runs one statement for many rows with little more than the driver's own cost per row."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, Connection, Dialect
from sqlalchemy.sql.compiler import SQLCompiler
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
    compiled = _compiled(statement, connection.dialect)
    turned = {name: _processor(connection.dialect, column) for name, column in columns.items()}
    names = [(name, process) for name, process in turned.items() if process is not None]
    values = [{**row, **{name: process(row[name]) for name, process in names}} for row in rows]
    if compiled.positional:
        order = compiled.positiontup or []
        connection.exec_driver_sql(str(compiled), [tuple(map(row.__getitem__, order)) for row in values])
    else:
        connection.exec_driver_sql(str(compiled), values)


@lru_cache(maxsize=64)
def _compiled(statement: UpdateBase, dialect: Dialect) -> SQLCompiler:
    return statement.compile(dialect=dialect)


def _processor(dialect: Dialect, column: Column[Any]) -> Callable[[Any], Any] | None:
    return column.type.dialect_impl(dialect).bind_processor(dialect)
