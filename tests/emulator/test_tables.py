"""Typed columns of any table: what is accepted, kept, computed and shown."""

from dataclasses import replace

import pytest

from dataverse_emulator import Choices, Organization

from .api import Api, Clock, entity_id

ANNOTATED = 'odata.include-annotations="*"'
FORMATTED = "OData.Community.Display.V1.FormattedValue"


async def made(api: Api, table: str, **values: object) -> str:
    """A new row's id."""
    reply = await api.post(table, values)
    assert reply.status == 204, reply.text
    return entity_id(reply)


@pytest.mark.parametrize(
    ("table", "name"),
    [("accounts", "name"), ("leads", "subject"), ("tasks", "subject"), ("lists", "listname")],
)
async def test_standard_tables_are_written_and_read(api: Api, table: str, name: str) -> None:
    """Every standard table creates, reads, changes and deletes rows (Create, Update and delete rows)."""
    key = await made(api, table, **{name: "One"})
    assert (await api.patch(f"{table}({key})", {name: "Two"})).status == 204
    assert (await api.get(f"{table}({key})?$select={name}")).json[name] == "Two"
    assert (await api.delete(f"{table}({key})")).status == 204
    assert (await api.get(f"{table}({key})")).error == (404, "0x80040217")


@pytest.mark.parametrize(
    ("column", "value", "kept"),
    [
        ("numberofemployees", 12, 12),
        ("address1_latitude", 47.639583, 47.63958),
        ("revenue", 5_000_000, 5_000_000.0),
        ("creditonhold", True, True),
        ("accountcategorycode", 1, 1),
        ("description", "x" * 2000, "x" * 2000),
        ("lastonholdtime", "2024-05-01T12:30:15.9+02:00", "2024-05-01T10:30:15Z"),
        ("name", "", None),
    ],
)
async def test_values_as_they_are_kept(api: Api, column: str, value: object, kept: object) -> None:
    """Numbers are rounded to the column's precision, moments to whole seconds, empty texts to null (2.5)."""
    key = await made(api, "accounts", **{column: value})
    assert (await api.get(f"accounts({key})?$select={column}")).json[column] == kept


async def test_a_day_has_no_time(api: Api) -> None:
    """Date-only columns are yyyy-MM-dd (dataverse.md 2.5)."""
    key = await made(api, "contacts", birthdate="1980-02-29")
    assert (await api.get(f"contacts({key})?$select=birthdate")).json["birthdate"] == "1980-02-29"
    found = await api.get("contacts?$select=birthdate&$filter=birthdate eq 1980-02-29")
    assert len(found.value) == 1


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"numberofemployees": -1}, (400, "0x80044330")),
        ({"numberofemployees": 2**40}, (400, "0x80048d19")),
        ({"numberofemployees": 1.5}, (400, "0x80048d19")),
        ({"address1_latitude": 91}, (400, "0x80044330")),
        ({"address1_latitude": "1"}, (400, "0x80048d19")),
        ({"revenue": -1}, (400, "0x80044330")),
        ({"revenue": True}, (400, "0x80048d19")),
        ({"accountcategorycode": 99}, (400, "0x80040203")),
        ({"description": "x" * 2001}, (400, "0x80044331")),
        ({"lastonholdtime": "soon"}, (400, "0x80048d19")),
        ({"lastonholdtime": "1700-01-01T00:00:00Z"}, (400, "0x80040203")),
        ({"primarycontactid": "11111111-2222-3333-4444-555555555555"}, (400, "0x80048d19")),
        ({"ownerid": "x"}, (400, "0x80048d19")),
        ({"createdbyname": "x"}, (400, "0x80048d19")),
        ({"statuscode": 2}, (400, "0x80048408")),
    ],
)
async def test_values_out_of_type_or_range(
    api: Api, organization: Organization, body: dict[str, object], expected: tuple[int, str]
) -> None:
    """Wrong types are payload errors, wrong ranges and lengths validation errors; nothing is kept (2.8)."""
    assert (await api.post("accounts", {"name": "A", **body})).error == expected
    assert len(organization.table("account")) == 0


