"""Filtering, sorting, counting and paging contacts."""

import pytest

from .api import Api, Reply


async def crowd(api: Api) -> None:
    """Four contacts with differing consent."""
    await api.add(lastname="Ek", emailaddress1="Ann@X.com", donotbulkemail=True)
    await api.add(lastname="O'Brien", emailaddress1="bo@x.com", donotbulkemail=False)
    await api.add(lastname="Åström", emailaddress1="bo@x.com")
    await api.add(lastname="Nil", donotbulkemail=None)


def names(reply: Reply) -> list[str]:
    """Last names, sorted."""
    assert reply.status == 200, reply.text
    return sorted(row["lastname"] for row in reply.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lastname eq 'EK'", ["Ek"]),
        ("lastname eq 'O''Brien'", ["O'Brien"]),
        ("emailaddress1 eq 'ann@x.COM'", ["Ek"]),
        ("emailaddress1 eq null", ["Nil"]),
        ("emailaddress1 ne null", ["Ek", "O'Brien", "Åström"]),
        ("donotbulkemail eq true", ["Ek"]),
        ("donotbulkemail ne true", ["O'Brien", "Åström"]),
        ("(donotbulkemail ne true or donotbulkemail eq null)", ["Nil", "O'Brien", "Åström"]),
        ("not (donotbulkemail eq true)", ["O'Brien", "Åström"]),
        ("not (donotbulkemail eq true and lastname eq 'Ek')", ["Nil", "O'Brien", "Åström"]),
        ("donotbulkemail eq false and lastname ne 'O''Brien'", ["Åström"]),
        ("contains(emailaddress1,'@X')", ["Ek", "O'Brien", "Åström"]),
        ("startswith(lastname,'å')", ["Åström"]),
        ("endswith(lastname,'en')", ["O'Brien"]),
        ("startswith(lastname,'_k')", ["Ek"]),
        ("contains(lastname,'[aeo]%i')", ["O'Brien"]),
        ("endswith(lastname,'[^n]')", ["Ek", "Nil", "Åström"]),
        ("not startswith(emailaddress1,'ann')", ["O'Brien", "Åström"]),
        (
            'Microsoft.Dynamics.CRM.In(PropertyName=\'lastname\',PropertyValues=["O\'Brien","ek"])',
            ["Ek", "O'Brien"],
        ),
        (
            "Microsoft.Dynamics.CRM.In(PropertyName='emailaddress1',PropertyValues=[\"BO@x.com\"])",
            ["O'Brien", "Åström"],
        ),
        ("Microsoft.Dynamics.CRM.NotIn(PropertyName='emailaddress1',PropertyValues=[\"bo@x.com\"])", ["Ek"]),
        (
            "statecode eq 0 and createdon ge 2025-01-01T00:00:00Z and createdon lt 2026-01-01",
            ["Ek", "Nil", "O'Brien", "Åström"],
        ),
        ("lastname gt 'm' and lastname lt 'p'", ["Nil", "O'Brien"]),
    ],
)
async def test_filters(api: Api, text: str, expected: list[str]) -> None:
    """Operators, functions, case, quotes, wildcards and nulls as section 2.3 has them."""
    await crowd(api)
    assert names(await api.get(f"contacts?$select=lastname&$filter={text}")) == expected


async def test_parameter_alias(api: Api) -> None:
    """`$filter=lastname eq @p1&@p1='x'` (2.3)."""
    await crowd(api)
    assert names(await api.get("contacts?$filter=lastname eq @p1&@p1='ek'")) == ["Ek"]


async def test_filter_by_id_and_user(api: Api) -> None:
    """Guids are unquoted, lookups filter by _x_value (2.3)."""
    key = await api.add(lastname="Ek")
    await api.user("rep-bert").add(lastname="Bo")
    assert names(await api.get(f"contacts?$filter=contactid eq {key}")) == ["Ek"]
    user = (await api.get("WhoAmI")).json["UserId"]
    assert names(await api.get(f"contacts?$filter=_createdby_value eq {user}")) == ["Ek"]


async def test_null_in_negative_filters_is_a_switch(api: Api) -> None:
    """Whether `ne true` finds nulls is not documented, so it can be chosen (2.3)."""
    await crowd(api)
    await api.put(f"{api.url}/emulator/choices", {"null_is_different": True})
    assert names(await api.get("contacts?$filter=donotbulkemail ne true")) == ["Nil", "O'Brien", "Åström"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("$filter=nosuch eq 1", (400, "0x80060888")),
        ("$select=nosuch", (400, "0x80060888")),
        ("$select=parentcustomerid_account", (501, "NotImplemented")),
        ("$filter=lastname eq", (400, "0x8006088a")),
        ("$filter=lastname eq 5", (400, "0x8006088a")),
        ("$filter=donotbulkemail eq 'true'", (400, "0x8006088a")),
        ("$filter=lastname eq 'x", (400, "0x8006088a")),
        ("$filter=(lastname eq 'x'", (400, "0x8006088a")),
        ("$filter=", (400, "0x8006088a")),
        ("$filter=tolower(lastname) eq 'x'", (501, "NotImplemented")),
        (
            "$filter=Microsoft.Dynamics.CRM.SomethingElse(PropertyName='modifiedon',PropertyValue=2)",
            (501, "NotImplemented"),
        ),
        ("$skip=5", (400, "0x8006088a")),
        ("$search=x", (400, "0x8006088a")),
        ("$Select=lastname", (400, "0x8006088a")),
        ("$expand=nosuch", (400, "0x80060888")),
        ("$top=-1", (400, "0x8006088a")),
        ("$orderby=nosuch", (400, "0x80060888")),
        ("$top=1&$top=2", (400, "0x8006088a")),
    ],
)
async def test_refused_queries(api: Api, query: str, expected: tuple[int, str]) -> None:
    """Bad queries are 400 with a code, unsupported options too, unimitated ones 501 (2.3, 2.5)."""
    assert (await api.get(f"contacts?{query}")).error == expected


