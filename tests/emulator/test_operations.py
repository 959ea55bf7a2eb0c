"""The list of operations tells the truth: what it calls implemented answers, and every gap is a 501."""

import json
from pathlib import Path
from urllib.parse import quote

import pytest

import dataverse_emulator
from dataverse_emulator import Organization, create_organization, reference
from dataverse_emulator.state import key_definitions, layers
from dataverse_emulator.state.columns import Column, Kind
from dataverse_emulator.state.privileges import id_of
from dataverse_emulator.state.seeds import ADMINISTRATOR
from dataverse_emulator.state.sources import derived_id
from dataverse_emulator.wire import batch, dispatch, requests
from dataverse_emulator.wire.answers import Answer, Call
from dataverse_emulator.wire.operation import Operation
from dataverse_emulator.wire.operations import OPERATIONS
from dataverse_emulator.wire.shapes import shape

from .api import batch_of, change_set
from .api import part as one_part
from .model import column as of_type
from .model import key_of, label, one_to_many, options, table
from .test_definitions import column

CRM = "Microsoft.Dynamics.CRM."
NOBODY = "00000000-0000-0000-0000-000000000000"
ANN, BEN, FIRM, OLDER = (f"00000000-0000-4000-a000-00000000000{n}" for n in range(1, 5))
FORM = "1fed44d1-ae68-4a41-bd2b-f13acac4acfa"
MINE = "00000000-0000-4000-a000-000000000009"
CONTACT = {"@odata.type": f"{CRM}contact"}
COLUMNS = "EntityDefinitions(LogicalName='contact')/Attributes"
OLD = f"{COLUMNS}(LogicalName='asn_old')"
TYPE = f"{CRM}BooleanAttributeMetadata"
MERGE = {"Target": {**CONTACT, "contactid": ANN}, "Subordinate": {**CONTACT, "contactid": BEN}}
THING = "EntityDefinitions(LogicalName='asn_thing')"
RELATION = "RelationshipDefinitions(SchemaName='asn_contact_thing')"
ONE = f"{CRM}OneToManyRelationshipMetadata"
SET = "GlobalOptionSetDefinitions(Name='asn_level')"
SET_TYPE = f"{CRM}OptionSetMetadata"
LEVEL = {"OptionSetName": "asn_level"}
QUERY = {
    "Criteria": {
        "Conditions": [
            {"PropertyName": "LogicalName", "ConditionOperator": "Equals", "Value": {"Value": "contact"}}
        ]
    },
    "Properties": {"PropertyNames": ["LogicalName"]},
}
ME = derived_id("systemuser", "rep-anna")
MORE = {"Privileges": [{"Depth": "Global", "PrivilegeId": id_of("prvReadContact")}]}
PUBLISH = "<importexportxml><entities><entity>contact</entity></entities></importexportxml>"


def customer(relationship: str, lookup: str) -> dict[str, object]:
    """A lookup to accounts and contacts."""
    return {
        "OneToManyRelationships": [
            one_to_many(
                f"{relationship}_{name}",
                ReferencingEntity="asn_thing",
                ReferencedEntity=name,
                ReferencedAttribute=f"{name}id",
                Lookup=None,
            )
            for name in ("account", "contact")
        ],
        "Lookup": of_type("Lookup", lookup),
    }


#: What deletes nobody.
PURGE = {
    "JobName": "x",
    "QuerySet": [
        {
            "EntityName": "contact",
            "Criteria": {
                "Conditions": [
                    {"AttributeName": "contactid", "Operator": "In", "Values": [{"Value": NOBODY}]}
                ]
            },
        }
    ],
}
FISCAL = (
    "<fetch aggregate='true'><entity name='contact'>"
    "<attribute name='createdon' alias='a' groupby='true' dategrouping='fiscal-year'/></entity></fetch>"
)
NOTHING_CHANGED = '{"changedAttributes":[]}'
HISTORY = f"@t={{'@odata.id':'contacts({ANN})'}}"

