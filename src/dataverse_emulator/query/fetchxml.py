"""FetchXML, read into a joined query (Query data using FetchXML and its reference)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from dataverse_emulator.query.fetch_elements import (
    Element,
    allow,
    bad,
    children,
    need,
    number,
    root_of,
    truth,
)
from dataverse_emulator.query.fetch_filters import LINK, Filters, Source, named
from dataverse_emulator.query.joined import (
    Aggregate,
    Aggregation,
    DatePart,
    Field,
    Function,
    Group,
    JoinedQuery,
    Keep,
    Link,
    NameSort,
    On,
    Output,
    Sort,
    Where,
    all_of,
    apart,
    both,
)
from dataverse_emulator.query.model import Path
from dataverse_emulator.query.scope import column_named, table_named
from dataverse_emulator.state.columns import Kind
from dataverse_emulator.state.definitions import Definition
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, not_implemented

_MOST_ROWS: Final = 5000
_MOST_LINKS: Final = 15
_MOST_CONDITIONS: Final = 500
_JOINS: Final = {keep.value: keep for keep in Keep}
_FUNCTIONS: Final = {function.value: function for function in Function}
_PARTS: Final = {part.value: part for part in DatePart}
# Attributes by element, with hints and what tools leave there.
_FETCH: Final = frozenset(
    {"aggregate", "aggregatelimit", "count", "distinct", "page", "paging-cookie", "returntotalrecordcount"}
    | {"top", "useraworderby", "version", "output-format", "mapping"}
    | {"no-lock", "latematerialize", "options", "savedqueryid"}
)
_ENTITY: Final = frozenset({"name", "enableprefiltering", "prefilterparametername"})
_ATTRIBUTE: Final = frozenset(
    {"name", "alias", "aggregate", "groupby", "dategrouping", "distinct", "usertimezone"}
)
_ORDER: Final = frozenset({"attribute", "alias", "descending", "entityname"})
_BODY: Final = {"attribute", "all-attributes", "no-attrs", "order", "filter", "link-entity"}


@dataclass(frozen=True, slots=True)
class Fetch:
    """A query, and which part of its rows is wanted."""

    query: JoinedQuery
    top: int | None = None
    count: int | None = None
    page: int = 1
    cookie: str | None = None
    total: bool = False


def parsed(organization: Organization, text: str) -> Fetch:
    """What a FetchXML text asks for."""
    root = root_of(text)
    if root.tag != "fetch":
        raise bad(f"the root element is <{str(root.tag)[:40]}>, not <fetch>")
    allow(root, _FETCH)
    entities = list(children(root, {"entity"}))
    if len(entities) != 1:
        raise bad("<fetch> holds one <entity>")
    if root.get("mapping", "logical") != "logical":
        raise not_implemented("a mapping of FetchXML", "logical is.")
    _check_size(root)
    top, count, page = (number(root, name) for name in ("top", "count", "page"))
    total = truth(root, "returntotalrecordcount")
    if top is not None and (page is not None or count is not None or total):
        # "Don't use top together with the page, count, or returntotalrecordcount attributes."
        raise bad("top cannot be used together with page, count or returntotalrecordcount")
    if top is not None and top > _MOST_ROWS:
        raise bad(f"top cannot exceed {_MOST_ROWS:,}")
    if page == 0 or count == 0:
        raise bad("page and count are positive numbers")
    query = _Reader(organization, root, entities[0]).query()
    return Fetch(query, top, count, page or 1, root.get("paging-cookie") or None, total)


def _check_size(root: Element) -> None:
    links = sum(1 for _ in root.iter("link-entity"))
    if links > _MOST_LINKS:
        raise Refusal(Problem.TOO_MANY_LINKS, "Number of link entities in query exceeded maximum limit.")
    if links + sum(1 for _ in root.iter("condition")) > _MOST_CONDITIONS:
        raise Refusal(Problem.TOO_MANY_CONDITIONS, "Number of conditions in query exceeded maximum limit.")


class _Reader:
    def __init__(self, organization: Organization, fetch: Element, entity: Element) -> None:
        self._aggregate, self._distinct = truth(fetch, "aggregate"), truth(fetch, "distinct")
        self._shown_order = not truth(fetch, "useraworderby")
        self._limit = number(fetch, "aggregatelimit")
        allow(entity, _ENTITY)
        definition = table_named(organization, need(entity, "name"))
        self._sources = [Source(entity, definition, "")]
        self._filters = Filters(organization, self._sources)
        self._links: list[Link] = []
        self._where: list[Where] = []
        self._join(0)

    def _join(self, place: int) -> None:
        """Take up the links of a table, and theirs, in the order of the text."""
        parent = self._sources[place]
        for child in children(parent.element, _BODY):
            if child.tag != "link-entity":
                continue
            kind = child.get("link-type", "inner")
            if kind in ("exists", "in"):
                self._where.append(On(place, self._filters.looked_for(child, parent.definition)))
                continue
            allow(child, LINK)
            definition, column, to = self._filters.ends(child, parent.definition)
            if kind not in _JOINS:
                raise bad(f"'{kind[:40]}' is no link-type outside a filter")
            # "If no alias is provided, the data is returned with a column named account1.name."
            alias = child.get("alias") or f"{definition.name}{len(self._sources)}"
            if any(alias == source.alias for source in self._sources):
                raise bad(f"the alias '{alias[:60]}' is not unique")
            self._sources.append(Source(child, definition, alias))
            self._links.append(Link(definition.name, column, place, to, _JOINS[kind]))
            self._join(len(self._sources) - 1)

    def query(self) -> JoinedQuery:
        """The query; its tables are known by now, so that conditions may name any of them."""
        self._where += self._filters.joined(0)
        for at, link in enumerate(self._links):
            found = self._filters.joined(at + 1)
            own = [part.condition for part in found if isinstance(part, On) and part.source == at + 1]
            self._links[at] = replace(link, condition=all_of(own))
            self._where += [p for p in found if not (isinstance(p, On) and p.source == at + 1)]
        condition, rest = apart(both(self._where))
        query = JoinedQuery(
            self._sources[0].definition.name,
            condition=condition,
            links=tuple(self._links),
            where=rest,
            distinct=self._distinct,
        )
        if self._aggregate:
            return replace(query, aggregation=self._aggregation(), distinct=False)
        return replace(query, outputs=self._outputs(), order=tuple(self._orders()))

    # -- columns --------------------------------------------------------------------------------------

    def _outputs(self) -> tuple[Output, ...]:
        found: dict[str, Output] = {}
        for place, source in enumerate(self._sources):
            names = [child.tag for child in source.element]
            everything = "all-attributes" in names or (place == 0 and "attribute" not in names)
            if everything and "no-attrs" not in names:
                for column in source.definition.properties.values():
                    self._add(found, place, source, column.name, None)
            for child in source.element.iterchildren("attribute"):
                allow(child, _ATTRIBUTE)
                self._add(found, place, source, need(child, "name"), child.get("alias"))
        if not self._distinct:
            self._companions(found)
        return tuple(found.values())

    def _add(
        self, found: dict[str, Output], place: int, source: Source, name: str, alias: str | None
    ) -> None:
        column = column_named(source.definition, name)
        shown = alias or (f"{source.alias}.{name}" if place else column.wire_name)
        output = Output(shown, Field(place, Path(name, logical=True)))
        if found.setdefault(shown, output) != output:
            raise bad(f"two columns would be called '{shown[:60]}'")

    def _companions(self, found: dict[str, Output]) -> None:
        """The key, and for money its currency, come along (Page results shows both)."""
        root = self._sources[0]
        fields = [output.field for output in found.values() if output.field.source == 0]
        if any(column_named(root.definition, f.path.name).kind is Kind.MONEY for f in fields):
            self._add(found, 0, root, "transactioncurrencyid", None)
        self._add(found, 0, root, root.definition.key, None)

    def _orders(self) -> Iterator[Sort]:
        """Orders of the entity come before those of links (Process link-entity orders first)."""
        for place, source in enumerate(self._sources):
            for child in source.element.iterchildren("order"):
                allow(child, _ORDER)
                at, definition = place, source.definition
                if (name := child.get("entityname")) is not None:
                    at, definition = named(self._sources, name)
                column = column_named(definition, need(child, "attribute"))
                path = Path(column.name, logical=True)
                yield Sort(Field(at, path), truth(child, "descending"), shown=self._shown_order)

    # -- aggregates -----------------------------------------------------------------------------------

    def _aggregation(self) -> Aggregation:
        groups, figures, sorts = list[Group](), list[Aggregate](), list[NameSort]()
        for place, source in enumerate(self._sources):
            for child in source.element:
                if child.tag == "attribute":
                    made = self._aggregated(place, source.definition, child)
                    if isinstance(made, Group):
                        groups.append(made)
                    else:
                        figures.append(made)
                elif child.tag == "order":
                    allow(child, _ORDER)
                    sorts.append(NameSort(need(child, "alias"), truth(child, "descending")))
                elif child.tag == "all-attributes":
                    raise bad("all-attributes does not go with aggregate")
        names = [group.name for group in groups] + [figure.name for figure in figures]
        if not names or len(set(names)) < len(names):
            raise bad("every column of an aggregate query needs an alias of its own")
        if unknown := [sort.name for sort in sorts if sort.name not in names]:
            raise bad(f"no column has the alias '{unknown[0][:60]}'")
        return Aggregation(tuple(groups), tuple(figures), tuple(sorts), self._limit)

    def _aggregated(self, place: int, definition: Definition, element: Element) -> Group | Aggregate:
        allow(element, _ATTRIBUTE)
        column, alias = column_named(definition, need(element, "name")), need(element, "alias")
        field = Field(place, Path(column.name, logical=True))
        if truth(element, "groupby"):
            return Group(alias, field, self._date_part(element))
        function = _FUNCTIONS.get(need(element, "aggregate"))
        if function is None:
            raise bad(f"'{element.get('aggregate', '')[:40]}' is no aggregate function")
        distinct = truth(element, "distinct") and function is Function.COUNT_COLUMN
        return Aggregate(alias, function, field, distinct)

    @staticmethod
    def _date_part(element: Element) -> DatePart | None:
        text = element.get("dategrouping")
        if text in ("fiscal-period", "fiscal-year"):
            raise not_implemented("fiscal dategrouping", f"'{text}'.")
        if text is not None and text not in _PARTS:
            raise bad(f"'{text[:40]}' is no dategrouping")
        return _PARTS[text] if text else None
