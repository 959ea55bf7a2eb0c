"""Columns, publishers, solutions."""

import pytest

from .api import Api, Reply, entity_id

ATTRIBUTES = "EntityDefinitions(LogicalName='contact')/Attributes"
BOOLEAN = "Microsoft.Dynamics.CRM.BooleanAttributeMetadata"


def label(text: str, language: int = 1033) -> dict[str, object]:
    """A label in one language."""
    return {"LocalizedLabels": [{"Label": text, "LanguageCode": language}]}


def column(schema: str = "asn_Sub_News", **changed: object) -> dict[str, object]:
    """The documented request for a Yes/No column."""
    body: dict[str, object] = {
        "@odata.type": BOOLEAN,
        "SchemaName": schema,
        "DefaultValue": True,
        "DisplayName": label("Newsletter"),
        "OptionSet": {
            "TrueOption": {"Value": 1, "Label": label("Yes")},
            "FalseOption": {"Value": 0, "Label": label("No")},
        },
    }
    return body | changed


async def add(api: Api, **headers: str) -> Reply:
    """Create the column."""
    return await api.post(ATTRIBUTES, column(), **headers)


async def test_old_rows_get_null_and_new_rows_the_default(api: Api) -> None:
    """DefaultValue applies only to rows created later (dataverse.md 7.3)."""
    old = await api.add(lastname="Old")
    reply = await add(api)
    assert reply.status == 204
    assert "/Attributes(" in reply.headers["OData-EntityId"]
    new = await api.add(lastname="New")
    assert (await api.get(f"contacts({old})?$select=asn_sub_news")).json["asn_sub_news"] is None
    assert (await api.get(f"contacts({new})?$select=asn_sub_news")).json["asn_sub_news"] is True
    assert len((await api.get("contacts?$filter=asn_sub_news eq null")).value) == 1


async def test_new_column_can_be_written_and_annotated(api: Api) -> None:
    """Effective at once, without publish, and with its own labels (7.6)."""
    await add(api)
    key = await api.add(lastname="A", asn_sub_news=False)
    row = await api.get(f"contacts({key})?$select=asn_sub_news", Prefer='odata.include-annotations="*"')
    assert row.json["asn_sub_news@OData.Community.Display.V1.FormattedValue"] == "No"


async def test_duplicate_column(api: Api) -> None:
    """A second creation answers 0x80047013, which setup takes for 'exists' (7.3)."""
    await add(api)
    assert (await add(api)).error == (400, "0x80047013")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (column("noprefix"), (400, "0x8004700b")),
        (column("asn_ü"), (400, "0x8004700b")),
        (column(DefaultValue="yes"), (400, "0x80048d19")),
        (column(DisplayName=label("Nyhetsbrev", 1053)), (400, "0x80040203")),
        (column(DisplayName="x"), (400, "0x80048d19")),
        (column(OptionSet=5), (400, "0x80048d19")),
        (column(**{"@odata.type": "Microsoft.Dynamics.CRM.AttributeMetadata"}), (400, "0x80048d19")),
        (column(Colour="red"), (400, "0x80048d19")),
        (column(DisplayName=label("x") | {"LocalizedLabels": [{"Label": "x"}]}), (400, "0x80048d19")),
    ],
)
async def test_refused_columns(api: Api, body: dict[str, object], expected: tuple[int, str]) -> None:
    """Bad names, labels without the base language, other types (7.2, 7.4)."""
    assert (await api.post(ATTRIBUTES, body)).error == expected


async def test_read_one_column(api: Api) -> None:
    """With the cast and OptionSet expanded; missing ones answer 404 (7.3)."""
    await add(api)
    path = f"{ATTRIBUTES}(LogicalName='asn_sub_news')/{BOOLEAN}"
    path += "?$select=LogicalName,DefaultValue&$expand=OptionSet"
    found = (await api.get(path)).json
    assert (found["LogicalName"], found["DefaultValue"]) == ("asn_sub_news", True)
    assert found["OptionSet"]["TrueOption"]["Label"]["UserLocalizedLabel"]["Label"] == "Yes"
    assert (await api.get(f"{ATTRIBUTES}(LogicalName='asn_none')")).status == 404
    known = (await api.get(f"{ATTRIBUTES}(LogicalName='donotbulkemail')?$select=ColumnNumber")).json
    assert known["ColumnNumber"] == 54


async def test_list_columns(api: Api) -> None:
    """Simple filters with enum literals; no paging (7.6)."""
    await add(api)
    kind = "Microsoft.Dynamics.CRM.AttributeTypeCode'Boolean'"
    found = await api.get(
        f"{ATTRIBUTES}?$select=LogicalName&$filter=AttributeType eq {kind} and IsCustomAttribute eq true"
    )
    assert [row["LogicalName"] for row in found.value] == ["asn_sub_news"]
    assert found.value[0]["@odata.type"] == f"#{BOOLEAN}"


