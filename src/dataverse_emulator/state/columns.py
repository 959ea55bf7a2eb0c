"""Columns: what kind of value a property holds, and which values Dataverse accepts for it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache

from dataverse_emulator.state.problems import Problem, Refusal, bad_payload

Cell = str | bool | int | float | None

_GUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")


class Kind(Enum):
    """What a column holds; the values are the AttributeType names of metadata (dataverse.md 7.3)."""

    GUID = "Uniqueidentifier"
    TEXT = "String"
    BOOLEAN = "Boolean"
    CHOICE = "Picklist"
    STATE = "State"
    STATUS = "Status"
    WHEN = "DateTime"
    LOOKUP = "Lookup"
    BIGINT = "BigInt"
    INTEGER = "Integer"
    MANAGED = "ManagedProperty"


NUMERIC = frozenset({Kind.CHOICE, Kind.STATE, Kind.STATUS, Kind.BIGINT, Kind.INTEGER})
GUIDS = frozenset({Kind.GUID, Kind.LOOKUP})


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `options` gives the labels of choices, with 0/1 for Booleans (dataverse.md 9.2)."""

    name: str
    kind: Kind
    schema_name: str = ""
    number: int = 0
    label: str = ""
    max_length: int | None = None
    format: str | None = None
    default: Cell = None
    create: bool = True
    update: bool = True
    target: str | None = None
    options: Mapping[int, str] = field(default_factory=dict)
    custom: bool = False

    @property
    def wire_name(self) -> str:
        """Lookups are read as `_name_value` (dataverse.md 2.5)."""
        return f"_{self.name}_value" if self.kind is Kind.LOOKUP else self.name


@dataclass(frozen=True, slots=True)
class Property:
    """A column as queries see it: its wire name and where a row keeps it."""

    name: str
    column: Column
    slot: int | str


@dataclass(frozen=True, slots=True)
class Shape:
    """The readable face of a table; `known` names real columns that are not imitated.

    Of a `partial` table nobody listed the real columns, so any other name may be one.
    """

    logical_name: str
    set_name: str
    key: str
    properties: Mapping[str, Property]
    known: frozenset[str] = frozenset()
    partial: bool = False


def guid(text: str) -> str | None:
    """The canonical lower-case form, or nothing when the text is no guid; braces are tolerated."""
    bare = text[1:-1] if text[:1] == "{" and text[-1:] == "}" else text
    return bare.lower() if _GUID.fullmatch(bare) else None


@lru_cache(maxsize=65536)
def utc_text(seconds: int) -> str:
    """Whole seconds, UTC, with a Z (dataverse.md 2.5)."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def utc_seconds(text: str) -> float | None:
    """The moment an ISO text names, or nothing; a date alone means its midnight."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def accept(column: Column, value: object, logical_name: str, set_name: str) -> Cell:
    """The value as a row keeps it, or the documented refusal for wrong types and long texts (2.5, 2.8)."""
    if value is None:
        return None
    if column.kind is Kind.TEXT and isinstance(value, str):
        return _fitting(column, value, logical_name)
    if column.kind is Kind.BOOLEAN and isinstance(value, bool):
        return value
    if column.kind in NUMERIC and isinstance(value, int) and not isinstance(value, bool):
        return _listed(column, value)
    if column.kind in GUIDS and isinstance(value, str) and (found := guid(value)):
        return found
    if column.kind is Kind.WHEN and isinstance(value, str) and (when := utc_seconds(value)) is not None:
        return int(when)
    shown = "an object or array" if isinstance(value, dict | list) else repr(value)[:80]
    raise bad_payload(
        set_name,
        f"Cannot convert the literal {shown} of property '{column.name}' "
        f"to the expected type 'Edm.{_edm(column.kind)}'.",
    )


def _fitting(column: Column, value: str, logical_name: str) -> str | None:
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
            f"'{logical_name}' entity exceeded the maximum allowed length of '{limit}'.",
        )
    return value or None  # an empty text is kept as null: "null when empty" (9.2)


def _listed(column: Column, value: int) -> int:
    if column.options and value not in column.options:
        problem = Problem.BAD_STATUS_PAIR if column.kind is Kind.STATUS else Problem.INVALID_ARGUMENT
        raise Refusal(problem, f"The value '{value}' of '{column.name}' is outside the valid range.")
    return value


def _edm(kind: Kind) -> str:
    names = {Kind.BOOLEAN: "Boolean", Kind.TEXT: "String", Kind.WHEN: "DateTimeOffset", Kind.BIGINT: "Int64"}
    return "Guid" if kind in GUIDS else names.get(kind, "Int32")


def edm_name(kind: Kind) -> str:
    """The OData type of a column's values, for messages."""
    return f"Edm.{_edm(kind)}"
