"""Columns of every documented type, their options, and keys over them (dataverse.md 7.3, 7.5, 7.8)."""

import pytest

from .api import Api, Clock, entity_id
from .model import CRM, Body, attributes, column, key_of, label, make, options, table

CONTACT = attributes("contact")
COLOURS = options((47_301_0000, "Red"), (47_301_0001, "Green"))
DATE_ONLY = column("DateTime", "asn_Born", Format="DateOnly", DateTimeBehavior={"Value": "DateOnly"})


@pytest.mark.parametrize(
    ("body", "good", "bad"),
    [
        (column("String", "asn_X", MaxLength=5, FormatName={"Value": "Text"}), "12345", "123456"),
        (column("Memo", "asn_X", MaxLength=3, Format="TextArea"), "a\nb", "abcd"),
        (column("Integer", "asn_X", MinValue=1, MaxValue=9), 9, 10),
        (column("BigInt", "asn_X"), 2**40, "x"),
        (column("Decimal", "asn_X", MinValue=0, MaxValue=1, Precision=2), 0.25, 1.5),
        (column("Double", "asn_X", Precision=3), 1.125, "x"),
        (column("Money", "asn_X", Precision=2, PrecisionSource=2), 12.5, "x"),
        (DATE_ONLY | {"SchemaName": "asn_X"}, "2001-02-03", "yesterday"),
        (column("Picklist", "asn_X", OptionSet=COLOURS), 473010001, 473010002),
        (column("MultiSelectPicklist", "asn_X", OptionSet=COLOURS), "473010000,473010001", "5"),
    ],
)
async def test_a_column_of_every_type_keeps_values(api: Api, body: Body, good: object, bad: object) -> None:
    """Types, lengths and ranges are those given; the definition tells them (7.3)."""
    await make(api, CONTACT, body)
    key = await api.add(lastname="A", asn_x=good)
    assert (await api.get(f"contacts({key})?$select=asn_x")).json["asn_x"] == good
    assert (await api.patch(f"contacts({key})", {"asn_x": bad})).status == 400
    kind = str(body["@odata.type"])
    found = (await api.get(f"{CONTACT}(LogicalName='asn_x')/{kind}")).json
    for name in body.keys() & {
        "MaxLength",
        "MinValue",
        "MaxValue",
        "Precision",
        "Format",
        "DateTimeBehavior",
    }:
        assert found[name] == body[name]
    assert (found["SchemaName"], found["IsCustomAttribute"]) == ("asn_X", True)
    everywhere = (await api.get(f"{CONTACT}(LogicalName='asn_x')")).json
    assert everywhere["@odata.type"] == f"#{kind}"


@pytest.mark.parametrize("kind", ["Image", "File"])
async def test_images_and_files_are_columns_whose_values_are_not_kept(api: Api, kind: str) -> None:
    """Their definitions can be made and read (7.3)."""
    await make(api, CONTACT, column(kind, "asn_X", MaxSizeInKB=1024))
    found = (await api.get(f"{CONTACT}(LogicalName='asn_x')/{CRM}{kind}AttributeMetadata")).json
    assert (found["MaxSizeInKB"], found["AttributeType"]) == (1024, "Virtual")
    assert found["AttributeTypeName"]["Value"] == f"{kind}Type"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (column("String", "asn_X", MaxLength=5000), "0x80040203"),
        (column("String", "asn_X", MaxLength="5"), "0x80048d19"),
        (column("String", "asn_X", Format="Colour"), "0x80048d19"),
        (column("Integer", "asn_X", MinValue=9, MaxValue=1), "0x80040203"),
        (column("Decimal", "asn_X", Precision=11), "0x80040203"),
        (column("DateTime", "asn_X", Format="Week"), "0x80048d19"),
        (column("Picklist", "asn_X"), "0x80040203"),
        (column("Picklist", "asn_X", OptionSet=options((1, "a"), (1, "b"))), "0x80044310"),
        (column("Picklist", "asn_X", OptionSet=options((1, "a")), DefaultFormValue=2), "0x80040203"),
        (column("Picklist", "asn_X", OptionSet={"Options": [5]}), "0x80048d19"),
        (column("String", "asn_X", RequiredLevel={"Value": "Maybe"}), "0x80048d19"),
        (column("String", "asn_X") | {"GlobalOptionSet@odata.bind": "x"}, "0x80048d19"),
        ({"SchemaName": "asn_X"}, "0x80048d19"),
    ],
)
async def test_refused_columns(api: Api, body: Body, expected: str) -> None:
    """What cannot be is refused before anything is made (2.8, 7.3)."""
    assert (await api.post(CONTACT, body)).error == (400, expected)
    assert (await api.get(f"{CONTACT}(LogicalName='asn_x')")).status == 404


