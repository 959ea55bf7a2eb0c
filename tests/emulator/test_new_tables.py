"""Tables of one's own: made, used, changed, deleted (dataverse.md 7.5, 7.6)."""

import json

import pytest

from .api import Api, entity_id
from .model import CRM, Body, attributes, column, label, make, one_to_many, table

TABLE = "EntityDefinitions(LogicalName='asn_subscription')"


async def test_a_new_table_takes_rows_at_once(api: Api) -> None:
    """Creating is effective without publish, with odd plurals and the platform's own columns (7.6, 2.1)."""
    key = await make(api, "EntityDefinitions", table())
    facts = (await api.get(f"EntityDefinitions({key})")).json
    assert facts["EntitySetName"] == "asn_subscriptions"
    assert (facts["PrimaryIdAttribute"], facts["PrimaryNameAttribute"]) == ("asn_subscriptionid", "asn_name")
    assert facts["ObjectTypeCode"] > 10_000
    row = entity_id(await api.post("asn_subscriptions", {"asn_name": "News"}))
    found = (await api.get(f"asn_subscriptions({row})")).json
    assert (found["asn_name"], found["statecode"], found["statuscode"]) == ("News", 0, 1)
    me = (await api.get("WhoAmI")).json["UserId"]
    assert (found["_ownerid_value"], found["_createdby_value"]) == (me, me)
    assert len((await api.get("sdkmessagefilters?$filter=primaryobjecttypecode eq 'asn_subscription'")).value)


async def test_a_table_of_the_organization_has_no_owner(api: Api) -> None:
    """OwnershipType OrganizationOwned (7.5)."""
    await make(api, "EntityDefinitions", table(OwnershipType="OrganizationOwned"))
    names = [row["LogicalName"] for row in (await api.get(f"{attributes()}?$select=LogicalName")).value]
    assert "ownerid" not in names
    assert {"createdby", "statecode", "asn_name"} <= set(names)


@pytest.mark.parametrize(
    ("schema", "name"),
    [
        ("em_Subscriptions", "em_subscriptionses"),
        ("em_SubscriptionCategories", "em_subscriptioncategorieses"),
        ("em_Category", "em_categories"),
        ("em_Day", "em_days"),
    ],
)
async def test_entity_sets_are_odd_plurals(api: Api, schema: str, name: str) -> None:
    """Names ending in s or y give what real organisations have (2.1)."""
    await make(api, "EntityDefinitions", table(schema))
    assert (await api.get(name)).status == 200


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (table("Subscription"), (400, "0x8004700b")),
        (table("mscrmx_Thing"), (400, "0x8004700b")),
        (table(OwnershipType="TeamOwned"), (400, "0x80048d19")),
        (table(Attributes=[]), (400, "0x80040203")),
        (table(Attributes="x"), (400, "0x80048d19")),
        (table(Attributes=[5]), (400, "0x80048d19")),
        (table(Size=5), (400, "0x80048d19")),
        (table(DisplayName=label("x", l2052="y")), (400, "0x80044195")),
        (table(IsActivity=True), (501, "NotImplemented")),
    ],
)
async def test_refused_tables(api: Api, body: Body, expected: tuple[int, str]) -> None:
    """Names, types and languages are checked before anything is made (7.2, 7.4, 7.5)."""
    assert (await api.post("EntityDefinitions", body)).error == expected
    assert (await api.get(TABLE)).status == 404


async def test_the_same_table_twice(api: Api) -> None:
    """The second is refused by name (2.8)."""
    await make(api, "EntityDefinitions", table())
    assert (await api.post("EntityDefinitions", table())).error == (400, "0x8004700b")


async def test_changes_of_a_table_wait_for_a_publish(api: Api) -> None:
    """PUT with the full definition; labels of other languages stay when merged (7.5, 7.6)."""
    key = await make(
        api, "EntityDefinitions", table(DisplayName=label("Subscription", l1053="Prenumeration"))
    )
    body = (await api.get(f"EntityDefinitions({key})")).json | {
        "DisplayName": label("Choice"),
        "ChangeTrackingEnabled": True,
    }
    headers = {"MSCRM.MergeLabels": "true"}
    assert (await api.put(f"EntityDefinitions({key})", body, **headers)).status == 204
    before = (await api.get(TABLE)).json
    assert before["DisplayName"]["UserLocalizedLabel"]["Label"] == "Subscription"
    await api.post("PublishAllXml")
    after = (await api.get(TABLE)).json
    texts = {one["LanguageCode"]: one["Label"] for one in after["DisplayName"]["LocalizedLabels"]}
    assert (texts, after["ChangeTrackingEnabled"]) == ({1033: "Choice", 1053: "Prenumeration"}, True)
    await api.put(f"EntityDefinitions({key})", body)
    await api.post("PublishAllXml")
    labels = (await api.get(TABLE)).json["DisplayName"]["LocalizedLabels"]
    assert [one["LanguageCode"] for one in labels] == [1033]
    assert (await api.patch(f"EntityDefinitions({key})", body)).status == 405


async def test_only_the_named_tables_are_published(api: Api) -> None:
    """PublishXml publishes what it names (7.6)."""
    key = await make(api, "EntityDefinitions", table())
    body = (await api.get(f"EntityDefinitions({key})")).json | {"DisplayName": label("Choice")}
    await api.put(f"EntityDefinitions({key})", body)
    for name, shown in (("contact", "Subscription"), ("asn_subscription", "Choice")):
        xml = f"<importexportxml><entities><entity>{name}</entity></entities></importexportxml>"
        assert (await api.post("PublishXml", {"ParameterXml": xml})).status == 204
        found = (await api.get(TABLE)).json["DisplayName"]["UserLocalizedLabel"]["Label"]
        assert found == shown


