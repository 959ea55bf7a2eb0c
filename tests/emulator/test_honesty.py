"""What is not imitated is loud, and nothing makes the emulator fall over."""

import ast
from pathlib import Path

import pytest
from aiohttp import ClientSession
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import dataverse_emulator
from dataverse_emulator import create_organization, running

from .api import Api, batch_of

PACKAGE = Path(dataverse_emulator.__file__).parent


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "incidents"),
        ("GET", "ManagedPropertyDefinitions"),
        ("GET", "EntityDefinitions(LogicalName='incident')"),
        ("POST", "systemforms"),
        ("POST", "ImportSolution"),
        ("GET", "contacts(11111111-2222-3333-4444-555555555555)/fullname"),
        ("POST", "contacts/Microsoft.Dynamics.CRM.Nonsense"),
        ("DELETE", "organizations(11111111-2222-3333-4444-555555555555)"),
    ],
)
async def test_unimitated_operations(api: Api, method: str, path: str) -> None:
    """Every one answers an error with a body that says so, most of them 501 (style of the house)."""
    body = {"Targets": [{"@odata.type": "Microsoft.Dynamics.CRM.contact", "lastname": "x"}]}
    reply = await api.call(method, path, body if method == "POST" else None)
    assert reply.status in (404, 501)
    if reply.status == 501:
        assert reply.message.startswith("The Dataverse emulator does not implement ")


async def test_headers_that_change_the_outcome(api: Api) -> None:
    """Bypass headers that nobody documented are refused rather than ignored (dataverse.md 2.2, 9.7)."""
    assert (await api.get("WhoAmI", **{"MSCRM.BypassEverything": "x"})).status == 501


async def test_other_addresses(api: Api) -> None:
    """Outside the service there is nothing."""
    assert (await api.get(f"{api.url}/")).status == 501
    assert (await api.get(f"{api.url}/api/data/v8.2/WhoAmI")).status == 501


async def test_wrong_methods(api: Api) -> None:
    """405 with a body (2.8)."""
    assert (await api.call("PUT", "contacts", {})).status == 405
    assert (await api.get("Merge")).status == 405
    assert (await api.get("$batch")).status == 405


METHODS = st.sampled_from(["GET", "POST", "PATCH", "PUT", "DELETE"])
HEADS = st.sampled_from(
    [
        "contacts",
        "contacts(11111111-2222-3333-4444-555555555555)",
        "contacts(11111111-2222-3333-4444-555555555555)/jobtitle",
        "contacts/$count",
        "contacts(employeeid='x')",
        "accounts",
        "accounts(11111111-2222-3333-4444-555555555555)",
        "accounts(11111111-2222-3333-4444-555555555555)/primarycontactid/$ref",
        "accounts(11111111-2222-3333-4444-555555555555)/contact_customer_accounts",
        "accounts(11111111-2222-3333-4444-555555555555)/contact_customer_accounts/$ref",
        "lists(11111111-2222-3333-4444-555555555555)/listcontact_association/$ref",
        "accounts/Microsoft.Dynamics.CRM.CreateMultiple",
        "tasks",
        "listmembercollection",
        "contacts/Microsoft.Dynamics.CRM.UpdateMultiple",
        "contacts/Microsoft.Dynamics.CRM.UpsertMultiple",
        "EntityDefinitions",
        "EntityDefinitions(LogicalName='contact')",
        "EntityDefinitions(LogicalName='contact')/Attributes",
        "EntityDefinitions(LogicalName='contact')/Attributes/Microsoft.Dynamics.CRM.PicklistAttributeMetadata",
        "EntityDefinitions(LogicalName='contact')/Keys",
        "RelationshipDefinitions",
        "RelationshipDefinitions(SchemaName='contact_customer_accounts')",
        "GlobalOptionSetDefinitions",
        "InsertOptionValue",
        "OrderOption",
        "CreateEntities",
        "CreateCustomerRelationships",
        "ReactivateEntityKey",
        "RetrieveDependenciesForDelete(ObjectId=@p,ComponentType=@p)",
        "roles",
        "roles(11111111-2222-3333-4444-555555555555)/Microsoft.Dynamics.CRM.AddPrivilegesRole",
        "fieldpermissions",
        "EntityDefinitions(LogicalName='contact')/Attributes(LogicalName='donotemail')",
        "systemforms",
        "systemforms(1fed44d1-ae68-4a41-bd2b-f13acac4acfa)",
        "savedqueries",
        "userqueries",
        "audits",
        "RetrieveRecordChangeHistory(Target=@t,PagingInfo=@p)",
        "serviceendpoints",
        "sdkmessageprocessingsteps",
        "sdkmessageprocessingstepimages",
        "publishers",
        "solutions",
        "Merge",
        "PublishXml",
        "BulkDelete",
        "AddSolutionComponent",
        "$batch",
    ]
)
WORDS = """
    Targets @odata.type contactid lastname donotbulkemail statecode statuscode formxml fetchxml uniquename
    contract authtype url authvalue SchemaName DisplayName OptionSet LocalizedLabels Target Subordinate
    accountid name revenue numberofemployees primarycontactid primarycontactid@odata.bind ownerid@odata.bind
    contact_customer_accounts Account_Tasks@odata.bind @odata.id birthdate
    OwnershipType Attributes IsPrimaryName KeyAttributes Lookup ReferencedEntity ReferencingEntity Options
    Label EntityLogicalName AttributeLogicalName Entities OneToManyRelationships CascadeConfiguration
    Value MaxLength Privileges PrivilegeId Depth RequiredLevel TrueOption FalseOption Name Format
    GlobalOptionSet@odata.bind
    UpdateContent ParameterXml value sdkmessageid@odata.bind stage mode imagetype ComponentId ComponentType
"""
NAMES = st.sampled_from(WORDS.split())
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(
        [
            "asn_Name",
            "Microsoft.Dynamics.CRM.PicklistAttributeMetadata",
            "Microsoft.Dynamics.CRM.contact",
            "11111111-2222-3333-4444-555555555555",
            "<form/>",
            "$1",
        ]
    )
    | st.just("contacts(11111111-2222-3333-4444-555555555555)")
)
BODIES = st.recursive(
    LEAVES, lambda part: st.lists(part, max_size=3) | st.dictionaries(NAMES, part, max_size=5)
)
OPTIONS = st.sampled_from(
    ["$filter", "$select", "$orderby", "$top", "$count", "$skiptoken", "$deltatoken", "$expand", "@p", "tag"]
)
HEADERS = st.dictionaries(
    st.sampled_from(["If-Match", "If-None-Match", "Prefer", "Content-Type", "MSCRM.SolutionUniqueName"]),
    st.sampled_from(
        [
            "*",
            'W/"5"',
            "null",
            "x",
            "odata.maxpagesize=0",
            "return=representation,odata.track-changes",
            "multipart/mixed; boundary=b",
        ]
    ),
    max_size=2,
)


