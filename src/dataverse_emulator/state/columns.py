"""Columns: what kind of value each holds, how it is named on the wire, and what is known about it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

#: A stored value: texts and guids as str, moments as whole seconds, managed properties as objects.
Cell = str | bool | int | float | Mapping[str, Any] | None

_GUID: Final = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_EPOCH: Final = date(1970, 1, 1)
_NOTHING: Final[Mapping[Any, Any]] = MappingProxyType({})

#: Texts by language code.
Texts = Mapping[int, str]
#: Texts in other languages than the base one, by what they name: `DisplayName`, `option 1`, …
Translations = Mapping[str, Texts]


class Kind(Enum):
    """What a column holds; the values are the AttributeType names of metadata (dataverse.md 7.3)."""

    GUID = "Uniqueidentifier"
    TEXT = "String"
    MEMO = "Memo"
    BOOLEAN = "Boolean"
    CHOICE = "Picklist"
    CHOICES = "MultiSelectPicklist"
    STATE = "State"
    STATUS = "Status"
    WHEN = "DateTime"
    LOOKUP = "Lookup"
    CUSTOMER = "Customer"
    OWNER = "Owner"
    INTEGER = "Integer"
    BIGINT = "BigInt"
    DECIMAL = "Decimal"
    DOUBLE = "Double"
    MONEY = "Money"
    MANAGED = "ManagedProperty"
    TABLE_NAME = "EntityName"
    IMAGE = "Image"
    FILE = "File"
    VIRTUAL = "Virtual"


WHOLE: Final = frozenset({Kind.CHOICE, Kind.STATE, Kind.STATUS, Kind.BIGINT, Kind.INTEGER})
FRACTIONAL: Final = frozenset({Kind.DECIMAL, Kind.DOUBLE, Kind.MONEY})
NUMERIC: Final = WHOLE | FRACTIONAL
LOOKUPS: Final = frozenset({Kind.LOOKUP, Kind.CUSTOMER, Kind.OWNER})
GUIDS: Final = LOOKUPS | {Kind.GUID}
TEXTS: Final = frozenset({Kind.TEXT, Kind.MEMO, Kind.TABLE_NAME, Kind.CHOICES})
OPTIONS: Final = frozenset({Kind.CHOICE, Kind.STATE, Kind.STATUS})
_UNEXPOSED: Final = frozenset({Kind.VIRTUAL, Kind.IMAGE})

_EDM: Final = MappingProxyType(
    {
        Kind.BOOLEAN: "Boolean",
        Kind.WHEN: "DateTimeOffset",
        Kind.BIGINT: "Int64",
        Kind.DECIMAL: "Decimal",
        Kind.MONEY: "Decimal",
        Kind.DOUBLE: "Double",
        Kind.FILE: "Guid",
        **dict.fromkeys(TEXTS, "String"),
        **dict.fromkeys(GUIDS, "Guid"),
    }
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `options` gives the labels of choices, with 0/1 for Booleans (dataverse.md 9.2).

    `pairs` leads from a state to its default status and from a status to its state. A column is `of`
    another when it only repeats it, such as a label; those are metadata and no properties of rows.
    `choice` names the global option set its options are those of, and `facts` are further metadata
    properties by their wire names.
    """

    name: str
    kind: Kind
    schema_name: str = ""
    number: int = 0
    label: str = ""
    required: str = ""
    max_length: int | None = None
    format: str | None = None
    behavior: str = "UserLocal"
    default: Cell = None
    create: bool = True
    update: bool = True
    read: bool = True
    of: str | None = None
    targets: tuple[str, ...] = ()
    options: Mapping[int, str] = field(default_factory=lambda: _NOTHING)
    pairs: Mapping[int, int] = field(default_factory=lambda: _NOTHING)
    precision: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    custom: bool = False
    metadata_id: str = ""
    description: str = ""
    translations: Translations = field(default_factory=lambda: _NOTHING)
    choice: str = ""
    secured: bool = False
    facts: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)

    @property
    def wire_name(self) -> str:
        """Lookups are read as `_name_value` (dataverse.md 2.5)."""
        return f"_{self.name}_value" if self.kind in LOOKUPS else self.name

    @property
    def file_name(self) -> str:
        """The read-only column beside a file column that holds the file's name."""
        return f"{self.name}_name"

    @property
    def exposed(self) -> bool:
        """Whether rows have it as a property."""
        return self.read and self.of is None and self.kind not in _UNEXPOSED

    @property
    def date_only(self) -> bool:
        """Whether the wire shows a day without a time (2.5)."""
        return self.kind is Kind.WHEN and self.behavior == "DateOnly"


def guid(text: str) -> str | None:
    """The canonical lower-case form, or nothing when the text is no guid; braces are tolerated."""
    bare = text[1:-1] if text[:1] == "{" and text[-1:] == "}" else text
    return bare.lower() if _GUID.fullmatch(bare) else None


def utc_text(seconds: int) -> str:
    """Whole seconds, UTC, with a Z (dataverse.md 2.5)."""
    day, second = divmod(seconds, 86_400)
    return f"{_day_text(day)}T{_time_text(second)}Z"


def utc_texts(moments: Iterable[int | None]) -> list[str | None]:
    """The same of many moments, put together from pieces because pages are long; nothing for nulls."""
    return [
        None
        if moment is None
        else f"{_day_text(moment // 86_400)}{_MINUTES[moment % 86_400 // 60]}{_SECONDS[moment % 60]}"
        for moment in moments
    ]


_MINUTES: Final = tuple(f"T{minute // 60:02}:{minute % 60:02}:" for minute in range(1440))
_SECONDS: Final = tuple(f"{second:02}Z" for second in range(60))


@lru_cache(maxsize=16_384)
def _day_text(day: int) -> str:
    return (_EPOCH + timedelta(days=day)).isoformat()


@lru_cache(maxsize=86_400)
def _time_text(second: int) -> str:
    return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"


def utc_seconds(text: str) -> float | None:
    """The moment an ISO text names, or nothing; a date alone means its midnight."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def edm_name(kind: Kind) -> str:
    """The OData type of a column's values, for messages."""
    return f"Edm.{_EDM.get(kind, 'Int32')}"
