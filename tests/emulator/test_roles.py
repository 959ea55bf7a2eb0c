"""Security roles, depths, secured columns and acting for others (dataverse.md 1.4, 2.2, 9.2, 10)."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp import ClientSession

from dataverse_emulator import Settings, Sources, create_organization, running, seeded_ids

from .api import CONTACT, Api, Clock, entity_id
from .model import CRM, Body, column, key_of, make, table

CONTACT_VERBS = ("Read", "Create", "Write", "Delete", "Append", "Assign")
ASSOCIATION = "systemuserroles_association/$ref"


@pytest_asyncio.fixture(loop_scope="session")
async def admin(clock: Clock) -> AsyncIterator[Api]:
    """The administrator of an organisation whose other users begin without roles."""
    organization = create_organization(sources=Sources(clock, seeded_ids(7)))
    organization.identity.person("admin")
    organization.settings = Settings(role_of_new_users="", outsiders=frozenset({"stranger"}))
    async with running(organization) as found, ClientSession() as session:
        yield Api(session, found.url, "admin")


async def privileges(admin: Api, depth: str, *names: str) -> Body:
    """The body of AddPrivilegesRole."""
    test = " or ".join(f"name eq '{name}'" for name in names)
    rows = (await admin.get(f"privileges?$select=privilegeid,name&$filter={test}")).value
    assert {row["name"] for row in rows} == set(names)
    return {"Privileges": [{"Depth": depth, "PrivilegeId": row["privilegeid"]} for row in rows]}


async def role(admin: Api, depth: str, *names: str) -> str:
    """A new role with privileges; its id."""
    unit = (await admin.get("WhoAmI")).json["BusinessUnitId"]
    body = {"name": "Role", "businessunitid@odata.bind": f"/businessunits({unit})"}
    made = entity_id(await admin.post("roles", body))
    wanted = await privileges(admin, depth, *names)
    assert (await admin.post(f"roles({made})/{CRM}AddPrivilegesRole", wanted)).status == 204
    return made


async def person(admin: Api, name: str, *roles: str) -> Api:
    """A user with roles."""
    user = admin.user(name)
    key = (await user.get("WhoAmI")).json["UserId"]
    for one in roles:
        link = {"@odata.id": f"{admin.root}/roles({one})"}
        assert (await admin.post(f"systemusers({key})/{ASSOCIATION}", link)).status == 204
    return user


def contact(*verbs: str) -> list[str]:
    """Privileges on contact."""
    return [f"prv{verb}Contact" for verb in verbs]


async def test_a_missing_privilege_is_named(admin: Api) -> None:
    """403 with 0x80040220, the privilege, the table and its code (1.4)."""
    rep = await person(admin, "rep", await role(admin, "Global", *contact("Read", "Create")))
    key = await rep.add(lastname="Ek")
    assert (await rep.get(f"contacts({key})")).status == 200
    reply = await rep.patch(f"contacts({key})", {"lastname": "Ek"})
    assert reply.error == (403, "0x80040220")
    assert "is missing prvWriteContact privilege (Id=" in reply.message
    assert "on OTC=2 for entity 'contact'" in reply.message


@pytest.mark.parametrize("verb", CONTACT_VERBS)
async def test_every_act_has_its_privilege(admin: Api, verb: str) -> None:
    """Without one of them, just what it is for is refused (9.2, 10)."""
    names = contact(*(one for one in CONTACT_VERBS if one != verb))
    names += ["prvReadAccount", "prvAppendToAccount", "prvReadUser"]
    rep = await person(admin, "rep", await role(admin, "Global", *names))
    other = (await (await person(admin, "other")).get("WhoAmI")).json["UserId"]
    firm = entity_id(await admin.post("accounts", {"name": "Firm"}))
    key = await admin.add(lastname="Ek")
    bulk = {"Targets": [{"@odata.type": CONTACT, "contactid": key, "lastname": "B"}]}
    firm_bind = {"parentcustomerid_account@odata.bind": f"/accounts({firm})"}
    acts = (
        (rep.get("contacts"), {"Read"}),
        (rep.get(f"contacts({key})"), {"Read"}),
        (rep.get("contacts/$count"), {"Read"}),
        (rep.post("contacts", {"lastname": "A"}), {"Create"}),
        (rep.patch(f"contacts({key})", {"lastname": "B"}), {"Write"}),
        (rep.post(f"contacts/{CRM}UpdateMultiple", bulk), {"Write"}),
        (rep.patch(f"contacts({key})", firm_bind), {"Write", "Append"}),
        (
            rep.patch(f"contacts({key})", {"ownerid@odata.bind": f"/systemusers({other})"}),
            {"Write", "Assign"},
        ),
        (rep.delete(f"contacts({key})"), {"Delete"}),
    )
    for call, needed in acts:
        reply = await call
        assert (reply.status == 403) == (verb in needed), (needed, reply.text)
        if verb in needed:
            assert f"prv{verb}Contact" in reply.message


async def test_depth_is_how_far_a_privilege_reaches(admin: Api) -> None:
    """Basic is one's own rows; lists show only those, and change tracking needs all (3.1)."""
    rep = await person(
        admin, "rep", await role(admin, "Basic", *contact("Read", "Create", "Write", "Delete"))
    )
    own, other = await rep.add(lastname="Own"), await admin.add(lastname="Other")
    assert [row["contactid"] for row in (await rep.get("contacts?$select=lastname")).value] == [own]
    assert (await rep.get("contacts/$count")).text == "1"
    fetch = '<fetch><entity name="contact"><attribute name="lastname"/></entity></fetch>'
    assert [row["lastname"] for row in (await rep.get(f"contacts?fetchXml={fetch}")).value] == ["Own"]
    assert (await rep.get("contacts?$apply=aggregate($count as n)")).value == [{"n": 1}]
    assert (await rep.get(f"contacts({other})")).error == (403, "0x80040220")
    assert (await rep.patch(f"contacts({other})", {"lastname": "X"})).error == (403, "0x80040220")
    assert (await rep.patch(f"contacts({own})", {"lastname": "X"})).status == 204
    assert (await rep.delete(f"contacts({other})")).error == (403, "0x80040220")
    assert (await rep.get("contacts", Prefer="odata.track-changes")).error == (403, "0x80040220")
    unit = await person(admin, "unit", await role(admin, "Local", *contact("Read")))
    assert len((await unit.get("contacts")).value) == 2


