"""A query over several tables as values: what FetchXML, SQL and $apply say beyond a query of one table."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from dataverse_emulator.query.model import All, Condition, Op, Path, Some


@dataclass(frozen=True, slots=True)
class Field:
    """A property of one of the joined tables, which are counted from 0, the first."""

    source: int
    path: Path


class Keep(Enum):
    """What becomes of a row that a join finds no partner for, or several."""

    INNER = "inner"
    OUTER = "outer"
    FIRST = "matchfirstrowusingcrossapply"


@dataclass(frozen=True, slots=True)
class Link:
    """One more table, joined where its `column` equals a column of the table at place `parent`."""

    table: str
    column: str
    parent: int
    parent_column: str
    keep: Keep = Keep.INNER
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class On:
    """A condition on the row of one table, after joining; where there is none all its values are null."""

    source: int
    condition: Condition


@dataclass(frozen=True, slots=True)
class Against:
    """A comparison of two properties, maybe of different tables."""

    left: Field
    op: Op
    right: Field


@dataclass(frozen=True, slots=True)
class Both:
    """Every part holds."""

    parts: tuple["Where", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part holds."""

    parts: tuple["Where", ...]


Where = On | Against | Both | Either


def all_of(parts: Sequence[Condition]) -> Condition | None:
    """Every part, which of none is nothing."""
    if len(parts) < 2:
        return parts[0] if parts else None
    return All(tuple(parts))


def both(parts: Sequence[Where]) -> Where | None:
    """Every part, as one condition where all concern one table, which an index may then serve."""
    if len(parts) < 2:
        return parts[0] if parts else None
    place = _only_table(parts)
    return Both(tuple(parts)) if place is None else On(place, All(_conditions(parts)))


def either(parts: Sequence[Where]) -> Where | None:
    """One part at least, likewise."""
    if len(parts) < 2:
        return parts[0] if parts else None
    place = _only_table(parts)
    return Either(tuple(parts)) if place is None else On(place, Some(_conditions(parts)))


def apart(where: Where | None) -> tuple[Condition | None, Where | None]:
    """What concerns the first table alone, and the rest."""
    parts = where.parts if isinstance(where, Both) else [where] if where else []
    first = [part.condition for part in parts if isinstance(part, On) and part.source == 0]
    rest = [part for part in parts if not (isinstance(part, On) and part.source == 0)]
    return all_of(first), both(rest)


def _only_table(parts: Sequence[Where]) -> int | None:
    places = {part.source if isinstance(part, On) else None for part in parts}
    return places.pop() if len(places) == 1 else None


def _conditions(parts: Sequence[Where]) -> tuple[Condition, ...]:
    return tuple(part.condition for part in parts if isinstance(part, On))


@dataclass(frozen=True, slots=True)
class Output:
    """One value of every row, and what it is called."""

    name: str
    field: Field


@dataclass(frozen=True, slots=True)
class Sort:
    """One sort column; `shown` sorts by labels and names in place of numbers and ids (Order rows)."""

    field: Field
    descending: bool = False
    shown: bool = False


class Function(Enum):
    """The aggregate functions, by their names in FetchXML."""

    SUM = "sum"
    AVERAGE = "avg"
    MIN = "min"
    MAX = "max"
    COUNT = "count"
    COUNT_COLUMN = "countcolumn"


class DatePart(Enum):
    """How moments are put into groups (FetchXML `dategrouping`)."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Group:
    """One value that rows are grouped by."""

    name: str
    field: Field
    part: DatePart | None = None


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One figure per group; COUNT needs no field."""

    name: str
    function: Function
    field: Field | None = None
    distinct: bool = False


@dataclass(frozen=True, slots=True)
class NameSort:
    """A sort column of groups, by the name of a group or figure."""

    name: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Aggregation:
    """Groups and their figures, in place of rows; `limit` is that on rows looked at."""

    groups: tuple[Group, ...] = ()
    aggregates: tuple[Aggregate, ...] = ()
    order: tuple[NameSort, ...] = ()
    limit: int | None = None

    @property
    def parts(self) -> tuple[Group | Aggregate, ...]:
        """Groups and figures, by which rows are told."""
        return (*self.groups, *self.aggregates)


@dataclass(frozen=True, slots=True)
class JoinedQuery:
    """Rows of a table with those of others beside them; no `outputs` means every property of the first."""

    table: str
    condition: Condition | None = None
    links: tuple[Link, ...] = ()
    where: Where | None = None
    outputs: tuple[Output, ...] = ()
    order: tuple[Sort, ...] = ()
    distinct: bool = False
    aggregation: Aggregation | None = None

    @property
    def tables(self) -> tuple[str, ...]:
        """The joined tables, by place."""
        return (self.table, *(link.table for link in self.links))
