"""The rep pages over HTTP: the list, the files, the live row, and what the pages leave alone."""

from urllib.parse import quote

import pytest
from aiohttp import ClientSession
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataverse_emulator import RunningEmulator, create_organization, running
from dataverse_emulator.pages import site
from dataverse_emulator.wire.limits import Limits

from .api import Api
from .pages import LIST, all_at, shown, text

pytestmark = pytest.mark.thorough


async def test_root_leads_browsers_to_the_list(api: Api, emulator: RunningEmulator) -> None:
    """A browser is led on; a program is told as before that the root is not imitated."""
    async with ClientSession() as session:
        for path in ("/", "/rep"):
            headers = {"Accept": "text/html,*/*"}
            async with session.get(emulator.url + path, headers=headers, allow_redirects=False) as reply:
                assert (reply.status, reply.headers["Location"]) == (303, LIST)
    assert (await api.get(f"{api.url}/")).status == 501


async def test_an_empty_organisation_says_what_to_do(api: Api) -> None:
    """The first contact, or the switch that makes many."""
    page = await shown(api, LIST)
    assert "no contacts yet" in text(page)
    assert "--contacts 1000" in text(page)
    assert f"{LIST}/new" in all_at(page, "//a/@href")


async def test_list_shows_names_addresses_and_permission(api: Api) -> None:
    """By name, with Bulk Email in words, also where it was never set."""
    await api.add(firstname="Bo", lastname="Ek", emailaddress1="bo@example.com", donotbulkemail=True)
    key = await api.add(lastname="Alm", donotbulkemail=None)
    await api.patch(f"contacts({key})", {"statecode": 1})
    rows = [[text(cell) for cell in row] for row in (await shown(api, LIST)).iterfind(".//tbody/tr")]
    assert rows == [
        ["Alm", "–", "Bulk Email: Not set", "Inactive"],  # noqa: RUF001
        ["Bo Ek", "bo@example.com", "Bulk Email: Do Not Allow", "Active"],
    ]


@pytest.mark.parametrize("search", ["ström", "STRÖM", "kund@", " åsa "])
async def test_search_by_name_or_address(api: Api, search: str) -> None:
    """Any part, whatever its case."""
    await api.add(firstname="Åsa", lastname="Ström", emailaddress1="kund@example.com")
    await api.add(lastname="Other", emailaddress1="x@example.com")
    page = await shown(api, f"{LIST}?search={search}")
    assert all_at(page, "//tbody/tr/th/a/text()") == ["Åsa Ström"]
    assert all_at(page, "//input[@name='search']/@value") == [search.strip()]


async def test_search_without_a_match(api: Api) -> None:
    """What was sought is shown back as text, never as markup."""
    await api.add(lastname="Ek")
    asked = quote('<b>"x')
    page = await shown(api, f"{LIST}?search={asked}")
    assert 'No contact has “<b>"x” in the name' in text(page)
    assert not page.findall(".//b")


async def test_pages_of_the_list() -> None:
    """Every contact is on one page; numbers beyond the end show the last one."""
    async with running(create_organization(contacts=60)) as emulator, ClientSession() as session:
        api = Api(session, emulator.url)
        links = []
        for number in ("1", "2", "3"):
            links += all_at(await shown(api, f"{LIST}?page={number}"), "//tbody//a/@href")
        assert len(set(links)) == len(links) == 60
        last = await shown(api, f"{LIST}?page=99&search=e")
        assert all_at(last, "//nav/a/@rel") == ["prev"]
        assert "search=e" in all_at(last, "//nav/a/@href")[0]
        for odd in ("-1", "x", "²", "9" * 20):
            assert "Page 1 of 3" in text(await shown(api, f"{LIST}?page={quote(odd)}"))


async def test_contacts_that_are_not_there(api: Api) -> None:
    """A page that says so, whatever the id looks like."""
    for key in ("11111111-2222-3333-4444-555555555555", "x", "%3Cb%3E", "%00"):
        assert "There is no contact" in text(await shown(api, f"{LIST}/{key}", 404))
    for path in ("/rep/nothing", "/rep/static/../site.py", "/rep/static/site.py", f"{LIST}/new/row"):
        assert (await api.get(f"{api.url}{path}")).status == 404


