"""Microsoft's own sample requests, as they stand on the pages named, each answered as documented.

Where a page shows more than a status, a test of its own elsewhere holds the emulator to it.
"""

from dataclasses import dataclass, field

import pytest

from .api import Api, Reply
from .samples import Sample, stock

CRM = "Microsoft.Dynamics.CRM."
ASSOCIATE = "Associate and disassociate"
CONDITIONAL = "Perform conditional operations"
COLUMN = "Attributes(LogicalName='accountcategorycode')"
ALL = 'odata.include-annotations="*"'


@dataclass(frozen=True, slots=True)
class Asked:
    """One sample: the page, the request with {litware}, {fabrikam} and {nancy} for ids, the status."""

    page: str
    request: str
    status: int = 200
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)


SAMPLES = [
    Asked("Query data", "GET accounts?$select=name,revenue&$orderby=revenue desc,name asc&$top=3"),
    Asked(
        "Query data",
        "GET accounts?$select=name&$filter=revenue gt 5000&$count=true", headers={"Prefer": ALL},
    ),
    Asked("Query data", "GET accounts?$select=name", headers={"Prefer": "odata.maxpagesize=2"}),
    Asked("Count rows", "GET accounts/$count"),
    Asked("Count rows", "GET accounts/$count?$filter=contains(name,'a')"),
    Asked("Filter rows", "GET accounts?$filter=contains(name,'(sample)')"),
    Asked("Filter rows", "GET accounts?$filter=not endswith(name,'Inc.')"),
    Asked(
        "Filter rows",
        "GET accounts?$filter=(contains(name,'a') or contains(name,'b')) and revenue gt 5000",
    ),
    Asked("Filter rows", "GET accounts?$filter=primarycontactid/contactid ne null"),
    Asked("Filter rows", "GET accounts?$filter=primarycontactid/fullname eq 'Susanna Stubberod (sample)'"),
    Asked("Filter rows", "GET accounts?$filter=contact_customer_accounts/any(c:contains(c/fullname,'a'))"),
    Asked("Filter rows", "GET accounts?$filter=Account_Tasks/all(t:t/statecode eq 1)"),
    Asked("Filter rows", "GET contacts?$select=fullname&$filter=firstname eq lastname"),
    Asked(
        "Filter rows",
        f"GET contacts?$filter={CRM}In(PropertyName='lastname',PropertyValues=[\"O'Brien\",\"Ek\"])",
    ),
    Asked("Filter rows", "GET contacts?$filter=lastname eq 'O''Brien'"),
    Asked("Filter rows", "GET contacts?$filter=lastname eq 'O'Brien'", 400),
    Asked("Order rows", "GET accounts?$select=name&$orderby=primarycontactid/fullname asc"),
    Asked("Join tables", "GET accounts?$select=name&$expand=primarycontactid($select=contactid,fullname)"),
    Asked(
        "Join tables",
        "GET accounts?$select=name&$expand=createdby($select=fullname),primarycontactid/$ref",
    ),
    Asked(
        "Join tables",
        "GET accounts?$select=name&$expand=contact_customer_accounts($select=fullname;$filter=statecode eq 0;"
        "$orderby=createdon asc;$top=1)",
    ),
    Asked(
        "Join tables",
        "GET accounts?$expand=primarycontactid($select=fullname;$expand=createdby($select=fullname))",
    ),
    Asked("Join tables", "GET accounts?$expand=contact_customer_accounts/$ref", 400),
    Asked("Aggregate data", "GET accounts?$apply=groupby((statuscode),aggregate($count as count))"),
    Asked("Aggregate data", "GET accounts?$apply=aggregate(revenue with average as avg)"),
    Asked("Aggregate data", "GET accounts?$apply=filter(revenue gt 1)/groupby((primarycontactid/fullname))"),
    Asked(
        "Aggregate data",
        "GET accounts?$apply=groupby((statuscode),aggregate(revenue with sum as s))&$orderby=s", 400,
    ),
    Asked("Retrieve a table row", "GET accounts({litware})?$select=name,revenue"),
    Asked("Retrieve a table row", "GET accounts({litware})/name"),
    Asked("Retrieve a table row", "GET accounts({litware})/name/$value"),
    Asked("Retrieve a table row", "GET accounts({fabrikam})/primarycontactid?$select=fullname"),
    Asked("Retrieve a table row", "GET accounts({fabrikam})/primarycontactid/$ref"),
    Asked("Retrieve a table row", "GET accounts({litware})/contact_customer_accounts?$select=fullname"),
    Asked("Retrieve a table row", "GET accounts({litware})/contact_customer_accounts/$ref"),
    Asked(
        "Create a table row", "POST accounts", 204,
        {"name": "Sample Account", "creditonhold": False, "address1_latitude": 47.639583, "revenue": 5000000},
    ),
    Asked(
        "Create a table row", "POST accounts?$select=name,createdon", 201, {"name": "Sample Account"},
        {"Prefer": "return=representation"},
    ),
    Asked(
        "Create a table row", "POST accounts", 204,
        {
            "name": "Sample Account",
            "primarycontactid": {"firstname": "John", "lastname": "Smith"},
            "Account_Tasks": [{"subject": "Task associated to account"}],
        },
    ),
    Asked(
        "Create a table row", "POST accounts", 204,
        {"name": "x", "primarycontactid@odata.bind": "/contacts({nancy})"},
    ),
    Asked(
        "Create a table row", "POST accounts", 204,
        {"name": "x", "contact_customer_accounts@odata.bind": ["/contacts({nancy})"]},
    ),
    Asked("Update and delete", "PATCH accounts({litware})", 204, {"name": "Updated", "creditonhold": True}),
    Asked("Update and delete", "PUT accounts({litware})/name", 204, {"value": "Updated"}),
    Asked("Update and delete", "DELETE accounts({litware})/description", 204),
    Asked("Update and delete", "DELETE accounts({litware})", 204),
    Asked(
        ASSOCIATE, "PUT accounts({litware})/primarycontactid/$ref", 204,
        {"@odata.id": "contacts({nancy})"},
    ),
    Asked(
        ASSOCIATE, "POST accounts({fabrikam})/contact_customer_accounts/$ref", 204,
        {"@odata.id": "contacts({nancy})"},
    ),
    Asked(ASSOCIATE, "DELETE accounts({litware})/contact_customer_accounts({nancy})/$ref", 204),
    Asked(ASSOCIATE, "DELETE accounts({fabrikam})/primarycontactid/$ref", 204),
    Asked(CONDITIONAL, "PATCH accounts({litware})", 204, {"name": "x"}, {"If-Match": "*"}),
    Asked(
        CONDITIONAL, "PATCH accounts({litware})", 412, {"name": "x"}, {"If-None-Match": "*"},
    ),
    Asked(CONDITIONAL, "DELETE accounts({litware})", 412, headers={"If-Match": 'W/"1"'}),
    Asked("Use functions", "GET WhoAmI"),
    Asked("Use functions", "GET WhoAmI()"),
    Asked("Use functions", "GET RetrieveVersion()"),
    Asked(
        "Query schema definitions",
        "GET EntityDefinitions?$select=DisplayName,IsKnowledgeManagementEnabled,EntitySetName"
        "&$filter=SchemaName eq 'Account'",
    ),
    Asked(
        "Query schema definitions",
        "GET EntityDefinitions(LogicalName='account')?$select=DisplayName,IsKnowledgeManagementEnabled",
    ),
    Asked(
        "Query schema definitions",
        f"GET EntityDefinitions(LogicalName='account')/{COLUMN}/{CRM}PicklistAttributeMetadata"
        "?$select=LogicalName&$expand=OptionSet($select=Options),GlobalOptionSet($select=Options)",
    ),
    Asked(
        "Query schema definitions",
        "GET EntityDefinitions(LogicalName='account')/Attributes?$select=LogicalName"
        f"&$filter=AttributeType eq {CRM}AttributeTypeCode'Picklist'",
    ),
    Asked("Query schema definitions", "GET RelationshipDefinitions(SchemaName='account_primary_contact')"),
    Asked("Retrieve and execute predefined queries", "GET savedqueries?$filter=name eq 'Active Contacts'"),
]  # fmt: skip


def told(value: object, ids: dict[str, str]) -> object:
    """The sample with the ids of this organisation."""
    if isinstance(value, str):
        for name, row_id in ids.items():
            value = value.replace(f"{{{name}}}", row_id)
        return value
    if isinstance(value, dict):
        return {key: told(held, ids) for key, held in value.items()}
    return [told(held, ids) for held in value] if isinstance(value, list) else value


async def answered(api: Api, asked: Asked, held: Sample) -> Reply:
    """The answer to a sample."""
    ids = {
        "litware": held.accounts["Litware"],
        "fabrikam": held.accounts["Fabrikam"],
        "nancy": held.contacts["Anderson"],
    }
    method, _, path = str(told(asked.request, ids)).partition(" ")
    body = None if asked.body is None else told(asked.body, ids)
    return await api.call(method, path, body, raw=None, **asked.headers)


@pytest.mark.parametrize("asked", SAMPLES, ids=lambda asked: f"{asked.page}: {asked.request}")
async def test_samples(api: Api, asked: Asked) -> None:
    """The status of the page, whatever else is in the organisation."""
    reply = await answered(api, asked, await stock(api))
    assert reply.status == asked.status, reply.text
