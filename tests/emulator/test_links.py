"""Lookups, collections and what ties rows together."""

import pytest

from dataverse_emulator import Organization

from .api import Api, batch_of, change_set, entity_id, part

NOWHERE = "11111111-2222-3333-4444-555555555555"


async def made(api: Api, table: str, **values: object) -> str:
    """A new row's id."""
    reply = await api.post(table, values)
    assert reply.status == 204, reply.text
    return entity_id(reply)


async def bound(api: Api, key: str) -> tuple[object, object]:
    """What a contact's company is, and in which table."""
    path = f"contacts({key})?$select=_parentcustomerid_value"
    row = (await api.get(path, Prefer='odata.include-annotations="*"')).json
    kind = row.get("_parentcustomerid_value@Microsoft.Dynamics.CRM.lookuplogicalname")
    return row["_parentcustomerid_value"], kind


@pytest.mark.parametrize("form", ["/accounts({})", "accounts({})", "{root}/accounts({})"])
async def test_binding_a_lookup(api: Api, form: str) -> None:
    """Relative with or without slash, or absolute; the table is known by the property (2.5, 9.2)."""
    account = await made(api, "accounts", name="A")
    address = form.replace("{}", account).replace("{root}", api.root)
    key = await made(api, "contacts", lastname="Ek", **{"parentcustomerid_account@odata.bind": address})
    assert await bound(api, key) == (account, "account")


async def test_a_customer_is_an_account_or_a_contact(api: Api) -> None:
    """Binding the other property changes the table along (9.2)."""
    account, other = await made(api, "accounts", name="A"), await made(api, "contacts", lastname="Boss")
    key = await made(
        api, "contacts", lastname="Ek", **{"parentcustomerid_account@odata.bind": f"accounts({account})"}
    )
    body = {"parentcustomerid_contact@odata.bind": f"contacts({other})"}
    assert (await api.patch(f"contacts({key})", body)).status == 204
    assert await bound(api, key) == (other, "contact")


@pytest.mark.parametrize(
    "body", [{"parentcustomerid_account@odata.bind": None}, {"parentcustomerid_account": None}]
)
async def test_clearing_a_lookup(api: Api, body: dict[str, object]) -> None:
    """With a null bind or a null property (Disassociate tables on update)."""
    account = await made(api, "accounts", name="A")
    key = await made(
        api, "contacts", lastname="Ek", **{"parentcustomerid_account@odata.bind": f"accounts({account})"}
    )
    assert (await api.patch(f"contacts({key})", body)).status == 204
    assert await bound(api, key) == (None, None)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"parentcustomerid_account@odata.bind": f"accounts({NOWHERE})"}, (404, "0x80040217")),
        ({"ParentCustomerId_Account@odata.bind": f"accounts({NOWHERE})"}, (400, "0x80048d19")),
        ({"parentcustomerid_account@odata.bind": f"nothings({NOWHERE})"}, (404, "0x80060888")),
        ({"parentcustomerid_account@odata.bind": "accounts"}, (400, "0x80048d19")),
        ({"parentcustomerid_account@odata.bind": 5}, (400, "0x80048d19")),
        ({"parentcustomerid_account": "x"}, (400, "0x80048d19")),
        ({"_parentcustomerid_value": NOWHERE}, (400, "0x80048d19")),
        ({"contact_customer_contacts": {}}, (400, "0x80048d19")),
    ],
)
async def test_bad_links(
    api: Api, organization: Organization, body: dict[str, object], expected: tuple[int, str]
) -> None:
    """Names are case-sensitive, rows must exist, values are no links (2.5, 11); nothing is kept."""
    assert (await api.post("contacts", {"lastname": "Ek", **body})).error == expected
    assert len(organization.table("contact")) == 0


async def test_a_link_to_the_wrong_table(api: Api) -> None:
    """A property leads to its own table only."""
    contact = await made(api, "contacts", lastname="Ek")
    body = {"name": "A", "parentaccountid@odata.bind": f"contacts({contact})"}
    assert (await api.post("accounts", body)).error == (400, "0x80048d19")


