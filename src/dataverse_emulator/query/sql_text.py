"""The SQL that the Web API takes in `?sql=`, read into a joined query.

The grammar is what Microsoft's Python client documents of that endpoint: one SELECT with DISTINCT, TOP,
INNER and LEFT JOIN, WHERE, GROUP BY, ORDER BY, OFFSET … FETCH, and five aggregate functions.
"""

from dataclasses import dataclass, replace
from typing import Final

from dataverse_emulator.query.joined import (
    Aggregate,
    Aggregation,
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
)
from dataverse_emulator.query.model import Condition
from dataverse_emulator.query.sql_conditions import Conditions
from dataverse_emulator.query.sql_names import Name, Tables, bad, is_identifier, name
from dataverse_emulator.query.sql_tokens import Reader
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import not_implemented

_FUNCTIONS: Final = {
    "COUNT": Function.COUNT_COLUMN,
    "SUM": Function.SUM,
    "AVG": Function.AVERAGE,
    "MIN": Function.MIN,
    "MAX": Function.MAX,
}
_MOST_ROWS: Final = 5000
_MOST_JOINS: Final = 15


@dataclass(frozen=True, slots=True)
class Statement:
    """A query, which of its rows are wanted, and the order of groups and figures in a row."""

    query: JoinedQuery
    parts: tuple[Group | Aggregate, ...] = ()
    skip: int = 0
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class _Item:
    """One item of the select list; COUNT(*) names no column."""

    named: Name | None
    function: Function | None
    distinct: bool
    alias: str | None


def parsed(organization: Organization, sql: str) -> Statement:
    """What a statement asks for."""
    return _Parser(organization, Reader(sql)).statement()