async def test_unknown_property_is_named(api: Api) -> None:
    """The documented sentence about the property (2.5)."""
    assert (await api.get("contacts?$select=nosuch")).message == (
        "Could not find a property named 'nosuch' on type 'Microsoft.Dynamics.CRM.contact'."
    )


async def test_order_and_top(api: Api) -> None:
    """Nulls first when ascending; $top limits and gives no nextLink (2.3)."""
    await crowd(api)
    reply = await api.get("contacts?$select=lastname&$orderby=emailaddress1 desc,lastname&$top=3")
    assert [row["lastname"] for row in reply.value] == ["O'Brien", "Åström", "Ek"]
    assert "@odata.nextLink" not in reply.json
    ascending = await api.get("contacts?$select=lastname&$orderby=emailaddress1&$top=1")
    assert [row["lastname"] for row in ascending.value] == ["Nil"]


async def test_top_beside_a_page_size_is_ignored(api: Api) -> None:
    """`$top` together with odata.maxpagesize is ignored (2.3)."""
    await crowd(api)
    reply = await api.get("contacts?$top=1", Prefer="odata.maxpagesize=3")
    assert len(reply.value) == 3
    assert "@odata.nextLink" in reply.json


async def test_count(api: Api) -> None:
    """$count=true and /$count (2.3)."""
    await crowd(api)
    assert (await api.get("contacts?$count=true&$top=1")).json["@odata.count"] == 4
    reply = await api.get("contacts/$count?$filter=donotbulkemail eq false")
    assert (reply.text, reply.headers["Content-Type"]) == ("2", "text/plain")


async def test_count_is_capped(api: Api) -> None:
    """Both counts stop at 5000 (2.3)."""
    await api.post(f"{api.url}/emulator/contacts", {"count": 5100})
    assert (await api.get("contacts/$count")).text == "5000"
    assert (await api.get("contacts?$count=true&$top=1")).json["@odata.count"] == 5000


@pytest.mark.parametrize(
    "query",
    ["", "$filter=statecode eq 0&", "$orderby=donotbulkemail desc,emailaddress1&", "$orderby=modifiedon&"],
)
async def test_pages_cover_everything_once(api: Api, query: str) -> None:
    """Following nextLink verbatim brings every row once, whatever the order (2.4)."""
    await api.post(f"{api.url}/emulator/contacts", {"count": 500})
    everything = {row["contactid"] for row in (await api.get(f"contacts?{query}$select=contactid")).value}
    reply = await api.get(f"contacts?{query}$select=contactid", Prefer="odata.maxpagesize=70")
    seen = [row["contactid"] for row in reply.value]
    while link := reply.json.get("@odata.nextLink"):
        reply = await api.get(link, Prefer="odata.maxpagesize=70")
        seen += [row["contactid"] for row in reply.value]
    assert (len(seen), set(seen)) == (len(everything), everything)


async def test_next_link_shape(api: Api) -> None:
    """The skiptoken is an encoded cookie with a twice-encoded cookie inside; no page size in it (2.4)."""
    await api.post(f"{api.url}/emulator/contacts", {"count": 5})
    reply = await api.get("contacts?$select=contactid", Prefer="odata.maxpagesize=2")
    link = reply.json["@odata.nextLink"]
    assert link.startswith(
        f"{api.root}/contacts?$select=contactid&$skiptoken=%3Ccookie%20pagenumber%3D%222%22"
    )
    assert link.endswith("istracking%3D%22False%22%20%2F%3E")
    assert len((await api.get(link)).value) == 3


async def test_a_page_is_never_above_5000(api: Api) -> None:
    """The effective maximum is 5000, also when more is asked (2.2, 2.4)."""
    await api.post(f"{api.url}/emulator/contacts", {"count": 5001})
    reply = await api.get("contacts?$select=contactid", Prefer="odata.maxpagesize=9999")
    assert len(reply.value) == 5000


async def test_paging_is_live(api: Api) -> None:
    """A row deleted between pages does not appear, and none is skipped (2.4)."""
    for at in range(6):
        await api.add(contactid=f"0000000{at}-0000-0000-0000-000000000000", lastname=str(at))
    first = await api.get("contacts?$select=lastname", Prefer="odata.maxpagesize=2")
    await api.delete("contacts(00000001-0000-0000-0000-000000000000)")
    await api.delete("contacts(00000003-0000-0000-0000-000000000000)")
    second = await api.get(first.json["@odata.nextLink"])
    assert names(second) == ["2", "4", "5"]


async def test_altered_skiptoken_is_refused(api: Api) -> None:
    """A cookie that was decoded and re-encoded does not work (11)."""
    assert (await api.get("contacts?$skiptoken=nonsense")).status == 400
    assert (await api.get("contacts?$skiptoken=%3Ccookie%20pagenumber=%222%22/%3E")).status == 400


async def test_aliases_of_properties(api: Api) -> None:
    """In $filter and $orderby an alias may stand for a property (Parameter aliases with query options)."""
    for first, last in (("A", "B"), ("C", "C"), ("A", "D")):
        await api.add(firstname=first, lastname=last)
    found = await api.get(
        "contacts?$select=lastname&$filter=@p1 ne @p2&$orderby=@p1 asc,@p2 desc&@p1=firstname&@p2=lastname"
    )
    assert [row["lastname"] for row in found.value] == ["D", "B"]
    assert (await api.get("contacts?$orderby=@p1&@p1=nosuch")).status == 400
    assert (await api.get("contacts?$filter=@p1 eq 'x'&@p1=@p1")).status == 400