async def test_deep_insert(api: Api) -> None:
    """Related rows are made in one operation, below and above (Create related table rows)."""
    body = {
        "name": "Sample Account",
        "primarycontactid": {"firstname": "John", "lastname": "Smith"},
        "contact_customer_accounts": [{"lastname": "Ek"}, {"lastname": "Ås"}],
        "Account_Tasks": [{"subject": "Task of the account"}],
    }
    reply = await api.post(
        "accounts?$select=name&$expand=primarycontactid($select=fullname),Account_Tasks($select=subject)",
        body,
        Prefer="return=representation",
    )
    assert reply.status == 201
    assert reply.json["primarycontactid"]["fullname"] == "John Smith"
    assert [task["subject"] for task in reply.json["Account_Tasks"]] == ["Task of the account"]
    key = reply.json["accountid"]
    found = await api.get(f"accounts({key})/contact_customer_accounts?$select=lastname&$orderby=lastname")
    assert [row["lastname"] for row in found.value] == ["Ek", "Ås"]


async def test_a_failing_deep_insert_leaves_nothing(api: Api, organization: Organization) -> None:
    """All or nothing."""
    body = {"name": "A", "primarycontactid": {"lastname": "B"}, "Account_Tasks": [{"nosuchthing": 1}]}
    assert (await api.post("accounts", body)).status in (400, 501)
    assert [len(organization.table(name)) for name in ("account", "contact", "task")] == [0, 0, 0]


async def test_no_deep_update(api: Api) -> None:
    """A lookup is not changed by a value (Associate tables on update)."""
    key = await made(api, "accounts", name="A")
    reply = await api.patch(f"accounts({key})", {"primarycontactid": {"lastname": "Ek"}})
    assert reply.error == (400, "0x80048d19")


async def test_existing_rows_are_tied_on_create(api: Api) -> None:
    """A collection's bind takes addresses of rows (Associate table rows on create)."""
    tasks = [await made(api, "tasks", subject=name) for name in ("1", "2")]
    key = await made(
        api, "accounts", name="A", **{"Account_Tasks@odata.bind": [f"/tasks({t})" for t in tasks]}
    )
    found = (await api.get(f"accounts({key})/Account_Tasks?$select=subject")).value
    assert {row["activityid"] for row in found} == set(tasks)


async def test_references_of_a_collection(api: Api) -> None:
    """POST and both forms of DELETE of /$ref; /$count beside them (Associate and disassociate)."""
    account, contact = await made(api, "accounts", name="A"), await made(api, "contacts", lastname="Ek")
    path = f"accounts({account})/contact_customer_accounts"
    link = {"@odata.id": f"{api.root}/contacts({contact})"}
    assert (await api.post(f"{path}/$ref", link)).status == 204
    assert await bound(api, contact) == (account, "account")
    assert (await api.get(f"{path}/$count")).text == "1"
    assert (await api.get(f"{path}/$ref")).value == [{"@odata.id": f"{api.root}/contacts({contact})"}]
    assert (await api.delete(f"{path}({contact})/$ref")).status == 204
    assert await bound(api, contact) == (None, None)
    await api.post(f"{path}/$ref", link)
    assert (await api.delete(f"{path}/$ref?$id={api.root}/contacts({contact})")).status == 204
    assert (await api.get(f"{path}/$count")).text == "0"


async def test_references_of_a_lookup(api: Api) -> None:
    """GET, PUT and DELETE of /$ref (Change the reference in a single-valued navigation property)."""
    account, contact = await made(api, "accounts", name="A"), await made(api, "contacts", lastname="Ek")
    path = f"accounts({account})/primarycontactid"
    assert (await api.get(path)).status == 204
    assert (await api.put(f"{path}/$ref", {"@odata.id": f"contacts({contact})"})).status == 204
    assert (await api.get(f"{path}?$select=lastname")).json["lastname"] == "Ek"
    assert (await api.get(f"{path}/$ref")).json["@odata.id"] == f"{api.root}/contacts({contact})"
    assert (await api.get(f"{path}/lastname")).json["value"] == "Ek"
    assert (await api.delete(f"{path}/$ref")).status == 204
    assert (await api.get(f"{path}/$ref")).status == 204


