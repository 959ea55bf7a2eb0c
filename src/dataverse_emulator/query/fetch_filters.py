"""The filters of FetchXML: conditions on the joined tables and on rows that are only looked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dataverse_emulator.query import fetch_conditions
from dataverse_emulator.query.fetch_elements import Element, allow, bad, children, need
from dataverse_emulator.query.joined import Against, Field, On, Where, all_of, both, either
from dataverse_emulator.query.model import All, Condition, Not, Path, Related
from dataverse_emulator.query.scope import column_named, table_named
from dataverse_emulator.state.columns import Kind
from dataverse_emulator.state.definitions import Definition
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import not_implemented

LINK: Final = frozenset(
    {"name", "from", "to", "alias", "link-type", "intersect", "visible"}
    | {"enableprefiltering", "prefilterparametername"}
)
_IN_FILTER: Final = frozenset({"any", "not any", "all", "not all"})
_FILTER: Final = frozenset({"type", "hint"})
_CONDITION: Final = frozenset(
    {"attribute", "operator", "value", "valueof", "entityname"} | {"uiname", "uitype", "uihidden"}
)
_UNJOINABLE: Final = frozenset({Kind.CHOICES, Kind.MANAGED})
#: The place of a table that is only looked for.
_APART: Final = -1


@dataclass(frozen=True, slots=True)
class Source:
    """One of the joined tables while the text is read."""

    element: Element
    definition: Definition
    alias: str


def named(sources: Sequence[Source], name: str) -> tuple[int, Definition]:
    """The joined table that `entityname` means: by its alias, or else by its name."""
    for texts in ([source.alias for source in sources], [source.definition.name for source in sources]):
        if name in texts:
            return texts.index(name), sources[texts.index(name)].definition
    raise bad(f"no link-entity has the name or alias '{name[:60]}'")


@dataclass(frozen=True, slots=True)
class Filters:
    """Reads filters of one query, all of whose tables are known."""

    organization: Organization
    sources: Sequence[Source]

    def joined(self, place: int) -> list[Where]:
        """What the filters of a joined table say."""
        source = self.sources[place]
        found = [self._filter(place, source.definition, e) for e in source.element.iterchildren("filter")]
        return [where for where in found if where is not None]

    def ends(self, element: Element, parent: Definition) -> tuple[Definition, str, str]:
        """The linked table, its column, and the parent's column that it equals."""
        definition = table_named(self.organization, need(element, "name"))
        column, to = (
            column_named(definition, need(element, "from")),
            column_named(parent, need(element, "to")),
        )
        if not _UNJOINABLE.isdisjoint((column.kind, to.kind)):
            raise bad(f"'{column.name}' and '{to.name}' cannot join tables")
        return definition, column.name, to.name

    def looked_for(self, element: Element, parent: Definition) -> Related:
        """A link that only asks whether there are such rows."""
        allow(element, LINK)
        definition, column, to = self.ends(element, parent)
        parts: list[Condition] = []
        for child in children(element, {"filter", "link-entity"}):
            if child.tag == "link-entity":
                if child.get("link-type", "inner") not in ("inner", "exists", "in"):
                    raise not_implemented("this link-type within a table only looked for", "inner is.")
                parts.append(self.looked_for(child, definition))
            elif (found := self._filter(_APART, definition, child)) is not None:
                if not isinstance(found, On) or found.source != _APART:
                    raise not_implemented("entityname within a table only looked for", "its own columns are.")
                parts.append(found.condition)
        return Related(to, definition.name, column, all_of(parts))

    def _filter(self, place: int, definition: Definition, element: Element) -> Where | None:
        allow(element, _FILTER)
        kind = element.get("type", "and")
        if kind not in ("and", "or"):
            raise bad(f"'{kind[:40]}' is no type of filter")
        parts: list[Where] = []
        for child in children(element, {"condition", "filter", "link-entity"}):
            if child.tag == "condition":
                parts.append(self._condition(place, definition, child))
            elif child.tag == "link-entity":
                parts.append(On(place, self._related(child, definition)))
            elif (inner := self._filter(place, definition, child)) is not None:
                parts.append(inner)
        return both(parts) if kind == "and" else either(parts)

    def _related(self, element: Element, parent: Definition) -> Condition:
        """The link types of filters, whose `all` means the opposite of its name (Filter rows)."""
        kind = element.get("link-type", "inner")
        if kind not in _IN_FILTER:
            raise bad(f"'{kind[:40]}' is no link-type within a filter")
        some = self.looked_for(element, parent)
        if kind in ("any", "not all"):
            return some
        if kind == "not any":
            return Not(some)
        return All((Related(some.column, some.table, some.other, None), Not(some)))

    def _condition(self, place: int, definition: Definition, element: Element) -> Where:
        allow(element, _CONDITION)
        if (name := element.get("entityname")) is not None:
            place, definition = named(self.sources, name)
        column = column_named(definition, need(element, "attribute"))
        operator = need(element, "operator")
        if "valueof" in element.attrib:
            return self._against(place, column.name, operator, need(element, "valueof"))
        values = [str(child.text or "") for child in children(element, {"value"})]
        if (value := element.get("value")) is not None:
            values = [str(value), *values]
        model = self.organization.model
        return On(place, fetch_conditions.condition(model, definition, column, operator, values))

    def _against(self, place: int, column: str, operator: str, other: str) -> Where:
        if operator not in fetch_conditions.COMPARISONS:
            raise bad(f"valueof does not go with the operator '{operator[:40]}'")
        if place == _APART:
            raise not_implemented("valueof within a table only looked for", "value is.")
        alias, dot, name = other.rpartition(".")
        second, definition = named(self.sources, alias) if dot else (place, self.sources[place].definition)
        right = Field(second, Path(column_named(definition, name).name, logical=True))
        return Against(
            Field(place, Path(column, logical=True)), fetch_conditions.COMPARISONS[operator], right
        )
