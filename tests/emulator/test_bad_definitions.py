"""Nothing in the body of a definition makes the emulator fall over, and what is refused leaves no trace."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from dataverse_emulator import Organization, create_organization
from dataverse_emulator.wire import dispatch
from dataverse_emulator.wire.answers import Answer, Call

from .model import CRM, Body, attributes, column, key_of, label, one_to_many, options, table

JUNK: tuple[object, ...] = (None, True, -1, 2.5, "", "x" * 300, [], [5], {}, {"Value": {}}, "asn_\ud800")
CHOICE = {"EntityLogicalName": "asn_subscription", "AttributeLogicalName": "asn_kind"}
MANY: Body = {
    "@odata.type": f"{CRM}ManyToManyRelationshipMetadata",
    "SchemaName": "asn_many",
    "Entity1LogicalName": "contact",
    "Entity2LogicalName": "asn_subscription",
    "IntersectEntityName": "asn_many",
}
LEVEL = {"RequiredLevel": {"Value": "None"}, "Description": label("x", l1053="y")}
DAY = {"Format": "DateOnly", "DateTimeBehavior": {"Value": "DateOnly"}}
NAMED = {"Name": "asn_set", "DisplayName": label("x")}
FIRST: Body = {
    "OneToManyRelationships": [one_to_many("asn_a", Lookup=None)],
    "Lookup": column("Lookup", "asn_A"),
}
#: Well-formed requests by method and address; each is tried with every part of it replaced by junk.
REQUESTS: tuple[tuple[str, str, Body], ...] = (
    ("POST", "EntityDefinitions", table("asn_Other", EntitySetName="asn_others")),
    ("PUT", "EntityDefinitions(LogicalName='asn_subscription')", table(ChangeTrackingEnabled=True)),
    ("POST", attributes(), column("String", "asn_New", MaxLength=10, FormatName={"Value": "Text"}, **LEVEL)),
    ("POST", attributes(), column("Decimal", "asn_New", MinValue=0, MaxValue=9, Precision=2)),
    (
        "POST",
        attributes(),
        column("DateTime", "asn_New", **DAY),
    ),
    ("POST", attributes(), column("Picklist", "asn_New", OptionSet=options((1, "a")), DefaultFormValue=1)),
    ("POST", attributes(), column("Picklist", "asn_New", GlobalOptionSet={"Name": "asn_level"})),
    ("PUT", f"{attributes()}(LogicalName='asn_kind')", column("Picklist", "asn_Kind", DefaultFormValue=1)),
    ("POST", "RelationshipDefinitions", one_to_many()),
    ("POST", "RelationshipDefinitions", MANY),
    ("POST", "CreatePolymorphicLookupAttribute", FIRST),
    ("POST", "CreateEntities", {"Entities": [table("asn_Other")]}),
    (
        "POST",
        "GlobalOptionSetDefinitions",
        {**options((1, "a")), **NAMED},
    ),
    ("PUT", "GlobalOptionSetDefinitions(Name='asn_level')", {"Name": "asn_level", "DisplayName": label("x")}),
    ("POST", "EntityDefinitions(LogicalName='asn_subscription')/Keys", key_of("asn_name", "asn_kind")),
    ("POST", "InsertOptionValue", {**CHOICE, "Value": 7, "Label": label("x"), "Description": label("y")}),
    ("POST", "UpdateOptionValue", {**CHOICE, "Value": 1, "Label": label("x"), "MergeLabels": True}),
    ("POST", "OrderOption", {**CHOICE, "Values": [2, 1]}),
)


def asked(organization: Organization, method: str, path: str, body: object) -> Answer:
    """The answer to a request, dispatched directly, so that a bug surfaces as itself."""
    raw = json.dumps(body).encode()
    user = organization.identity.person("x")
    return dispatch.perform(organization, Call(method, path, "", {}, raw, user, "http://x/api/data/v9.2"))


def spoilt(body: Any) -> Iterator[Any]:
    """The body with one part of it replaced, for every part and every junk."""
    yield from JUNK
    parts = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for at, part in parts:
        for other in spoilt(part):
            changed = dict(body) if isinstance(body, dict) else list(body)
            changed[at] = other
            yield changed


@pytest.fixture(scope="module")
def ready() -> Organization:
    """An organisation with a table, a choice and a global option set of its own."""
    organization = create_organization()
    level = {**options((1, "a")), "Name": "asn_level", "DisplayName": label("x")}
    for path, body in (
        ("EntityDefinitions", table()),
        (attributes(), column("Picklist", "asn_Kind", OptionSet=options((1, "a"), (2, "b")))),
        ("GlobalOptionSetDefinitions", level),
    ):
        assert asked(organization, "POST", path, body).status == 204
    return organization


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS, ids=lambda held: str(held)[:40])
def test_junk_anywhere_is_refused_or_taken_whole(
    ready: Organization, method: str, path: str, body: Body
) -> None:
    """The request itself works; with junk in it a refusal is deliberate and changes nothing (2.8)."""
    assert asked(ready.snapshot(), method, path, body).status in (200, 204)
    for changed in spoilt(body):
        organization = ready.snapshot()
        model, pending = organization.model, organization.edits
        answer = asked(organization, method, path, changed)
        assert answer.status < 500 or answer.status == 501, changed
        if answer.status >= 400:
            assert (organization.model, organization.edits) == (model, pending), changed
