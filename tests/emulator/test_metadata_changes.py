"""RetrieveMetadataChanges (Query schema definitions)."""

import json
from typing import Any

import pytest

from .api import Api, Reply

CALL = "RetrieveMetadataChanges(Query=@q)?@q="


async def asked(api: Api, query: object) -> Reply:
    """The answer to a query."""
    return await api.get(f"{CALL}{json.dumps(query)}")


def equals(name: str, value: object, operator: str = "Equals") -> dict[str, Any]:
    """A condition on a property."""
    return {"PropertyName": name, "ConditionOperator": operator, "Value": {"Type": "x", "Value": value}}


async def test_typed_columns_of_a_table(api: Api) -> None:
    """The properties named, of the columns that the criteria find, each with its type."""
    columns = {
        "Properties": {"PropertyNames": ["LogicalName", "MaxLength"]},
        "Criteria": {"Conditions": [equals("LogicalName", ["LASTNAME", "statecode"], "In")]},
    }
    query = {
        "Properties": {"PropertyNames": ["LogicalName", "Attributes"]},
        "Criteria": {"Conditions": [equals("LogicalName", "contact")]},
        "AttributeQuery": columns,
    }
    body = (await asked(api, query)).json
    assert body["@odata.context"].endswith("RetrieveMetadataChangesResponse")
    (table,) = body["EntityMetadata"]
    assert table["LogicalName"] == "contact"
    found = {held["LogicalName"]: held for held in table["Attributes"]}
    assert found["lastname"]["@odata.type"] == "#Microsoft.Dynamics.CRM.StringAttributeMetadata"
    assert found["lastname"]["MaxLength"] == 50
    assert found["statecode"].keys() == {"@odata.type", "MetadataId", "HasChanged", "LogicalName"}


async def test_criteria(api: Api) -> None:
    """And, Or, nested filters and their opposites."""
    names = {"Properties": {"PropertyNames": ["LogicalName"]}}
    either = {"FilterOperator": "Or", "Conditions": [equals("LogicalName", n) for n in ("lead", "task")]}
    neither = {"Filters": [either], "Conditions": [equals("LogicalName", "task", "NotEquals")]}
    for criteria, expected in ((either, {"lead", "task"}), (neither, {"lead"})):
        reply = await asked(api, {**names, "Criteria": criteria})
        assert {held["LogicalName"] for held in reply.json["EntityMetadata"]} == expected
    everything = (await asked(api, {"Properties": {"AllProperties": True}})).json["EntityMetadata"]
    assert "EntitySetName" in everything[0]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("{", 400),
        ("1", 400),
        ('{"Criteria":1}', 400),
        ('{"Criteria":{"Conditions":1}}', 400),
        ('{"Properties":{"PropertyNames":[1]}}', 400),
        ('{"Criteria":{"FilterOperator":"Xor"}}', 400),
        (
            '{"Criteria":{"Conditions":[{"PropertyName":"X","ConditionOperator":"GreaterThan","Value":1}]}}',
            501,
        ),
        ('{"LabelQuery":{"FilterLanguages":[1033]}}', 501),
    ],
)
async def test_refusals(api: Api, text: str, status: int) -> None:
    """What cannot be read answers 400, what is not imitated 501."""
    assert (await api.get(f"{CALL}{text}")).status == status
