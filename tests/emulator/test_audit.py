"""The audit log (dataverse.md 9.6; Retrieve the history of audited data changes)."""

import json
from dataclasses import replace

import pytest

from dataverse_emulator import Organization
from dataverse_emulator.state import audit
from dataverse_emulator.state.choices import Choices

from .api import Api, Clock, Reply

CRM = "Microsoft.Dynamics.CRM."
ALL = 'odata.include-annotations="*"'


async def audited(api: Api, organization: Organization, *tables: str) -> None:
    """Switch auditing on, for the organisation and for the tables."""
    row = (await api.get("organizations?$select=organizationid")).value[0]["organizationid"]
    assert (await api.patch(f"organizations({row})", {"isauditenabled": True})).status == 204
    for table in tables:
        audit.audit_table(organization, table)


async def log(api: Api, options: str = "$orderby=createdon desc") -> list[dict[str, object]]:
    """The audit rows."""
    reply = await api.get(f"audits?{options}")
    assert reply.status == 200, reply.text
    return reply.value


async def history(api: Api, target: str, **paging: object) -> Reply:
    """RetrieveRecordChangeHistory, spelled as the documentation does."""
    info = json.dumps({"PageNumber": 1, "Count": 50, **paging})
    call = "RetrieveRecordChangeHistory(Target=@target,PagingInfo=@paginginfo)"
    return await api.get(f"{call}?@target={{ '@odata.id':'{target}'}}&@paginginfo={info}")


async def test_an_update_is_logged(api: Api, organization: Organization) -> None:
    """Who, when, which columns by number, and old and new values (9.6)."""
    await audited(api, organization, "contact")
    contact = await api.add(lastname="Ek")
    await api.user("rep-bo").patch(f"contacts({contact})", {"donotbulkemail": True})
    me = (await api.user("rep-bo").get("WhoAmI")).json["UserId"]
    query = "$filter=objecttypecode eq 'contact' and operation eq 2 and createdon ge 2025-01-01T00:00:00Z"
    row = (await log(api, query))[0]
    number = organization.model.tables["contact"].columns["donotbulkemail"].number
    assert (row["attributemask"], row["action"]) == (str(number), 2)
    assert (row["_objectid_value"], row["_userid_value"]) == (contact, me)
    assert json.loads(str(row["changedata"])) == {
        "changedAttributes": [{"logicalName": "donotbulkemail", "oldValue": "False", "newValue": "True"}]
    }


async def test_only_true_changes_are_logged(api: Api, organization: Organization) -> None:
    """Writing a value that is there already makes no row (2.6, 9.6)."""
    await audited(api, organization, "contact")
    contact = await api.add(lastname="Ek", donotbulkemail=True)
    before = len(await log(api))
    await api.patch(f"contacts({contact})", {"donotbulkemail": True, "lastname": "Ek"})
    assert len(await log(api)) == before == 1


@pytest.mark.parametrize("off", ["organization", "table", "column"])
async def test_all_three_switches(api: Api, organization: Organization, off: str) -> None:
    """Auditing needs organisation, table and column (9.6)."""
    if off != "organization":
        await audited(api, organization, *(() if off == "table" else ("contact",)))
    else:
        audit.audit_table(organization, "contact")
    if off == "column":
        audit.audit_column(organization, "contact", "jobtitle", on=False)
    contact = await api.add(lastname="Ek")
    await api.patch(f"contacts({contact})", {"jobtitle": "x"})
    assert [row["operation"] for row in await log(api)] == ([1] if off == "column" else [])


async def test_switches_are_metadata(api: Api) -> None:
    """A maker sets IsAuditEnabled of tables and columns in their definitions (9.6)."""
    table = "EntityDefinitions(LogicalName='contact')"
    assert (await api.get(f"{table}?$select=IsAuditEnabled")).json["IsAuditEnabled"]["Value"] is False
    row = (await api.get("organizations?$select=organizationid")).value[0]["organizationid"]
    await api.patch(f"organizations({row})", {"isauditenabled": True})
    definition = (await api.get(table)).json
    assert (await api.put(table, {**definition, "IsAuditEnabled": {"Value": True}})).status == 204
    await api.post("PublishAllXml")
    await api.add(lastname="Ek")
    assert [entry["operation"] for entry in await log(api)] == [1]


