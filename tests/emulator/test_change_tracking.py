"""Change tracking: tokens, deltas, deletions, expiry."""

from collections.abc import Iterable

import pytest

from dataverse_emulator import Organization

from .api import Api, Clock, Reply

TRACK = "odata.track-changes"


async def walk(api: Api, path: str, **headers: str) -> tuple[list[dict[str, object]], str]:
    """All pages from a path, and the deltaLink of the last one."""
    rows: list[dict[str, object]] = []
    while True:
        reply = await api.get(path, **headers)
        assert reply.status == 200, reply.text
        rows += reply.value
        if link := reply.json.get("@odata.deltaLink"):
            assert "@odata.nextLink" not in reply.json
            return rows, str(link)
        path = reply.json["@odata.nextLink"]


def changed(rows: Iterable[dict[str, object]]) -> list[object]:
    """Ids of changed rows in order."""
    return [row["contactid"] for row in rows if "contactid" in row]


async def start(api: Api) -> str:
    """A deltaLink for two columns."""
    return (await walk(api, "contacts?$select=emailaddress1,donotbulkemail", Prefer=TRACK))[1]


async def test_first_read_brings_all_rows_and_a_link_at_the_end(api: Api) -> None:
    """The initial read returns everything, with the deltaLink on the last page only (3.2)."""
    await api.post(f"{api.url}/emulator/contacts", {"count": 25})
    prefer = f"{TRACK},odata.maxpagesize=10"
    first = await api.get("contacts?$select=emailaddress1", Prefer=prefer)
    assert "@odata.deltaLink" not in first.json
    assert "istracking%3D%22True%22" in first.json["@odata.nextLink"]
    assert first.headers["Preference-Applied"] == "odata.track-changes,odata.maxpagesize=10"
    rows, link = await walk(api, "contacts?$select=emailaddress1", Prefer=prefer)
    assert len(rows) == 25
    assert "$select=emailaddress1&$deltatoken=" in link
    assert "%21" in link


async def test_delta_shape(api: Api, clock: Clock) -> None:
    """Changed rows by version with all selected columns, deletions last with id and reason (3.3)."""
    keep, gone = await api.add(lastname="A"), await api.add(lastname="B")
    link = await start(api)
    await api.delete(f"contacts({gone})")
    await api.patch(f"contacts({keep})", {"donotbulkemail": True})
    new = await api.add(lastname="C")
    reply = await api.get(link)
    body = reply.json
    assert body["@odata.context"].endswith("#contacts(emailaddress1,donotbulkemail)/$delta")
    assert changed(body["value"]) == [keep, new]
    assert body["value"][0]["donotbulkemail"] is True
    assert body["value"][-1] == {
        "@odata.context": f"{api.root}/$metadata#contacts/$deletedEntity",
        "id": gone,
        "reason": "deleted",
    }


async def test_row_appears_once_with_its_present_state(api: Api) -> None:
    """However often a row changed, it comes once (3.3)."""
    key = await api.add(lastname="A")
    link = await start(api)
    for value in (True, False, True):
        await api.patch(f"contacts({key})", {"donotbulkemail": value})
    rows, _ = await walk(api, link)
    assert [(row["contactid"], row["donotbulkemail"]) for row in rows] == [(key, True)]


async def test_created_and_deleted_between_polls(api: Api) -> None:
    """A row that came and went still yields a deleted item (3.3)."""
    link = await start(api)
    key = await api.add(lastname="A")
    await api.delete(f"contacts({key})")
    rows, _ = await walk(api, link)
    assert [row.get("id") for row in rows] == [key]


async def test_empty_delta_still_has_a_link(api: Api) -> None:
    """A new deltaLink comes also when nothing changed (3.2)."""
    link = await start(api)
    rows, following = await walk(api, link)
    assert (rows, following != "") == ([], True)


@pytest.mark.parametrize("size", [1, 2, 3, 7])
async def test_paged_delta_covers_everything_once(api: Api, size: int) -> None:
    """Pages of any size bring each change once, deletions last (3.3)."""
    keys = [await api.add(lastname=str(at)) for at in range(7)]
    link = await start(api)
    for key in keys[:4]:
        await api.patch(f"contacts({key})", {"donotemail": True})
    for key in keys[4:]:
        await api.delete(f"contacts({key})")
    rows, _ = await walk(api, link, Prefer=f"odata.maxpagesize={size}")
    assert changed(rows) == keys[:4]
    assert [row["id"] for row in rows if "id" in row] == keys[4:]


