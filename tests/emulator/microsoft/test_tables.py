"""`client.tables` against the emulator, alone and in batches (dataverse.md 7.2-7.6)."""

from collections.abc import Callable
from enum import IntEnum

import pytest
from PowerPlatform.Dataverse.core.errors import HttpError, MetadataError
from PowerPlatform.Dataverse.models.labels import Label, LocalizedLabel
from PowerPlatform.Dataverse.models.relationship import (
    LookupAttributeMetadata,
    ManyToManyRelationshipMetadata,
    OneToManyRelationshipMetadata,
)

from . import Client


class Size(IntEnum):
    """A local option set."""

    SMALL = 1
    LARGE = 2


def lookup(name: str) -> LookupAttributeMetadata:
    """A lookup column."""
    label = Label(localized_labels=[LocalizedLabel(label=name, language_code=1033)])
    return LookupAttributeMetadata(schema_name=name, display_name=label)


def to_contact(schema_name: str) -> OneToManyRelationshipMetadata:
    """From a topic to a contact."""
    return OneToManyRelationshipMetadata(
        schema_name=schema_name,
        referenced_entity="contact",
        referencing_entity="new_topic",
        referenced_attribute="contactid",
    )


@pytest.fixture
def topic(client: Client) -> str:
    """A table of topics."""
    columns = {
        "new_Code": "string",
        "new_Note": {"type": "memo", "max_length": 500},
        "new_Rank": {"type": "int", "min_value": 1, "max_value": 9, "required": "ApplicationRequired"},
        "new_Price": "decimal",
        "new_Weight": "float",
        "new_Due": "datetime",
        "new_Open": "bool",
        "new_Size": Size,
    }
    made = client.tables.create("new_Topic", columns, display_name="Topic")
    assert set(made.columns_created) == set(columns)
    return str(made.logical_name)


def test_a_table_and_its_rows(client: Client, topic: str) -> None:
    """Made with columns of every type, used at once, found, listed and deleted."""
    found = client.tables.get("new_Topic")
    assert (found.logical_name, found.primary_id_attribute) == ("new_topic", "new_topicid")
    row = {
        "new_Name": "Hens", "new_Code": "H", "new_Note": "x", "new_Rank": 3, "new_Price": 2.5,
        "new_Weight": 1.25, "new_Due": "2026-01-02", "new_Open": True, "new_Size": "Large",
    }  # fmt: skip
    made = client.records.create(topic, row)
    back = client.records.retrieve(topic, made)
    # The label became its number, and a day that nobody called DateOnly is a moment on the wire.
    row |= {"new_Size": Size.LARGE, "new_Due": "2026-01-02T00:00:00Z"}
    assert {name: back[name.lower()] for name in row} == row
    listed = client.tables.list(filter="SchemaName eq 'new_Topic'", select=["LogicalName"])
    assert [held["LogicalName"] for held in listed] == ["new_topic"]
    with pytest.raises(MetadataError, match="already exists"):
        client.tables.create("new_topic", {})
    client.tables.delete("new_Topic")
    assert client.tables.get("new_Topic") is None


def test_columns(client: Client, topic: str, publish: Callable[[], None]) -> None:
    """Added, listed, read with their types, changed (which a publish shows) and removed."""
    assert client.tables.add_columns(topic, {"new_Colour": "string"}) == ["new_Colour"]
    names = {held["LogicalName"] for held in client.tables.list_columns(topic, select=["LogicalName"])}
    assert {"new_colour", "new_size", "new_name"} <= names
    assert client.tables.get_column(topic, "new_Colour")["SchemaName"] == "new_Colour"
    assert client.tables.get_column(topic, "new_nonsense") is None
    client.tables.update_column(topic, "new_Colour", {"max_length": 300, "display_name": "Shade"})
    publish()
    typed = client.tables.get_column(topic, "new_Colour", typed=True)
    assert typed["MaxLength"] == 300
    client.tables.update_columns(topic, {"new_Rank": {"max_value": 99}, "new_Note": {"max_length": 600}})
    publish()
    every = {held["LogicalName"]: held for held in client.tables.list_columns(topic, typed=True)}
    assert (every["new_rank"]["MaxValue"], every["new_note"]["MaxLength"]) == (99, 600)
    assert client.tables.remove_columns(topic, ["new_Colour"]) == ["new_Colour"]
    assert client.tables.get_column(topic, "new_Colour") is None