async def test_actions(api: Api, organization: Organization) -> None:
    """Create, deactivate, activate, merge and delete have codes of their own (Audit actions)."""
    await audited(api, organization, "contact")
    first, second = await api.add(lastname="A"), await api.add(lastname="B")
    await api.patch(f"contacts({first})", {"statecode": 1})
    await api.patch(f"contacts({first})", {"statecode": 0})
    entity = {"@odata.type": f"{CRM}contact"}
    merge = {"Target": {**entity, "contactid": first}, "Subordinate": {**entity, "contactid": second}}
    assert (await api.post("Merge", {**merge, "PerformParentingChecks": False})).status == 204
    await api.delete(f"contacts({first})")
    rows = await log(api, "$orderby=createdon")
    actions = [(row["_objectid_value"] == first, row["action"]) for row in rows]
    # The last one is the merged row, which loses its link to the deleted one.
    assert sorted(actions) == [
        (False, 1), (False, 2), (False, 12), (True, 1), (True, 3), (True, 4), (True, 5)
    ]  # fmt: skip


async def test_details(api: Api, organization: Organization) -> None:
    """Old and new values with their annotations (RetrieveAuditDetails)."""
    await audited(api, organization, "contact")
    account = (await api.post("accounts", {"name": "Contoso"}, Prefer="return=representation")).json
    contact = await api.add(lastname="Ek")
    bind = {"parentcustomerid_account@odata.bind": f"accounts({account['accountid']})"}
    await api.patch(f"contacts({contact})", {**bind, "donotbulkemail": True, "birthdate": "2001-02-03"})
    row = (await log(api, "$filter=operation eq 2"))[0]["auditid"]
    for call in (f"audits({row})/{CRM}RetrieveAuditDetails", f"audits({row})/{CRM}RetrieveAuditDetails()"):
        reply = await api.get(call, Prefer=ALL)
        assert reply.json["@odata.context"].endswith(f"#{CRM}RetrieveAuditDetailsResponse")
        detail = reply.json["AuditDetail"]
        assert detail["@odata.type"] == f"#{CRM}AttributeAuditDetail"
        assert detail["DeletedAttributes"] == {"Count": 0, "Keys": [], "Values": []}
        assert detail["OldValue"] == {
            "@odata.type": f"#{CRM}contact",
            "donotbulkemail@OData.Community.Display.V1.FormattedValue": "Allow",
            "donotbulkemail": False,
        }
        new = detail["NewValue"]
        assert new["_parentcustomerid_value"] == account["accountid"]
        assert new["_parentcustomerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"] == "account"
        assert new["_parentcustomerid_value@OData.Community.Display.V1.FormattedValue"] == "Contoso"
        assert (new["donotbulkemail"], new["birthdate"]) == (True, "2001-02-03")


async def test_history_of_a_row(api: Api, clock: Clock, organization: Organization) -> None:
    """Newest first, in pages, with a total when asked (RetrieveRecordChangeHistory)."""
    await audited(api, organization, "contact")
    contact = await api.add(lastname="0")
    for number in range(1, 4):
        clock.now += 60
        await api.patch(f"contacts({contact})", {"lastname": str(number)})
    reply = await history(api, f"contacts({contact})", Count=2, ReturnTotalRecordCount=True)
    found = reply.json["AuditDetailCollection"]
    assert (found["MoreRecords"], found["TotalRecordCount"]) == (True, 4)
    assert 'page="1"' in found["PagingCookie"]
    assert [detail["NewValue"]["lastname"] for detail in found["AuditDetails"]] == ["3", "2"]
    rest = await history(api, f"contacts({contact})", Count=2, PageNumber=2)
    found = rest.json["AuditDetailCollection"]
    assert (found["MoreRecords"], found["TotalRecordCount"]) == (False, -1)
    assert [detail["NewValue"]["lastname"] for detail in found["AuditDetails"]] == ["1", "0"]


async def test_history_outlives_the_row(api: Api, organization: Organization) -> None:
    """A deleted row still has a history, ending with its last values."""
    await audited(api, organization, "contact")
    contact = await api.add(lastname="Ek")
    await api.delete(f"contacts({contact})")
    details = (await history(api, f"contacts({contact})")).json["AuditDetailCollection"]["AuditDetails"]
    assert [detail["OldValue"].get("lastname") for detail in details] == ["Ek", None]