async def test_expanded_rows_are_those_one_may_read(admin: Api) -> None:
    """A lookup leads nowhere the caller's depth does not reach, and without privilege it is refused (10)."""
    names = ["prvReadAccount", "prvCreateAccount"]
    rep = await person(admin, "rep", await role(admin, "Global", *names))
    ann = await admin.add(lastname="Ek")
    firm = await admin.post("accounts", {"name": "Firm", "primarycontactid@odata.bind": f"/contacts({ann})"})
    path = f"accounts({entity_id(firm)})?$select=name&$expand=primarycontactid($select=lastname)"
    assert (await rep.get(path)).error == (403, "0x80040220")
    await person(admin, "rep", await role(admin, "Basic", "prvReadContact"))
    assert (await rep.get(path)).json["primarycontactid"] is None
    assert (await admin.get(path)).json["primarycontactid"]["lastname"] == "Ek"


async def test_a_users_privileges_are_told(admin: Api) -> None:
    """RetrieveUserPrivileges gives each at its deepest (10)."""
    shallow, deep = (
        await role(admin, "Basic", "prvReadContact"),
        await role(admin, "Global", "prvReadContact"),
    )
    rep = await person(admin, "rep", shallow, deep, await role(admin, "Global", "prvReadUser"))
    me = (await rep.get("WhoAmI")).json["UserId"]
    path = f"systemusers({me})/{CRM}RetrieveUserPrivileges()"
    told = {one["PrivilegeName"]: one["Depth"] for one in (await rep.get(path)).json["RolePrivileges"]}
    assert told == {"prvReadContact": "Global", "prvReadUser": "Global"}
    body = await privileges(admin, "Local", "prvReadAccount")
    assert (await admin.post(f"roles({deep})/{CRM}ReplacePrivilegesRole", body)).status == 204
    held = (await admin.get(f"roles({deep})/{CRM}RetrieveRolePrivilegesRole()")).json["RolePrivileges"]
    assert [(one["PrivilegeName"], one["Depth"]) for one in held] == [("prvReadAccount", "Local")]
    boss = (await admin.get("WhoAmI")).json["UserId"]
    everything = (await admin.get(path.replace(me, boss))).json["RolePrivileges"]
    assert {one["Depth"] for one in everything} == {"Global"}


