"""What is asked of the service as a whole."""

import pytest

from .api import Api


@pytest.mark.parametrize("root", ["/api/data/v9.2/", "/api/data/v9.2"])
async def test_the_service_document(api: Api, root: str) -> None:
    """Every entity set by name, kind and address (Web API service documents)."""
    reply = await api.get(f"{api.url}{root}")
    assert reply.json["@odata.context"] == f"{api.root}/$metadata"
    assert {"name": "contacts", "kind": "EntitySet", "url": "contacts"} in reply.value
    assert {"EntityDefinitions", "accounts"} <= {held["name"] for held in reply.value}


@pytest.mark.parametrize(
    "call",
    [
        "RetrieveTotalRecordCount(EntityNames=['account','contact'])",
        'RetrieveTotalRecordCount(EntityNames=@names)?@names=["account","contact"]',
    ],
)
async def test_total_record_counts(api: Api, call: str) -> None:
    """By logical name, in the order asked for (dataverse.md 2.3; Count rows)."""
    for name in "AB":
        await api.add(lastname=name)
    found = (await api.get(call)).json
    assert found["@odata.context"].endswith("#Microsoft.Dynamics.CRM.RetrieveTotalRecordCountResponse")
    assert found["EntityRecordCountCollection"] == {
        "Count": 2,
        "IsReadOnly": False,
        "Keys": ["account", "contact"],
        "Values": [0, 2],
    }


@pytest.mark.parametrize("names", ["['nosuch']", "['contact'", "[1]", "contact", ""])
async def test_counts_of_what_is_not_there(api: Api, names: str) -> None:
    """An unknown table, or no list of names."""
    assert (await api.get(f"RetrieveTotalRecordCount(EntityNames={names})")).status in (400, 404)


async def test_the_organisation_about_itself(api: Api) -> None:
    """Ids, names and where it answers (RetrieveCurrentOrganization function)."""
    access = "AccessType=Microsoft.Dynamics.CRM.EndpointAccessType'Default'"
    detail = (await api.get(f"RetrieveCurrentOrganization({access})")).json["Detail"]
    assert detail["OrganizationId"] == (await api.get("WhoAmI")).json["OrganizationId"]
    assert detail["Endpoints"]["Values"][0] == f"{api.url}/"
    assert (await api.get("RetrieveCurrentOrganization(Access=1)")).status == 400


@pytest.mark.parametrize("name", ["Account", "contact", "Contacts", "em_nothings"])
async def test_sets_that_are_spelt_otherwise(api: Api, name: str) -> None:
    """Names of sets mind the case and are no names of tables (Resource not found for the segment)."""
    reply = await api.get(name)
    assert (reply.status, reply.message) == (404, f"Resource not found for the segment '{name}'.")