@pytest.mark.thorough
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            METHODS, HEADS, st.dictionaries(OPTIONS, st.text(max_size=25), max_size=2), BODIES, HEADERS
        ),
        min_size=1,
        max_size=8,
    )
)
def test_nothing_gives_a_500(calls: list[tuple[str, str, dict[str, str], object, dict[str, str]]]) -> None:
    """Whatever is asked, the answer is deliberate; dispatched directly, a bug surfaces as itself."""
    from urllib.parse import quote

    import msgspec

    from dataverse_emulator.wire import batch, dispatch
    from dataverse_emulator.wire.answers import Call

    organization = create_organization()
    user = organization.identity.person("x")
    for method, path, options, body, headers in calls:
        query = "&".join(f"{quote(name)}={quote(value)}" for name, value in options.items())
        sent = {name.lower(): value for name, value in headers.items()}
        call = Call(method, path, query, sent, msgspec.json.encode(body), user, "http://x/api/data/v9.2")
        answer = (
            batch.perform(organization, call) if path == "$batch" else dispatch.perform(organization, call)
        )
        assert answer.status < 500 or answer.status == 501


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=120) | st.binary(max_size=120).map(lambda raw: raw.decode("latin-1")))
def test_no_url_gives_a_500(text: str) -> None:
    """Any path and query below the service root is answered deliberately."""
    from dataverse_emulator.wire import dispatch
    from dataverse_emulator.wire.answers import Call

    organization = create_organization()
    path, _, query = text.partition("?")
    call = Call("GET", path, query, {}, b"", organization.identity.person("x"), "http://x/api/data/v9.2")
    assert dispatch.perform(organization, call).status in (200, 400, 404, 405, 501)


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=200) | st.text(max_size=80).map(lambda held: batch_of(held).encode("utf-8", "replace"))
)
def test_no_batch_body_gives_a_500(body: bytes) -> None:
    """Any bytes as a batch are answered deliberately."""
    from dataverse_emulator.wire import batch
    from dataverse_emulator.wire.answers import Call

    organization = create_organization()
    headers = {"content-type": "multipart/mixed; boundary=b"}
    call = Call(
        "POST", "$batch", "", headers, body, organization.identity.person("x"), "http://x/api/data/v9.2"
    )
    assert batch.perform(organization, call).status in (200, 400, 404, 405, 501)


async def test_strange_bytes_over_http() -> None:
    """Odd paths, headers and bodies over a real connection leave the server standing."""
    async with running() as emulator, ClientSession() as session:
        api = Api(session, emulator.url)
        for path in (
            "contacts(%00)",
            "contacts?%FF=%FE",
            "contacts?$filter=%F0%28%8C%28",
            "%2e%2e/contacts",
            "contacts%2F1",
        ):
            assert (await api.get(path)).status in (400, 404, 501)
        assert (await api.call("POST", "contacts", raw=b"\x00" * 100_000)).status == 400
        assert (await api.get("WhoAmI")).status == 200


def test_never_imports_the_product() -> None:
    """The emulator must not share the product's mistakes, nor may state know HTTP."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.partition(".")[0] != "assent", path
                if path.parent.name == "state":
                    banned = ("dataverse_emulator.wire", "aiohttp", "uvicorn", "starlette", "http")
                    assert not name.startswith(banned), path
