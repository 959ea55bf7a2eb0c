"""What an organisation's tables look like: immutable, so organisations share what they did not change."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final

from dataverse_emulator.state.columns import LOOKUPS, Cell, Column, Kind, Texts, Translations

#: Methods a table's rows can be written with over the Web API.
ALL_WRITES: Final = frozenset({"POST", "PATCH", "DELETE"})
_NOTHING: Final[Mapping[Any, Any]] = MappingProxyType({})
_ADDRESS: Final = ("line1", "line2", "line3", "city", "stateorprovince", "postalcode", "country")


def _nothing() -> Mapping[Any, Any]:
    return _NOTHING


@dataclass(frozen=True, slots=True)
class Key:
    """An alternate key and how far its index has come (dataverse.md 7.5)."""

    name: str
    schema_name: str
    columns: tuple[str, ...]
    status: str = "Active"
    metadata_id: str = ""
    labels: Texts = field(default_factory=_nothing)


@dataclass(frozen=True, eq=False)
class Definition:
    """One table: names, keys, columns and what may be done with it (dataverse.md 7.6, 9.1).

    Of a `partial` table nobody listed all real columns, so any other name may be one. `facts` are further
    metadata properties by their wire names.
    """

    name: str
    schema_name: str
    set_name: str
    key: str
    primary_name: str
    columns: Mapping[str, Column]
    code: int = 0
    metadata_id: str = ""
    ownership: str = "UserOwned"
    tracked: bool = False
    label: str = ""
    plural: str = ""
    keys: tuple[Key, ...] = ()
    custom: bool = False
    partial: bool = False
    writes: frozenset[str] = ALL_WRITES
    description: str = ""
    translations: Translations = field(default_factory=_nothing)
    intersect: bool = False
    facts: Mapping[str, Any] = field(default_factory=_nothing)

    @cached_property
    def properties(self) -> Mapping[str, Column]:
        """What a row can be asked for, by wire name."""
        found = {c.wire_name: c for c in self.columns.values() if c.exposed}
        for column in [c for c in found.values() if c.kind is Kind.FILE]:
            name = Column(column.file_name, Kind.TEXT, create=False, update=False)
            found.setdefault(column.file_name, name)
        return MappingProxyType(found)

    @cached_property
    def defaults(self) -> Mapping[str, Cell]:
        """The values a new row begins with."""
        return {name: c.default for name, c in self.columns.items() if c.default is not None}

    @cached_property
    def type_columns(self) -> Mapping[str, str]:
        """For lookups to several tables: the column that says which (`ownerid` -> `owneridtype`).

        Every such lookup must have one, a column of kind TABLE_NAME that is `of` it.
        """
        found = {c.of: c.name for c in self.columns.values() if c.kind is Kind.TABLE_NAME and c.of}
        return {name: found[name] for name, column in self.columns.items() if len(column.targets) > 1}

    @cached_property
    def lookups(self) -> tuple[Column, ...]:
        """The columns that point at other rows."""
        return tuple(column for column in self.columns.values() if column.kind in LOOKUPS)

    @cached_property
    def joined(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Columns the platform joins from others, each with its parts (9.2)."""
        addresses = [
            (f"address{at}_composite", tuple(f"address{at}_{p}" for p in _ADDRESS)) for at in (1, 2, 3)
        ]
        joined = [("fullname", ("firstname", "lastname")), *addresses]
        return tuple((name, parts) for name, parts in joined if {name, *parts} <= self.columns.keys())

    @cached_property
    def amounts(self) -> frozenset[str]:
        """The money columns a client writes; each has a read-only one in the base currency."""
        return frozenset(name for name, c in self.columns.items() if c.kind is Kind.MONEY and c.create)

    @cached_property
    def secured(self) -> tuple[str, ...]:
        """The columns that nobody sees without a profile."""
        return tuple(name for name, column in self.columns.items() if column.secured)

    @cached_property
    def has_owner(self) -> bool:
        """Whether rows belong to a user or team."""
        return "ownerid" in self.columns

    def with_columns(self, *columns: Column) -> "Definition":
        """The same table with columns added or replaced."""
        return replace(self, columns={**self.columns, **{column.name: column for column in columns}})

    def without_column(self, name: str) -> "Definition":
        """The same table without a column."""
        return replace(self, columns={key: c for key, c in self.columns.items() if key != name})


@dataclass(frozen=True, slots=True)
class OptionSet:
    """Choices that several columns share (dataverse.md 7.2 on labels, 8 on publishing)."""

    name: str
    metadata_id: str
    options: Mapping[int, str]
    label: str = ""
    description: str = ""
    translations: Translations = field(default_factory=_nothing)
    boolean: bool = False


@dataclass(frozen=True, slots=True)
class OneToMany:
    """A lookup and the collection it makes at its other end (dataverse.md 7.5).

    `facts` are further metadata properties by their wire names.
    """

    schema_name: str
    table: str
    column: str
    navigation: str
    other: str
    collection: str
    delete: str = ""
    merge: str = ""
    custom: bool = False
    metadata_id: str = ""
    facts: Mapping[str, Any] = field(default_factory=_nothing)


