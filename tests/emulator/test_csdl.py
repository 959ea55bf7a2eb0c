"""$metadata tells of the model what rows and definitions tell (dataverse.md 2.5, 3.1)."""

from lxml import etree

from .api import Api
from .model import column, make, one_to_many, table

EDM = {"e": "http://docs.oasis-open.org/odata/ns/edm"}


async def document(api: Api, query: str = "") -> "etree._Element":
    """The parsed CSDL."""
    reply = await api.get(f"$metadata{query}", Accept="application/xml")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/xml")
    return etree.fromstring(reply.text.encode())


def names(found: "etree._Element", path: str) -> set[str]:
    """The texts an XPath finds."""
    held = found.xpath(path, namespaces=EDM)
    assert isinstance(held, list)
    return {str(one) for one in held}


async def test_every_property_and_set_is_in_it(api: Api) -> None:
    """A row's own properties are exactly those of its type (2.5)."""
    found = await document(api)
    key = await api.add(lastname="Ek")
    row = (await api.get(f"contacts({key})")).json
    declared = names(found, "//e:EntityType[@Name='contact']/e:Property/@Name")
    assert declared == {name for name in row if "@" not in name}
    sets = names(found, "//e:EntitySet/@Name")
    tables = (await api.get("EntityDefinitions?$select=EntitySetName")).value
    assert sets == {one["EntitySetName"] for one in tables}


async def test_new_tables_lookups_and_columns_appear_at_once(api: Api) -> None:
    """Consistent with the model after it changed; navigation keeps the schema's casing (7.5, 7.6)."""
    await make(api, "EntityDefinitions", table(ChangeTrackingEnabled=True))
    await make(api, "RelationshipDefinitions", one_to_many())
    await make(
        api, "EntityDefinitions(LogicalName='asn_subscription')/Attributes", column("Money", "asn_Fee")
    )
    found = await document(api, "?annotations=true")
    kind = "//e:EntityType[@Name='asn_subscription']"
    assert names(found, f"{kind}/e:Property[@Name='asn_fee']/@Type") == {"Edm.Decimal"}
    lookup = f"{kind}/e:NavigationProperty[@Name='asn_ContactId']"
    assert names(found, f"{lookup}/@Partner") == {"asn_contact_subscription"}
    assert names(found, f"{lookup}/e:ReferentialConstraint/@Property") == {"_asn_contactid_value"}
    tracked = names(found, "//e:EntitySet[e:Annotation]/@Name")
    assert {"contacts", "asn_subscriptions"} <= tracked
    targets = names(found, "//e:NavigationPropertyBinding/@Target")
    assert targets <= names(found, "//e:EntitySet/@Name")
