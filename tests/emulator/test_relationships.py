"""Relationships of one's own, and lookups to several tables (dataverse.md 7.5)."""

import pytest

from .api import Api, entity_id
from .model import CRM, Body, attributes, column, make, one_to_many, table


async def test_a_lookup_comes_with_its_relationship(api: Api) -> None:
    """Binds use the schema's casing, the collection is named by the relationship, deletes cascade (7.5)."""
    await make(api, "EntityDefinitions", table())
    key = await make(api, "RelationshipDefinitions", one_to_many())
    ann = await api.add(lastname="Ek")
    bound = {"asn_name": "News", "asn_ContactId@odata.bind": f"/contacts({ann})"}
    row = entity_id(await api.post("asn_subscriptions", bound))
    assert (await api.get(f"asn_subscriptions({row})")).json["_asn_contactid_value"] == ann
    assert len((await api.get(f"contacts({ann})/asn_contact_subscription")).value) == 1
    wrong = {"asn_name": "News", "asn_contactid@odata.bind": f"/contacts({ann})"}
    assert (await api.post("asn_subscriptions", wrong)).error == (400, "0x80048d19")
    facts = (await api.get(f"RelationshipDefinitions({key})/{CRM}OneToManyRelationshipMetadata")).json
    assert facts["ReferencingEntityNavigationPropertyName"] == "asn_ContactId"
    assert (facts["ReferencedAttribute"], facts["ReferencingAttribute"]) == ("contactid", "asn_contactid")
    assert facts["CascadeConfiguration"]["Delete"] == "Cascade"
    await api.delete(f"contacts({ann})")
    assert (await api.get(f"asn_subscriptions({row})")).status == 404


async def test_cascades_change_by_put(api: Api) -> None:
    """PUT of the whole definition; names stay (7.5)."""
    await make(api, "EntityDefinitions", table())
    key = await make(api, "RelationshipDefinitions", one_to_many())
    path = f"RelationshipDefinitions({key})"
    body = (await api.get(path)).json
    cascade = body["CascadeConfiguration"] | {"Delete": "Restrict"}
    assert (await api.put(path, body | {"CascadeConfiguration": cascade})).status == 204
    ann = await api.add(lastname="Ek")
    bound = {"asn_name": "News", "asn_ContactId@odata.bind": f"/contacts({ann})"}
    assert (await api.post("asn_subscriptions", bound)).status == 204
    assert (await api.delete(f"contacts({ann})")).error == (405, "0x80040227")
    assert (await api.put(path, body | {"ReferencedEntity": "account"})).status == 400


async def test_many_to_many(api: Api) -> None:
    """Pairs in a table of their own (7.5)."""
    await make(api, "EntityDefinitions", table())
    body: Body = {
        "@odata.type": f"{CRM}ManyToManyRelationshipMetadata",
        "SchemaName": "asn_contact_many",
        "Entity1LogicalName": "contact",
        "Entity2LogicalName": "asn_subscription",
        "IntersectEntityName": "asn_contact_many",
    }
    key = await make(api, "RelationshipDefinitions", body)
    ann = await api.add(lastname="Ek")
    row = entity_id(await api.post("asn_subscriptions", {"asn_name": "News"}))
    link = {"@odata.id": f"{api.root}/asn_subscriptions({row})"}
    assert (await api.post(f"contacts({ann})/asn_contact_many/$ref", link)).status == 204
    assert len((await api.get(f"asn_subscriptions({row})/asn_contact_many")).value) == 1
    held = (await api.get("EntityDefinitions(LogicalName='contact')/ManyToManyRelationships")).value
    assert [one["IntersectEntityName"] for one in held if one["IsCustomRelationship"]] == ["asn_contact_many"]
    assert (await api.delete(f"RelationshipDefinitions({key})")).status == 204
    assert (await api.get(f"contacts({ann})/asn_contact_many")).status == 404


@pytest.mark.parametrize("action", ["CreateCustomerRelationships", "CreatePolymorphicLookupAttribute"])
async def test_a_lookup_to_several_tables(api: Api, action: str) -> None:
    """One column, a relationship and a navigation property per table (7.5, 9.2 parentcustomerid)."""
    await make(api, "EntityDefinitions", table())
    relations = [
        one_to_many(
            f"asn_subscription_{name}", ReferencedEntity=name, ReferencedAttribute=f"{name}id", Lookup=None
        )
        for name in ("account", "contact")
    ]
    body = {"OneToManyRelationships": relations, "Lookup": column("Lookup", "asn_CustomerId")}
    made = await api.post(action, body)
    assert (made.status, len(made.json["RelationshipIds"])) == (200, 2)
    ann = await api.add(lastname="Ek")
    bound = {"asn_name": "News", "asn_CustomerId_contact@odata.bind": f"/contacts({ann})"}
    row = entity_id(await api.post("asn_subscriptions", bound))
    shown = await api.get(f"asn_subscriptions({row})", Prefer='odata.include-annotations="*"')
    assert shown.json["_asn_customerid_value"] == ann
    assert shown.json[f"_asn_customerid_value@{CRM}lookuplogicalname"] == "contact"
    kind = (await api.get(f"{attributes()}(LogicalName='asn_customerid')")).json["AttributeType"]
    assert kind == ("Customer" if action == "CreateCustomerRelationships" else "Lookup")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (one_to_many("asn_" + "x" * 50), "0x8004802a"),
        (one_to_many(CascadeConfiguration={"Delete": "Perhaps"}), "0x80048204"),
        (one_to_many(Lookup=None), "0x80040203"),
        (one_to_many(Lookup=5), "0x80048d19"),
        (one_to_many(Lookup=column("Lookup", "bad")), "0x8004700b"),
        (one_to_many(ReferencedEntity="asn_none"), "0x80040217"),
        (one_to_many(ReferencingEntity=None), "0x80040203"),
        ({"SchemaName": "asn_x"}, "0x80048d19"),
    ],
)
async def test_refused_relationships(api: Api, body: Body, code: str) -> None:
    """Names, cascades and tables are checked before anything is made (2.8, 7.5)."""
    await make(api, "EntityDefinitions", table())
    reply = await api.post("RelationshipDefinitions", body)
    assert reply.error[1] == code
    assert (await api.get("RelationshipDefinitions?$filter=IsCustomRelationship eq true")).value == []


async def test_relationships_have_one_name_each(api: Api) -> None:
    """The second of a name is refused, and those of the system stay (2.8)."""
    await make(api, "EntityDefinitions", table())
    await make(api, "RelationshipDefinitions", one_to_many())
    twin = one_to_many(Lookup=column("Lookup", "asn_OtherId"))
    assert (await api.post("RelationshipDefinitions", twin)).error == (400, "0x8004432b")
    known = "RelationshipDefinitions(SchemaName='contact_customer_accounts')"
    assert (await api.delete(known)).status == 400