async def test_state_and_status_of_a_lead(api: Api) -> None:
    """A state brings its default status; a status of another state is refused (2.8, 9.2)."""
    key = await made(api, "leads", subject="A")
    row = (await api.get(f"leads({key})?$select=statecode,statuscode")).json
    assert (row["statecode"], row["statuscode"]) == (0, 1)
    assert (await api.patch(f"leads({key})", {"statecode": 2})).status == 204
    row = (await api.get(f"leads({key})?$select=statecode,statuscode")).json
    assert (row["statecode"], row["statuscode"]) == (2, 7)
    wrong = await api.patch(f"leads({key})", {"statecode": 0, "statuscode": 3})
    assert wrong.error == (400, "0x80048408")


async def test_what_the_platform_sets(api: Api, clock: Clock) -> None:
    """Owner, business unit, stamps and version of a new row are the platform's (9.2)."""
    who = (await api.get("WhoAmI")).json
    row = (await api.get(f"accounts({await made(api, 'accounts', name='A')})")).json
    assert row["_ownerid_value"] == row["_owninguser_value"] == row["_createdby_value"] == who["UserId"]
    assert row["_owningbusinessunit_value"] == who["BusinessUnitId"]
    assert row["createdon"] == row["modifiedon"]
    assert row["@odata.etag"] == f'W/"{row["versionnumber"]}"'


async def test_money_brings_its_currency(api: Api) -> None:
    """A money value comes with its currency, also when that is not selected (Retrieve a table row)."""
    key = await made(api, "accounts", name="A", revenue=20000)
    row = (await api.get(f"accounts({key})?$select=revenue", Prefer=ANNOTATED)).json
    assert row["revenue"] == 20000.0
    assert row[f"revenue@{FORMATTED}"] == "$20,000.00"
    assert row[f"_transactioncurrencyid_value@{FORMATTED}"] == "US Dollar"
    assert (await api.get(f"accounts({key})?$select=revenue_base")).json["revenue_base"] == 20000.0


async def test_addresses_come_in_one_piece(api: Api) -> None:
    """A part of an address brings the whole along (Retrieve a table row)."""
    key = await made(api, "contacts", address1_line1="1 Main St", address1_city="Lund")
    row = (await api.get(f"contacts({key})?$select=address1_city")).json
    assert row["address1_composite"] == "1 Main St\r\nLund"


async def test_formatted_values(api: Api, clock: Clock) -> None:
    """Choices, numbers, moments and lookups in words (Select columns, Formatted values)."""
    key = await made(api, "accounts", name="A", numberofemployees=1200, accountcategorycode=1)
    names = "numberofemployees,accountcategorycode,createdon,_ownerid_value"
    row = (await api.get(f"accounts({key})?$select={names}", Prefer=ANNOTATED)).json
    assert row[f"numberofemployees@{FORMATTED}"] == "1,200"
    assert row[f"accountcategorycode@{FORMATTED}"] == "Preferred Customer"
    assert row[f"createdon@{FORMATTED}"] == "10/9/2025 8:53 AM"
    assert row[f"_ownerid_value@{FORMATTED}"] == "rep-anna"
    assert row["_ownerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"] == "systemuser"
    assert row["_ownerid_value@Microsoft.Dynamics.CRM.associatednavigationproperty"] == "ownerid"


async def test_one_property(api: Api) -> None:
    """A property on its own, its bare text, nothing where it is null (Retrieve a single property value)."""
    key = await made(api, "accounts", name="A")
    reply = await api.get(f"accounts({key})/name")
    assert reply.json == {"@odata.context": f"{api.root}/$metadata#accounts({key})/name", "value": "A"}
    assert (await api.get(f"accounts({key})/name/$value")).text == "A"
    assert (await api.get(f"accounts({key})/description")).status == 204
    assert (await api.get(f"accounts({key})/nosuch")).status == 404


async def test_records_can_be_dated_back_when_created(api: Api) -> None:
    """overriddencreatedon is for creation only (9.2)."""
    key = await made(api, "contacts", lastname="A", overriddencreatedon="2001-02-03T00:00:00Z")
    assert (await api.get(f"contacts({key})?$select=createdon")).json["createdon"] == "2001-02-03T00:00:00Z"
    assert (await api.patch(f"contacts({key})", {"overriddencreatedon": None})).status == 501