async def test_history_of_a_column(api: Api, organization: Organization) -> None:
    """Changes of that column alone (RetrieveAttributeChangeHistory)."""
    await audited(api, organization, "contact")
    contact = await api.add(lastname="Ek")
    await api.patch(f"contacts({contact})", {"donotbulkemail": True, "jobtitle": "x"})
    await api.patch(f"contacts({contact})", {"jobtitle": "y"})
    call = (
        "RetrieveAttributeChangeHistory(Target=@target,AttributeLogicalName=@name,PagingInfo=@paginginfo)"
        f"?@target={{ '@odata.id':'contacts({contact})'}}&@name='donotbulkemail'&@paginginfo=null"
    )
    details = (await api.get(call)).json["AuditDetailCollection"]["AuditDetails"]
    assert {json.dumps(sorted(detail["NewValue"].keys() - {"@odata.type"})) for detail in details} == {
        '["donotbulkemail"]'
    }
    assert len(details) == 2


async def test_rows_appear_after_a_while(api: Api, clock: Clock, organization: Organization) -> None:
    """The log is written with a delay, which is a switch (9.6)."""
    organization.choices = Choices(audit_lag_s=30)
    await audited(api, organization, "contact")
    await api.add(lastname="Ek")
    clock.now += 29
    assert await log(api) == []
    clock.now += 1
    assert len(await log(api)) == 1


async def test_what_is_undone_is_not_logged(api: Api, organization: Organization) -> None:
    """A bulk write that fails leaves no trace in the log (4.2)."""
    await audited(api, organization, "contact")
    contact = await api.add(lastname="Ek")
    target = {"@odata.type": f"{CRM}contact", "contactid": contact, "lastname": "x"}
    other = {**target, "contactid": "11111111-2222-3333-4444-555555555555"}
    reply = await api.post(f"contacts/{CRM}UpdateMultiple", {"Targets": [target, other]})
    assert reply.status == 404
    assert len(await log(api)) == 1


async def test_the_log_is_read_only(api: Api, organization: Organization) -> None:
    """Nobody writes it, and its lookups show nobody when expanded (Audit table)."""
    await audited(api, organization, "contact")
    await api.add(lastname="Ek")
    row = (await log(api, "$expand=userid($select=fullname)"))[0]
    assert row["userid"] is None
    assert (await api.delete(f"audits({row['auditid']})")).status == 501
    me = (await api.get("WhoAmI")).json["UserId"]
    assert len((await api.get(f"systemusers({me})/lk_audit_userid")).value) == 1


async def test_long_values_are_capped(api: Api, organization: Organization) -> None:
    """Large values end in three dots (AuditDetail types, the important note)."""
    definition = organization.model.tables["contact"]
    longer = replace(definition.columns["description"], max_length=10_000)
    organization.change_model(organization.model.with_table(definition.with_columns(longer)))
    await audited(api, organization, "contact")
    contact = await api.add(lastname="Ek", description="x" * 6000)
    found = (await history(api, f"contacts({contact})")).json["AuditDetailCollection"]["AuditDetails"]
    assert len(found[0]["NewValue"]["description"]) == 5001
    assert found[0]["NewValue"]["description"].endswith("…")


@pytest.mark.parametrize(
    "call",
    [
        "RetrieveRecordChangeHistory(Target=@t)?@t={'@odata.id':'nonsense(1)'}",
        "RetrieveRecordChangeHistory(Target=@t)?@t={",
        "RetrieveRecordChangeHistory(Target=@t)",
        "RetrieveRecordChangeHistory(Nonsense=@t)?@t=1",
        "RetrieveRecordChangeHistory(PagingInfo=@t)?@t={'PageNumber':1}",
        "RetrieveRecordChangeHistory(Target=@t,PagingInfo=@p)?@t={'@odata.id':'contacts(1)'}&@p={'Count':-1}",
        "RetrieveAttributeChangeHistory(Target=@t)?@t={'@odata.id':'contacts(1)'}",
    ],
)
async def test_refusals(api: Api, call: str) -> None:
    """Arguments that are missing or cannot be read answer 400."""
    assert (await api.get(call)).status == 400