#: A request for every operation that is implemented: path and body.
EXAMPLES: dict[str, tuple[str, object]] = {
    "GET {set}": ("contacts?$select=fullname", None),
    "GET {set}/$count": ("contacts/$count", None),
    "POST {set}": ("contacts", {"lastname": "X"}),
    "GET {set}({key})": (f"contacts({ANN})", None),
    "PATCH {set}({key})": (f"contacts({ANN})", {"lastname": "X"}),
    "DELETE {set}({key})": (f"contacts({BEN})", None),
    f"POST {{set}}/{CRM}CreateMultiple": (
        f"contacts/{CRM}CreateMultiple",
        {"Targets": [{**CONTACT, "lastname": "X"}]},
    ),
    f"POST {{set}}/{CRM}UpdateMultiple": (
        f"contacts/{CRM}UpdateMultiple",
        {"Targets": [{**CONTACT, "contactid": ANN, "lastname": "X"}]},
    ),
    f"POST {{set}}/{CRM}UpsertMultiple": (
        f"contacts/{CRM}UpsertMultiple",
        {"Targets": [{**CONTACT, "contactid": MINE, "lastname": "X"}]},
    ),
    "GET {set}({key})/{property}": (f"contacts({ANN})/lastname", None),
    "GET {set}({key})/{property}/$value": (f"contacts({ANN})/lastname/$value", None),
    "PUT {set}({key})/{property}": (f"contacts({ANN})/lastname", {"value": "X"}),
    "DELETE {set}({key})/{property}": (f"contacts({ANN})/lastname", None),
    "GET {set}({key})/{lookup}": (f"contacts({ANN})/parentcustomerid_account", None),
    "GET {set}({key})/{lookup}/…": (f"contacts({ANN})/parentcustomerid_account/name", None),
    "POST {set}({key})/{lookup}/…": (
        f"contacts({ANN})/parentcustomerid_account/contact_customer_accounts/$ref",
        {"@odata.id": f"contacts({BEN})"},
    ),
    "PUT {set}({key})/{lookup}/…": (f"contacts({ANN})/parentcustomerid_account/name", {"value": "X"}),
    "DELETE {set}({key})/{lookup}/…": (f"contacts({ANN})/parentcustomerid_account/telephone1", None),
    "GET {set}({key})/{lookup}/$ref": (f"contacts({ANN})/parentcustomerid_account/$ref", None),
    "PUT {set}({key})/{lookup}/$ref": (
        f"contacts({BEN})/parentcustomerid_account/$ref",
        {"@odata.id": f"accounts({FIRM})"},
    ),
    "DELETE {set}({key})/{lookup}/$ref": (f"contacts({ANN})/parentcustomerid_account/$ref", None),
    "GET {set}({key})/{collection}": (f"accounts({FIRM})/contact_customer_accounts", None),
    "POST {set}({key})/{collection}": (f"accounts({FIRM})/contact_customer_accounts", {"lastname": "X"}),
    "GET {set}({key})/{collection}/$count": (f"accounts({FIRM})/contact_customer_accounts/$count", None),
    "GET {set}({key})/{collection}/$ref": (f"accounts({FIRM})/contact_customer_accounts/$ref", None),
    "POST {set}({key})/{collection}/$ref": (
        f"accounts({FIRM})/contact_customer_accounts/$ref",
        {"@odata.id": f"contacts({BEN})"},
    ),
    "DELETE {set}({key})/{collection}/$ref": (
        f"accounts({FIRM})/contact_customer_accounts/$ref?$id=contacts({ANN})",
        None,
    ),
    "GET {set}({key})/{collection}({key})": (f"accounts({FIRM})/contact_customer_accounts({ANN})", None),
    "GET {set}({key})/{collection}({key})/…": (
        f"accounts({FIRM})/contact_customer_accounts({ANN})/lastname",
        None,
    ),
    "DELETE {set}({key})/{collection}({key})/$ref": (
        f"accounts({FIRM})/contact_customer_accounts({ANN})/$ref",
        None,
    ),
    "GET WhoAmI": ("WhoAmI()", None),
    "GET RetrieveVersion": ("RetrieveVersion", None),
    "GET ": ("", None),
    "GET RetrieveCurrentOrganization({key})": (
        f"RetrieveCurrentOrganization(AccessType={CRM}EndpointAccessType'Default')", None,
    ),
    "GET RetrieveTotalRecordCount({key})": ("RetrieveTotalRecordCount(EntityNames=['contact'])", None),
    "POST Merge": ("Merge", MERGE),
    "POST BulkDelete": ("BulkDelete", PURGE),
    "PATCH {set}({key})/{property}": (f"contacts({ANN})/asn_file?x-ms-file-name=a.txt", None),
    f"GET {{set}}({{key}})/{CRM}RetrieveAuditDetails": (f"audits({MINE})/{CRM}RetrieveAuditDetails", None),
    "GET RetrieveRecordChangeHistory({key})": (f"RetrieveRecordChangeHistory(Target=@t)?{HISTORY}", None),
    "GET RetrieveAttributeChangeHistory({key})": (
        f"RetrieveAttributeChangeHistory(Target=@t,AttributeLogicalName=@n)?{HISTORY}&@n='lastname'",
        None,
    ),
    "POST PublishXml": ("PublishXml", {"ParameterXml": PUBLISH}),
    "POST PublishAllXml": ("PublishAllXml", None),
    "POST AddSolutionComponent": (
        "AddSolutionComponent",
        {"ComponentId": FORM, "ComponentType": 60, "SolutionUniqueName": "ours"},
    ),
    f"GET {{set}}({{key}})/{CRM}RetrieveUnpublished": (
        f"systemforms({FORM})/{CRM}RetrieveUnpublished()",
        None,
    ),
    f"GET {{set}}({{key}})/{CRM}RetrieveUserPrivileges": (
        f"systemusers({ME})/{CRM}RetrieveUserPrivileges()",
        None,
    ),
    f"GET {{set}}({{key}})/{CRM}RetrieveRolePrivilegesRole": (
        f"roles({ADMINISTRATOR})/{CRM}RetrieveRolePrivilegesRole()",
        None,
    ),
    f"POST {{set}}({{key}})/{CRM}AddListMembersList": (
        f"lists({MINE})/{CRM}AddListMembersList",
        {"Members": [{**CONTACT, "contactid": ANN}]},
    ),
    f"POST {{set}}({{key}})/{CRM}AddPrivilegesRole": (f"roles({MINE})/{CRM}AddPrivilegesRole", MORE),
    f"POST {{set}}({{key}})/{CRM}ReplacePrivilegesRole": (f"roles({MINE})/{CRM}ReplacePrivilegesRole", MORE),
    "GET EntityDefinitions": ("EntityDefinitions?$select=LogicalName", None),
    "POST EntityDefinitions": ("EntityDefinitions", table("asn_Other")),
    "GET EntityDefinitions({key})": ("EntityDefinitions(LogicalName='contact')", None),
    "PUT EntityDefinitions({key})": (THING, table("asn_Thing")),
    "DELETE EntityDefinitions({key})": (THING, None),
    "GET EntityDefinitions({key})/{property}": (f"{THING}/EntitySetName", None),
    "GET EntityDefinitions({key})/{relationships}": (f"{THING}/ManyToOneRelationships", None),
    "GET EntityDefinitions({key})/{relationships}({key})": (
        f"{THING}/ManyToOneRelationships(SchemaName='asn_contact_thing')",
        None,
    ),
    "GET EntityDefinitions({key})/Keys": (f"{THING}/Keys", None),
    "POST EntityDefinitions({key})/Keys": (
        f"{THING}/Keys",
        key_of("asn_name", "createdon", schema="asn_Second"),
    ),
    "GET EntityDefinitions({key})/Keys({key})": (f"{THING}/Keys(LogicalName='asn_key')", None),
    "DELETE EntityDefinitions({key})/Keys({key})": (f"{THING}/Keys(LogicalName='asn_key')", None),
    "GET EntityDefinitions({key})/Attributes({key})/{property}": (f"{OLD}/SchemaName", None),
    "GET EntityDefinitions({key})/Attributes({key})/{cast}/{property}": (f"{OLD}/{TYPE}/OptionSet", None),
    "GET RelationshipDefinitions": ("RelationshipDefinitions", None),
    "GET RelationshipDefinitions/{cast}": (f"RelationshipDefinitions/{ONE}", None),
    "POST RelationshipDefinitions": (
        "RelationshipDefinitions",
        one_to_many("asn_two", ReferencingEntity="asn_thing", Lookup=of_type("Lookup", "asn_TwoId")),
    ),
    "GET RelationshipDefinitions({key})": (RELATION, None),
    "GET RelationshipDefinitions({key})/{cast}": (f"{RELATION}/{ONE}", None),
    "PUT RelationshipDefinitions({key})": (RELATION, {"CascadeConfiguration": {"Delete": "Restrict"}}),
    "PUT RelationshipDefinitions({key})/{cast}": (f"{RELATION}/{ONE}", {"IsValidForAdvancedFind": True}),
    "DELETE RelationshipDefinitions({key})": (RELATION, None),
    "GET GlobalOptionSetDefinitions": ("GlobalOptionSetDefinitions", None),
    "GET GlobalOptionSetDefinitions/{cast}": (f"GlobalOptionSetDefinitions/{SET_TYPE}", None),
    "POST GlobalOptionSetDefinitions": (
        "GlobalOptionSetDefinitions",
        {**options((1, "a")), "Name": "asn_other", "DisplayName": label("x")},
    ),
    "GET GlobalOptionSetDefinitions({key})": (SET, None),
    "GET GlobalOptionSetDefinitions({key})/{cast}": (f"{SET}/{SET_TYPE}", None),
    "PUT GlobalOptionSetDefinitions({key})": (SET, {"Name": "asn_level", "DisplayName": label("x")}),
    "DELETE GlobalOptionSetDefinitions({key})": (SET, None),
    "POST InsertOptionValue": ("InsertOptionValue", {**LEVEL, "Label": label("x")}),
    "POST InsertStatusValue": (
        "InsertStatusValue",
        {
            "EntityLogicalName": "asn_thing",
            "AttributeLogicalName": "statuscode",
            "StateCode": 0,
            "Label": label("x"),
        },
    ),
    "POST UpdateOptionValue": ("UpdateOptionValue", {**LEVEL, "Value": 1, "Label": label("x")}),
    "POST UpdateStateValue": (
        "UpdateStateValue",
        {
            "EntityLogicalName": "asn_thing",
            "AttributeLogicalName": "statecode",
            "Value": 0,
            "Label": label("x"),
        },
    ),
    "POST DeleteOptionValue": ("DeleteOptionValue", {**LEVEL, "Value": 1}),
    "POST OrderOption": ("OrderOption", {**LEVEL, "Values": [1]}),
    "POST CreateEntities": ("CreateEntities", {"Entities": [table("asn_Other")]}),
    "POST CreateCustomerRelationships": ("CreateCustomerRelationships", customer("asn_a", "asn_CustomerId")),
    "POST CreatePolymorphicLookupAttribute": (
        "CreatePolymorphicLookupAttribute",
        customer("asn_b", "asn_WhoId"),
    ),
    "POST ReactivateEntityKey": (
        "ReactivateEntityKey",
        {"EntityLogicalName": "asn_thing", "EntityKeyLogicalName": "asn_key"},
    ),
    "GET RetrieveDependenciesForDelete({key})": (
        f"RetrieveDependenciesForDelete(ObjectId={MINE},ComponentType=1)",
        None,
    ),
    "GET RetrieveMetadataChanges({key})": (f"RetrieveMetadataChanges(Query=@q)?@q={json.dumps(QUERY)}", None),
    "GET RetrieveProvisionedLanguages": ("RetrieveProvisionedLanguages()", None),
    "GET RetrieveAvailableLanguages": ("RetrieveAvailableLanguages()", None),
    "GET $metadata": ("$metadata", None),
    "GET EntityDefinitions({key})/Attributes": (COLUMNS, None),
    "GET EntityDefinitions({key})/Attributes/{cast}": (f"{COLUMNS}/{TYPE}", None),
    "POST EntityDefinitions({key})/Attributes": (COLUMNS, column("asn_New")),
    "GET EntityDefinitions({key})/Attributes({key})": (OLD, None),
    "GET EntityDefinitions({key})/Attributes({key})/{cast}": (f"{OLD}/{TYPE}", None),
    "PUT EntityDefinitions({key})/Attributes({key})": (OLD, column("asn_Old")),
    "PUT EntityDefinitions({key})/Attributes({key})/{cast}": (
        f"{OLD}/{TYPE}",
        column("asn_Old"),
    ),
    "DELETE EntityDefinitions({key})/Attributes({key})": (OLD, None),
}  # fmt: skip

