"""What a query is run in: the organisation, who asks, and how names are found."""

from dataclasses import dataclass

from dataverse_emulator.query.model import Path
from dataverse_emulator.state.columns import Column
from dataverse_emulator.state.definitions import Definition, Navigation, Way
from dataverse_emulator.state.identity import User
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, no_such_property, not_implemented
from dataverse_emulator.state.table import Table


@dataclass(frozen=True, slots=True)
class Scope:
    """An organisation as one caller sees it."""

    organization: Organization
    user: User

    @property
    def null_is_different(self) -> bool:
        """Whether negative tests find nulls (dataverse.md 2.3)."""
        return self.organization.choices.null_is_different


def property_of(definition: Definition, name: str) -> Column:
    """The property a query names, or the documented refusal (dataverse.md 2.5)."""
    found = definition.properties.get(name)
    if found is not None:
        return found
    if definition.partial or name in definition.columns:
        raise not_implemented(f"column {name[:60]} of {definition.name}", "only those in its README are.")
    raise no_such_property(name[:100], definition.name)


def column_of(definition: Definition, path: Path) -> Column:
    """The column at the end of a path whose last table this is."""
    if path.logical:
        found = definition.columns.get(path.name)
        if found is not None and found.exposed:
            return found
    return property_of(definition, path.name)


def column_named(definition: Definition, name: str) -> Column:
    """The column of that logical name, or the refusal of FetchXML and SQL (dataverse.md 2.8)."""
    found = definition.columns.get(name)
    if found is not None and found.exposed:
        return found
    if definition.partial or found is not None:
        raise not_implemented(f"column {name[:60]} of {definition.name}", "only those in its README are.")
    raise Refusal(
        Problem.NO_SUCH_COLUMN,
        f"'{definition.schema_name}' entity doesn't contain attribute with Name = '{name[:100]}' and "
        "NameMapping = 'Logical'.",
    )


def table_named(organization: Organization, name: str) -> Definition:
    """The table of that logical name, or the refusal of FetchXML and SQL."""
    found = organization.model.tables.get(name)
    if found is None:
        raise Refusal(
            Problem.NO_SUCH_TABLE,
            f"The entity with a name = '{name[:100]}' with namemapping = 'Logical' was not found in the "
            "MetadataCache.",
        )
    return found


def navigation_of(organization: Organization, table: str, name: str) -> Navigation:
    """The navigation property a query names."""
    found = organization.model.navigations[table].get(name)
    if found is None:
        if organization.model.tables[table].partial:
            raise not_implemented(f"navigation property {name[:60]} of {table}", "see its README.")
        raise no_such_property(name[:100], table)
    return found


def single(organization: Organization, table: str, name: str) -> Navigation:
    """A navigation property that leads to one row."""
    found = navigation_of(organization, table, name)
    if found.way is not Way.ONE:
        raise _not_single(name)
    return found


def _not_single(name: str) -> Refusal:
    return not_implemented(f"a path through the collection '{name[:60]}'", "any() and all() are.")


def resolved(organization: Organization, table: str, path: Path) -> tuple[tuple[Navigation, ...], Column]:
    """The steps of a path and the column at its end."""
    steps = []
    for name in path.through:
        step = single(organization, table, name)
        steps.append(step)
        table = step.target
    return tuple(steps), column_of(organization.model.tables[table], path)


def followed(organization: Organization, step: Navigation, position: int) -> tuple[Table, int] | None:
    """The row that a single-valued navigation property of the row leads to."""
    table = organization.table(step.table)
    row_id = table.cell(position, step.column)
    if row_id is None:
        return None
    target = step.target
    kind = table.definition.type_columns.get(step.column)
    if kind is not None:
        held = table.cell(position, kind)
        if held not in step.targets:
            return None
        target = held
    other = organization.table(target)
    found = other.position(row_id)
    return None if found is None else (other, found)


def collected(organization: Organization, step: Navigation, row_id: str) -> list[int]:
    """The rows a collection-valued navigation property of the row leads to, in no particular order."""
    target = organization.table(step.target)
    if step.way is Way.PAIRS:
        pairs = organization.table(step.intersect)
        ids = (pairs.cell(p, step.far_column) for p in pairs.holding((step.column,), (row_id,)))
        return [found for far in ids if (found := target.position(far)) is not None]
    rows = target.holding((step.column,), (row_id,))
    kind = target.definition.type_columns.get(step.column)
    return rows if kind is None else [p for p in rows if target.cell(p, kind) == step.table]
