"""Definitions asked for by a query (Query schema definitions; dataverse.md 3.5)."""

import json
from typing import Any

import pytest

from .api import Api
from .model import column, key_of, make, one_to_many, table


async def asked(api: Api, query: object) -> list[dict[str, Any]]:
    """The tables a query finds."""
    reply = await api.get(f"RetrieveMetadataChanges(Query=@q)?@q={json.dumps(query)}")
    assert reply.status == 200, reply.text
    found: list[dict[str, Any]] = reply.json["EntityMetadata"]
    return found


def where(name: str, value: object, operator: str = "Equals") -> dict[str, object]:
    """A condition."""
    return {"PropertyName": name, "ConditionOperator": operator, "Value": {"Value": value}}


async def test_columns_come_with_what_their_types_have(api: Api) -> None:
    """Only the chosen ones, each with the chosen properties its type has."""
    await make(api, "EntityDefinitions", table())
    await make(
        api, "EntityDefinitions(LogicalName='asn_subscription')/Attributes", column("Integer", "asn_N")
    )
    query = {
        "Criteria": {"Conditions": [where("LogicalName", "asn_subscription")]},
        "Properties": {"PropertyNames": ["LogicalName", "Attributes"]},
        "AttributeQuery": {
            "Criteria": {"Conditions": [where("LogicalName", ["asn_n", "asn_name"], "In")]},
            "Properties": {"PropertyNames": ["LogicalName", "MaxLength", "MaxValue"]},
        },
    }
    (found,) = await asked(api, query)
    assert found.keys() == {"MetadataId", "HasChanged", "LogicalName", "Attributes"}
    by_name = {one["LogicalName"]: one for one in found["Attributes"]}
    assert by_name["asn_name"]["MaxLength"] == 100
    assert by_name["asn_n"]["MaxValue"] == 2**31 - 1
    assert "MaxLength" not in by_name["asn_n"]


async def test_texts_compare_in_any_case_and_managed_properties_by_value(api: Api) -> None:
    """Names as clients spell them; a value may be a literal or its text."""
    names = {"Properties": {"PropertyNames": ["LogicalName"]}}
    for condition in (where("LogicalName", "CONTACT"), where("LogicalName", ["Contact"], "In")):
        found = await asked(api, {**names, "Criteria": {"Conditions": [condition]}})
        assert [one["LogicalName"] for one in found] == ["contact"]
    query = {
        "Criteria": {"Conditions": [where("LogicalName", "contact")]},
        "Properties": {"PropertyNames": ["Attributes"]},
        "AttributeQuery": {"Criteria": {"Conditions": [where("RequiredLevel", "NONE", "NotEquals")]}},
    }
    (contact,) = await asked(api, query)
    levels = {one["RequiredLevel"]["Value"] for one in contact["Attributes"]}
    assert levels
    assert "None" not in levels


async def test_all_properties(api: Api) -> None:
    """On demand everything comes along."""
    assert all("EntitySetName" in one for one in await asked(api, {"Properties": {"AllProperties": True}}))


async def test_keys_and_relationships_and_joined_conditions(api: Api) -> None:
    """Filters within filters, by and or or; whole definitions without a word about properties."""
    await make(api, "EntityDefinitions", table())
    await make(api, "RelationshipDefinitions", one_to_many())
    await make(api, "EntityDefinitions(LogicalName='asn_subscription')/Keys", key_of("asn_name"))
    either = {
        "FilterOperator": "Or",
        "Conditions": [where("LogicalName", "nosuch"), where("IsCustomEntity", True)],
    }
    query = {"Criteria": {"Filters": [either], "Conditions": [where("IsIntersect", True, "NotEquals")]}}
    (found,) = await asked(api, query)
    assert [key["SchemaName"] for key in found["Keys"]] == ["asn_Key"]
    names = {one["SchemaName"] for one in found["ManyToOneRelationships"]}
    assert "asn_contact_subscription" in names
    assert found["ManyToManyRelationships"] == []


@pytest.mark.parametrize(
    "query",
    [
        5,
        [],
        {"Nonsense": 1},
        {"Criteria": 5},
        {"Criteria": {"Conditions": [5]}},
        {"Criteria": {"Filters": [5]}},
        {"Criteria": {"FilterOperator": "Xor"}},
        {"Properties": {"PropertyNames": 5}},
        {"Properties": {"PropertyNames": [1]}},
    ],
)
async def test_bad_queries(api: Api, query: object) -> None:
    """What cannot be read is a 400 (2.8)."""
    reply = await api.get(f"RetrieveMetadataChanges(Query=@q)?@q={json.dumps(query)}")
    assert reply.error == (400, "0x80048d19")


async def test_what_is_no_json(api: Api) -> None:
    """Nor is text that is no JSON, or no query at all."""
    assert (await api.get("RetrieveMetadataChanges(Query=@q)?@q={")).status == 400
    assert (await api.get("RetrieveMetadataChanges(Query=@q)")).status == 400
