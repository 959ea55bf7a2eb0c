"""Bodies of definitions, as clients send them."""

from .api import Api, entity_id

CRM = "Microsoft.Dynamics.CRM."

Body = dict[str, object]


def label(text: str, **others: str) -> Body:
    """A label in English, and in the languages given by code (`l1053="…"`)."""
    texts = {1033: text, **{int(code[1:]): other for code, other in others.items()}}
    return {"LocalizedLabels": [{"Label": held, "LanguageCode": code} for code, held in texts.items()]}


def column(kind: str, schema: str, **more: object) -> Body:
    """A column of a type, by its name without `AttributeMetadata`."""
    return {
        "@odata.type": f"{CRM}{kind}AttributeMetadata",
        "SchemaName": schema,
        "DisplayName": label(schema),
        **more,
    }


def options(*values: tuple[int, str]) -> Body:
    """A local option set."""
    return {
        "@odata.type": f"{CRM}OptionSetMetadata",
        "OptionSetType": "Picklist",
        "IsGlobal": False,
        "Options": [{"Value": value, "Label": label(text)} for value, text in values],
    }


def table(schema: str = "asn_Subscription", **more: object) -> Body:
    """A table with its primary name."""
    name = column("String", "asn_Name", IsPrimaryName=True, MaxLength=100, FormatName={"Value": "Text"})
    return {
        "@odata.type": f"{CRM}EntityMetadata",
        "SchemaName": schema,
        "DisplayName": label("Subscription"),
        "DisplayCollectionName": label("Subscriptions"),
        "Description": label("What a contact receives"),
        "OwnershipType": "UserOwned",
        "IsActivity": False,
        "HasActivities": False,
        "HasNotes": False,
        "Attributes": [name],
        **more,
    }


def one_to_many(schema: str = "asn_contact_subscription", **more: object) -> Body:
    """A lookup from the table above to contact."""
    return {
        "@odata.type": f"{CRM}OneToManyRelationshipMetadata",
        "SchemaName": schema,
        "ReferencedEntity": "contact",
        "ReferencedAttribute": "contactid",
        "ReferencingEntity": "asn_subscription",
        "CascadeConfiguration": {"Assign": "NoCascade", "Delete": "Cascade", "Merge": "NoCascade"},
        "Lookup": column("Lookup", "asn_ContactId"),
        **more,
    }


def key_of(*columns: str, schema: str = "asn_Key") -> Body:
    """An alternate key."""
    return {"SchemaName": schema, "DisplayName": label("Key"), "KeyAttributes": list(columns)}


async def make(api: Api, address: str, body: Body) -> str:
    """POST a definition; its id."""
    reply = await api.post(address, body)
    assert reply.status == 204, reply.text
    return entity_id(reply)


def attributes(name: str = "asn_subscription") -> str:
    """The columns of a table."""
    return f"EntityDefinitions(LogicalName='{name}')/Attributes"