async def test_row_for_the_live_refresh(api: Api) -> None:
    """The row with its words and last writer; 304 while it is the known version, 404 once it is gone."""
    key = await api.add(lastname="Ek", donotbulkemail=False)
    address = f"{api.url}{LIST}/{key}/row"
    first = await api.get(address)
    tag = first.headers["ETag"]
    assert (await api.get(f"contacts({key})?$select=lastname")).json["@odata.etag"] == tag
    assert (await api.get(address, If_None_Match=tag)).status == 304
    await api.user("sync").patch(f"contacts({key})", {"donotbulkemail": True})
    newer = (await api.get(address, If_None_Match=tag)).json
    assert (newer["by"], newer["active"]) == ("sync", True)
    assert newer["values"]["donotbulkemail"] is True
    assert newer["words"]["donotbulkemail"] == "Do Not Allow"
    await api.delete(f"contacts({key})")
    assert (await api.get(address)).status == 404


async def test_files(api: Api) -> None:
    """Typed, kept for ever under the address a page gives, checked again under any other."""
    page = await shown(api, LIST)
    addresses = all_at(page, "//script/@src | //link/@href")
    assert {address.partition("?")[0] for address in addresses} == {
        "/rep/static/rep.css", "/rep/static/rep.js", "/rep/static/icon.svg",
    }  # fmt: skip
    for address in addresses:
        assert "immutable" in (await api.get(f"{api.url}{address}")).headers["Cache-Control"]
    kinds = {"rep.css": "text/css", "record.js": "text/javascript", "icon.svg": "image/svg+xml"}
    for name, kind in kinds.items():
        reply = await api.get(f"{api.url}/rep/static/{name}")
        assert reply.headers["Content-Type"].startswith(kind)
        assert reply.headers["Cache-Control"] == "no-cache"
        assert not any(mark in reply.text for mark in ("http://", "https://")) or name == "icon.svg"
        tag = reply.headers["ETag"]
        assert (await api.get(f"{api.url}/rep/static/{name}", If_None_Match=tag)).status == 304


async def test_safety_headers_and_methods(api: Api) -> None:
    """Nothing from elsewhere, nothing inline; pages are only read."""
    key = await api.add(lastname="Ek")
    for path in (LIST, f"{LIST}/new", f"{LIST}/{key}", f"{LIST}/{key}/row", "/rep/static/rep.js"):
        reply = await api.get(f"{api.url}{path}")
        assert reply.headers["Content-Security-Policy"].startswith("default-src 'self';")
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert not any(mark in reply.text for mark in (' style="', " onclick", " onload", "javascript:"))
        head = await api.call("HEAD", f"{api.url}{path}")
        assert (head.status, head.text) == (200, "")
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            assert (await api.call(method, f"{api.url}{path}", {})).status == 405


async def test_pages_are_outside_the_imitated_surface() -> None:
    """Not counted, not journalled, not limited, and faults wait for the Web API."""
    organization, limits = create_organization(contacts=3), Limits(requests=1)
    async with running(organization, limits=limits) as emulator, ClientSession() as session:
        api = Api(session, emulator.url)
        await api.put(f"{api.url}/emulator/faults", {"next": 1})
        key = str(next(organization.table("contact").rows())["contactid"])
        for _ in range(5):
            for path in (LIST, f"{LIST}/{key}", f"{LIST}/{key}/row", "/rep/static/rep.css"):
                assert (await api.get(f"{api.url}{path}")).status == 200
        assert (await api.get(f"{api.url}/emulator/requests")).json == {"total": 0, "by_path": {}}
        assert (await api.get(f"{api.url}/emulator/journal")).json == {"entries": []}
        assert (await api.get("WhoAmI")).status == 503


async def test_strict_emulators_say_so() -> None:
    """A rep's name is no token there."""
    async with running(create_organization(strict=True)) as emulator, ClientSession() as session:
        assert "strict" in text(await shown(Api(session, emulator.url), f"{LIST}/new"))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_nothing_asked_of_pages_gives_a_500(key: str, query: str, name: str) -> None:
    """Any address, any query and any name are answered deliberately."""
    organization = create_organization(contacts=1)
    table = organization.table("contact")
    table.replace(0, {"fullname": name, "versionnumber": organization.next_version()}, 0.0)
    for path in (f"/rep/{key}", f"{LIST}/{key}", LIST, f"{LIST}/{table.row_id(0)}", f"{LIST}/{key}/row"):
        for asked in (query, f"search={query}&page={key}", f"form={query}"):
            answer = site.perform(organization, "GET", path, asked, {})
            assert answer is not None
            assert answer.status in (200, 303, 404)
