"""Creating, reading, changing and deleting contacts."""

import pytest

from dataverse_emulator import Organization

from .api import Api, Clock, entity_id

SOME = "11111111-2222-3333-4444-555555555555"


async def test_create_answers_204_with_the_address_of_the_row(api: Api) -> None:
    """A POST without preferences answers 204 and OData-EntityId (dataverse.md 2.5)."""
    reply = await api.post("contacts", {"lastname": "Ek"})
    assert reply.status == 204
    assert reply.text == ""
    assert reply.headers["OData-EntityId"].startswith(f"{api.root}/contacts(")


async def test_create_with_representation_answers_201_with_the_row(api: Api) -> None:
    """`return=representation` brings the row, honours $select and is reported as applied (2.2)."""
    reply = await api.post(
        "contacts?$select=fullname,donotbulkemail",
        {"firstname": "Ann", "lastname": "Ek"},
        Prefer="return=representation",
    )
    assert reply.status == 201
    row = reply.json
    assert (row["fullname"], row["donotbulkemail"]) == ("Ann Ek", False)
    assert row["contactid"] == entity_id(reply)
    assert row["@odata.context"].endswith("/$metadata#contacts(fullname,donotbulkemail)/$entity")
    assert reply.headers["Preference-Applied"] == "return=representation"
    assert reply.headers["ETag"] == row["@odata.etag"]


async def test_client_may_choose_the_id(api: Api) -> None:
    """The primary key may be supplied in the body, once (2.5)."""
    assert await api.add(contactid=SOME.upper(), lastname="Ek") == SOME
    again = await api.post("contacts", {"contactid": SOME, "lastname": "Ek"})
    assert again.error == (412, "0x80040237")


async def test_row_shape(api: Api, clock: Clock) -> None:
    """A row has its etag, nulls, lookups as _x_value and whole-second UTC times (2.5)."""
    clock.now = 1_760_000_000.9
    row = (await api.get(f"contacts({await api.add(lastname='Ek')})")).json
    assert row["@odata.etag"] == f'W/"{row["versionnumber"]}"'
    assert row["emailaddress1"] is None
    assert row["createdon"] == row["modifiedon"] == "2025-10-09T08:53:20Z"
    assert row["_modifiedby_value"] == (await api.get("WhoAmI")).json["UserId"]
    assert row["donotbulkemail"] is False
    assert row["followemail"] is True


async def test_annotations_when_asked(api: Api) -> None:
    """Formatted values come only with odata.include-annotations (2.2, 2.5)."""
    key = await api.add(lastname="Ek", donotbulkemail=True)
    path = f"contacts({key})?$select=donotbulkemail,_modifiedby_value"
    row = (await api.get(path, Prefer='odata.include-annotations="*"')).json
    assert row["donotbulkemail@OData.Community.Display.V1.FormattedValue"] == "Do Not Allow"
    assert row["_modifiedby_value@Microsoft.Dynamics.CRM.lookuplogicalname"] == "systemuser"
    assert row["_modifiedby_value@OData.Community.Display.V1.FormattedValue"] == "rep-anna"
    assert not any("@OData.Community" in name for name in (await api.get(path)).json)


async def test_unchanged_value_is_still_an_update(api: Api, clock: Clock) -> None:
    """Re-sending a value gives a new version and a new modifiedon (2.6)."""
    key = await api.add(lastname="Ek", donotbulkemail=True)
    before = (await api.get(f"contacts({key})")).json
    clock.now += 10
    assert (await api.patch(f"contacts({key})", {"donotbulkemail": True})).status == 204
    after = (await api.get(f"contacts({key})")).json
    assert after["versionnumber"] > before["versionnumber"]
    assert after["modifiedon"] > before["modifiedon"]


async def test_modifier_is_the_caller(api: Api) -> None:
    """modifiedby follows whoever wrote last; createdby stays (1.2, 9.2)."""
    key = await api.add(lastname="Ek")
    bert = api.user("rep-bert")
    await bert.patch(f"contacts({key})", {"jobtitle": "Buyer"})
    row = (await api.get(f"contacts({key})")).json
    assert row["_modifiedby_value"] == (await bert.get("WhoAmI")).json["UserId"]
    assert row["_createdby_value"] == (await api.get("WhoAmI")).json["UserId"]


