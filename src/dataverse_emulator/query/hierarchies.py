"""The query functions on hierarchies: rows above and below another, and who reports to the caller.

A table has one hierarchy, that of a lookup to itself (Query hierarchical data); users report to managers.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from dataverse_emulator.query.scope import Scope
from dataverse_emulator.state import security
from dataverse_emulator.state.columns import GUIDS, Column, Kind, guid
from dataverse_emulator.state.definitions import OneToMany
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import bad_syntax, not_implemented
from dataverse_emulator.state.table import Table

#: The lookups by which standard tables make their hierarchies.
_STANDARD: Final[Mapping[str, str]] = MappingProxyType(
    {"account": "parentaccountid", "businessunit": "parentbusinessunitid", "systemuser": "parentsystemuserid"}
)
_ROWS: Final = frozenset({"Above", "AboveOrEqual", "Under", "UnderOrEqual", "NotUnder"})
_USERS: Final = frozenset(
    {
        "EqualUserTeams",
        "EqualUserOrUserTeams",
        "EqualUserOrUserHierarchy",
        "EqualUserOrUserHierarchyAndTeams",
    }
)

#: How many arguments each takes beside the property.
ARITY: Final[Mapping[str, int]] = MappingProxyType({**dict.fromkeys(_ROWS, 1), **dict.fromkeys(_USERS, 0)})


def test(
    scope: Scope, table: str, column: Column, function: str, arguments: tuple[str, ...]
) -> Callable[[Any], bool]:
    """A test of an id that is there."""
    if column.kind not in GUIDS:
        raise bad_syntax(f"{function} needs a key or a lookup; '{column.name}' is none.")
    if function in _USERS:
        return _users(scope, function).__contains__
    row_id = guid(arguments[0])
    if row_id is None:
        raise bad_syntax(f"{function} needs the id of a row, not '{arguments[0][:60]}'.")
    definition = scope.organization.model.tables[table]
    if column.kind is not Kind.GUID or column.name != definition.key:
        raise not_implemented(f"{function} of a lookup", f"'{definition.key}' of {table} itself is.")
    rows, parent = scope.organization.table(table), _parent(scope.organization, table)
    below = function in ("Under", "UnderOrEqual", "NotUnder")
    found = set(_below(rows, parent, [row_id]) if below else _above(rows, parent, row_id))
    if not function.endswith("OrEqual"):
        found.discard(row_id)
    if function == "NotUnder":
        return lambda value: value not in found
    return found.__contains__


def _parent(organization: Organization, table: str) -> str:
    """The lookup that makes the table's hierarchy."""
    for relation in organization.model.relationships:
        to_itself = isinstance(relation, OneToMany) and relation.table == relation.other == table
        if to_itself and (relation.facts.get("IsHierarchical") or _STANDARD.get(table) == relation.column):
            return relation.column
    raise bad_syntax(f"The table '{table}' has no hierarchical relationship.")


def _below(rows: Table, parent: str, found: list[str]) -> list[str]:
    """The rows given and all below them, each once even where a hierarchy bites its tail."""
    known = set(found)
    for row_id in found:
        for position in rows.holding((parent,), (row_id,)):
            below = rows.row_id(position)
            if below not in known:
                known.add(below)
                found.append(below)
    return found


def _above(rows: Table, parent: str, row_id: str) -> list[str]:
    found, position = [row_id], rows.position(row_id)
    while position is not None:
        above = rows.cell(position, parent)
        if above is None or above in found:
            break
        found.append(above)
        position = rows.position(above)
    return found


def _users(scope: Scope, function: str) -> frozenset[str]:
    """The ids that such a function takes for the caller's."""
    organization, me = scope.organization, scope.user.user_id
    people = [me]
    if "Hierarchy" in function:
        people = _below(organization.table("systemuser"), _STANDARD["systemuser"], people)
    teams = _teams(organization, people) if function.endswith("Teams") else ()
    return frozenset(teams) if function == "EqualUserTeams" else frozenset((*people, *teams))


def _teams(organization: Organization, people: Iterable[str]) -> list[str]:
    return [team for one in people for team in security.rights_of(organization, one).teams]