#: A request for every gap: method, path, body and headers.
GAPS: dict[str, tuple[str, str, object, dict[str, str]]] = {
    "`$apply` beyond filters and one groupby or aggregate": ("GET", "contacts?$apply=top(2)", None, {}),
    "FetchXML that groups by fiscal periods, or looks into names of lookups": (
        "GET",
        f"contacts?fetchXml={FISCAL}",
        None,
        {},
    ),
    "`?sql=` with figures that have no name": ("GET", "contacts?sql=SELECT COUNT(*) FROM contact", None, {}),
    "repeated jobs and mail": ("POST", "BulkDelete", {**PURGE, "RecurrencePattern": "FREQ=DAILY"}, {}),
    "links of a QueryExpression": (
        "POST", "BulkDelete",
        {"JobName": "x", "QuerySet": [{"EntityName": "contact", "LinkEntities": [{}]}]}, {},
    ),
    "functions on hierarchies of other tables' rows": (
        "GET", f"contacts?$filter={CRM}Under(PropertyName='ownerid',PropertyValue='{ANN}')", None, {},
    ),
    "`$orderby` on managed properties": ("GET", "systemforms?$orderby=iscustomizable", None, {}),
    "change tracking on tables where it is off": (
        "GET",
        "savedqueries",
        None,
        {"prefer": "odata.track-changes"},
    ),
    "writing what the system sets": ("POST", "contacts", {"createdon": "2025-01-01T00:00:00Z"}, {}),
    "tables the platform keeps": ("POST", "systemusers", {"lastname": "X"}, {}),
    "columns that nobody listed of partly listed tables": ("POST", "tasks", {"nosuch": 1}, {}),
    "duplicate detection with many rows at once": (
        "POST", f"contacts/{CRM}CreateMultiple", {"Targets": [CONTACT]},
        {"mscrm.suppressduplicatedetection": "false"},
    ),
    "`If-Match` together with `If-None-Match`": (
        "PATCH", f"contacts({ANN})", {}, {"if-match": "*", "if-none-match": "*"},
    ),
    "`If-None-Match` with a version": ("PATCH", f"contacts({ANN})", {}, {"if-none-match": 'W/"5"'}),
    "a key in the body that is not the address's": ("PATCH", f"contacts({ANN})", {"contactid": BEN}, {}),
    "forms and views that are not customizable": ("PATCH", f"systemforms({MINE})", {"name": "X"}, {}),
    "the same id twice": (
        "POST",
        f"contacts/{CRM}UpdateMultiple",
        {"Targets": [{**CONTACT, "contactid": ANN}, {**CONTACT, "contactid": ANN}]},
        {},
    ),
    "`PerformParentingChecks`": ("POST", "Merge", {**MERGE, "PerformParentingChecks": True}, {}),
    "rows that were merged before": (
        "POST", "Merge",
        {"Target": {**CONTACT, "contactid": ANN}, "Subordinate": {**CONTACT, "contactid": OLDER}}, {},
    ),
    "anything but tables and option sets": (
        "POST", "PublishXml", {"ParameterXml": "<importexportxml><webresources/></importexportxml>"}, {},
    ),
    "tables other than forms and views": ("GET", f"contacts({ANN})/{CRM}RetrieveUnpublished()", None, {}),
    "filters beyond comparisons": ("GET", f"{COLUMNS}?$filter=startswith(LogicalName,'a')", None, {}),
    "properties nobody documented of standard definitions": (
        "GET", f"{COLUMNS}?$select=IsSearchable", None, {},
    ),
    "changes since a stamp": ("GET", "RetrieveMetadataChanges(ClientVersionStamp='1!')", None, {}),
    "labels of some languages": (
        "GET", 'RetrieveMetadataChanges(Query=@q)?@q={"LabelQuery":{"FilterLanguages":[1033]}}', None, {},
    ),
    "conditions beyond equality": (
        "GET", f"RetrieveMetadataChanges(Query=@q)?@q={json.dumps(QUERY).replace('Equals', 'GreaterThan')}",
        None, {},
    ),
    "tables of activities": ("POST", "EntityDefinitions", table("asn_Other", IsActivity=True), {}),
    "elastic and virtual tables": ("POST", "EntityDefinitions", table("asn_Other", TableType="Elastic"), {}),
    "changing EntitySetName": ("PUT", THING, table("asn_Thing", EntitySetName="asn_others"), {}),
    "a lookup without its relationship": ("POST", COLUMNS, of_type("Lookup", "asn_SomeId"), {}),
    "shortening a column": (
        "PUT", f"{THING}/Attributes(LogicalName='asn_name')", of_type("String", "asn_Name", MaxLength=5), {},
    ),
    "a many-to-many relationship of a table with itself without names of its properties": (
        "POST", "RelationshipDefinitions",
        {"@odata.type": f"{CRM}ManyToManyRelationshipMetadata", "SchemaName": "asn_many",
         "Entity1LogicalName": "contact", "Entity2LogicalName": "contact"},
        {},
    ),
    "RetrieveUserPrivileges of other than users": (
        "GET", f"contacts({ANN})/{CRM}RetrieveUserPrivileges()", None, {},
    ),
    "RetrieveRolePrivilegesRole of other than roles": (
        "GET", f"contacts({ANN})/{CRM}RetrieveRolePrivilegesRole()", None, {},
    ),
    "AddListMembersList to other than lists": (
        "POST", f"contacts({ANN})/{CRM}AddListMembersList", {"Members": []}, {},
    ),
    "AddPrivilegesRole to other than roles": (
        "POST", f"contacts({ANN})/{CRM}AddPrivilegesRole", MORE, {},
    ),
    "ReplacePrivilegesRole of other than roles": (
        "POST", f"contacts({ANN})/{CRM}ReplacePrivilegesRole", MORE, {},
    ),
}  # fmt: skip

