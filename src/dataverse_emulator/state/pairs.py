"""Rows tied together by many-to-many relationships."""

from dataverse_emulator.state.events import Values
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, row_missing
from dataverse_emulator.state.table import VERSION, Table


def drop(organization: Organization, pairs: Table, position: int) -> None:
    """Take one pair away."""
    values = pairs.row(position)
    pairs.remove(position, organization.next_version(), organization.sources.now())
    organization.on_undo(lambda: pairs.undo_remove(position, values))


def tie(organization: Organization, intersect: str, near: tuple[str, str], far: tuple[str, str]) -> None:
    """Put two rows together in a many-to-many relationship, once; each is given as column and id."""
    pairs, names, ids = organization.table(intersect), (near[0], far[0]), (near[1], far[1])
    if pairs.holding(names, ids):
        raise Refusal(Problem.DUPLICATE_RECORD, "Cannot insert duplicate key.")
    values: Values = dict(zip(names, ids, strict=True))
    values[pairs.definition.key] = organization.sources.new_id()
    values[VERSION] = organization.next_version()
    position = pairs.insert(values, organization.sources.now())
    organization.on_undo(lambda: pairs.undo_insert(position))


def untie(organization: Organization, intersect: str, near: tuple[str, str], far: tuple[str, str]) -> None:
    """Take two rows apart; 404 when they are not together."""
    pairs = organization.table(intersect)
    found = pairs.holding((near[0], far[0]), (near[1], far[1]))
    if not found:
        raise row_missing(intersect, far[1])
    drop(organization, pairs, found[0])
