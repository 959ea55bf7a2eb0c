"""Pages, counts, batches and views of FetchXML (Page results using FetchXml; dataverse.md 2.4)."""

from urllib.parse import quote, unquote
from xml.sax.saxutils import quoteattr

import pytest
from lxml import etree

from .api import Api, batch_of, part
from .samples import ALL, CRM, fetched, link, names, stock


def next_page(text: str, annotation: str) -> str:
    """The same fetch, asking for the page after, as Page results describes."""
    cookie = etree.fromstring(annotation)
    inner = unquote(unquote(cookie.get("pagingcookie", "")))
    page = cookie.get("pagenumber")
    return text.replace("<fetch", f"<fetch page='{page}' paging-cookie={quoteattr(inner)}", 1)


@pytest.mark.parametrize(
    "inner",
    [
        "<attribute name='name'/>",
        "<attribute name='name'/><order attribute='address1_city' descending='true'/>",
        "<attribute name='name'/><order attribute='numberofemployees'/><order attribute='createdon'/>",
        "<attribute name='name'/><order attribute='primarycontactid'/>",
        "<link-entity name='contact' from='contactid' to='primarycontactid' link-type='outer'/>",
    ],
)
async def test_paging_with_cookies(api: Api, inner: str) -> None:
    """Following the cookie gives every row once, whatever the order (Page results, Paging cookies)."""
    await stock(api)
    text = f"<fetch count='3'><entity name='account'>{inner}</entity></fetch>"
    seen, first = list[str](), text
    for _ in range(5):
        reply = await api.get(f"accounts?fetchXml={quote(text, safe='')}", Prefer=ALL)
        assert reply.status == 200, reply.text
        seen += [row["accountid"] for row in reply.value]
        if not reply.json[f"{CRM}morerecords"]:
            break
        text = next_page(first, reply.json[f"{CRM}fetchxmlpagingcookie"])
    assert len(seen) == len(set(seen)) == 10


async def test_simple_paging(api: Api) -> None:
    """Without a cookie, count and page are enough (Page results, Simple paging)."""
    await stock(api)
    order = "<order attribute='name'/>"
    pages = [await names(api, "account", order, f"count='4' page='{page}'") for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [4, 4, 2]
    seen = [name for page in pages for name in page]
    assert seen == sorted(seen)


async def test_no_cookie_where_rows_repeat(api: Api) -> None:
    """Queries that do not allow for a cookie have morerecords alone (Page results)."""
    await stock(api)
    inner = link("", "<order attribute='fullname'/>")
    reply = await fetched(api, "account", inner, attributes="count='2'")
    assert reply.json[f"{CRM}morerecords"] is True
    assert f"{CRM}fetchxmlpagingcookie" not in reply.json


async def test_counts(api: Api) -> None:
    """returntotalrecordcount and $count=true come to the same (Count rows using FetchXml)."""
    await stock(api)
    reply = await fetched(api, "account", "", attributes="returntotalrecordcount='true' count='2'")
    assert (reply.json["@odata.count"], reply.json[f"{CRM}totalrecordcount"]) == (10, 10)
    text = "<fetch count='2'><entity name='account'/></fetch>"
    assert (await api.get(f"accounts?fetchXml={text}&$count=true")).json["@odata.count"] == 10


async def test_in_a_batch(api: Api) -> None:
    """The text may be sent in the body of a $batch (Use FetchXML within a batch request)."""
    await api.add(lastname="Ek")
    text = quote("<fetch><entity name='contact'><attribute name='lastname'/></entity></fetch>")
    reply = await api.batch(batch_of(part(f"GET /api/data/v9.2/contacts?fetchXml={text}")))
    assert '"lastname":"Ek"' in reply.text


async def test_saved_queries(api: Api) -> None:
    """A view runs by its id, in pages by nextLink (Retrieve and execute predefined queries)."""
    for last in "ABCDE":
        await api.add(lastname=last)
    view = "contacts?savedQuery=00000000-0000-0000-00aa-000010001004"
    first = await api.get(view, Prefer="odata.maxpagesize=2")
    second = await api.get(first.json["@odata.nextLink"], Prefer="odata.maxpagesize=2")
    assert [row["fullname"] for row in first.value + second.value] == ["A", "B", "C", "D"]
    assert (await api.get(view.replace("1004", "1033"))).value == []
    assert (await api.get(view.replace("1004", "9999"))).error == (404, "0x80040217")
    assert (await api.get(view.replace("contacts", "accounts"))).status == 400


async def test_saved_queries_on_collections(api: Api) -> None:
    """Also on some rows of the table (Apply a query to any collection of the appropriate type)."""
    sample = await stock(api)
    below = f"accounts({sample.accounts['Litware']})/contact_customer_accounts"
    reply = await api.get(f"{below}?savedQuery=00000000-0000-0000-00aa-000010001004")
    assert [row["fullname"] for row in reply.value] == ["Nancy Anderson", "Susanna Stubberod"]


async def test_user_queries(api: Api) -> None:
    """Views that users saved run likewise (Retrieve and execute predefined queries)."""
    await api.add(lastname="Ek")
    text = "<fetch><entity name='contact'><attribute name='lastname'/></entity></fetch>"
    made = await api.post(
        "userqueries",
        {"name": "mine", "returnedtypecode": "contact", "fetchxml": text},
        Prefer="return=representation",
    )
    assert made.status == 201, made.text
    reply = await api.get(f"contacts?userQuery={made.json['userqueryid']}")
    assert [row["lastname"] for row in reply.value] == ["Ek"]
