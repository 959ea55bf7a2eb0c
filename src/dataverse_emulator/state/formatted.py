"""Values in words, as annotations and pages show them (Select columns, Formatted values)."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache

from dataverse_emulator.state.columns import LOOKUPS, OPTIONS, Cell, Column, Kind
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.table import Table

#: Kinds whose values are printed otherwise than the wire has them.
FORMATTED = (
    OPTIONS
    | LOOKUPS
    | {Kind.BOOLEAN, Kind.CHOICES, Kind.WHEN, Kind.MONEY, Kind.DECIMAL, Kind.DOUBLE}
    | {Kind.INTEGER, Kind.BIGINT, Kind.TABLE_NAME}
)


def formatted(
    organization: Organization, table: Table, column: Column
) -> Callable[[Sequence[int]], list[str | None]]:
    """From rows to the texts of a column, in English with dates of UTC; nothing for nulls."""
    cells = table.cells(column.name)
    if column.kind in LOOKUPS:
        return lambda at: _names(organization, table, column, at)
    if column.kind is Kind.TABLE_NAME:
        tables = organization.model.tables
        return lambda at: [tables[v].label if (v := cells[p]) in tables else None for p in at]
    if column.kind is Kind.CHOICES:
        return lambda at: [None if (v := cells[p]) is None else _several(column, v) for p in at]
    if column.options:
        options = column.options
        return lambda at: [None if (v := cells[p]) is None else options.get(v, str(v)) for p in at]
    return lambda at: [None if (v := cells[p]) is None else _plain(column, v) for p in at]


def _names(organization: Organization, table: Table, column: Column, at: Sequence[int]) -> list[str | None]:
    cells, known, found = table.cells(column.name), dict[str, str | None](), list[str | None]()
    for position in at:
        row_id = cells[position]
        if row_id is not None and row_id not in known:
            known[row_id] = named(organization, target_of(table, column, position), row_id)
        found.append(known.get(row_id))
    return found


def target_of(table: Table, column: Column, position: int) -> str:
    """The table a lookup points at."""
    kind = table.definition.type_columns.get(column.name)
    held = None if kind is None else table.cell(position, kind)
    return str(held or column.targets[0])


def named(organization: Organization, table: str, row_id: str) -> str | None:
    """The primary name of a row."""
    if table not in organization.model.tables:
        return None
    rows = organization.table(table)
    position = rows.position(row_id)
    name = rows.definition.primary_name
    return None if position is None or not name else rows.cell(position, name)


def spelled(column: Column, value: Cell) -> str:
    """One value that stands alone, such as a figure over many rows, in words."""
    if column.kind is Kind.CHOICES:
        return _several(column, str(value))
    if column.options and isinstance(value, int):
        return column.options.get(value, str(value))
    return _plain(column, value)


def _several(column: Column, value: str) -> str:
    return "; ".join(column.options.get(int(part), part) for part in value.split(","))


def _plain(column: Column, value: Cell) -> str:
    if column.kind is Kind.WHEN and isinstance(value, int):
        return _moment(column, value)
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if column.kind is Kind.MONEY:
        return f"${value:,.2f}"
    if isinstance(value, float):
        return f"{value:,.{column.precision if column.precision is not None else 2}f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _moment(column: Column, seconds: int) -> str:
    day, second = divmod(seconds, 86_400)
    if column.date_only or column.format == "DateOnly":
        return _day(day)
    hour, minute = second // 3600, second // 60 % 60
    return f"{_day(day)} {hour % 12 or 12}:{minute:02} {'AM' if hour < 12 else 'PM'}"


@lru_cache(maxsize=16_384)
def _day(day: int) -> str:
    moment = datetime.fromtimestamp(day * 86_400, UTC)
    return f"{moment.month}/{moment.day}/{moment.year}"
