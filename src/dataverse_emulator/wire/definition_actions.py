"""Functions and actions about definitions: options, keys, lookups, dependencies, languages."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from dataverse_emulator.query import odata
from dataverse_emulator.state import (
    dependencies,
    edits,
    key_definitions,
    option_actions,
    relationship_definitions,
    solutions,
    table_definitions,
)
from dataverse_emulator.state.columns import Kind, guid
from dataverse_emulator.state.metadata_types import CRM, RELATIONSHIP, checked, missing
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import bad_payload, bad_syntax
from dataverse_emulator.state.sources import derived_id
from dataverse_emulator.wire import requests
from dataverse_emulator.wire.answers import Answer, Call, json_answer, json_object
from dataverse_emulator.wire.changes import SOLUTION_HEADER
from dataverse_emulator.wire.functions import arguments
from dataverse_emulator.wire.requests import Segment

_SOLUTION: Final = "SolutionUniqueName"
_INSERTS: Final = MappingProxyType(
    {"InsertOptionValue": option_actions.insert_value, "InsertStatusValue": option_actions.insert_status}
)
_CHANGES: Final = MappingProxyType(
    {
        "UpdateOptionValue": option_actions.update_value,
        "UpdateStateValue": option_actions.update_value,
        "DeleteOptionValue": option_actions.delete_value,
        "OrderOption": option_actions.order,
    }
)


def insert(organization: Organization, call: Call) -> Answer:
    """InsertOptionValue and InsertStatusValue: the new value."""
    name, body = call.path.strip("/"), json_object(call)
    _check_solution(organization, body)
    value = _INSERTS[name](organization, body)
    context = f"{call.root}/$metadata#Microsoft.Dynamics.CRM.{name}Response"
    return json_answer({"@odata.context": context, "NewOptionValue": value})


def change(organization: Organization, call: Call) -> Answer:
    """UpdateOptionValue, UpdateStateValue, DeleteOptionValue and OrderOption."""
    body = json_object(call)
    _check_solution(organization, body)
    _CHANGES[call.path.strip("/")](organization, body)
    return Answer(204)


def _check_solution(organization: Organization, body: Mapping[str, Any]) -> None:
    if isinstance(name := body.get("SolutionUniqueName"), str):
        solutions.need(organization, name)


def reactivate(organization: Organization, call: Call) -> Answer:
    """ReactivateEntityKey (7.5)."""
    known = {"EntityLogicalName": "text", "EntityKeyLogicalName": "text"}
    given = checked("ReactivateEntityKey", json_object(call), known)
    definition = edits.need_table(organization, given.get("EntityLogicalName", ""))
    key = key_definitions.need(definition, given.get("EntityKeyLogicalName", ""))
    key_definitions.reactivate(organization, definition, key)
    return Answer(204)


def create_lookup(organization: Organization, call: Call) -> Answer:
    """CreateCustomerRelationships and CreatePolymorphicLookupAttribute: one lookup, several tables."""
    known = {"OneToManyRelationships": "list", "Lookup": "object", "SolutionUniqueName": "text"}
    name = call.path.strip("/")
    given = checked(name, json_object(call), known)
    bodies = given.get("OneToManyRelationships", [])
    if not bodies or "Lookup" not in given:
        raise missing("OneToManyRelationships and Lookup")
    if not all(isinstance(one, dict) for one in bodies):
        raise bad_payload(name, "OneToManyRelationships must hold objects.")
    relations = [checked("OneToManyRelationshipMetadata", one, RELATIONSHIP) for one in bodies]
    kind, solution = Kind.LOOKUP, given.get("SolutionUniqueName")
    _check_solution(organization, given)
    if name == "CreateCustomerRelationships":
        kind = Kind.CUSTOMER
        if {one.get("ReferencedEntity") for one in relations} != {"account", "contact"}:
            raise bad_payload(name, "A customer is an account or a contact.")
    column, made = relationship_definitions.lookup(organization, given["Lookup"], relations, kind, solution)
    return json_answer(
        {
            "@odata.context": f"{call.root}/$metadata#Microsoft.Dynamics.CRM.{name}Response",
            "RelationshipIds": [one.metadata_id for one in made],
            "AttributeId": column.metadata_id,
        }
    )


def create_tables(organization: Organization, call: Call) -> Answer:
    """CreateEntities: tables with their columns, all or none, as Microsoft's Python client makes them.

    Its bodies name the complex twins of the metadata types; the solution may be a query option.
    """
    given = checked("CreateEntities", json_object(call), {"Entities": "list", "SolutionUniqueName": "text"})
    bodies = given.get("Entities", [])
    if not bodies or not all(isinstance(one, dict) for one in bodies):
        raise bad_payload("CreateEntities", "Entities must hold objects.")
    options = requests.options(call.query)
    odata.check_options({name: text for name, text in options.items() if name != _SOLUTION}, frozenset())
    solution = given.get(_SOLUTION) or options.get(_SOLUTION) or call.headers.get(SOLUTION_HEADER)
    if solution is not None:
        solutions.need(organization, solution)
    for body in bodies:
        table_definitions.create(organization, _plain(body), solution)
    return Answer(204)


def _plain(body: Any) -> Any:
    """The body with plain types in the place of their complex twins."""
    if isinstance(body, list):
        return [_plain(one) for one in body]
    if not isinstance(body, dict):
        return body
    found = {name: _plain(value) for name, value in body.items()}
    if isinstance(kind := found.get("@odata.type"), str):
        found["@odata.type"] = kind.removeprefix("#").replace(f"{CRM}Complex", CRM, 1)
    return found


def what_depends(organization: Organization, call: Call, path: Sequence[Segment]) -> Answer:
    """RetrieveDependenciesForDelete (7.8)."""
    given = arguments(call, path[0].key, frozenset({"ObjectId", "ComponentType"}))
    object_id, kind = guid(given["ObjectId"]), given["ComponentType"]
    if object_id is None or not kind.isascii() or not kind.isdigit():
        raise bad_syntax("ObjectId must be a guid and ComponentType a number.")
    rows = [
        {
            "dependencyid": derived_id("dependency", object_id, one.object_id),
            "dependencytype": 2,
            "requiredcomponenttype": int(kind),
            "requiredcomponentobjectid": object_id,
            "dependentcomponenttype": one.kind,
            "dependentcomponentobjectid": one.object_id,
        }
        for one in dependencies.of_component(organization, int(kind), object_id)
    ]
    return json_answer({"@odata.context": f"{call.root}/$metadata#dependencies", "value": rows})


def provisioned_languages(organization: Organization, call: Call) -> Answer:
    """RetrieveProvisionedLanguages: those labels may be in (7.2)."""
    return _languages(organization, call, "RetrieveProvisionedLanguages", "RetrieveProvisionedLanguages")


def available_languages(organization: Organization, call: Call) -> Answer:
    """RetrieveAvailableLanguages: here the provisioned ones, whatever a real server has installed (7.2)."""
    return _languages(organization, call, "RetrieveAvailableLanguages", "LocaleIds")


def _languages(organization: Organization, call: Call, name: str, member: str) -> Answer:
    context = f"{call.root}/$metadata#Microsoft.Dynamics.CRM.{name}Response"
    return json_answer({"@odata.context": context, member: list(organization.settings.provisioned)})