IMPLEMENTED = [operation for operation in OPERATIONS if operation.perform]
MISSING = [operation for operation in OPERATIONS if not operation.perform]


def named(operation: Operation) -> str:
    """Method and shape."""
    return f"{operation.method} {operation.shape}"


def furnished() -> Organization:
    """Two contacts, one of an account; a merged one; a custom column, a solution, a locked form."""
    organization = create_organization()
    for path, body in (
        ("accounts", {"accountid": FIRM, "name": "F", "telephone1": "1"}),
        ("contacts", {"contactid": ANN, "lastname": "A",
                      "parentcustomerid_account@odata.bind": f"/accounts({FIRM})"}),
        ("contacts", {"contactid": BEN, "lastname": "B"}),
        ("contacts", {"contactid": OLDER, "lastname": "C"}),
        ("contacts", {"contactid": MINE, "lastname": "D"}),
        ("Merge", {"Target": {**CONTACT, "contactid": MINE}, "Subordinate": {**CONTACT, "contactid": OLDER}}),
        (COLUMNS, column("asn_Old")),
        ("EntityDefinitions", table("asn_Thing")),
        ("RelationshipDefinitions", one_to_many("asn_contact_thing", ReferencingEntity="asn_thing")),
        ("asn_things", {"asn_name": "twice"}),
        ("asn_things", {"asn_name": "twice"}),
        (f"{THING}/Keys", key_of("asn_name")),
        ("GlobalOptionSetDefinitions",
         {**options((1, "a")), "Name": "asn_level", "DisplayName": label("x")}),
        ("roles", {"roleid": MINE, "name": "Role"}),
        ("lists", {"listid": MINE, "listname": "List", "createdfromcode": 2}),
        ("publishers", {"publisherid": MINE, "uniquename": "us", "friendlyname": "Us",
                        "customizationprefix": "us", "customizationoptionvalueprefix": 20000}),
        ("solutions", {"uniquename": "ours", "friendlyname": "Ours", "version": "1.0.0.0",
                       "publisherid@odata.bind": f"/publishers({MINE})"}),
    ):  # fmt: skip
        answer = asked(organization, "POST", path, body)
        assert answer.status == 204, (path, answer.body)
    key_definitions.settle(organization)  # and the key is Failed, as two rows are called twice
    form = str(organization.table("systemform").row(0)["formxml"])
    contact = organization.model.tables["contact"].with_columns(
        Column("asn_file", Kind.FILE, "asn_File", 30_000)
    )
    organization.change_model(organization.model.with_table(contact))
    noted = {"auditid": MINE, "objecttypecode": "contact", "objectid": ANN, "changedata": NOTHING_CHANGED}
    organization.table("audit").insert({**noted, "versionnumber": organization.next_version()}, 0)
    layers.put_form(organization, MINE, "Locked", form, customizable=False)
    return organization