async def test_relabel(api: Api) -> None:
    """PUT of the definition changes label and default, seen once published (7.3, 7.6)."""
    await add(api)
    path = f"{ATTRIBUTES}(LogicalName='asn_sub_news')"
    body = column(DisplayName=label("News"), DefaultValue=False)
    assert (await api.put(path, body, **{"MSCRM.MergeLabels": "true"})).status == 204
    assert (await api.get(f"{path}/{BOOLEAN}")).json["DefaultValue"] is True
    await api.post("PublishAllXml")
    found = (await api.get(f"{path}/{BOOLEAN}")).json
    assert (found["DisplayName"]["UserLocalizedLabel"]["Label"], found["DefaultValue"]) == ("News", False)


async def test_delete_column(api: Api) -> None:
    """204 and gone; its name can be used again and old values do not come back (7.4, 7.8)."""
    await add(api)
    key = await api.add(lastname="A")
    path = f"{ATTRIBUTES}(LogicalName='asn_sub_news')"
    assert (await api.delete(path)).status == 204
    assert (await api.get("contacts?$select=asn_sub_news")).error == (400, "0x80060888")
    await add(api)
    assert (await api.get(f"contacts({key})?$select=asn_sub_news")).json["asn_sub_news"] is None


async def test_column_on_a_form_cannot_be_deleted(api: Api) -> None:
    """With references the answer is 0x8004f01f (7.8)."""
    await add(api)
    form = (await api.get("systemforms?$filter=type eq 2&$select=formxml")).value[0]
    edited = form["formxml"].replace(
        "<row/>",
        '<row><cell id="{a1}"><control id="asn_sub_news" classid="{67FAC785-CD58-4F9F-ABB3-4B7DDC6ED5ED}" '
        'datafieldname="asn_sub_news"/></cell></row>',
        1,
    )
    assert (await api.patch(f"systemforms({form['formid']})", {"formxml": edited})).status == 204
    assert (await api.delete(f"{ATTRIBUTES}(LogicalName='asn_sub_news')")).error == (400, "0x8004f01f")


async def test_table_definition(api: Api) -> None:
    """The facts setup asks for (7.6, 9.1)."""
    path = "EntityDefinitions(LogicalName='contact')"
    path += "?$select=MetadataId,EntitySetName,ObjectTypeCode,ChangeTrackingEnabled"
    found = (await api.get(path)).json
    assert (found["EntitySetName"], found["ObjectTypeCode"], found["ChangeTrackingEnabled"]) == (
        "contacts",
        2,
        True,
    )
    assert (await api.get("EntityDefinitions(LogicalName='incident')")).status == 501


async def solution(api: Api) -> str:
    """A publisher and a solution; the solution's id."""
    publisher = {
        "uniquename": "asn",
        "friendlyname": "Assent",
        "customizationprefix": "asn",
        "customizationoptionvalueprefix": 10000,
    }
    owner = entity_id(await api.post("publishers", publisher))
    body = {
        "uniquename": "asn_c",
        "friendlyname": "C",
        "version": "1.0.0.0",
        "publisherid@odata.bind": f"/publishers({owner})",
    }
    reply = await api.post("solutions", body)
    assert reply.status == 204, reply.text
    return entity_id(reply)


async def test_solution_membership(api: Api) -> None:
    """MSCRM.SolutionUniqueName records what belongs to the solution; types as in section 7.1."""
    key = await solution(api)
    found = await api.get("solutions?$filter=uniquename eq 'asn_c'&$select=solutionid,_publisherid_value")
    assert [row["solutionid"] for row in found.value] == [key]
    await add(api, **{"MSCRM.SolutionUniqueName": "asn_c"})
    members = await api.get(
        f"solutioncomponents?$filter=_solutionid_value eq {key}&$select=componenttype,objectid"
    )
    assert [row["componenttype"] for row in members.value] == [2]


async def test_unknown_solution_stops_the_write(api: Api) -> None:
    """A component is not created outside the solution it was meant for."""
    reply = await add(api, **{"MSCRM.SolutionUniqueName": "nowhere"})
    assert reply.status == 400
    assert (await api.get(f"{ATTRIBUTES}(LogicalName='asn_sub_news')")).status == 404


async def test_names_are_unique(api: Api) -> None:
    """A second solution of the same name is refused, and a publisher in use stays (7.1)."""
    await solution(api)
    owner = (await api.get("publishers")).value[0]["publisherid"]
    body = {
        "uniquename": "asn_c",
        "friendlyname": "C",
        "version": "1",
        "publisherid@odata.bind": f"publishers({owner})",
    }
    assert (await api.post("solutions", body)).status == 400
    assert (await api.delete(f"publishers({owner})")).status == 405


async def test_add_solution_component(api: Api) -> None:
    """The action puts an existing component in, once (7.1)."""
    key = await solution(api)
    body = {
        "ComponentId": key,
        "ComponentType": 1,
        "SolutionUniqueName": "asn_c",
        "AddRequiredComponents": False,
    }
    first = (await api.post("AddSolutionComponent", body)).json["id"]
    assert (await api.post("AddSolutionComponent", body)).json["id"] == first


async def test_customization_lock(api: Api) -> None:
    """A metadata write during another operation answers 429 0x80071151 (7.7)."""
    await api.put(f"{api.url}/emulator/faults", {"customization_lock": 1})
    assert (await add(api)).error == (429, "0x80071151")
    assert (await add(api)).status == 204
