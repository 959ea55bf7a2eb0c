"""Rows as JSON, column by column: etag, properties, annotations where asked, expanded rows (2.5)."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final
from urllib.parse import quote

from msgspec import UNSET, Struct, defstruct

from dataverse_emulator.query.executor import MAX_PAGE, Page, page
from dataverse_emulator.query.model import Expand, Query
from dataverse_emulator.query.scope import Scope, collected, followed, navigation_of
from dataverse_emulator.state import security
from dataverse_emulator.state.columns import LOOKUPS, Column, Kind, utc_text, utc_texts
from dataverse_emulator.state.definitions import Definition, Navigation, Way
from dataverse_emulator.state.formatted import FORMATTED, formatted, target_of
from dataverse_emulator.state.table import VERSION, Cells, Same, Table
from dataverse_emulator.wire import paging
from dataverse_emulator.wire.requests import Preferences

FORMATTED_VALUE: Final = "OData.Community.Display.V1.FormattedValue"
LOOKUP_TABLE: Final = "Microsoft.Dynamics.CRM.lookuplogicalname"
NAVIGATION: Final = "Microsoft.Dynamics.CRM.associatednavigationproperty"
_ABSENT: Final = UNSET
#: With as many rows, making a type for them pays.
_MANY: Final = 100
#: Tables whose rows also go by the key of their common base type (Join tables, on createdby).
_PRINCIPALS: Final = frozenset({"systemuser", "team"})

_UNQUOTED: Final = "$=,()'/:@;"

Producer = Callable[[Sequence[int]], list[Any]]


class Writer:
    """Makes JSON objects of one table's rows; prepared once per request because pages are long."""

    def __init__(
        self, scope: Scope, table: Table, query: Query, wanted: Preferences, root: str, *, single: bool
    ) -> None:
        self._scope = scope
        self._table = table
        self._wanted = wanted
        self._root = root
        self._single = single
        self._nested = any(expand.query.expand for expand in query.expand)
        self._parts: list[tuple[str, Producer]] = []
        self._gaps = False
        self._reach: dict[str, frozenset[int] | None] = {}
        self._properties(query)
        for expand in query.expand:
            self._expand(expand)

    def __call__(self, positions: Sequence[int], *, etag: bool = True) -> list[dict[str, Any]]:
        """The rows at these positions, in this order."""
        parts = self._parts if etag else self._parts[1:]
        names = [name for name, _ in parts]
        columns = [produce(positions) for _, produce in parts]
        if not self._gaps:
            return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
        return [
            {name: value for name, value in zip(names, values, strict=True) if value is not _ABSENT}
            for values in zip(*columns, strict=True)
        ]

    def page(self, positions: Sequence[int]) -> Sequence[object]:
        """The same rows for nothing but being encoded, which is quicker when there are many."""
        names = tuple(name for name, _ in self._parts)
        if len(positions) < _MANY or len(set(names)) < len(names):
            return self(positions)
        columns = [produce(positions) for _, produce in self._parts]
        return list(map(_row_type(names), *columns))

    def one(self, position: int) -> dict[str, Any]:
        """The row at this position."""
        return self([position])[0]

    # -- properties and their annotations --------------------------------------------------------------

    def _properties(self, query: Query) -> None:
        definition, versions = self._table.definition, self._table.cells(VERSION)
        self._parts.append(("@odata.etag", lambda at: [f'W/"{version}"' for version in _cells(versions, at)]))
        for column in _shown(definition, query.select):
            if column.secured and not self._permitted(column):
                self._parts.append((column.wire_name, lambda at: [None] * len(at)))
                continue
            self._annotate(column)
            self._parts.append((column.wire_name, _producer(self._table.cells(column.name), column)))
        if definition.name in _PRINCIPALS:
            keys = self._table.cells(definition.key)
            self._parts.append(("ownerid", lambda at: _cells(keys, at)))

    def _permitted(self, column: Column) -> bool:
        scope = self._scope
        return security.permitted(scope.organization, scope.user, self._table.definition, column, "canread")

    def _annotate(self, column: Column) -> None:
        if not self._wanted.annotations:
            return
        table, organization, name = self._table, self._scope.organization, column.wire_name
        if column.kind in FORMATTED and self._wanted.wants(FORMATTED_VALUE):
            texts = formatted(organization, table, column)
            self._part(
                f"{name}@{FORMATTED_VALUE}", lambda at: [_ABSENT if t is None else t for t in texts(at)]
            )
        if column.kind not in LOOKUPS:
            return
        if self._wanted.wants(NAVIGATION):
            self._part(f"{name}@{NAVIGATION}", _by_target(table, column, self._navigations(column)))
        if self._wanted.wants(LOOKUP_TABLE):
            self._part(f"{name}@{LOOKUP_TABLE}", _by_target(table, column, {t: t for t in column.targets}))

    def _part(self, name: str, produce: Producer) -> None:
        self._gaps = True
        self._parts.append((name, produce))

    def _navigations(self, column: Column) -> dict[str, str]:
        held = self._scope.organization.model.navigations[self._table.definition.name].values()
        return {
            target: step.name
            for step in held
            if step.way is Way.ONE and step.column == column.name
            for target in step.targets
        }

    # -- related rows ----------------------------------------------------------------------------------

    def _expand(self, expand: Expand) -> None:
        organization, name = self._scope.organization, self._table.definition.name
        step = navigation_of(organization, name, expand.navigation)
        if step.way is Way.ONE:
            self._expand_one(expand, step)
        else:
            self._expand_many(expand, step)

    def _readable(self, table: Table) -> frozenset[int] | None:
        """The rows of another table that the caller may read; None when they are all."""
        name = table.definition.name
        if name not in self._reach:
            found = security.readable(self._scope.organization, self._scope.user, table)
            self._reach[name] = None if found is None else frozenset(found)
        return self._reach[name]

    def _expand_one(self, expand: Expand, step: Navigation) -> None:
        writers: dict[str, Writer] = {}

        # "userid … will always return null when using $expand" (Retrieve the history of audited changes).
        empty = self._table.definition.name == "audit"

        def show(position: int) -> dict[str, Any] | None:
            found = None if empty else followed(self._scope.organization, step, position)
            if found is None:
                return None
            table, place = found
            readable = self._readable(table)
            if readable is not None and place not in readable:
                return None
            if expand.references:
                return {"@odata.id": address(self._root, table, place)}
            if table.definition.name not in writers:
                writers[table.definition.name] = self._writer(table, expand.query)
            return writers[table.definition.name]([place], etag=self._single)[0]

        self._parts.append((expand.navigation, lambda at: list(map(show, at))))

    def _expand_many(self, expand: Expand, step: Navigation) -> None:
        organization, table = self._scope.organization, self._table
        target = organization.table(step.target)
        write = self._writer(target, _with_link(target.definition, expand.query, step, nested=self._nested))
        paged = self._nested and self._wanted.max_page is not None
        size = self._wanted.page_size if paged else MAX_PAGE
        options = "&".join(f"{name}={quote(value, safe=_UNQUOTED)}" for name, value in expand.options)

        def found(position: int) -> Page:
            rows = collected(organization, step, table.row_id(position))
            readable = self._readable(target)
            if readable is not None:
                rows = [place for place in rows if place in readable]
            top = expand.query.top
            return page(
                self._scope, target, expand.query, size if top is None else min(top, size), None, rows
            )

        def link(position: int, held: Page) -> Any:
            url = f"{address(self._root, table, position)}/{expand.navigation}"
            if not paged:
                return f"{url}?{options}" if options else url
            if not held.more:
                return _ABSENT
            first, last = target.row_id(held.rows[0]), target.row_id(held.rows[-1])
            cookie = paging.after(target.definition.key, first, last)
            return paging.link(url, options, "$skiptoken", cookie.encoded())

        def show(positions: Sequence[int]) -> list[tuple[list[dict[str, Any]], Any]]:
            held = [(p, found(p)) for p in positions]
            return [(write(f.rows, etag=not self._nested), link(p, f)) for p, f in held]

        self._gaps = True
        self._both(expand.navigation, show)

    def _both(self, name: str, show: Callable[[Sequence[int]], list[tuple[Any, Any]]]) -> None:
        """Two neighbouring parts made in one go: the rows and where they go on."""
        kept: list[tuple[Any, Any]] = []

        def rows(at: Sequence[int]) -> list[Any]:
            kept[:] = show(at)
            return [first for first, _ in kept]

        self._parts.append((name, rows))
        self._parts.append((f"{name}@odata.nextLink", lambda _at: [second for _, second in kept]))

    def _writer(self, table: Table, query: Query) -> "Writer":
        return Writer(self._scope, table, query, self._wanted, self._root, single=self._single)