def asked(organization: Organization, method: str, path: str, body: object = None, **headers: str) -> Answer:
    """One request, straight to the dispatcher."""
    path, _, query = path.partition("?")
    data = b"" if body is None else json.dumps(body).encode()
    user = organization.identity.person("rep-anna")
    query = quote(query, safe="=&$(),'@")
    return dispatch.perform(
        organization, Call(method, path, query, headers, data, user, "http://x/api/data/v9.2")
    )


@pytest.fixture(scope="module")
def template() -> Organization:
    """An organisation that every claim gets a copy of."""
    return furnished()


@pytest.mark.parametrize("operation", IMPLEMENTED, ids=named)
def test_what_is_listed_as_implemented_answers(operation: Operation, template: Organization) -> None:
    """Its example is of the listed shape and succeeds; of DeleteMultiple the documented refusal does."""
    if operation.name.startswith("DeleteMultiple"):
        answer = asked(template.snapshot(), "POST", f"contacts/{CRM}DeleteMultiple", {"Targets": []})
        assert b"DeleteMultiple has not yet been implemented." in answer.body
        return
    path, body = EXAMPLES[named(operation)]
    assert shape(template.model, requests.segments(path.partition("?")[0])) == operation.shape
    answer = asked(template.snapshot(), operation.method, path, body)
    assert answer.status < 300, answer.body