async def test_labels_in_all_languages(api: Api) -> None:
    """MergeLabels keeps other languages, a PUT without it drops them (7.3)."""
    await make(
        api, CONTACT, column("String", "asn_X", DisplayName=label("News", l1053="Nyheter", l1031="Neues"))
    )
    path = f"{CONTACT}(LogicalName='asn_x')"
    body = (await api.get(path)).json | {"DisplayName": label("Letters", l1053="Brev")}
    for headers, languages in (({"MSCRM.MergeLabels": "true"}, {1033, 1053, 1031}), ({}, {1033, 1053})):
        assert (await api.put(path, body, **headers)).status == 204
        await api.post("PublishAllXml")
        found = (await api.get(path)).json["DisplayName"]["LocalizedLabels"]
        assert {one["LanguageCode"] for one in found} == languages
        assert {one["Label"] for one in found} >= {"Letters", "Brev"}


async def test_options_are_added_relabelled_ordered_and_deleted_after_a_publish(api: Api) -> None:
    """InsertOptionValue and its kin change what is seen only with a publish (7.3, 7.6)."""
    await make(api, CONTACT, column("Picklist", "asn_X", OptionSet=options((1, "One"), (2, "Two"))))
    target = {"EntityLogicalName": "contact", "AttributeLogicalName": "asn_x"}
    path = (
        f"{CONTACT}(LogicalName='asn_x')/{CRM}PicklistAttributeMetadata?$select=LogicalName&$expand=OptionSet"
    )

    async def shown() -> dict[int, str]:
        held = (await api.get(path)).json["OptionSet"]["Options"]
        return {one["Value"]: one["Label"]["UserLocalizedLabel"]["Label"] for one in held}

    made = (await api.post("InsertOptionValue", target | {"Label": label("Three")})).json["NewOptionValue"]
    assert made == 100_000_000
    body = target | {"Value": 1, "Label": label("First"), "MergeLabels": True}
    assert (await api.post("UpdateOptionValue", body)).status == 204
    assert (await api.post("DeleteOptionValue", target | {"Value": 2})).status == 204
    assert (await api.post("OrderOption", target | {"Values": [made, 1]})).status == 204
    assert await shown() == {1: "One", 2: "Two"}
    await api.post("PublishAllXml")
    assert list((await shown()).items()) == [(made, "Three"), (1, "First")]
    assert (await api.post("contacts", {"lastname": "A", "asn_x": made})).status == 204
    for action, wrong in (
        ("InsertOptionValue", target | {"Label": label("x"), "Value": made}),
        ("UpdateOptionValue", target | {"Value": 7, "Label": label("x")}),
        ("DeleteOptionValue", target | {"Value": "7"}),
        ("OrderOption", target | {"Values": [1]}),
        ("InsertOptionValue", {"Label": label("x")}),
        ("InsertOptionValue", target | {"AttributeLogicalName": "lastname", "Label": label("x")}),
        ("UpdateOptionValue", target | {"Colour": 1}),
    ):
        assert (await api.post(action, wrong)).status == 400


