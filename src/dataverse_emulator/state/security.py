"""Who may do what: roles, depths, secured columns (dataverse.md 1.4, 9.2, 10)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from dataverse_emulator.state.columns import Column
from dataverse_emulator.state.definitions import Definition
from dataverse_emulator.state.events import Values
from dataverse_emulator.state.identity import User
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.privileges import Depth, id_of, name_of
from dataverse_emulator.state.problems import Problem, Refusal
from dataverse_emulator.state.seeds import ADMINISTRATOR
from dataverse_emulator.state.table import VERSION, Table

_ALLOWED: Final = 4
#: The tables that decide about privileges.
_DECIDING: Final = ("systemuserroles", "teamroles", "teammembership", "roleprivileges", "privilege")
_RIGHTS: Final = {"Read": "ReadAccess", "Write": "WriteAccess", "Delete": "DeleteAccess"}


# -- roles -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rights:
    """What a user's roles come to; who administers has every privilege and sees every column."""

    administers: bool
    roles: frozenset[str]
    teams: tuple[str, ...]
    privileges: Mapping[str, Depth]


def rights_of(organization: Organization, user_id: str) -> Rights:
    """The rights of a user, worked out anew only when a role, a team or a membership changed."""
    state = tuple(
        (len(table), table.log.entries, len(table.log.deletions))
        for table in map(organization.table, _DECIDING)
    )
    if organization.rights[0] != state:
        organization.rights = (state, {})
    known = organization.rights[1]
    if user_id not in known:
        known[user_id] = _worked_out(organization, user_id)
    found: Rights = known[user_id]
    return found


def _worked_out(organization: Organization, user_id: str) -> Rights:
    teams = tuple(_tied(organization, "teammembership", ("systemuserid", user_id), "teamid"))
    roles = set(_tied(organization, "systemuserroles", ("systemuserid", user_id), "roleid"))
    for team_id in teams:
        roles.update(_tied(organization, "teamroles", ("teamid", team_id), "roleid"))
    if ADMINISTRATOR in roles:
        return Rights(True, frozenset(roles), teams, {})
    return Rights(False, frozenset(roles), teams, _privileges(organization, roles))


def _privileges(organization: Organization, roles: Iterable[str]) -> dict[str, Depth]:
    """By name, each at its deepest."""
    privileges, pairs = organization.table("privilege"), organization.table("roleprivileges")
    found = dict[str, Depth]()
    for role_id in roles:
        for position in pairs.holding(("roleid",), (role_id,)):
            at = privileges.position(str(pairs.cell(position, "privilegeid")))
            if at is not None:
                name = str(privileges.cell(at, "name"))
                depth = Depth(pairs.cell(position, "privilegedepthmask") or Depth.BASIC)
                found[name] = max(depth, found.get(name, depth))
    return found


def held(organization: Organization, user_id: str) -> Mapping[str, Depth]:
    """The privileges of a user by name."""
    rights = rights_of(organization, user_id)
    if rights.administers:
        return {str(row["name"]): Depth.GLOBAL for row in organization.table("privilege").rows()}
    return rights.privileges


def of_role(organization: Organization, role_id: str) -> Mapping[str, Depth]:
    """The privileges of a role by name."""
    if role_id == ADMINISTRATOR:
        return {str(row["name"]): Depth.GLOBAL for row in organization.table("privilege").rows()}
    return _privileges(organization, [role_id])


def _tied(organization: Organization, pairs: str, near: tuple[str, str], far: str) -> Iterator[str]:
    table = organization.table(pairs)
    return (str(table.cell(position, far)) for position in table.holding((near[0],), (near[1],)))


def grant(organization: Organization, role_id: str, depths: Mapping[str, Depth]) -> None:
    """Give a role privileges by name, replacing the depth of those it has (AddPrivilegesRole)."""
    pairs = organization.table("roleprivileges")
    for name, depth in depths.items():
        _take(organization, role_id, name)
        row: Values = {
            pairs.definition.key: organization.sources.new_id(),
            "roleid": role_id,
            "privilegeid": id_of(name),
            "privilegedepthmask": int(depth),
            VERSION: organization.next_version(),
        }
        position = pairs.insert(row, organization.sources.now())
        organization.on_undo(lambda p=position: pairs.undo_insert(p))  # type: ignore[misc]


def take_all(organization: Organization, role_id: str) -> None:
    """Leave a role without privileges (ReplacePrivilegesRole begins so)."""
    pairs, privileges = organization.table("roleprivileges"), organization.table("privilege")
    for position in pairs.holding(("roleid",), (role_id,)):
        at = privileges.position(str(pairs.cell(position, "privilegeid")))
        if at is not None:
            _take(organization, role_id, str(privileges.cell(at, "name")))


def _take(organization: Organization, role_id: str, name: str) -> None:
    pairs = organization.table("roleprivileges")
    for position in pairs.holding(("roleid", "privilegeid"), (role_id, id_of(name))):
        row = pairs.row(position)
        pairs.remove(position, organization.next_version(), organization.sources.now())
        organization.on_undo(lambda p=position, r=row: pairs.undo_remove(p, r))  # type: ignore[misc]


# -- privileges --------------------------------------------------------------------------------------------


