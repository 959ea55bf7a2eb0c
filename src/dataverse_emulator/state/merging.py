"""Merging two rows of a table that can be merged (dataverse.md 9.4)."""

from dataverse_emulator.state import pipeline, writes
from dataverse_emulator.state.events import Values
from dataverse_emulator.state.identity import User
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, not_implemented
from dataverse_emulator.state.table import Table


def merge(
    organization: Organization, user: User, table: Table, target: int, subordinate: int, content: Values
) -> None:
    """The subordinate becomes inactive and points at the target, which takes only `content`."""
    name = table.definition.name
    if target == subordinate:
        raise Refusal(Problem.INVALID_ARGUMENT, f"A {name} cannot be merged with itself.")
    for position in (target, subordinate):
        if table.cell(position, "merged"):
            raise not_implemented("merging a merged row", "the outcome is not documented.")
    pipeline.tell_merge(organization, user, table, target, subordinate, content)
    silent = not organization.choices.merge_raises_updates
    writes.apply(organization, user, table, target, content, depth=2, silent=silent)
    _take_children(organization, user, table, target, subordinate)
    joined: Values = {
        "statecode": 1,
        "statuscode": table.definition.columns["statecode"].pairs[1],
        "merged": True,
        "masterid": table.row_id(target),
    }
    writes.apply(organization, user, table, subordinate, joined, depth=2, silent=silent)


def _take_children(
    organization: Organization, user: User, table: Table, target: int, subordinate: int
) -> None:
    """Related rows move to the target where their relationship cascades merges."""
    name, old, new = table.definition.name, table.row_id(subordinate), table.row_id(target)
    for relation in organization.model.referencing[name]:
        if relation.merge != "Cascade":
            continue
        children = organization.table(relation.table)
        for position in writes.children(children, relation.column, name, old):
            moved: Values = {relation.column: new}
            writes.apply(organization, user, children, position, moved, depth=2, silent=True)
