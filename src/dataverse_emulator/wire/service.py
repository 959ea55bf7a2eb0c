"""What a client asks of the service as a whole: which sets there are, and how full they are."""

from collections.abc import Sequence
from typing import Final

from dataverse_emulator.query.scope import table_named
from dataverse_emulator.query.tokens import texts
from dataverse_emulator.state import security
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.wire.actions import VERSION
from dataverse_emulator.wire.answers import Answer, Call, json_answer
from dataverse_emulator.wire.functions import arguments
from dataverse_emulator.wire.requests import Segment

_DEFINITIONS: Final = ("EntityDefinitions", "GlobalOptionSetDefinitions", "RelationshipDefinitions")


def document(organization: Organization, call: Call) -> Answer:
    """GET of the root: every entity set by name (Web API service documents)."""
    names = sorted([*organization.model.by_set, *_DEFINITIONS])
    sets = [{"name": name, "kind": "EntitySet", "url": name} for name in names]
    return json_answer({"@odata.context": f"{call.root}/$metadata", "value": sets})


def current_organization(organization: Organization, call: Call, path: Sequence[Segment]) -> Answer:
    """RetrieveCurrentOrganization: ids, names and addresses of the organisation itself."""
    arguments(call, path[0].key, frozenset({"AccessType"}))
    host = call.root.partition("/api/")[0]
    endpoints = {
        "WebApplication": f"{host}/",
        "OrganizationService": f"{host}/XRMServices/2011/Organization.svc",
        "OrganizationDataService": f"{host}/XRMServices/2011/OrganizationData.svc",
    }
    name = organization.settings.name
    detail = {
        "OrganizationId": organization.organization_id,
        "FriendlyName": name,
        "OrganizationVersion": VERSION,
        "UrlName": name,
        "UniqueName": name,
        "State": "Enabled",
        "Endpoints": {
            "Count": len(endpoints),
            "IsReadOnly": False,
            "Keys": list(endpoints),
            "Values": list(endpoints.values()),
        },
    }
    context = f"{call.root}/$metadata#Microsoft.Dynamics.CRM.RetrieveCurrentOrganizationResponse"
    return json_answer({"@odata.context": context, "Detail": detail})


def record_counts(organization: Organization, call: Call, path: Sequence[Segment]) -> Answer:
    """RetrieveTotalRecordCount: of each table the number of its rows, beyond any cap (2.3).

    The numbers may be a day old where the platform counts; here they are those of now.
    """
    text = arguments(call, path[0].key, frozenset({"EntityNames"}))["EntityNames"]
    names = list(dict.fromkeys(texts(text)))
    for name in names:
        security.require_on(organization, call.user, "Read", table_named(organization, name))
    counts = {
        "Count": len(names),
        "IsReadOnly": False,
        "Keys": names,
        "Values": [len(organization.table(name)) for name in names],
    }
    context = f"{call.root}/$metadata#Microsoft.Dynamics.CRM.RetrieveTotalRecordCountResponse"
    return json_answer({"@odata.context": context, "EntityRecordCountCollection": counts})
