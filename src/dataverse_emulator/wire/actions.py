"""Functions and actions without a table of their own: WhoAmI, RetrieveVersion, Merge, solutions."""

from typing import Any

from dataverse_emulator.state import merging, solutions, writes
from dataverse_emulator.state.columns import guid
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import bad_payload, not_implemented
from dataverse_emulator.state.seeds import MERGEABLE
from dataverse_emulator.state.table import Table
from dataverse_emulator.wire.answers import Answer, Call, json_answer, json_object
from dataverse_emulator.wire.bodies import submitted

VERSION = "9.2.0.0"
_TYPES = "Microsoft.Dynamics.CRM."


def who_am_i(organization: Organization, call: Call) -> Answer:
    """The caller, the business unit and the organisation (1.3)."""
    return json_answer(
        {
            "@odata.context": f"{call.root}/$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse",
            "BusinessUnitId": organization.business_unit_id,
            "UserId": call.user.user_id,
            "OrganizationId": organization.organization_id,
        }
    )


def retrieve_version(_organization: Organization, call: Call) -> Answer:
    """A version of the 9.2 line; the digits after it are the emulator's own."""
    context = f"{call.root}/$metadata#Microsoft.Dynamics.CRM.RetrieveVersionResponse"
    return json_answer({"@odata.context": context, "Version": VERSION})


def merge(organization: Organization, call: Call) -> Answer:
    """Merge two accounts, contacts or leads (9.4)."""
    body = json_object(call)
    unknown = body.keys() - {"Target", "Subordinate", "UpdateContent", "PerformParentingChecks"}
    if unknown:
        raise bad_payload("Merge", f"The parameter '{min(unknown)[:60]}' is not declared.")
    table, target = _merged_row(organization, body, "Target")
    other, subordinate = _merged_row(organization, body, "Subordinate")
    if other is not table:
        raise bad_payload("Merge", "Target and Subordinate must be rows of one table.")
    if body.get("PerformParentingChecks") not in (None, False):
        raise not_implemented("PerformParentingChecks", "only false is.")
    content = body.get("UpdateContent") or {}
    if not isinstance(content, dict):
        raise bad_payload("Merge", "UpdateContent must be an object.")
    definition = table.definition
    given = {name: value for name, value in content.items() if name != definition.key}
    values = submitted(organization, call, definition, given, creating=False).values
    with organization.transaction():
        merging.merge(organization, call.user, table, target, subordinate, values)
    return Answer(204)


def _merged_row(organization: Organization, body: dict[str, Any], part: str) -> tuple[Table, int]:
    entity = body.get(part)
    kind = str(entity.get("@odata.type", "")).removeprefix("#") if isinstance(entity, dict) else ""
    name = kind.removeprefix(_TYPES)
    if not isinstance(entity, dict) or name == kind or name not in MERGEABLE:
        raise bad_payload("Merge", f"{part} must be an entity with @odata.type '{_TYPES}contact'.")
    table = organization.table(name)
    text = entity.get(table.definition.key)
    found = guid(text) if isinstance(text, str) else None
    if found is None:
        raise bad_payload("Merge", f"{part} needs a {table.definition.key}.")
    return table, writes.need(table, found)


def add_solution_component(organization: Organization, call: Call) -> Answer:
    """Put an existing component into a solution (7.1)."""
    body = json_object(call)
    name, kind = body.get("SolutionUniqueName"), body.get("ComponentType")
    found = guid(body["ComponentId"]) if isinstance(body.get("ComponentId"), str) else None
    if not isinstance(name, str) or not isinstance(kind, int) or found is None:
        raise bad_payload(
            "AddSolutionComponent", "ComponentId, ComponentType and SolutionUniqueName are needed."
        )
    row_id = solutions.add_component(organization, solutions.need(organization, name), kind, found)
    context = f"{call.root}/$metadata#Microsoft.Dynamics.CRM.AddSolutionComponentResponse"
    return json_answer({"@odata.context": context, "id": row_id})
