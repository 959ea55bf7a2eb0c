"""A query as values: every front end (OData, FetchXML, SQL) makes these, and one executor runs them."""

from dataclasses import dataclass, field
from enum import Enum

from dataverse_emulator.state.columns import Kind


class Op(Enum):
    """The comparison operators (dataverse.md 2.3)."""

    EQ = "eq"
    NE = "ne"
    GT = "gt"
    GE = "ge"
    LT = "lt"
    LE = "le"


class Match(Enum):
    """The text functions (dataverse.md 2.3); LIKE is the whole pattern, as SQL and FetchXML have it."""

    CONTAINS = "contains"
    STARTS = "startswith"
    ENDS = "endswith"
    LIKE = "like"


@dataclass(frozen=True, slots=True)
class Path:
    """A property, reached through single-valued navigation properties if any.

    Its name is that on the wire (`_ownerid_value`), or when `logical` that of the column (`ownerid`), as
    query functions and FetchXML have it.
    """

    name: str
    through: tuple[str, ...] = ()
    logical: bool = False

    def __str__(self) -> str:
        return "/".join((*self.through, self.name))


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant with the kind its spelling gives it; null has no kind."""

    kind: Kind | None
    value: str | bool | int | float | None


@dataclass(frozen=True, slots=True)
class Compare:
    """`property op literal`."""

    path: Path
    op: Op
    literal: Literal


@dataclass(frozen=True, slots=True)
class CompareColumns:
    """`property op property` of the same row."""

    path: Path
    op: Op
    other: Path


@dataclass(frozen=True, slots=True)
class Like:
    """A text function over a property."""

    path: Path
    match: Match
    text: str


@dataclass(frozen=True, slots=True)
class Within:
    """`Microsoft.Dynamics.CRM.In` and, when negated, `NotIn`."""

    path: Path
    values: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Between:
    """`Microsoft.Dynamics.CRM.Between` and, when negated, `NotBetween`; both ends belong to it."""

    path: Path
    low: str
    high: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """A Dataverse query function by its name without the namespace, such as `LastXDays`."""

    path: Path
    function: str
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exists:
    """`collection/any(…)`, or `collection/all(…)` when every row must hold; no condition means any row."""

    navigation: str
    condition: "Condition | None"
    every: bool = False


@dataclass(frozen=True, slots=True)
class Related:
    """Rows of another table whose column equals one of this row's exist (FetchXML `link-type` any, in, …).

    Both columns go by their logical names.
    """

    column: str
    table: str
    other: str
    condition: "Condition | None"


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite, with unknown staying unknown."""

    part: "Condition"


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one part holds."""

    parts: tuple["Condition", ...]


Condition = (
    Compare | CompareColumns | Like | Within | Between | Named | Exists | Related | Not | All | Some
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Order:
    """One sort column."""

    path: Path
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Expand:
    """A navigation property whose rows come along; only their addresses when `references`.

    `options` are the query options of the collection on its own, by name, for its nextLink.
    """

    navigation: str
    query: "Query"
    references: bool = False
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """What a read of one table asks for; `select` empty means every property."""

    select: tuple[str, ...] = ()
    condition: Condition | None = None
    order: tuple[Order, ...] = ()
    top: int | None = None
    count: bool = False
    expand: tuple[Expand, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Place:
    """Where the previous page ended: its last id, and its last sort values when sorted."""

    row_id: str
    values: tuple[object, ...] = ()