async def test_a_reason_is_added_to_a_state(api: Api) -> None:
    """InsertStatusValue (7.3)."""
    await make(api, "EntityDefinitions", table())
    body = {"EntityLogicalName": "asn_subscription", "AttributeLogicalName": "statuscode", "StateCode": 0}
    value = (await api.post("InsertStatusValue", body | {"Label": label("Paused")})).json["NewOptionValue"]
    await api.post("PublishAllXml")
    assert (await api.post("asn_subscriptions", {"asn_name": "x", "statuscode": value})).status == 204
    assert (await api.post("InsertStatusValue", body | {"StateCode": 9, "Label": label("x")})).status == 400


async def test_global_option_sets_are_shared(api: Api) -> None:
    """Columns bound to one follow its changes, and keep it from being deleted (Create and update choices)."""
    body = options((1, "One")) | {"Name": "asn_Level", "IsGlobal": True, "DisplayName": label("Level")}
    key = await make(api, "GlobalOptionSetDefinitions", body)
    bind = {"GlobalOptionSet@odata.bind": f"/GlobalOptionSetDefinitions({key})"}
    await make(api, CONTACT, column("Picklist", "asn_X") | bind)
    await api.post("InsertOptionValue", {"OptionSetName": "asn_level", "Value": 2, "Label": label("Two")})
    xml = "<importexportxml><optionsets><optionset>asn_level</optionset></optionsets></importexportxml>"
    assert (await api.post("contacts", {"lastname": "A", "asn_x": 2})).status == 400
    assert (await api.post("PublishXml", {"ParameterXml": xml})).status == 204
    assert (await api.post("contacts", {"lastname": "A", "asn_x": 2})).status == 204
    path = "GlobalOptionSetDefinitions(Name='asn_level')"
    found = (await api.get(path)).json
    assert [one["Value"] for one in found["Options"]] == [1, 2]
    uses = await api.get(f"RetrieveDependenciesForDelete(ObjectId={key},ComponentType=9)")
    assert len(uses.value) == 1
    assert (await api.delete(path)).error == (400, "0x80048417")
    assert (await api.post("GlobalOptionSetDefinitions", body)).error == (400, "0x80044345")
    assert (await api.delete(f"{CONTACT}(LogicalName='asn_x')")).status == 204
    assert (await api.put(path, found | {"DisplayName": label("Rank")})).status == 204
    assert (await api.get("GlobalOptionSetDefinitions")).value[0]["DisplayName"]["UserLocalizedLabel"][
        "Label"
    ] == "Level"
    assert (await api.delete(path)).status == 204
    assert (await api.get("GlobalOptionSetDefinitions")).value == []


async def test_option_values_begin_with_the_publishers_prefix(api: Api) -> None:
    """Options without a value get the next one of the solution's publisher (7.1)."""
    publisher = {
        "uniquename": "asn",
        "friendlyname": "Assent",
        "customizationprefix": "asn",
        "customizationoptionvalueprefix": 47301,
    }
    owner = entity_id(await api.post("publishers", publisher))
    body = {"uniquename": "asn_c", "friendlyname": "C", "version": "1.0"}
    await api.post("solutions", body | {"publisherid@odata.bind": f"publishers({owner})"})
    choice = {"Options": [{"Label": label("One")}, {"Label": label("Two")}]}
    headers = {"MSCRM.SolutionUniqueName": "asn_c"}
    reply = await api.post(CONTACT, column("Picklist", "asn_X", OptionSet=choice), **headers)
    assert reply.status == 204
    found = await api.get(f"{CONTACT}(LogicalName='asn_x')/{CRM}PicklistAttributeMetadata/OptionSet")
    assert [one["Value"] for one in found.json["Options"]] == [473_010_000, 473_010_001]
    await api.put(f"{api.url}/emulator/choices", {"prefix_of_a_publisher": True})
    assert (await api.post(CONTACT, column("String", "em_Y"))).error == (400, "0x8004700b")
    assert (await api.post(CONTACT, column("String", "asn_Y"))).status == 204