async def test_many_to_many(api: Api) -> None:
    """Members of a list are pairs; twice is refused, and a deleted row leaves its pairs (7.5)."""
    members = await made(api, "lists", listname="L", createdfromcode=2)
    contact = await made(api, "contacts", lastname="Ek")
    path, link = f"lists({members})/listcontact_association", {"@odata.id": f"contacts({contact})"}
    assert (await api.post(f"{path}/$ref", link)).status == 204
    assert (await api.post(f"{path}/$ref", link)).error == (412, "0x80040237")
    back = await api.get(f"contacts({contact})/listcontact_association?$select=listname")
    assert [row["listname"] for row in back.value] == ["L"]
    assert (await api.delete(f"{path}({contact})/$ref")).status == 204
    await api.post(f"{path}/$ref", link)
    await api.delete(f"contacts({contact})")
    assert (await api.get(f"{path}/$count")).text == "0"


async def test_a_row_made_within_a_collection(api: Api) -> None:
    """POST to a collection makes a row that belongs to it."""
    account = await made(api, "accounts", name="A")
    reply = await api.post(f"accounts({account})/contact_customer_accounts", {"lastname": "Ek"})
    assert await bound(api, entity_id(reply)) == (account, "account")


async def test_what_deletion_takes_along(api: Api) -> None:
    """Children go where the relationship cascades, and lose their link where it says so (7.5)."""
    account, other = await made(api, "accounts", name="A"), await made(api, "accounts", name="B")
    child = await made(
        api, "contacts", lastname="Ek", **{"parentcustomerid_account@odata.bind": f"accounts({account})"}
    )
    await api.patch(f"accounts({other})", {"parentaccountid@odata.bind": f"accounts({account})"})
    assert (await api.delete(f"accounts({account})")).status == 204
    assert (await api.get(f"contacts({child})")).status == 404
    assert (await api.get(f"accounts({other})?$select=_parentaccountid_value")).json[
        "_parentaccountid_value"
    ] is None


async def test_ownership_is_assigned_by_a_bind(api: Api) -> None:
    """The owner is changed by PATCH of ownerid (9.2, Assign)."""
    key = await made(api, "accounts", name="A")
    other = (await api.user("rep-bert").get("WhoAmI")).json["UserId"]
    body = {"ownerid@odata.bind": f"/systemusers({other})"}
    assert (await api.patch(f"accounts({key})", body)).status == 204
    row = (await api.get(f"accounts({key})?$select=_ownerid_value,_owninguser_value")).json
    assert row["_ownerid_value"] == row["_owninguser_value"] == other


async def test_merging_moves_what_belongs_to_the_other(api: Api) -> None:
    """Related rows move to the target where the relationship cascades merges (9.4)."""
    first, second = await made(api, "accounts", name="A"), await made(api, "accounts", name="B")
    child = await made(
        api, "contacts", lastname="Ek", **{"parentcustomerid_account@odata.bind": f"accounts({second})"}
    )
    kind = {"@odata.type": "Microsoft.Dynamics.CRM.account"}
    body = {"Target": kind | {"accountid": first}, "Subordinate": kind | {"accountid": second}}
    assert (await api.post("Merge", body)).status == 204
    assert await bound(api, child) == (first, "account")
    row = (await api.get(f"accounts({second})?$select=merged,statecode,_masterid_value")).json
    assert (row["merged"], row["statecode"], row["_masterid_value"]) == (True, 1, first)


async def test_a_change_set_refers_to_its_own_rows(api: Api) -> None:
    """`$1` in a bind means the row an earlier part made (4.1)."""
    body = batch_of(
        change_set(
            part("POST accounts", {"name": "A"}, content_id="1"),
            part(
                "POST contacts",
                {"lastname": "Ek", "parentcustomerid_account@odata.bind": "$1"},
                content_id="2",
                Prefer="return=representation",
            ),
        )
    )
    reply = await api.batch(body)
    assert reply.status == 200
    (account,) = (await api.get("accounts?$select=name")).value
    (contact,) = (await api.get("contacts?$select=_parentcustomerid_value")).value
    assert contact["_parentcustomerid_value"] == account["accountid"]