def _with_link(definition: Definition, query: Query, step: Navigation, *, nested: bool) -> Query:
    """Expanded rows also show the lookup that makes them belong (Join tables, its samples)."""
    wire_name = f"_{step.column}_value"
    if nested or step.way is not Way.MANY or not query.select or wire_name in query.select:
        return query
    return Query((*query.select, wire_name), query.condition, query.order, query.top, expand=query.expand)


@lru_cache(maxsize=4096)
def _shown(definition: Definition, select: tuple[str, ...]) -> tuple[Column, ...]:
    """The selected columns, the key, and what comes along with some of them (Retrieve a table row)."""
    properties = definition.properties
    if not select:
        return tuple(properties.values())
    names = list(select)
    for name in select:
        column = properties[name]
        if column.kind is Kind.MONEY:
            names.append("_transactioncurrencyid_value")
        names += [joined for joined, parts in definition.joined if joined != "fullname" and name in parts]
    names.append(definition.key)
    return tuple(properties[name] for name in dict.fromkeys(names) if name in properties)


def _by_target(table: Table, column: Column, says: Mapping[str, str]) -> Producer:
    """What is said of the table each row's lookup points at."""
    cells, kind = table.cells(column.name), table.definition.type_columns.get(column.name)
    if kind is None:
        only = says.get(column.targets[0], column.name)
        return lambda at: [_ABSENT if cells[p] is None else only for p in at]
    return lambda at: [
        _ABSENT if cells[p] is None else says.get(target_of(table, column, p), column.name) for p in at
    ]