@pytest.mark.parametrize(
    "held",
    [
        {},
        {"Privileges": []},
        {"Privileges": [5]},
        {"Privileges": [{"Depth": "Far", "PrivilegeId": "11111111-2222-3333-4444-555555555555"}]},
        {"Privileges": [{"Depth": "Global", "PrivilegeId": "11111111-2222-3333-4444-555555555555"}]},
    ],
)
async def test_bad_privileges(admin: Api, held: Body) -> None:
    """Roles change by what can be read, all or nothing (2.8)."""
    made = await role(admin, "Basic", "prvReadContact")
    assert (await admin.post(f"roles({made})/{CRM}AddPrivilegesRole", held)).status in (400, 404)


async def test_setup_needs_privileges_of_its_own(admin: Api) -> None:
    """Definitions, publishing, views and registrations each ask for theirs (10)."""
    rep = await person(admin, "rep", await role(admin, "Global", "prvReadContact"))
    attributes = "EntityDefinitions(LogicalName='contact')/Attributes"
    for call, privilege in (
        (rep.get("EntityDefinitions"), "prvReadEntity"),
        (rep.post("EntityDefinitions", table()), "prvCreateEntity"),
        (rep.get(attributes), "prvReadAttribute"),
        (rep.post(attributes, column("String", "asn_X")), "prvCreateAttribute"),
        (rep.delete(f"{attributes}(LogicalName='asn_x')"), "prvDeleteAttribute"),
        (rep.post("EntityDefinitions(LogicalName='contact')/Keys", key_of("lastname")), "prvCreateEntityKey"),
        (rep.get("RelationshipDefinitions"), "prvReadRelationship"),
        (rep.post("PublishAllXml"), "prvPublishCustomization"),
        (rep.get("systemforms"), "prvReadSystemForm"),
        (rep.get("savedqueries"), "prvReadQuery"),
        (rep.post("publishers", {"uniquename": "x"}), "prvCreatePublisher"),
        (rep.post("serviceendpoints", {"name": "x"}), "prvCreateServiceEndpoint"),
    ):
        reply = await call
        assert reply.error == (403, "0x80040220"), reply.text
        assert privilege in reply.message


async def test_a_new_table_brings_its_privileges(admin: Api) -> None:
    """prv… with the table's schema name (10)."""
    await make(admin, "EntityDefinitions", table())
    verbs = ("Create", "Read", "Write", "Delete", "Append", "AppendTo", "Assign", "Share")
    assert await role(admin, "Global", *(f"prv{verb}asn_Subscription" for verb in verbs))
    rep = await person(admin, "rep", await role(admin, "Global", "prvReadasn_Subscription"))
    assert (await rep.get("asn_subscriptions")).status == 200
    assert "prvCreateasn_Subscription" in (await rep.post("asn_subscriptions", {"asn_name": "x"})).message


async def test_what_customisers_make_needs_no_append(admin: Api) -> None:
    """A solution refers to its publisher; such tables are only made, read, changed and deleted (10)."""
    names = [f"prv{verb}{table}" for table in ("Publisher", "Solution") for verb in ("Read", "Create")]
    maker = await person(admin, "maker", await role(admin, "Global", *names))
    body = {"uniquename": "mine", "customizationprefix": "mine", "customizationoptionvalueprefix": 12_345}
    publisher = entity_id(await maker.post("publishers", body))
    solution = {"uniquename": "ours", "version": "1.0", "publisherid@odata.bind": f"/publishers({publisher})"}
    assert (await maker.post("solutions", solution)).status == 204
    listed = (await admin.get("privileges?$select=name&$filter=contains(name,'Append')")).value
    assert not {"prvAppendSolution", "prvAppendToPublisher"} & {row["name"] for row in listed}


