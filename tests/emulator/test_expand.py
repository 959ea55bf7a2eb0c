"""$expand, paths and conditions over related rows (Join tables, Filter rows)."""

import pytest

from .api import Api, entity_id


async def made(api: Api, table: str, **values: object) -> str:
    """A new row's id."""
    reply = await api.post(table, values)
    assert reply.status == 204, reply.text
    return entity_id(reply)


async def company(api: Api) -> str:
    """An account with two contacts, one of them primary, and two tasks."""
    account = await made(api, "accounts", name="Litware")
    bind = {"parentcustomerid_account@odata.bind": f"accounts({account})"}
    first = await made(api, "contacts", lastname="Ek", jobtitle="CEO", **bind)
    await made(api, "contacts", lastname="Ås", donotbulkemail=True, **bind)
    await api.patch(f"accounts({account})", {"primarycontactid@odata.bind": f"contacts({first})"})
    about = {"regardingobjectid_account_task@odata.bind": f"accounts({account})"}
    await made(api, "tasks", subject="Task 1", **about)
    second = await made(api, "tasks", subject="Task 2", **about)
    await api.patch(f"tasks({second})", {"statecode": 1})
    await made(api, "accounts", name="Empty")
    return account


async def names(api: Api, query: str) -> list[str]:
    """Names of the accounts that match, sorted."""
    reply = await api.get(f"accounts?$select=name&$filter={query}")
    assert reply.status == 200, reply.text
    return sorted(row["name"] for row in reply.value)


async def test_a_lookup_and_a_collection(api: Api) -> None:
    """One row as an object or null, many as an array with a nextLink of its own (Join tables)."""
    account = await company(api)
    query = "accounts?$select=name&$orderby=name desc"
    query += (
        "&$expand=primarycontactid($select=fullname),Account_Tasks($select=subject;$orderby=subject desc)"
    )
    reply = await api.get(query)
    assert reply.json["@odata.context"].endswith(
        "#accounts(name,primarycontactid(fullname),Account_Tasks(subject))"
    )
    full, empty = reply.value
    assert full["primarycontactid"].keys() == {"fullname", "contactid"}
    assert [task["subject"] for task in full["Account_Tasks"]] == ["Task 2", "Task 1"]
    assert full["Account_Tasks"][0]["_regardingobjectid_value"] == account
    link = full["Account_Tasks@odata.nextLink"]
    assert link.startswith(f"{api.root}/accounts({account})/Account_Tasks?$select=subject")
    assert [task["subject"] for task in (await api.get(link)).value] == ["Task 2", "Task 1"]
    assert (empty["primarycontactid"], empty["Account_Tasks"]) == (None, [])


async def test_options_of_a_collection(api: Api) -> None:
    """$filter and $top belong to the collection (Join tables)."""
    await company(api)
    only = "accounts?$select=name&$filter=name eq 'Litware'"
    kept = await api.get(f"{only}&$expand=Account_Tasks($select=subject;$filter=contains(subject,'2'))")
    assert [task["subject"] for task in kept.value[0]["Account_Tasks"]] == ["Task 2"]
    cut = await api.get(
        f"{only}&$expand=contact_customer_accounts($select=lastname;$orderby=lastname;$top=1)"
    )
    assert [row["lastname"] for row in cut.value[0]["contact_customer_accounts"]] == ["Ek"]


async def test_nested_expand(api: Api) -> None:
    """Lookups of lookups, and lookups of collections (Nested expand)."""
    await company(api)
    query = "tasks?$select=subject&$filter=subject eq 'Task 1'&$expand=regardingobjectid_account_task("
    query += "$select=name;$expand=primarycontactid($select=lastname;$expand=createdby($select=fullname)))"
    (row,) = (await api.get(query)).value
    found = row["regardingobjectid_account_task"]["primarycontactid"]
    assert (found["lastname"], found["createdby"]["fullname"]) == ("Ek", "rep-anna")
    assert found["createdby"]["ownerid"] == found["createdby"]["systemuserid"]


async def test_paging_of_nested_collections(api: Api) -> None:
    """With a nested $expand, the page size holds for the collections too (Join tables)."""
    await company(api)
    query = "accounts?$select=name&$filter=name eq 'Litware'"
    query += "&$expand=contact_customer_accounts($select=lastname;$expand=owninguser($select=fullname))"
    (row,) = (await api.get(query, Prefer="odata.maxpagesize=1")).value
    assert len(row["contact_customer_accounts"]) == 1
    rest = await api.get(row["contact_customer_accounts@odata.nextLink"], Prefer="odata.maxpagesize=1")
    seen = [*row["contact_customer_accounts"], *rest.value]
    assert sorted(found["lastname"] for found in seen) == ["Ek", "Ås"]
    assert "@odata.nextLink" not in rest.json