@pytest.mark.parametrize("operation", MISSING, ids=named)
def test_what_is_listed_as_missing_is_a_501_by_its_name(operation: Operation, template: Organization) -> None:
    """The sentence names the operation."""
    path = operation.shape.replace("{set}({key})", f"contacts({ANN})")
    path = path.replace("EntityDefinitions({key})", "EntityDefinitions(LogicalName='contact')")
    answer = asked(template.snapshot(), operation.method, path.replace("({key})", "(A=@a)"), {})
    assert answer.status == 501
    assert operation.name in answer.body.decode()


@pytest.mark.parametrize("gap", sorted({gap for operation in OPERATIONS for gap in operation.gaps}))
def test_every_gap_is_a_501(gap: str, template: Organization) -> None:
    """Once it is closed this fails, and the list must say so."""
    method, path, body, headers = GAPS[gap]
    answer = asked(template.snapshot(), method, path, body, **headers)
    assert answer.status == 501, answer.body


def test_no_proof_without_a_claim() -> None:
    """Every example and every gap here is of the list."""
    assert set(EXAMPLES) <= {named(operation) for operation in IMPLEMENTED}
    assert set(GAPS) == {gap for operation in OPERATIONS for gap in operation.gaps}


def test_the_printed_list_is_up_to_date() -> None:
    """OPERATIONS.md is what `python -m dataverse_emulator operations` prints."""
    printed = Path(dataverse_emulator.__file__).with_name("OPERATIONS.md").read_text("utf-8")
    assert reference.text() == printed, "python -m dataverse_emulator operations > …/OPERATIONS.md"


@pytest.mark.parametrize(
    ("part", "method"), [("contacts", "GET"), ("PublishAllXml", "POST")], ids=["read", "no row"]
)
def test_gaps_of_change_sets(part: str, method: str, template: Organization) -> None:
    """What a change set does not take is a 501 in its place (4.1)."""
    held = batch_of(change_set(one_part(f"{method} {part}", content_id="1")))
    headers = {"content-type": "multipart/mixed; boundary=b"}
    organization = template.snapshot()
    call = Call("POST", "$batch", "", headers, held.encode(), organization.identity.system, "http://x")
    assert batch.perform(organization, call).status == 501