def require(
    organization: Organization, user: User, privilege: str, definition: Definition | None = None
) -> Depth:
    """How far the privilege reaches for the caller, or 403; who acts for another needs both to have it."""
    depths = [_depth(organization, user.user_id, privilege, definition)]
    if user.behind is not None:
        depths.append(_depth(organization, user.behind, privilege, definition))
    return min(depths)


def _depth(organization: Organization, user_id: str, privilege: str, definition: Definition | None) -> Depth:
    rights = rights_of(organization, user_id)
    if rights.administers:
        return Depth.GLOBAL
    if not rights.roles:
        raise Refusal(Problem.NO_ROLES, "The user has not been assigned any roles.")
    depth = rights.privileges.get(privilege)
    if depth is not None:
        return depth
    about = ""
    if definition is not None:
        about = f" on OTC={definition.code} for entity '{definition.name}'"
        about += f" (LocalizedName='{definition.label}')"
    # The order of the members is observed; clients match the code and the privilege's name (1.4).
    raise Refusal(
        Problem.PRIVILEGE_DENIED,
        f"Principal user (Id={user_id}, type=8, roleCount={len(rights.roles)}, "
        f"privilegeCount={len(rights.privileges)}), "
        f"is missing {privilege} privilege (Id={id_of(privilege)}){about}. context.Caller={user_id}",
    )


def require_on(organization: Organization, user: User, verb: str, definition: Definition) -> Depth:
    """As `require`, for an act on a table's rows."""
    privilege = name_of(verb, definition)
    return Depth.GLOBAL if privilege is None else require(organization, user, privilege, definition)


def require_row(organization: Organization, user: User, verb: str, table: Table, position: int) -> None:
    """Refuse an act on a row that the caller's privilege does not reach."""
    depth = require_on(organization, user, verb, table.definition)
    if depth is Depth.GLOBAL or not table.definition.has_owner:
        return
    if position not in set(_reached(organization, user, table, depth)):
        raise Refusal(
            Problem.PRIVILEGE_DENIED,
            f"Principal with id {user.user_id} does not have {_RIGHTS.get(verb, verb + 'Access')} right(s) "
            f"for record with id {table.row_id(position)} of entity {table.definition.name}",
        )


def readable(organization: Organization, user: User, table: Table) -> list[int] | None:
    """The rows the caller may read; None when they are all, 403 when they are none by privilege."""
    depth = require_on(organization, user, "Read", table.definition)
    if depth is Depth.GLOBAL or not table.definition.has_owner:
        return None
    return _reached(organization, user, table, depth)


def _reached(organization: Organization, user: User, table: Table, depth: Depth) -> list[int]:
    """Own rows and those of own teams; of the business unit; of the units below it too."""
    owners = [user.user_id, *rights_of(organization, user.user_id).teams]
    found = {position for owner in owners for position in table.holding(("ownerid",), (owner,))}
    if depth > Depth.BASIC:
        for unit in _units(organization, user.user_id, below=depth > Depth.LOCAL):
            found.update(table.holding(("owningbusinessunit",), (unit,)))
    return sorted(found)


def _units(organization: Organization, user_id: str, *, below: bool) -> list[str]:
    users, units = organization.table("systemuser"), organization.table("businessunit")
    position = users.position(user_id)
    own = None if position is None else users.cell(position, "businessunitid")
    found = [str(own or organization.business_unit_id)]
    for unit in found if below else ():
        found += [units.row_id(p) for p in units.holding(("parentbusinessunitid",), (unit,))]
    return found


# -- secured columns ---------------------------------------------------------------------------------------


def permitted(
    organization: Organization, user: User, definition: Definition, column: Column, to: str
) -> bool:
    """Whether the caller may `canread`, `cancreate` or `canupdate` a column (10)."""
    if not column.secured:
        return True
    return all(
        rights_of(organization, one).administers or _profile_allows(organization, one, definition, column, to)
        for one in (user.user_id, *([user.behind] if user.behind else []))
    )


def _profile_allows(
    organization: Organization, user_id: str, definition: Definition, column: Column, to: str
) -> bool:
    profiles = set(
        _tied(organization, "systemuserprofiles", ("systemuserid", user_id), "fieldsecurityprofileid")
    )
    for team_id in rights_of(organization, user_id).teams:
        profiles.update(_tied(organization, "teamprofiles", ("teamid", team_id), "fieldsecurityprofileid"))
    permissions = organization.table("fieldpermission")
    return any(
        permissions.cell(position, to) == _ALLOWED
        and permissions.cell(position, "fieldsecurityprofileid") in profiles
        for position in permissions.holding(
            ("entityname", "attributelogicalname"), (definition.name, column.name)
        )
    )


_SECURED: Final = {
    "canread": (Problem.SECURED_READ, "The user does not have read permissions to a secured field."),
    "cancreate": (Problem.SECURED_CREATE, "The user does not have create permissions to a secured field."),
    "canupdate": (
        Problem.SECURED_UPDATE,
        "The user doesn't have AttributePrivilegeUpdate and not granted shared access for a secured field.",
    ),
}


def require_columns(
    organization: Organization, user: User, definition: Definition, names: Iterable[str], to: str
) -> None:
    """Refuse to read by, or write, secured columns the caller has no profile for (2.8)."""
    for name in names:
        column = definition.columns.get(name)
        if column is not None and not permitted(organization, user, definition, column, to):
            problem, text = _SECURED[to]
            raise Refusal(problem, f"{text} (column {name} of {definition.name})")