async def test_a_table_goes_with_its_rows_unless_others_lead_to_it(api: Api) -> None:
    """DELETE answers 0x8004f01f while a lookup leads there (7.8)."""
    await make(api, "EntityDefinitions", table())
    await make(api, "EntityDefinitions", table("asn_Note"))
    body = one_to_many(
        "asn_note_subscription",
        ReferencedEntity="asn_note",
        ReferencedAttribute="asn_noteid",
        Lookup=column("Lookup", "asn_NoteId"),
    )
    relation = await make(api, "RelationshipDefinitions", body)
    note = "EntityDefinitions(LogicalName='asn_note')"
    assert (await api.delete(note)).error == (400, "0x8004f01f")
    key = (await api.get(f"{note}?$select=MetadataId")).json["MetadataId"]
    uses = await api.get(f"RetrieveDependenciesForDelete(ObjectId={key},ComponentType=1)")
    assert [row["dependentcomponenttype"] for row in uses.value] == [2]
    assert (await api.delete(f"RelationshipDefinitions({relation})")).status == 204
    assert (await api.delete(note)).status == 204
    assert (await api.get("asn_notes")).status == 404
    assert (await api.delete("EntityDefinitions(LogicalName='contact')")).error == (400, "0x8004f032")


async def test_tables_are_listed_and_filtered(api: Api) -> None:
    """`$filter` by name and flags, `$expand` of what hangs on a table (7.6)."""
    await make(api, "EntityDefinitions", table())
    query = "EntityDefinitions?$select=LogicalName&$filter=IsCustomEntity eq true and IsIntersect eq false"
    assert [row["LogicalName"] for row in (await api.get(query)).value] == ["asn_subscription"]
    query = (
        f"{TABLE}?$select=LogicalName&$expand=Attributes($select=LogicalName;$filter=IsPrimaryName eq true)"
    )
    assert [row["LogicalName"] for row in (await api.get(query)).json["Attributes"]] == ["asn_name"]
    expand = "Keys,OneToManyRelationships,ManyToOneRelationships,ManyToManyRelationships"
    found = (await api.get(f"EntityDefinitions(LogicalName='contact')?$expand={expand}")).json
    assert {"contact_customer_accounts"} <= {row["SchemaName"] for row in found["ManyToOneRelationships"]}
    assert (await api.get(f"{TABLE}/EntitySetName")).json["value"] == "asn_subscriptions"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("EntityDefinitions(LogicalName='asn_none')", 404),
        ("EntityDefinitions(11111111-2222-3333-4444-555555555555)", 404),
        ("EntityDefinitions(x)", 400),
        ("EntityDefinitions?$select=Nonsense", 400),
        ("EntityDefinitions?$filter=Nonsense eq 5", 400),
        ("EntityDefinitions?$filter=LogicalName gt 5", 400),
        ("EntityDefinitions?$filter=startswith(LogicalName,'a')", 501),
        ("EntityDefinitions?$filter=(", 400),
        ("EntityDefinitions?$expand=Attributes(", 400),
        ("EntityDefinitions?$expand=Attributes($top=1)", 400),
        ("EntityDefinitions?$expand=Nonsense", 400),
        ("EntityDefinitions?$skip=1", 400),
        (f"{attributes('contact')}?$select=MaxLength", 400),
        (
            f"{attributes('contact')}(LogicalName='fullname')/Microsoft.Dynamics.CRM.BooleanAttributeMetadata",
            404,
        ),
        (f"{attributes('contact')}/Microsoft.Dynamics.CRM.NonsenseMetadata", 404),
        ("RelationshipDefinitions(SchemaName='nope')", 404),
        ("GlobalOptionSetDefinitions(Name='nope')", 404),
        ("RetrieveDependenciesForDelete(ObjectId=5,ComponentType=x)", 400),
        ("RetrieveDependenciesForDelete(ObjectId=@a,ComponentType=1)", 400),
    ],
)
async def test_bad_questions_about_definitions(api: Api, path: str, status: int) -> None:
    """A documented error, or 501 by name; never a 500 (2.8)."""
    reply = await api.get(path)
    assert (reply.status, bool(reply.message)) == (status, True)


async def test_several_tables_are_made_at_once_or_not_at_all(api: Api) -> None:
    """CreateEntities with the complex twins of the types, as Microsoft's Python client sends it (7.5)."""

    def twin(schema: str) -> Body:
        held = json.dumps(table(schema)).replace(CRM, f"{CRM}Complex")
        return dict(json.loads(held))

    both = {"Entities": [twin("asn_One"), twin("asn_Two")]}
    assert (await api.post("CreateEntities", {"Entities": [twin("asn_One"), twin("Two")]})).status == 400
    assert (await api.get("asn_ones")).status == 404
    assert (await api.post("CreateEntities?SolutionUniqueName=nowhere", both)).status == 400
    assert (await api.post("CreateEntities", both)).status == 204
    assert [(await api.get(name)).status for name in ("asn_ones", "asn_twos")] == [200, 200]
    bad: tuple[Body, ...] = ({}, {"Entities": []}, {"Entities": [5]}, {"Entities": 5})
    for wrong in bad:
        assert (await api.post("CreateEntities", wrong)).error == (400, "0x80048d19")