async def test_patch_upserts(api: Api) -> None:
    """PATCH without a precondition creates a missing row, silently (2.6, 11)."""
    assert (await api.patch(f"contacts({SOME})", {"lastname": "Ek"})).status == 204
    seen = await api.patch(f"contacts({SOME})", {"lastname": "Ås"}, Prefer="return=representation")
    assert (seen.status, seen.json["lastname"]) == (200, "Ås")


async def test_upsert_with_representation_tells_creation_apart(api: Api) -> None:
    """201 when the upsert created, with an ETag header (2.6)."""
    reply = await api.patch(f"contacts({SOME})", {"lastname": "Ek"}, Prefer="return=representation")
    assert reply.status == 201
    assert "ETag" in reply.headers


async def test_if_match_star_updates_only(api: Api) -> None:
    """`If-Match: *` on a missing row answers 404 with the documented text (2.6)."""
    reply = await api.patch(f"contacts({SOME})", {"lastname": "Ek"}, If_Match="*")
    assert reply.error == (404, "0x80040217")
    assert reply.message == f"contact With Id = {SOME} Does Not Exist"


async def test_if_none_match_star_creates_only(api: Api) -> None:
    """`If-None-Match: *` on an existing row answers 412 (2.6)."""
    await api.add(contactid=SOME, lastname="Ek")
    reply = await api.patch(f"contacts({SOME})", {"lastname": "Ås"}, If_None_Match="*")
    assert reply.error == (412, "0x80040237")
    assert reply.message == "A record with matching key values already exists."


async def test_if_match_version(api: Api) -> None:
    """Only the version given is updated; another answers 412 and changes nothing (2.6)."""
    key = await api.add(lastname="Ek")
    etag = (await api.get(f"contacts({key})")).headers["ETag"]
    assert (await api.patch(f"contacts({key})", {"lastname": "B"}, If_Match=etag)).status == 204
    late = await api.patch(f"contacts({key})", {"lastname": "C"}, If_Match=etag)
    assert late.error == (412, "0x80060882")
    assert late.message.startswith("The version of the existing record doesn't match")
    assert (await api.get(f"contacts({key})")).json["lastname"] == "B"
    gone = await api.patch(f"contacts({SOME})", {"lastname": "C"}, If_Match=etag)
    assert gone.status == 404


async def test_etag_keeps_its_form(api: Api) -> None:
    """Bare digits or a strong form fail (11)."""
    key = await api.add(lastname="Ek")
    assert (await api.patch(f"contacts({key})", {"lastname": "B"}, If_Match='"5"')).status == 400


async def test_not_modified(api: Api) -> None:
    """GET with the present etag answers 304; the client habit `null` means nothing (2.1, 2.6)."""
    key = await api.add(lastname="Ek")
    etag = (await api.get(f"contacts({key})")).headers["ETag"]
    assert (await api.get(f"contacts({key})", If_None_Match=etag)).status == 304
    assert (await api.get(f"contacts({key})", If_None_Match="null")).status == 200
    await api.patch(f"contacts({key})", {"lastname": "B"})
    assert (await api.get(f"contacts({key})", If_None_Match=etag)).status == 200


async def test_delete(api: Api) -> None:
    """DELETE answers 204, then 404; with a stale version 412 (2.6)."""
    key = await api.add(lastname="Ek")
    assert (await api.delete(f"contacts({key})", If_Match='W/"1"')).error == (412, "0x80060882")
    assert (await api.delete(f"contacts({key})")).status == 204
    assert (await api.delete(f"contacts({key})")).error == (404, "0x80040217")
    assert (await api.get(f"contacts({key})")).error == (404, "0x80040217")


