"""Rows, filters, joins and orders of FetchXML (Query data using FetchXML and its reference)."""

import pytest

from .api import Api
from .samples import FORMATTED, fetched, link, names, stock


async def test_rows_without_nulls(api: Api) -> None:
    """Selected columns, the key and the etag; nulls are left out (Use FetchXml to retrieve data)."""
    await stock(api)
    inner = "<attribute name='name'/><attribute name='address1_city'/><order attribute='name'/>"
    reply = await fetched(api, "account", inner, attributes="top='2'", prefer="x")
    assert [row.keys() - {"@odata.etag"} for row in reply.value] == [
        {"name", "address1_city", "accountid"},
        {"name", "address1_city", "accountid"},
    ]
    assert reply.json["@odata.context"].endswith("#accounts(name,address1_city,accountid)")
    nowhere = "<filter><condition attribute='address1_city' operator='null'/></filter>"
    example = await fetched(api, "account", inner + nowhere)
    assert example.value[0].keys() == {"@odata.etag", "name", "accountid"}


async def test_without_attributes_all_columns(api: Api) -> None:
    """No attribute means all columns, as all-attributes does (Select columns)."""
    await api.add(lastname="Ek", donotbulkemail=True)
    for inner in ("", "<all-attributes/>"):
        row = (await fetched(api, "contact", inner)).value[0]
        assert row["donotbulkemail"] is True
        assert row["_ownerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"] == "systemuser"


async def test_aliases_and_annotations(api: Api) -> None:
    """An alias names the property and its annotations (Column aliases)."""
    await api.add(lastname="Ek", donotbulkemail=True)
    row = (await fetched(api, "contact", "<attribute name='donotbulkemail' alias='shut'/>")).value[0]
    assert row["shut"] is True
    assert row[f"shut@{FORMATTED}"] == "Do Not Allow"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("attribute='address1_city' operator='eq' value='redmond'", 3),
        ("attribute='address1_city' operator='ne' value='Redmond'", 6),
        ("attribute='numberofemployees' operator='gt' value='4300'", 3),
        ("attribute='numberofemployees' operator='le' value='2700'", 2),
        ("attribute='name' operator='like' value='%a%r%'", 5),
        ("attribute='name' operator='like' value='Litware'", 1),
        ("attribute='name' operator='not-like' value='A%'", 7),
        ("attribute='name' operator='begins-with' value='co'", 2),
        ("attribute='name' operator='not-end-with' value='s'", 7),
        ("attribute='numberofemployees' operator='not-null'", 9),
        ("attribute='createdon' operator='today'", 10),
        ("attribute='createdon' operator='last-x-hours' value='1'", 0),
        ("attribute='createdon' operator='olderthan-x-days' value='1'", 0),
        ("attribute='ownerid' operator='eq-userid'", 10),
        ("attribute='statecode' operator='eq' value='1'", 0),
    ],
)
async def test_operators(api: Api, condition: str, expected: int) -> None:
    """The operators say what those of the same meaning in OData do (condition operator values)."""
    await stock(api)
    assert len(await names(api, "account", f"<filter><condition {condition}/></filter>")) == expected


async def test_operators_with_several_values(api: Api) -> None:
    """Values come as elements (Filter rows, Multiple parameters)."""
    await stock(api)
    values = "<value>Redmond</value><value>Dallas</value>"
    inner = "<filter><condition attribute='address1_city' operator='{}'>{}</condition></filter>"
    assert len(await names(api, "account", inner.format("in", values))) == 4
    assert len(await names(api, "account", inner.format("not-in", values))) == 5
    numbers = (
        "<filter><condition attribute='numberofemployees' operator='between'>"
        "<value>2900</value><value>4300</value></condition></filter>"
    )
    assert len(await names(api, "account", numbers)) == 4


async def test_filters_nest(api: Api) -> None:
    """and and or, nested (Filter rows)."""
    await stock(api)
    inner = (
        "<order attribute='name'/><filter type='or'>"
        "<condition attribute='name' operator='eq' value='Litware'/>"
        "<filter><condition attribute='address1_city' operator='eq' value='Redmond'/>"
        "<condition attribute='numberofemployees' operator='gt' value='2900'/></filter></filter>"
    )
    assert await names(api, "account", inner) == ["A. Datum", "Litware"]


async def test_columns_of_the_same_row(api: Api) -> None:
    """valueof compares columns, also of joined tables (Filter on column values in the same row)."""
    await api.add(firstname="Kim", lastname="Kim")
    await api.add(firstname="Kim", lastname="Ek")
    same = "<filter><condition attribute='firstname' operator='eq' valueof='lastname'/></filter>"
    assert await names(api, "contact", same) == ["Kim Kim"]
    await stock(api)
    across = (
        "<filter><condition attribute='lastname' operator='lt' valueof='a.name'/></filter>"
        "<link-entity name='account' from='accountid' to='parentcustomerid' link-type='outer' alias='a'/>"
    )
    assert sorted(await names(api, "contact", across)) == ["Maria Campbell", "Nancy Anderson"]