async def test_nobody_acts_without_a_role_or_membership(admin: Api) -> None:
    """No roles, no member, disabled: 403 with a code each (1.4)."""
    rep = await person(admin, "rep")
    assert (await rep.get("contacts")).error == (403, "0x80042f09")
    assert (await admin.user("stranger").get("WhoAmI")).error == (403, "0x80072560")
    me = (await rep.get("WhoAmI")).json["UserId"]
    assert (await admin.patch(f"systemusers({me})", {"isdisabled": True})).status == 204
    assert (await rep.get("WhoAmI")).error == (403, "0x80040225")


async def test_acting_for_somebody_else(admin: Api) -> None:
    """The headers need prvActOnBehalfOfAnotherUser; rows tell both, both must be allowed (2.2, 9.2)."""
    reader = await role(admin, "Global", *contact("Read", "Create"))
    actor = await role(admin, "Global", "prvActOnBehalfOfAnotherUser", *contact("Read", "Create", "Write"))
    rep, app = await person(admin, "rep", reader), await person(admin, "app", actor)
    ids = [(await one.get("WhoAmI")).json["UserId"] for one in (rep, app)]
    header = {"MSCRMCallerID": ids[0]}
    assert (await app.get("WhoAmI", **header)).json["UserId"] == ids[0]
    key = entity_id(await app.post("contacts", {"lastname": "Ek"}, **header))
    row = (await app.get(f"contacts({key})")).json
    assert (row["_createdby_value"], row["_createdonbehalfby_value"]) == (ids[0], ids[1])
    assert (await app.patch(f"contacts({key})", {"lastname": "X"}, **header)).error == (403, "0x80040220")
    assert (await app.patch(f"contacts({key})", {"lastname": "X"})).status == 204
    assert (await app.get(f"contacts({key})")).json["_modifiedonbehalfby_value"] is None
    assert (await rep.get("WhoAmI", MSCRMCallerID=ids[1])).error == (403, "0x8004a110")
    assert (await app.get("WhoAmI", MSCRMCallerID="nobody")).status == 404
    entra = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
    await admin.patch(f"systemusers({ids[0]})", {"azureactivedirectoryobjectid": entra})
    assert (await app.get("WhoAmI", CallerObjectId=entra)).json["UserId"] == ids[0]


async def test_secured_columns_need_a_profile(admin: Api) -> None:
    """Without one values are missing and writes refused; administrators are not concerned (10, 2.8)."""
    attributes = "EntityDefinitions(LogicalName='contact')/Attributes"
    await make(admin, attributes, column("String", "asn_X", IsSecured=True))
    rep = await person(admin, "rep", await role(admin, "Global", *contact("Read", "Create", "Write")))
    key = await admin.add(lastname="Ek", asn_x="secret")
    assert (await rep.get(f"contacts({key})?$select=asn_x")).json["asn_x"] is None
    fetch = '<fetch><entity name="contact"><{}/><filter><condition attribute="{}" operator="not-null"/>'
    fetch += "</filter></entity></fetch>"
    for asked in (
        "$filter=asn_x eq 'secret'",
        "$orderby=asn_x",
        "$apply=groupby((asn_x))",
        f"fetchXml={fetch.format('all-attributes', 'asn_x')}",
    ):
        assert (await rep.get(f"contacts?{asked}")).error == (403, "0x8004f504"), asked
    shown = (await rep.get(f"contacts?fetchXml={fetch.format('all-attributes', 'lastname')}")).value
    assert (shown[0]["lastname"], "asn_x" in shown[0]) == ("Ek", False)
    assert (await rep.patch(f"contacts({key})", {"asn_x": "y"})).error == (403, "0x8004f507")
    assert (await rep.post("contacts", {"lastname": "B", "asn_x": "y"})).error == (403, "0x8004f502")
    secured = await admin.get(f"{attributes}?$select=LogicalName&$filter=IsSecured eq true")
    assert [one["LogicalName"] for one in secured.value] == ["asn_x"]
    profile = entity_id(await admin.post("fieldsecurityprofiles", {"name": "Readers"}))
    permission = {
        "entityname": "contact",
        "attributelogicalname": "asn_x",
        "canread": 4,
        "canupdate": 0,
        "fieldsecurityprofileid@odata.bind": f"/fieldsecurityprofiles({profile})",
    }
    assert (await admin.post("fieldpermissions", permission)).status == 204
    me = (await rep.get("WhoAmI")).json["UserId"]
    link = {"@odata.id": f"{admin.root}/fieldsecurityprofiles({profile})"}
    assert (await admin.post(f"systemusers({me})/systemuserprofiles_association/$ref", link)).status == 204
    assert (await rep.get(f"contacts({key})?$select=asn_x")).json["asn_x"] == "secret"
    assert (await rep.patch(f"contacts({key})", {"asn_x": "y"})).error == (403, "0x8004f507")


