"""Functions and actions without a table of their own: WhoAmI, RetrieveVersion, Merge, publishing."""

from typing import Any

from lxml import etree

from dataverse_emulator.state import contact_writes, solutions
from dataverse_emulator.state.columns import guid
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, bad_payload, not_implemented
from dataverse_emulator.wire.answers import Answer, Call, json_answer, json_object
from dataverse_emulator.wire.contact_changes import submitted

VERSION = "9.2.0.0"
_CONTACT_TYPE = "Microsoft.Dynamics.CRM.contact"


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
    """Merge two contacts (9.4)."""
    body = json_object(call)
    unknown = body.keys() - {"Target", "Subordinate", "UpdateContent", "PerformParentingChecks"}
    if unknown:
        raise bad_payload("Merge", f"The parameter '{min(unknown)[:60]}' is not declared.")
    target = contact_writes.need(organization, _contact_id(body, "Target"))
    subordinate = contact_writes.need(organization, _contact_id(body, "Subordinate"))
    if body.get("PerformParentingChecks") not in (None, False):
        raise not_implemented("PerformParentingChecks", "only false is.")
    content = body.get("UpdateContent") or {}
    if not isinstance(content, dict):
        raise bad_payload("Merge", "UpdateContent must be an object.")
    given = {name: value for name, value in content.items() if name != "contactid"}
    values = submitted(organization, given, creating=False)
    with organization.transaction():
        contact_writes.merge(organization, call.user, target, subordinate, values)
    return Answer(204)


def _contact_id(body: dict[str, Any], part: str) -> str:
    entity = body.get(part)
    if not isinstance(entity, dict) or str(entity.get("@odata.type", "")).removeprefix("#") != _CONTACT_TYPE:
        raise bad_payload("Merge", f"{part} must be an entity with @odata.type '{_CONTACT_TYPE}'.")
    found = guid(entity["contactid"]) if isinstance(entity.get("contactid"), str) else None
    if found is None:
        raise bad_payload("Merge", f"{part} needs a contactid.")
    return found


def publish_xml(organization: Organization, call: Call) -> Answer:
    """Publish contact's forms and views (7.6)."""
    text = json_object(call).get("ParameterXml")
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(str(text or "").encode("utf-8", "surrogatepass"), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Refusal(Problem.INVALID_ARGUMENT, f"ParameterXml cannot be read: {error}") from None
    names = [str(name) for name in root.xpath("/importexportxml/entities/entity/text()")]  # type: ignore[union-attr]
    if root.tag != "importexportxml" or not names:
        raise not_implemented("publishing anything but entities", "<importexportxml><entities>… is.")
    if names != ["contact"]:
        raise not_implemented(f"publishing {', '.join(names)[:80]}", "contact can be published.")
    return _publish(organization)


def publish_all_xml(organization: Organization, _call: Call) -> Answer:
    """Publish everything (7.6)."""
    return _publish(organization)


def _publish(organization: Organization) -> Answer:
    at = organization.sources.now()
    organization.forms.publish(at, organization.next_version())
    organization.views.publish(at, organization.next_version())
    return Answer(204)


def add_solution_component(organization: Organization, call: Call) -> Answer:
    """Put an existing component into a solution (7.1)."""
    body = json_object(call)
    name, kind = body.get("SolutionUniqueName"), body.get("ComponentType")
    found = guid(body["ComponentId"]) if isinstance(body.get("ComponentId"), str) else None
    if not isinstance(name, str) or not isinstance(kind, int) or found is None:
        raise bad_payload(
            "AddSolutionComponent", "ComponentId, ComponentType and SolutionUniqueName are needed."
        )
    row = solutions.add_component(organization, solutions.need(organization, name), kind, found)
    context = f"{call.root}/$metadata#Microsoft.Dynamics.CRM.AddSolutionComponentResponse"
    return json_answer({"@odata.context": context, "id": row["solutioncomponentid"]})