async def test_columns_that_cannot_be_deleted(api: Api) -> None:
    """Those of the system, companions and the primary name (7.8)."""
    await make(api, "EntityDefinitions", table())
    await make(api, attributes(), column("Picklist", "asn_X", OptionSet=COLOURS))
    for name, code in (
        ("createdon", "0x80047009"),
        ("asn_xname", "0x80047016"),
        ("asn_name", "0x80047002"),
    ):
        assert (await api.delete(f"{attributes()}(LogicalName='{name}')")).error == (400, code)
    assert (await api.delete(f"{attributes()}(LogicalName='asn_x')")).status == 204
    assert (await api.get(f"{attributes()}(LogicalName='asn_xname')")).status == 404


async def test_a_keys_index_is_built_over_time(api: Api, clock: Clock) -> None:
    """Pending until its time has come; only then rows are addressed and kept apart by it (7.5)."""
    await api.put(f"{api.url}/emulator/choices", {"key_index_s": 30})
    await make(api, CONTACT, column("String", "asn_X", MaxLength=20))
    keys = "EntityDefinitions(LogicalName='contact')/Keys"
    await make(api, keys, key_of("asn_x"))
    assert (await api.get(f"{keys}?$select=SchemaName,EntityKeyIndexStatus")).value[0][
        "EntityKeyIndexStatus"
    ] == "Pending"
    await api.add(lastname="A", asn_x="k")
    assert (await api.get("contacts(asn_x='k')")).status == 400
    clock.now += 31
    assert (await api.get(f"{keys}(LogicalName='asn_key')")).json["EntityKeyIndexStatus"] == "Active"
    assert (await api.get("contacts(asn_x='k')")).json["lastname"] == "A"
    assert (await api.post("contacts", {"lastname": "B", "asn_x": "K"})).error == (412, "0x80060892")
    assert (await api.delete(f"{CONTACT}(LogicalName='asn_x')")).error == (400, "0x8004f01f")
    assert (await api.delete(f"{keys}(LogicalName='asn_key')")).status == 204
    assert (await api.delete(f"{CONTACT}(LogicalName='asn_x')")).status == 204


async def test_a_key_over_doubled_values_fails_and_is_built_again(api: Api) -> None:
    """Failed until the data is right and ReactivateEntityKey is called (7.5)."""
    await make(api, CONTACT, column("String", "asn_X"))
    await api.add(lastname="A", asn_x="k")
    twin = await api.add(lastname="B", asn_x="k")
    keys = "EntityDefinitions(LogicalName='contact')/Keys"
    key = await make(api, keys, key_of("asn_x"))
    assert (await api.get(f"{keys}({key})")).json["EntityKeyIndexStatus"] == "Failed"
    await api.patch(f"contacts({twin})", {"asn_x": "other"})
    body = {"EntityLogicalName": "contact", "EntityKeyLogicalName": "asn_key"}
    assert (await api.post("ReactivateEntityKey", body)).status == 204
    assert (await api.get(f"{keys}({key})")).json["EntityKeyIndexStatus"] == "Active"
    assert (await api.post("ReactivateEntityKey", body)).error == (400, "0x80060897")


async def test_refused_keys(api: Api) -> None:
    """Names, columns and numbers of keys (7.5)."""
    keys = "EntityDefinitions(LogicalName='contact')/Keys"
    await make(api, keys, key_of("emailaddress1"))
    for body, code in (
        (key_of("lastname"), (400, "0x80060893")),
        (key_of("emailaddress1", schema="asn_Other"), (400, "0x80060894")),
        (key_of("donotbulkemail", schema="asn_Other"), (400, "0x8006088f")),
        (key_of(schema="asn_Other"), (400, "0x8006088f")),
        (key_of("asn_none", schema="asn_Other"), (404, "0x80040217")),
        (key_of("lastname", schema="Other"), (400, "0x8004700b")),
        (key_of("lastname", schema="asn_Other") | {"KeyAttributes": "lastname"}, (400, "0x80048d19")),
    ):
        assert (await api.post(keys, body)).error == code