async def test_inner_and_outer_joins(api: Api) -> None:
    """One row for each pair; outer keeps accounts without contacts (Join tables)."""
    await stock(api)
    name = "<attribute name='fullname'/><order attribute='fullname'/>"
    alias = link("alias='c'", name)
    inner = await fetched(api, "account", f"<attribute name='name'/>{alias}")
    assert [(row["name"], row["c.fullname"]) for row in inner.value] == [
        ("Fabrikam", "Maria Campbell"),
        ("Litware", "Nancy Anderson"),
        ("Litware", "Susanna Stubberod"),
    ]
    kept = link("link-type='outer'", name)
    outer = await fetched(api, "account", f"<attribute name='name'/>{kept}")
    assert len(outer.value) == 11
    # "If no alias is provided, the data is returned with a column named" so.
    assert {row["contact1.fullname"] for row in outer.value if "contact1.fullname" in row} == {
        "Maria Campbell", "Nancy Anderson", "Susanna Stubberod"
    }  # fmt: skip


async def test_find_records_not_in_a_set(api: Api) -> None:
    """A condition on the alias of an outer join applies after it (Find records not in a set)."""
    await stock(api)
    inner = (
        link("link-type='outer' alias='c'", "")
        + "<filter><condition entityname='c' attribute='parentcustomerid' operator='null'/></filter>"
    )
    found = await names(api, "account", inner)
    assert len(found) == 8
    assert not {"Litware", "Fabrikam"} & set(found)


async def test_many_to_many_joins(api: Api) -> None:
    """Through the intersect table (Join tables, Many-to-many relationships)."""
    lead = (await api.post("leads", {"lastname": "Lead"})).headers["OData-EntityId"]
    contact = await api.add(lastname="Ek")
    tie = await api.post(f"contacts({contact})/contactleads_association/$ref", {"@odata.id": lead})
    assert tie.status == 204
    inner = (
        "<link-entity name='contactleads' from='contactid' to='contactid' intersect='true'>"
        "<link-entity name='lead' from='leadid' to='leadid' alias='l'><attribute name='lastname'/>"
        "</link-entity></link-entity>"
    )
    assert [row["l.lastname"] for row in (await fetched(api, "contact", inner)).value] == ["Lead"]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("any", {"Litware"}),
        ("not any", set("ABCDEF")),
        ("all", {"Fabrikam"}),
        ("not all", {"Litware"}),
    ],
)
async def test_filters_on_related_records(api: Api, kind: str, expected: set[str]) -> None:
    """any, not any, all and not all mean what Filter rows says, also where that surprises."""
    await stock(api)
    nancy = "<filter><condition attribute='firstname' operator='eq' value='Nancy'/></filter>"
    related = link(f"link-type='{kind}'", nancy)
    found = set(await names(api, "account", f"<filter>{related}</filter>"))
    if kind == "not any":
        assert len(found) == 9
        assert "Litware" not in found
    else:
        assert found == expected


async def test_exists_in_and_first_row(api: Api) -> None:
    """Each account once, however many contacts it has (Use advanced link types)."""
    await stock(api)
    for kind in ("exists", "in", "matchfirstrowusingcrossapply"):
        found = await names(api, "account", link(f"link-type='{kind}'", ""))
        assert sorted(found) == ["Fabrikam", "Litware"]


async def test_orders(api: Api) -> None:
    """Orders of the entity come first unless entityname says otherwise; choices go by label (Order rows)."""
    await stock(api)
    last = link("alias='c'", "<order attribute='lastname' descending='true'/>")
    found = await names(api, "account", f"{last}<order attribute='name' descending='true'/>")
    assert found == ["Litware", "Litware", "Fabrikam"]
    both = "<order entityname='c' attribute='lastname'/><order attribute='name'/>" + link("alias='c'", "")
    assert await names(api, "account", both) == ["Litware", "Fabrikam", "Litware"]
    for last, code in (("Any", 1), ("Email", 2), ("Phone", 3), ("Fax", 4)):
        await api.add(lastname=last, firstname="Z", preferredcontactmethodcode=code)
    only = (
        "<order attribute='preferredcontactmethodcode'/>"
        "<filter><condition attribute='firstname' operator='eq' value='Z'/></filter>"
    )
    assert await names(api, "contact", only) == ["Z Any", "Z Email", "Z Fax", "Z Phone"]
    assert await names(api, "contact", only, "useraworderby='true'") == [
        "Z Any",
        "Z Email",
        "Z Phone",
        "Z Fax",
    ]


async def test_distinct(api: Api) -> None:
    """Each combination of values once, without keys (Return distinct results)."""
    await stock(api)
    reply = await fetched(
        api,
        "account",
        "<attribute name='address1_city'/><order attribute='address1_city'/>",
        attributes="distinct='true'",
    )
    cities = [row.get("address1_city") for row in reply.value]
    assert cities == [
        None,
        "Dallas",
        "Los Angeles",
        "Lynnwood",
        "Missoula",
        "Phoenix",
        "Redmond",
        "Santa Cruz",
    ]
    assert all(row.keys() <= {"address1_city"} for row in reply.value)