async def test_one_column(api: Api) -> None:
    """PUT of one column sets it, DELETE of one nulls it (2.1)."""
    key = await api.add(lastname="Ek")
    assert (await api.put(f"contacts({key})/jobtitle", {"value": "Buyer"})).status == 204
    assert (await api.get(f"contacts({key})")).json["jobtitle"] == "Buyer"
    assert (await api.delete(f"contacts({key})/jobtitle")).status == 204
    assert (await api.get(f"contacts({key})")).json["jobtitle"] is None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"nosuch": 1}, (400, "0x80048d19")),
        ({"donotbulkemail": "true"}, (400, "0x80048d19")),
        ({"lastname": 5}, (400, "0x80048d19")),
        ({"lastname": {"a": 1}}, (400, "0x80048d19")),
        ({"contactid": "no-guid"}, (400, "0x80048d19")),
        ({"_modifiedby_value": SOME}, (400, "0x80048d19")),
        ({"Parent@odata.bind": "/accounts(1)"}, (400, "0x80048d19")),
        ({"nosuch@odata.type": "x"}, (400, "0x80048d19")),
        ({"firstname": "x" * 51}, (400, "0x80044331")),
        ({"preferredcontactmethodcode": 9}, (400, "0x80040203")),
        ({"parentcustomerid": SOME}, (400, "0x80048d19")),
        ({"numberofchildren": -1}, (400, "0x80044330")),
        ({"createdon": "2020-01-01T00:00:00Z"}, (501, "NotImplemented")),
    ],
)
async def test_bad_values(api: Api, body: dict[str, object], expected: tuple[int, str]) -> None:
    """Unknown, mistyped and overlong values have their documented codes; unimitated ones 501 (2.5, 2.8)."""
    assert (await api.post("contacts", {"lastname": "Ek", **body})).error == expected


async def test_overlong_text_names_the_column(api: Api) -> None:
    """The documented message, two spaces and all (2.8)."""
    reply = await api.post("contacts", {"emailaddress1": "x" * 101})
    assert reply.message == (
        "A validation error occurred.  The length of the 'emailaddress1' attribute of the 'contact' entity "
        "exceeded the maximum allowed length of '100'."
    )


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"5", b"\xff\xfe", b'{"lastname": "\\ud800"}', b"\xef\xbb\xbf{}"]
)
async def test_bad_json(api: Api, raw: bytes) -> None:
    """A body that is no JSON object answers 400, never 500 (2.8)."""
    assert (await api.call("POST", "contacts", raw=raw)).status == 400


async def test_state_and_status(api: Api) -> None:
    """Deactivating sets the status along; a pair that does not fit is refused (9.2, 9.4, 2.8)."""
    key = await api.add(lastname="Ek")
    assert (await api.patch(f"contacts({key})", {"statecode": 1})).status == 204
    row = (await api.get(f"contacts({key})?$select=statecode,statuscode")).json
    assert (row["statecode"], row["statuscode"]) == (1, 2)
    wrong = await api.patch(f"contacts({key})", {"statecode": 0, "statuscode": 2})
    assert wrong.error == (400, "0x80048408")


async def test_failed_update_changes_nothing(api: Api, organization: Organization) -> None:
    """A refused request leaves neither values nor versions behind on the row."""
    key = await api.add(lastname="Ek")
    before = (await api.get(f"contacts({key})")).json
    await api.patch(f"contacts({key})", {"lastname": "New", "jobtitle": "x" * 200})
    assert (await api.get(f"contacts({key})")).json == before
    assert len(organization.table("contact")) == 1


async def test_headers_are_spelled_as_documented(api: Api) -> None:
    """Clients that make a plain dict of them look for `OData-EntityId` (dataverse.md 1.3, 2.5)."""
    async with api.session.post(
        f"{api.root}/contacts", json={"lastname": "Ek"}, headers={"Authorization": "Bearer rep-anna"}
    ) as reply:
        sent = {name for name, _ in reply.raw_headers}
    assert {b"OData-EntityId", b"OData-Version", b"REQ_ID", b"x-ms-dop-hint"} <= sent


async def test_a_cookie_of_nothing_but_a_page_number(api: Api) -> None:
    """Clients that page by number write one; pages before count as full ones (2.4)."""
    for name in "ABCDE":
        await api.add(lastname=name)
    size = "odata.maxpagesize=2"
    pages = []
    for number in range(1, 5):
        token = f'<cookie pagenumber="{number}" istracking="False" />'
        query = f"contacts?$select=lastname&$orderby=lastname&$skiptoken={token}"
        pages.append("".join(row["lastname"] for row in (await api.get(query, Prefer=size)).value))
    assert pages == ["AB", "CD", "E", ""]
    zero = '<cookie pagenumber="0" istracking="False" />'
    assert (await api.get(f"contacts?$skiptoken={zero}")).error == (400, "0x8006088a")
