"""Which values Dataverse accepts for a column, and how a row keeps them (dataverse.md 2.5, 2.8)."""

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from dataverse_emulator.state.columns import (
    FRACTIONAL,
    GUIDS,
    OPTIONS,
    Cell,
    Column,
    Kind,
    edm_name,
    guid,
    utc_seconds,
)
from dataverse_emulator.state.definitions import Definition
from dataverse_emulator.state.problems import Problem, Refusal, bad_payload

_INT32: Final = 2**31
_INT64: Final = 2**63
# Dates Dataverse can keep, as SQL Server's datetime: 1753-01-01 to 9999-12-31.
_EARLIEST: Final = datetime(1753, 1, 1, tzinfo=UTC).timestamp()
_LATEST: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()


def accept(table: Definition, column: Column, value: object) -> Cell:
    """The value as a row keeps it, or the documented refusal for wrong types, lengths and ranges."""
    if value is None:
        return None
    found = _READERS[column.kind](table, column, value)
    if found is _WRONG:
        raise _wrong_type(table, column, value)
    return found  # type: ignore[return-value]


_WRONG: Final = object()
_Reader = Callable[[Definition, Column, object], object]


def _text(table: Definition, column: Column, value: object) -> object:
    if not isinstance(value, str):
        return _WRONG
    limit = column.max_length
    # Lengths are counted as SQL Server counts them, in UTF-16 units.
    if (
        limit is not None
        and len(value) * 2 > limit
        and len(value.encode("utf-16-le", "surrogatepass")) > limit * 2
    ):
        raise Refusal(
            Problem.STRING_TOO_LONG,
            f"A validation error occurred.  The length of the '{column.name}' attribute of the "
            f"'{table.name}' entity exceeded the maximum allowed length of '{limit}'.",
        )
    return value or None  # an empty text is kept as null: "null when empty" (9.2)


def _boolean(_table: Definition, _column: Column, value: object) -> object:
    return value if isinstance(value, bool) else _WRONG


def _whole(table: Definition, column: Column, value: object) -> object:
    if not isinstance(value, int) or isinstance(value, bool):
        return _WRONG
    size = _INT64 if column.kind is Kind.BIGINT else _INT32
    if not -size <= value < size:
        return _WRONG
    if column.kind in OPTIONS:
        return _listed(column, value)
    _check_range(table, column, value)
    return value


def _listed(column: Column, value: int) -> int:
    if column.options and value not in column.options:
        problem = Problem.BAD_STATUS_PAIR if column.kind is Kind.STATUS else Problem.INVALID_ARGUMENT
        raise Refusal(problem, f"The value '{value}' of '{column.name}' is outside the valid range.")
    return value


def _fraction(table: Definition, column: Column, value: object) -> object:
    if not isinstance(value, int | float) or isinstance(value, bool) or abs(value) > 1e300:
        return _WRONG
    number = float(value)
    if not math.isfinite(number):
        return _WRONG
    _check_range(table, column, number)
    return number if column.precision is None else round(number, column.precision)


def _check_range(table: Definition, column: Column, value: float) -> None:
    low, high = column.minimum, column.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        raise Refusal(
            Problem.OUT_OF_RANGE,
            f"A validation error occurred. The value of '{column.name}' on record of type '{table.name}' "
            "is outside the valid range.",
        )


def _guid(_table: Definition, _column: Column, value: object) -> object:
    found = guid(value) if isinstance(value, str) else None
    return found or _WRONG


def _moment(_table: Definition, column: Column, value: object) -> object:
    when = utc_seconds(value) if isinstance(value, str) else None
    if when is None:
        return _WRONG
    if not _EARLIEST <= when <= _LATEST:
        raise Refusal(Problem.INVALID_ARGUMENT, f"DateTime is out of range for '{column.name}'.")
    seconds = math.floor(when)
    return seconds - seconds % 86_400 if column.date_only else seconds


def _choices(table: Definition, column: Column, value: object) -> object:
    """Several options as `"1,3"`, the form the Web API reads and writes."""
    if not isinstance(value, str):
        return _WRONG
    numbers = [part.strip() for part in value.split(",") if part.strip()]
    if not all(part.lstrip("-").isdecimal() for part in numbers):
        return _WRONG
    kept = sorted({_listed(column, int(part)) for part in numbers})
    return ",".join(map(str, kept)) or None


def _managed(_table: Definition, column: Column, value: object) -> object:
    if not isinstance(value, dict) or not isinstance(value.get("Value"), bool):
        return _WRONG
    changeable = value.get("CanBeChanged", True)
    return {"Value": value["Value"], "CanBeChanged": changeable, "ManagedPropertyLogicalName": column.name}


def _unkept(_table: Definition, _column: Column, _value: object) -> object:
    return _WRONG


_READERS: Final[Mapping[Kind, _Reader]] = MappingProxyType(
    {
        **dict.fromkeys(Kind, _whole),
        **dict.fromkeys(FRACTIONAL, _fraction),
        **dict.fromkeys(GUIDS, _guid),
        **dict.fromkeys((Kind.TEXT, Kind.MEMO, Kind.TABLE_NAME), _text),
        **dict.fromkeys((Kind.VIRTUAL, Kind.IMAGE, Kind.FILE), _unkept),
        Kind.BOOLEAN: _boolean,
        Kind.WHEN: _moment,
        Kind.CHOICES: _choices,
        Kind.MANAGED: _managed,
    }
)


def _wrong_type(table: Definition, column: Column, value: object) -> Refusal:
    shown = "an object or array" if isinstance(value, dict | list) else repr(value)[:80]
    return bad_payload(
        table.set_name,
        f"Cannot convert the literal {shown} of property '{column.name}' "
        f"to the expected type '{edm_name(column.kind)}'.",
    )
