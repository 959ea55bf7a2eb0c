"""What keeps a component from being deleted (dataverse.md 7.8)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from dataverse_emulator.state import layers, registrations
from dataverse_emulator.state.column_facts import metadata_id
from dataverse_emulator.state.columns import Column
from dataverse_emulator.state.definitions import Definition, ManyToMany, OneToMany
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal
from dataverse_emulator.state.solutions import COMPONENT_TYPES
from dataverse_emulator.state.sources import derived_id

_TABLE: Final = COMPONENT_TYPES["entity"]
_COLUMN: Final = COMPONENT_TYPES["attribute"]


@dataclass(frozen=True, slots=True)
class Component:
    """A component by its type (7.1) and id."""

    kind: int
    object_id: str


def relationship_id(relation: OneToMany | ManyToMany) -> str:
    """That of a custom relationship is its own; those of the system are derived from their names."""
    return relation.metadata_id or derived_id("relationship", relation.schema_name)


def of_column(organization: Organization, definition: Definition, column: Column) -> list[Component]:
    """Forms, views, steps and keys that name the column."""
    found = [
        Component(COMPONENT_TYPES[kind], row_id)
        for kind, row_id in layers.mentions(organization, definition.name, column.name)
    ]
    found += [
        Component(COMPONENT_TYPES["sdkmessageprocessingstep"], step_id)
        for step_id in registrations.filtered_on(organization, definition.name, column.name)
    ]
    for key in definition.keys:
        if column.name in key.columns:
            found.append(Component(COMPONENT_TYPES["entitykey"], key.metadata_id))
    return found


def of_table(organization: Organization, definition: Definition) -> list[Component]:
    """The lookups of other tables that lead to this one, and many-to-many relationships with it."""
    found = list[Component]()
    for relation in organization.model.relationships:
        if isinstance(relation, ManyToMany):
            if definition.name in (relation.table, relation.other):
                found.append(Component(COMPONENT_TYPES["relationship"], relationship_id(relation)))
        elif relation.other == definition.name and relation.table != definition.name:
            other = organization.model.tables[relation.table]
            if relation.column in other.columns:
                found.append(Component(_COLUMN, metadata_id(other, other.columns[relation.column])))
    return found


def of_component(organization: Organization, kind: int, object_id: str) -> list[Component]:
    """RetrieveDependenciesForDelete: what depends on a component; other types than these have nothing."""
    for definition in organization.model.tables.values():
        if kind == _TABLE and definition.metadata_id == object_id:
            return of_table(organization, definition)
        if kind == _COLUMN:
            for column in definition.columns.values():
                if metadata_id(definition, column) == object_id:
                    return of_column(organization, definition, column)
    return list(_of_option_set(organization, object_id)) if kind == COMPONENT_TYPES["optionset"] else []


def _of_option_set(organization: Organization, object_id: str) -> Iterator[Component]:
    names = {held.name for held in organization.model.option_sets.values() if held.metadata_id == object_id}
    for definition in organization.model.tables.values():
        for column in definition.columns.values():
            if column.choice in names:
                yield Component(_COLUMN, metadata_id(definition, column))


def check(kind: str, object_id: str, found: Sequence[Component]) -> None:
    """Refuse to delete a component others depend on (7.8)."""
    if found:
        raise Refusal(
            Problem.COMPONENT_IN_USE,
            f"The {kind}({object_id}) component cannot be deleted because it is referenced by "
            f"{len(found)} other components. For a list of referenced components, use the "
            "RetrieveDependenciesForDeleteRequest.",
        )
