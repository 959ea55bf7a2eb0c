"""Values in words, as annotations and pages show them (Select columns, Formatted values)."""

from datetime import UTC, datetime

from dataverse_emulator.state.columns import LOOKUPS, OPTIONS, Cell, Column, Kind
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.table import Table

#: Kinds whose values are printed otherwise than the wire has them.
FORMATTED = (
    OPTIONS
    | LOOKUPS
    | {Kind.BOOLEAN, Kind.CHOICES, Kind.WHEN, Kind.MONEY, Kind.DECIMAL, Kind.DOUBLE}
    | {Kind.INTEGER, Kind.BIGINT}
)


def formatted(organization: Organization, table: Table, column: Column, position: int) -> str | None:
    """The text for a cell that is not null, in English with dates of UTC; nothing when there is none."""
    value = table.cell(position, column.name)
    if value is None or column.kind not in FORMATTED:
        return None
    if column.kind in LOOKUPS:
        return named(organization, target_of(table, column, position), str(value))
    if column.options:
        return _label(column, value)
    return _plain(column, value)


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


def _label(column: Column, value: Cell) -> str:
    if column.kind is Kind.CHOICES:
        return "; ".join(column.options.get(int(part), part) for part in str(value).split(","))
    return column.options.get(int(value), str(value)) if isinstance(value, int) else str(value)


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
    moment = datetime.fromtimestamp(seconds, UTC)
    day = f"{moment.month}/{moment.day}/{moment.year}"
    if column.date_only or column.format == "DateOnly":
        return day
    return f"{day} {moment.hour % 12 or 12}:{moment.minute:02} {'AM' if moment.hour < 12 else 'PM'}"