class _Parser:
    def __init__(self, organization: Organization, reader: Reader) -> None:
        self._reader = reader
        self._tables = Tables(organization)
        self._distinct = False
        self._limit: int | None = None
        self._skip = 0

    def statement(self) -> Statement:
        """SELECT … FROM … JOIN … WHERE … GROUP BY … ORDER BY … OFFSET …, each at most once."""
        reader = self._reader
        reader.need("SELECT")
        self._quantity()
        items = self._list_of_items()
        reader.need("FROM")
        definition = self._tables.read(reader)
        query = JoinedQuery(definition.name, links=self._joins())
        if reader.take("WHERE"):
            condition, where = apart(Conditions(reader, self._tables).read())
            query = replace(query, condition=condition, where=where)
        groups = self._names() if reader.take("GROUP", "BY") else []
        order = self._order() if reader.take("ORDER", "BY") else []
        self._offset(ordered=bool(order))
        if (word := reader.peek()) is not None:
            if word.key in ("HAVING", "UNION", "EXCEPT", "INTERSECT"):
                raise bad(f"{word.key} is not supported")
            reader.fail(word)
        if groups or any(item.function for item in items):
            return self._aggregated(query, items, groups, order)
        return self._plain(query, items, order)

    def _quantity(self) -> None:
        """DISTINCT and TOP, in either order that the endpoint takes."""
        reader = self._reader
        self._distinct = reader.take("DISTINCT")
        if reader.take("TOP"):
            wrapped = reader.mark("(")
            self._limit = reader.whole_number()
            if wrapped:
                reader.need_mark(")")
            if self._limit > _MOST_ROWS:
                raise bad(f"TOP cannot exceed {_MOST_ROWS:,}")
            if reader.take("PERCENT"):
                raise bad("TOP … PERCENT is not supported")

    # -- the select list -------------------------------------------------------------------------------

    def _list_of_items(self) -> list[_Item]:
        items = [self._item()]
        while self._reader.mark(","):
            items.append(self._item())
        return items

    def _item(self) -> _Item:
        reader = self._reader
        if reader.mark("*"):
            raise bad("SELECT * is not supported; name the columns")
        word, following = reader.peek(), reader.peek(1)
        if word is not None and following is not None and following.text == "(":
            if word.key not in _FUNCTIONS:
                raise bad(f"'{word.text[:40]}' is not supported in the select list")
            named, function, distinct = self._figure()
            return _Item(named, function, distinct, self._alias())
        return _Item(name(reader), None, distinct=False, alias=self._alias())

    def _figure(self) -> tuple[Name | None, Function, bool]:
        reader = self._reader
        function = _FUNCTIONS[reader.next().key]
        reader.need_mark("(")
        if function is Function.COUNT_COLUMN and reader.mark("*"):
            reader.need_mark(")")
            return None, Function.COUNT, False
        distinct = reader.take("DISTINCT")
        named = name(reader)
        reader.need_mark(")")
        return named, function, distinct

    def _alias(self) -> str | None:
        reader = self._reader
        if reader.take("AS"):
            word = reader.next()
            if word.kind not in ("name", "quoted", "text"):
                reader.fail(word)
            return word.text
        return reader.next().text if is_identifier(reader.peek()) else None

    # -- tables ----------------------------------------------------------------------------------------

    def _joins(self) -> tuple[Link, ...]:
        links, reader = list[Link](), self._reader
        while True:
            word = reader.peek()
            if word is not None and (word.key in ("RIGHT", "FULL", "CROSS") or word.text == ","):
                raise bad(f"only INNER JOIN and LEFT JOIN are supported, not '{word.text}'")
            if reader.take("LEFT"):
                reader.take("OUTER")
                keep = Keep.OUTER
            elif reader.take("INNER") or (word is not None and word.key == "JOIN"):
                keep = Keep.INNER
            else:
                return tuple(links)
            reader.need("JOIN")
            links.append(self._join(keep))
            if len(links) > _MOST_JOINS:
                raise not_implemented("so many joins", f"up to {_MOST_JOINS} are.")

    def _join(self, keep: Keep) -> Link:
        definition = self._tables.read(self._reader)
        place = len(self._tables.found) - 1
        self._reader.need("ON")
        wrapped = self._reader.mark("(")
        first = self._tables.resolve(name(self._reader))[0]
        self._reader.need_mark("=")
        second = self._tables.resolve(name(self._reader))[0]
        if wrapped:
            self._reader.need_mark(")")
        ours, theirs = (first, second) if first.source == place else (second, first)
        if ours.source != place or theirs.source == place:
            raise bad("ON compares a column of the joined table with one of a table before it")
        condition = self._further(place)
        return Link(definition.name, ours.path.name, theirs.source, theirs.path.name, keep, condition)

    def _further(self, place: int) -> Condition | None:
        """What else ON says, which may only concern the joined table."""
        parts = list[Condition]()
        while self._reader.take("AND"):
            found: Where = Conditions(self._reader, self._tables).one()
            if not isinstance(found, On) or found.source != place:
                raise not_implemented("this condition in ON", "those on the joined table are.")
            parts.append(found.condition)
        return all_of(parts)

    # -- what follows ------------------------------------------------------------------------------------

    def _names(self) -> list[Name]:
        found = [name(self._reader)]
        while self._reader.mark(","):
            found.append(name(self._reader))
        return found

    def _order(self) -> list[tuple[Name, bool]]:
        found = list[tuple[Name, bool]]()
        while True:
            named = name(self._reader)
            down = self._reader.take("DESC")
            if not down:
                self._reader.take("ASC")
            found.append((named, down))
            if not self._reader.mark(","):
                return found

    def _offset(self, *, ordered: bool) -> None:
        reader = self._reader
        if not reader.take("OFFSET"):
            return
        if not ordered or self._limit is not None:
            raise bad("OFFSET needs ORDER BY and does not go with TOP")
        self._skip = reader.whole_number()
        if not reader.take("ROWS"):
            reader.need("ROW")
        if reader.take("FETCH"):
            if not reader.take("NEXT"):
                reader.need("FIRST")
            self._limit = reader.whole_number()
            if not reader.take("ROWS"):
                reader.need("ROW")
            reader.need("ONLY")

    # -- putting it together -----------------------------------------------------------------------------

    def _plain(self, query: JoinedQuery, items: list[_Item], order: list[tuple[Name, bool]]) -> Statement:
        outputs = dict[str, Output]()
        for item in items:
            assert item.named is not None
            shown = item.alias or item.named.column
            if shown in outputs:
                raise not_implemented("two columns of one name", f"give '{shown[:60]}' another with AS.")
            outputs[shown] = Output(shown, self._tables.resolve(item.named)[0])
        sorts = tuple(Sort(self._sorted_by(named, outputs), down) for named, down in order)
        query = replace(query, outputs=tuple(outputs.values()), order=sorts, distinct=self._distinct)
        return Statement(query, (), self._skip, self._limit)

    def _sorted_by(self, named: Name, outputs: dict[str, Output]) -> Field:
        aliased = {shown.lower(): output for shown, output in outputs.items()}
        if named.table is None and named.column in aliased:
            return aliased[named.column].field
        return self._tables.resolve(named)[0]

    def _aggregated(
        self, query: JoinedQuery, items: list[_Item], names: list[Name], order: list[tuple[Name, bool]]
    ) -> Statement:
        fields = [self._tables.resolve(named)[0] for named in names]
        parts = [self._part(item, fields) for item in items]
        shown = [part.name for part in parts]
        if len(set(shown)) < len(shown):
            raise not_implemented("two columns of one name", "give one of them another with AS.")
        selected = {part.field for part in parts if isinstance(part, Group)}
        # A space keeps the names of groups that are not shown apart from all that are.
        hidden = [Group(f" {at}", f) for at, f in enumerate(fields) if f not in selected]
        groups = [part for part in parts if isinstance(part, Group)] + hidden
        figures = tuple(part for part in parts if isinstance(part, Aggregate))
        sorts = tuple(NameSort(self._part_named(named, parts, groups), down) for named, down in order)
        aggregation = Aggregation(tuple(groups), figures, sorts)
        return Statement(replace(query, aggregation=aggregation), tuple(parts), self._skip, self._limit)

    def _part(self, item: _Item, grouped: list[Field]) -> Group | Aggregate:
        field = None if item.named is None else self._tables.resolve(item.named)[0]
        if item.function is not None:
            if item.alias is None:
                raise not_implemented("a figure without a name", "give it one with AS.")
            return Aggregate(item.alias, item.function, field, item.distinct)
        assert item.named is not None
        assert field is not None
        if field not in grouped:
            raise bad(
                f"Column '{item.named.column}' is invalid in the select list because it is not contained in "
                "either an aggregate function or the GROUP BY clause"
            )
        return Group(item.alias or item.named.column, field)

    def _part_named(self, named: Name, parts: list[Group | Aggregate], groups: list[Group]) -> str:
        for part in parts:
            if named.table is None and part.name.lower() == named.column:
                return part.name
        field = self._tables.resolve(named)[0]
        found = next((group.name for group in groups if group.field == field), None)
        if found is None:
            raise bad(f"ORDER BY '{named.column}' is neither grouped by nor a figure's name")
        return found