def _producer(cells: Cells, column: Column) -> Producer:
    if column.kind is not Kind.WHEN:
        return lambda at: _cells(cells, at)
    if column.date_only:
        return lambda at: [None if (v := cells[p]) is None else utc_text(v)[:10] for p in at]
    return lambda at: utc_texts(_cells(cells, at))


def _cells(cells: Cells, at: Sequence[int]) -> list[Any]:
    """The values of some rows."""
    if isinstance(cells, Same):
        return [cells.value] * len(at)
    return list(itemgetter(*at)(cells)) if len(at) > 1 else [cells[p] for p in at]


@lru_cache(maxsize=256)
def _row_type(names: tuple[str, ...]) -> type[Struct]:
    """A type with a field for each name on the wire, encoded without what is UNSET."""
    fields = {f"f{number}": name for number, name in enumerate(names)}
    return defstruct("Row", [(field, Any) for field in fields], rename=fields, gc=False)


def address(root: str, table: Table, position: int) -> str:
    """Where a row is to be found."""
    return f"{root}/{table.definition.set_name}({table.row_id(position)})"


def context(root: str, definition: Definition, query: Query, suffix: str = "") -> str:
    """`…/$metadata#contacts(a,b,nav(c))` and its endings."""
    return f"{root}/$metadata#{definition.set_name}{_listed(query)}{suffix}"


def _listed(query: Query) -> str:
    expanded = [
        f"{expand.navigation}/$ref()"
        if expand.references
        else f"{expand.navigation}{_listed(expand.query) or '()'}"
        for expand in query.expand
    ]
    parts = [*query.select, *expanded]
    return f"({','.join(parts)})" if parts else ""