async def test_change_while_paging_is_not_lost(api: Api) -> None:
    """A row changed during a paged read is in that read or in the next delta (3.2, 11)."""
    keys = [await api.add(lastname=str(at)) for at in range(4)]
    first = await api.get("contacts?$select=jobtitle", Prefer=f"{TRACK},odata.maxpagesize=2")
    early = first.value[0]["contactid"]
    await api.patch(f"contacts({early})", {"jobtitle": "Late"})
    rest, link = await walk(api, first.json["@odata.nextLink"])
    rows, _ = await walk(api, link)
    assert early in changed(rows)
    assert len(first.value) + len(rest) == len(keys)


async def test_count_of_a_delta(api: Api) -> None:
    """/$count with a token counts new, updated and deleted rows (3.3)."""
    key = await api.add(lastname="A")
    token = (await start(api)).partition("$deltatoken=")[2]
    await api.add(lastname="B")
    await api.delete(f"contacts({key})")
    assert (await api.get(f"contacts/$count?$deltatoken={token}")).text == "2"


@pytest.mark.parametrize("option", ["$filter=statecode eq 0", "$orderby=lastname", "$top=5", "$expand=x"])
async def test_options_refused_while_tracking(api: Api, option: str) -> None:
    """The four options are refused with the documented text (3.3)."""
    reply = await api.get(f"contacts?{option}", Prefer=TRACK)
    name = option.partition("=")[0]
    assert reply.status == 400
    assert reply.message == f'The "{name}" query parameter isn\'t supported when Change Tracking is enabled.'


def expired(reply: Reply) -> bool:
    """Whether the answer asks for a full sync."""
    return reply.error[1] == "0x80044352" and reply.message == (
        "Version stamp associated with the client has expired. Please perform a full sync."
    )


async def test_token_expires_with_age(api: Api, clock: Clock) -> None:
    """After expirechangetrackingindays the token is void (3.4)."""
    link = await start(api)
    clock.now += 7 * 86_400
    assert (await api.get(link)).status == 200
    clock.now += 1
    assert expired(await api.get(link))


async def test_token_expires_with_a_metadata_change(api: Api, organization: Organization) -> None:
    """A new column voids tokens of before, unless switched off (3.4)."""
    link = await start(api)
    organization.metadata_changed()
    assert expired(await api.get(link))
    await api.put(f"{api.url}/emulator/choices", {"expired_delta_status": 400})
    assert (await api.get(link)).status == 400
    await api.put(f"{api.url}/emulator/choices", {"metadata_expires_delta": False})
    assert (await api.get(link)).status == 200


async def test_lag_hides_but_never_loses(api: Api, clock: Clock) -> None:
    """With a lag, changes show up later and none is skipped (3.5)."""
    await api.put(f"{api.url}/emulator/choices", {"tracking_lag_s": 30})
    link = await start(api)
    key = await api.add(lastname="A")
    rows, link = await walk(api, link)
    assert rows == []
    clock.now += 31
    rows, _ = await walk(api, link)
    assert changed(rows) == [key]


@pytest.mark.parametrize(
    "token", ["", "x", "5", "5!yesterday", "-5%2101%2f01%2f2025%2000%3a00%3a00", "%F0%9F%92%A9"]
)
async def test_nonsense_tokens(api: Api, token: str) -> None:
    """A token we did not give out is a bad request."""
    assert (await api.get(f"contacts?$deltatoken={token}")).status == 400


async def test_delta_costs_by_change_not_by_table(organization: Organization) -> None:
    """Superseded log entries are dropped, so a table updated for ever stays small."""
    from dataverse_emulator.state import tracking, writes

    user, table = organization.identity.person("x"), organization.table("contact")
    position = writes.create(organization, user, table, {"lastname": "A"})
    for _ in range(30_000):
        with organization.transaction():
            writes.update(organization, user, table, position, {"donotemail": True})
    assert table.log.entries < 15_000
    delta = tracking.delta_page(organization, table, tracking.Token(0, 0.0), None, 10)
    assert delta.rows == [position]