async def test_collection_annotations(api: Api) -> None:
    """The total is -1 until it is counted (dataverse.md 2.3)."""
    await made(api, "accounts", name="A")
    name = "@Microsoft.Dynamics.CRM.totalrecordcount"
    assert (await api.get("accounts?$select=name", Prefer=ANNOTATED)).json[name] == -1
    counted = (await api.get("accounts?$select=name&$count=true", Prefer=ANNOTATED)).json
    assert (counted[name], counted[f"{name}limitexceeded"]) == (1, False)


async def test_changes_of_any_tracked_table(api: Api) -> None:
    """Tables with change tracking have deltas as contact has (dataverse.md 3)."""
    gone = await made(api, "accounts", name="A")
    link = (await api.get("accounts?$select=name", Prefer="odata.track-changes")).json["@odata.deltaLink"]
    await api.delete(f"accounts({gone})")
    new = await made(api, "accounts", name="B")
    value = (await api.get(link)).value
    assert [(row.get("accountid"), row.get("id")) for row in value] == [(new, None), (None, gone)]
    assert (await api.get("publishers", Prefer="odata.track-changes")).status == 501


async def test_bulk_messages_of_any_table(api: Api) -> None:
    """CreateMultiple to UpsertMultiple work on every writable table (dataverse.md 4.2)."""
    kind = {"@odata.type": "Microsoft.Dynamics.CRM.account"}
    targets = [kind | {"name": name} for name in ("A", "B")]
    ids = (await api.post("accounts/Microsoft.Dynamics.CRM.CreateMultiple", {"Targets": targets})).json["Ids"]
    changed = [kind | {"accountid": key, "name": "C"} for key in ids]
    assert (
        await api.post("accounts/Microsoft.Dynamics.CRM.UpdateMultiple", {"Targets": changed})
    ).status == 204
    assert [row["name"] for row in (await api.get("accounts?$select=name")).value] == ["C", "C"]
    wrong = {"Targets": [{"@odata.type": "Microsoft.Dynamics.CRM.contact", "name": "x"}]}
    assert (await api.post("accounts/Microsoft.Dynamics.CRM.CreateMultiple", wrong)).status == 400


async def test_snapshots_change_on_their_own(api: Api, organization: Organization) -> None:
    """A snapshot keeps rows, links and definitions of its moment; neither follows the other."""
    key = await made(api, "accounts", name="A")
    before = organization.snapshot()
    await api.patch(f"accounts({key})", {"name": "B"})
    await made(api, "accounts", name="C")
    assert [row["name"] for row in before.table("account").rows()] == ["A"]
    assert before.model is organization.model
    assert before.organization_id == organization.organization_id
    before.rename("sandbox")
    assert before.organization_id != organization.organization_id
    assert [row["name"] for row in before.table("organization").rows()] == ["sandbox"]


async def test_what_nobody_documented_of_a_definition(api: Api, organization: Organization) -> None:
    """It is refused by name, or null by choice; images, notes and activities are documented (7)."""
    contact, column = "EntityDefinitions(LogicalName='contact')", "Attributes(LogicalName='lastname')"
    known = "PrimaryImageAttribute,HasNotes,HasActivities,TableType"
    found = (await api.get(f"{contact}?$select={known}")).json
    assert [found[name] for name in known.split(",")] == ["entityimage", True, True, "Standard"]
    for query in (
        f"{contact}?$select=LogicalName,IntroducedVersion",
        f"{contact}/{column}?$select=LogicalName,SourceType,IsValidForAdvancedFind",
        "EntityDefinitions?$select=LogicalName&$filter=IsMailMergeEnabled/Value eq true",
    ):
        assert (await api.get(query)).status == 501
        organization.choices = replace(organization.choices, undocumented_are_null=True)
        assert (await api.get(query)).status == 200, query
        organization.choices = Choices()
    organization.choices = replace(organization.choices, undocumented_are_null=True)
    assert (await api.get(f"{contact}?$select=IntroducedVersion")).json["IntroducedVersion"] is None
    assert (await api.get(f"{contact}?$select=NoSuch")).status == 400