async def test_references_instead_of_rows(api: Api) -> None:
    """`/$ref` brings addresses, of lookups only (Return references)."""
    await company(api)
    reply = await api.get("accounts?$select=name&$filter=name eq 'Litware'&$expand=primarycontactid/$ref")
    assert reply.value[0]["primarycontactid"]["@odata.id"].startswith(f"{api.root}/contacts(")
    wrong = await api.get("accounts?$expand=Account_Tasks/$ref")
    assert wrong.error == (400, "0x80060888")
    assert wrong.message == "Expand with $ref is only supported on lookup type navigation property."


@pytest.mark.parametrize(
    ("expand", "expected"),
    [
        ("nosuch", (400, "0x80060888")),
        ("primarycontactid($select=nosuch)", (400, "0x80060888")),
        ("primarycontactid($filter=lastname eq 'x')", (400, "0x80060888")),
        ("primarycontactid($top=1)", (400, "0x80060888")),
        ("Account_Tasks($top=1;$expand=createdby)", (400, "0x80060888")),
        ("Account_Tasks($skip=1)", (400, "0x8006088a")),
        ("Account_Tasks($levels=2)", (400, "0x8006088a")),
        ("primarycontactid,primarycontactid", (400, "0x8006088a")),
        ("primarycontactid(", (400, "0x8006088a")),
        (",", (400, "0x8006088a")),
    ],
)
async def test_refused_expands(api: Api, expand: str, expected: tuple[int, str]) -> None:
    """Options that the documentation rules out, and what cannot be read."""
    assert (await api.get(f"accounts?$expand={expand}")).error == expected


async def test_at_most_fifteen_expands(api: Api) -> None:
    """ "You can include up to 15 $expand options in a query" (Join tables)."""
    deep = "parentaccountid"
    for _ in range(15):
        deep = f"parentaccountid($expand={deep})"
    assert (await api.get(f"accounts?$expand={deep}")).status == 400


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("primarycontactid/lastname eq 'ek'", ["Litware"]),
        ("primarycontactid/createdby/fullname eq 'rep-anna'", ["Litware"]),
        ("primarycontactid/lastname eq null", ["Empty"]),
        ("startswith(primarycontactid/lastname,'e')", ["Litware"]),
        ("contact_customer_accounts/any(c:c/jobtitle eq 'CEO')", ["Litware"]),
        ("contact_customer_accounts/any(c:c/jobtitle eq 'CEO' and c/donotbulkemail eq true)", []),
        ("contact_customer_accounts/any()", ["Litware"]),
        ("not contact_customer_accounts/any()", ["Empty"]),
        ("Account_Tasks/all(t:t/statecode eq 1)", ["Empty"]),
        ("Account_Tasks/any(t:t/statecode eq 1) and name eq 'litware'", ["Litware"]),
        (
            "contact_customer_accounts/any(c:c/account_primary_contact/any(a:a/name eq 'Litware'))",
            ["Litware"],
        ),
        ("name eq name", ["Empty", "Litware"]),
        ("createdon lt modifiedon", []),
    ],
)
async def test_filters_over_related_rows(api: Api, query: str, expected: list[str]) -> None:
    """Paths through lookups, any() and all() over collections, columns of the same row (Filter rows)."""
    await company(api)
    assert await names(api, query) == expected


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("primarycontactid/contact_customer_contacts/any(c:c/lastname eq 'x')", 501),
        ("contact_customer_accounts/any(c:lastname eq 'x')", 400),
        ("contact_customer_accounts/any(c:c/Contact_Tasks/any(t:c/lastname eq 'x'))", 501),
        ("contact_customer_accounts/any(c:c/nosuch eq 'x')", 400),
        ("contact_customer_accounts/any(c)", 400),
        ("contact_customer_accounts/all()", 400),
        ("primarycontactid/any(c:c/lastname eq 'x')", 400),
        ("contact_customer_accounts/lastname eq 'x'", 501),
        ("name eq numberofemployees", 400),
    ],
)
async def test_refused_filters_over_related_rows(api: Api, query: str, status: int) -> None:
    """What the documentation rules out or does not know."""
    assert (await api.get(f"accounts?$filter={query}")).status == status


async def test_sorting_by_a_related_column_is_paged(api: Api) -> None:
    """Pages follow one another in any order, also of values elsewhere (2.4)."""
    for name in ("C", "A", "B"):
        contact = await made(api, "contacts", lastname=name)
        await made(api, "accounts", name=name, **{"primarycontactid@odata.bind": f"contacts({contact})"})
    seen, path = [], "accounts?$select=name&$orderby=primarycontactid/lastname desc"
    while path:
        reply = await api.get(path, Prefer="odata.maxpagesize=1")
        seen += [row["name"] for row in reply.value]
        path = reply.json.get("@odata.nextLink", "")
    assert seen == ["C", "B", "A"]
