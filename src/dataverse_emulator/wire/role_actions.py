"""Functions and actions about privileges (dataverse.md 10)."""

from collections.abc import Mapping
from typing import Any, Final

from dataverse_emulator.state import security
from dataverse_emulator.state.columns import guid
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.privileges import Depth, id_of
from dataverse_emulator.state.problems import Refusal, bad_payload, not_implemented, row_missing
from dataverse_emulator.state.table import Table
from dataverse_emulator.wire.answers import Answer, Call, json_answer, json_object

_TITLES: Final = {depth.title: depth for depth in Depth}


def user_privileges(organization: Organization, call: Call, table: Table, position: int) -> Answer:
    """RetrieveUserPrivileges: every privilege of a user with its depth."""
    _only(table, "systemuser")
    found = security.held(organization, table.row_id(position))
    return _listed(organization, call, "RetrieveUserPrivilegesResponse", found)


def role_privileges(organization: Organization, call: Call, table: Table, position: int) -> Answer:
    """RetrieveRolePrivilegesRole: those of a role."""
    _only(table, "role")
    found = security.of_role(organization, table.row_id(position))
    return _listed(organization, call, "RetrieveRolePrivilegesRoleResponse", found)


def _only(table: Table, name: str) -> None:
    if table.definition.name != name:
        raise not_implemented(f"this on {table.definition.set_name}", f"on {name} it is.")


def _listed(organization: Organization, call: Call, name: str, found: Mapping[str, Depth]) -> Answer:
    rows = [
        {
            "Depth": depth.title,
            "PrivilegeId": id_of(privilege),
            "BusinessUnitId": organization.business_unit_id,
            "PrivilegeName": privilege,
        }
        for privilege, depth in sorted(found.items())
    ]
    context = f"{call.root}/$metadata#Microsoft.Dynamics.CRM.{name}"
    return json_answer({"@odata.context": context, "RolePrivileges": rows})


def add(organization: Organization, call: Call, table: Table, position: int) -> Answer:
    """AddPrivilegesRole: more privileges, or other depths of those there are."""
    _only(table, "role")
    security.require_row(organization, call.user, "Write", table, position)
    security.grant(organization, table.row_id(position), _given(organization, call))
    return Answer(204)


def replace(organization: Organization, call: Call, table: Table, position: int) -> Answer:
    """ReplacePrivilegesRole: exactly these privileges."""
    _only(table, "role")
    security.require_row(organization, call.user, "Write", table, position)
    given = _given(organization, call)
    security.take_all(organization, table.row_id(position))
    security.grant(organization, table.row_id(position), given)
    return Answer(204)


def _given(organization: Organization, call: Call) -> dict[str, Depth]:
    body = json_object(call).get("Privileges")
    if not isinstance(body, list) or not body:
        raise bad_payload("roles", "Privileges must be a collection of RolePrivilege.")
    return dict(_one(organization, held) for held in body)


def _one(organization: Organization, held: Any) -> tuple[str, Depth]:
    if not isinstance(held, dict):
        raise _bad("every one must be an object")
    text, depth = held.get("PrivilegeId"), held.get("Depth")
    reach = _TITLES.get(depth) if isinstance(depth, str) else None
    if reach is None:
        raise _bad("Depth must be Basic, Local, Deep or Global")
    privileges = organization.table("privilege")
    found = guid(text) if isinstance(text, str) else None
    position = privileges.position(found) if found else None
    if position is None:
        raise row_missing("privilege", str(text)[:60])
    return str(privileges.cell(position, "name")), reach


def _bad(why: str) -> Refusal:
    return bad_payload("roles", f"Privileges cannot be read: {why}.")