@dataclass(frozen=True, slots=True)
class ManyToMany:
    """Pairs of rows, kept in a table of their own; `navigation` is the property of the first table."""

    schema_name: str
    table: str
    column: str
    navigation: str
    other: str
    other_navigation: str
    other_column: str
    intersect: str
    custom: bool = False
    metadata_id: str = ""
    facts: Mapping[str, Any] = field(default_factory=_nothing)


class Way(Enum):
    """What a navigation property leads to."""

    ONE = "lookup"
    MANY = "collection"
    PAIRS = "pairs"


@dataclass(frozen=True, slots=True)
class Navigation:
    """A navigation property: from `table` to one of `targets`.

    ONE follows `column` of the own row; MANY finds rows of the target whose `column` holds the own id;
    PAIRS reads `intersect`, where `column` holds the own id and `far_column` the target's.
    """

    name: str
    table: str
    way: Way
    targets: tuple[str, ...]
    column: str
    schema_name: str
    intersect: str = ""
    far_column: str = ""

    @property
    def target(self) -> str:
        """The table it leads to; owners may be in two, and then the first stands for both."""
        return self.targets[0]


@dataclass(frozen=True, eq=False)
class Model:
    """All tables and relationships of an organisation; a change makes a new model that shares the rest."""

    tables: Mapping[str, Definition]
    relationships: tuple[OneToMany | ManyToMany, ...] = ()
    option_sets: Mapping[str, OptionSet] = field(default_factory=_nothing)

    @cached_property
    def by_set(self) -> Mapping[str, Definition]:
        """Tables by entity set name."""
        return {definition.set_name: definition for definition in self.tables.values()}

    @cached_property
    def secured(self) -> tuple[Definition, ...]:
        """The tables with columns that nobody sees without a profile."""
        return tuple(definition for definition in self.tables.values() if definition.secured)

    @cached_property
    def navigations(self) -> Mapping[str, Mapping[str, Navigation]]:
        """The navigation properties of every table."""
        found: dict[str, dict[str, Navigation]] = {name: {} for name in self.tables}
        for relation in self.relationships:
            for navigation in _navigations(relation):
                if navigation.table in found:
                    found[navigation.table][navigation.name] = navigation
        for name, definition in self.tables.items():
            for column in definition.columns.values():
                if column.kind is Kind.OWNER:
                    found[name][column.name] = Navigation(
                        column.name,
                        name,
                        Way.ONE,
                        column.targets,
                        column.name,
                        f"owner_{definition.set_name}",
                    )
        return found

    @cached_property
    def referencing(self) -> Mapping[str, tuple[OneToMany, ...]]:
        """For every table, the relationships in which others point at it."""
        found: dict[str, list[OneToMany]] = {name: [] for name in self.tables}
        for relation in self.relationships:
            if isinstance(relation, OneToMany) and relation.other in found:
                found[relation.other].append(relation)
        return {name: tuple(held) for name, held in found.items()}

    def with_table(self, definition: Definition) -> "Model":
        """The same model with a table added or replaced."""
        return replace(self, tables={**self.tables, definition.name: definition})

    def without_table(self, name: str) -> "Model":
        """The same model without a table and what connected it."""
        tables = {key: held for key, held in self.tables.items() if key != name}
        kept = tuple(r for r in self.relationships if name not in (r.table, r.other, *_pairs(r)))
        return replace(self, tables=tables, relationships=kept)

    def with_relationship(self, relation: OneToMany | ManyToMany) -> "Model":
        """The same model with a relationship more; its column or intersect table must be there already."""
        return replace(self, relationships=(*self.relationships, relation))

    def without_relationship(self, schema_name: str) -> "Model":
        """The same model with a relationship less."""
        kept = tuple(r for r in self.relationships if r.schema_name != schema_name)
        return replace(self, relationships=kept)

    def with_option_set(self, option_set: OptionSet) -> "Model":
        """The same model with a global option set added or replaced."""
        return replace(self, option_sets={**self.option_sets, option_set.name: option_set})

    def without_option_set(self, name: str) -> "Model":
        """The same model without a global option set."""
        return replace(self, option_sets={k: held for k, held in self.option_sets.items() if k != name})


def _pairs(relation: OneToMany | ManyToMany) -> tuple[str, ...]:
    return (relation.intersect,) if isinstance(relation, ManyToMany) else ()


def _navigations(relation: OneToMany | ManyToMany) -> tuple[Navigation, Navigation]:
    schema = relation.schema_name
    if isinstance(relation, OneToMany):
        return (
            Navigation(
                relation.navigation, relation.table, Way.ONE, (relation.other,), relation.column, schema
            ),
            Navigation(
                relation.collection, relation.other, Way.MANY, (relation.table,), relation.column, schema
            ),
        )
    near, far, pairs = relation.column, relation.other_column, relation.intersect
    return (
        Navigation(
            relation.navigation, relation.table, Way.PAIRS, (relation.other,), near, schema, pairs, far
        ),
        Navigation(
            relation.other_navigation, relation.other, Way.PAIRS, (relation.table,), far, schema, pairs, near
        ),
    )