def test_relationships(client: Client, topic: str) -> None:
    """One-to-many with its lookup, many-to-many, and a lookup by the short way."""
    one = client.tables.create_one_to_many_relationship(
        lookup("new_ContactId"), to_contact("new_contact_topic")
    )
    assert client.tables.get_relationship("new_contact_topic").relationship_id == one.relationship_id
    short = client.tables.create_lookup_field(topic, "new_AccountId", "account", display_name="Account")
    many = client.tables.create_many_to_many_relationship(
        ManyToManyRelationshipMetadata(
            schema_name="new_topic_contact", entity1_logical_name=topic, entity2_logical_name="contact"
        )
    )
    names = {held["SchemaName"] for held in client.tables.list_table_relationships(topic)}
    assert {"new_contact_topic", "new_topic_contact", short.relationship_schema_name} <= names
    some = client.tables.list_relationships(filter="SchemaName eq 'new_contact_topic'", select=["SchemaName"])
    assert [held["SchemaName"] for held in some] == ["new_contact_topic"]
    contact = client.records.create("contact", {"lastname": "Ek"})
    bound = {"new_Name": "x", "new_ContactId@odata.bind": f"/contacts({contact})"}
    row = client.records.create(topic, bound)
    assert client.records.retrieve(topic, row)["_new_contactid_value"] == contact
    for made in (one, many):
        client.tables.delete_relationship(made.relationship_id)
    assert client.tables.get_relationship("new_topic_contact") is None


def test_alternate_keys(client: Client, topic: str) -> None:
    """Made, used and deleted."""
    key = client.tables.create_alternate_key(topic, "new_CodeKey", ["new_code"], display_name="Code")
    assert [(held.schema_name, held.key_attributes) for held in client.tables.get_alternate_keys(topic)] == [
        ("new_CodeKey", ["new_code"])
    ]
    upsert = {"alternate_key": {"new_code": "H"}, "record": {"new_name": "Hens"}}
    client.records.upsert(topic, [upsert])
    assert [row["new_name"] for row in client.records.list(topic)] == ["Hens"]
    client.tables.delete_alternate_key(topic, key.metadata_id)
    assert client.tables.get_alternate_keys(topic) == []


def test_refusals(client: Client) -> None:
    """What is not there is said to be so."""
    with pytest.raises(MetadataError):
        client.tables.delete("new_nonsense")
    with pytest.raises(HttpError):
        client.tables.create("nonsense", {})


def test_in_batches(client: Client) -> None:
    """Every operation on tables as a part of a batch."""
    batch = client.batch.new()
    batch.tables.create("new_Topic", {"new_Code": "string"})
    batch.tables.get("new_Topic")
    batch.tables.list(filter="SchemaName eq 'new_Topic'", select=["LogicalName"])
    result = batch.execute()
    assert not result.has_errors, [item.error_message for item in result.failed]
    batch = client.batch.new()
    batch.tables.add_columns("new_Topic", {"new_Colour": "string", "new_Rank": "int"})
    batch.tables.remove_columns("new_Topic", "new_Code")
    batch.tables.create_one_to_many_relationship(lookup("new_ContactId"), to_contact("new_contact_topic"))
    batch.tables.create_many_to_many_relationship(
        ManyToManyRelationshipMetadata(
            schema_name="new_topic_contact", entity1_logical_name="new_topic", entity2_logical_name="contact"
        )
    )
    batch.tables.create_lookup_field("new_topic", "new_AccountId", "account")
    batch.tables.get_relationship("new_contact_topic")
    result = batch.execute()
    assert not result.has_errors, [item.error_message for item in result.failed]
    held = client.tables.get_relationship("new_topic_contact")
    batch = client.batch.new()
    batch.tables.delete_relationship(held.relationship_id)
    batch.tables.delete("new_Topic")
    assert not batch.execute().has_errors
    assert client.tables.get("new_Topic") is None