JOIN = (
    "<fetch><entity name='account'><attribute name='name'/>"
    "<link-entity name='contact' from='contactid' to='primarycontactid' link-type='outer' alias='c'>"
    "<attribute name='lastname'/></link-entity></entity></fetch>"
)


async def test_joined_rows_are_those_one_may_read(admin: Api) -> None:
    """FetchXML and SQL join what the caller's depth reaches, and need the privilege on every table (10)."""
    rep = await person(admin, "rep", await role(admin, "Global", "prvReadAccount"))
    ann = await admin.add(lastname="Ek")
    await admin.post("accounts", {"name": "Firm", "primarycontactid@odata.bind": f"/contacts({ann})"})
    sql = "SELECT a.name, c.lastname FROM account a LEFT JOIN contact c ON c.contactid = a.primarycontactid"
    for query in (f"accounts?fetchXml={JOIN}", f"accounts?sql={sql}"):
        assert (await rep.get(query)).error == (403, "0x80040220")
    await person(admin, "rep", await role(admin, "Basic", "prvReadContact"))
    assert "c.lastname" not in (await rep.get(f"accounts?fetchXml={JOIN}")).value[0]
    assert (await rep.get(f"accounts?sql={sql}")).value == [{"name": "Firm", "lastname": None}]
    assert (await admin.get(f"accounts?fetchXml={JOIN}")).value[0]["c.lastname"] == "Ek"
    assert (await rep.get("contacts?$apply=aggregate($count as n)")).value == [{"n": 0}]


async def test_nobody_asks_by_secured_columns(admin: Api) -> None:
    """They show nothing, and neither filter, sort nor group (2.8, 10)."""
    secured = {**column("String", "asn_X"), "IsSecured": True}
    await make(admin, "EntityDefinitions(LogicalName='contact')/Attributes", secured)
    await admin.add(lastname="Ek", asn_x="secret")
    rep = await person(admin, "rep", await role(admin, "Global", "prvReadContact"))
    shown = "<fetch><entity name='contact'><attribute name='asn_x'/>{}</entity></fetch>"
    assert "asn_x" not in (await rep.get(f"contacts?fetchXml={shown.format('')}")).value[0]
    assert (await admin.get(f"contacts?fetchXml={shown.format('')}")).value[0]["asn_x"] == "secret"
    condition = "<filter><condition attribute='asn_x' operator='eq' value='secret'/></filter>"
    order = "<order attribute='asn_x'/>"
    for query in (
        f"fetchXml={shown.format(condition)}",
        f"fetchXml={shown.format(order)}",
        "sql=SELECT lastname FROM contact WHERE NOT asn_x = 'x'",
        "sql=SELECT COUNT(*) AS n FROM contact GROUP BY asn_x",
        "$apply=filter(asn_x eq 'secret')/aggregate($count as n)",
        "$apply=groupby((asn_x))",
    ):
        assert (await rep.get(f"contacts?{query}")).status == 403, query
        assert (await admin.get(f"contacts?{query}")).status == 200, query


async def test_the_log_and_bulk_deletion_have_privileges(admin: Api) -> None:
    """prvReadAuditSummary, prvReadRecordAuditHistory and prvBulkDelete (9.6, 10)."""
    rep = await person(admin, "rep", await role(admin, "Global", "prvReadContact"))
    purge = {"JobName": "x", "QuerySet": [{"EntityName": "contact"}]}
    for call, privilege in (
        (rep.get("audits"), "prvReadAuditSummary"),
        (rep.get("RetrieveRecordChangeHistory(Target=@t)?@t=1"), "prvReadRecordAuditHistory"),
        (rep.post("BulkDelete", purge), "prvBulkDelete"),
        (rep.get("RetrieveMetadataChanges(Query=@q)?@q={}"), "prvReadEntity"),
    ):
        reply = await call
        assert reply.error == (403, "0x80040220"), reply.text
        assert privilege in reply.message
