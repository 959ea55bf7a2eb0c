"""$batch and the bulk messages."""

import re
from dataclasses import replace

import pytest

from dataverse_emulator import Organization

from .api import CONTACT, Api, batch_of, change_set, part

SOME = "11111111-2222-3333-4444-555555555555"


def statuses(text: str) -> list[int]:
    """The status of every part."""
    return [int(found) for found in re.findall(r"HTTP/1\.1 (\d+)", text)]


async def test_parts_answer_in_order(api: Api) -> None:
    """Operations run one after another; responses come in the same order (4.1)."""
    key = await api.add(lastname="Ek")
    reply = await api.batch(
        batch_of(
            part(f"PATCH /api/data/v9.2/contacts({key})", {"lastname": "B"}),
            part(f"GET /api/data/v9.2/contacts({key})?$select=lastname"),
            part(f"GET contacts({key})?$select=lastname"),
            part(f"DELETE {api.root}/contacts({key})"),
        )
    )
    assert reply.status == 200
    assert reply.headers["Content-Type"].startswith("multipart/mixed; boundary=batchresponse_")
    assert statuses(reply.text) == [204, 200, 200, 204]
    assert reply.text.count('"lastname":"B"') == 2
    assert "odata.metadata=minimal; odata.streaming=true" in reply.text


async def test_change_set_is_atomic(api: Api, organization: Organization) -> None:
    """A failing change set undoes all its writes and yields one error part (4.1)."""
    key = await api.add(lastname="Ek")
    delta = (await api.get("contacts?$select=lastname", Prefer="odata.track-changes")).json[
        "@odata.deltaLink"
    ]
    body = batch_of(
        change_set(
            part(f"PATCH /api/data/v9.2/contacts({key})", {"lastname": "B"}, content_id="1"),
            part("POST /api/data/v9.2/contacts", {"lastname": "New"}, content_id="2"),
            part(f"PATCH /api/data/v9.2/contacts({SOME})", {"lastname": "C"}, content_id="3", If_Match="*"),
        )
    )
    reply = await api.batch(body)
    assert (reply.status, statuses(reply.text)) == (404, [404])
    assert len(organization.table("contact")) == 1
    assert (await api.get(f"contacts({key})")).json["lastname"] == "Ek"
    assert (await api.get(delta)).value == []


async def test_change_set_reads_back_content_ids(api: Api) -> None:
    """Results are nested in a changesetresponse with Content-IDs echoed; $1 names an earlier row (4.1)."""
    body = batch_of(
        change_set(
            part("POST /api/data/v9.2/contacts", {"lastname": "New"}, content_id="1"),
            part("PATCH $1", {"jobtitle": "Buyer"}, content_id="2", Prefer="return=representation"),
        )
    )
    reply = await api.batch(body)
    assert statuses(reply.text) == [204, 200]
    assert "boundary=changesetresponse_" in reply.text
    assert "Content-ID: 1" in reply.text
    assert '"jobtitle":"Buyer"' in reply.text
    assert "Location: " in reply.text


async def test_forward_reference(api: Api) -> None:
    """A reference to a later part is refused with the documented text (4.1)."""
    body = batch_of(change_set(part("PATCH $7", {"jobtitle": "x"}, content_id="1")))
    reply = await api.batch(body)
    assert "Content-ID Reference: '$7' does not exist in the batch context." in reply.text


async def test_change_set_needs_content_ids(api: Api) -> None:
    """Without Content-ID live servers answer 400 0x80060888 (4.1)."""
    reply = await api.batch(batch_of(change_set(part("POST /api/data/v9.2/contacts", {"lastname": "x"}))))
    assert reply.error == (400, "0x80060888")
    assert reply.message == "Content-ID header not present"


async def test_no_reads_in_change_sets(api: Api) -> None:
    """A change set holds no GET (4.1)."""
    reply = await api.batch(batch_of(change_set(part("GET /api/data/v9.2/contacts", content_id="1"))))
    assert reply.status >= 400


async def test_stops_at_the_first_error(api: Api, organization: Organization) -> None:
    """The outer status is the error's; earlier operations stay, later ones do not run (4.1)."""
    body = batch_of(
        part("POST contacts", {"lastname": "A"}),
        part("POST contacts", {"nosuch": 1}),
        part("POST contacts", {"lastname": "B"}),
    )
    reply = await api.batch(body)
    assert (reply.status, statuses(reply.text)) == (400, [204, 400])
    assert len(organization.table("contact")) == 1


async def test_continue_on_error(api: Api, organization: Organization) -> None:
    """With the preference, every part answers for itself (4.1)."""
    body = batch_of(
        part("POST contacts", {"lastname": "A"}),
        part("POST contacts", {"nosuch": 1}),
        part("POST contacts", {"lastname": "B"}),
    )
    reply = await api.batch(body, Prefer="odata.continue-on-error")
    assert (reply.status, statuses(reply.text)) == (200, [204, 400, 204])
    assert len(organization.table("contact")) == 2


async def test_part_with_if_match(api: Api) -> None:
    """A part may carry a version, which decides for that part alone (4.1, 4.2)."""
    key = await api.add(lastname="Ek")
    etag = (await api.get(f"contacts({key})")).headers["ETag"]
    body = batch_of(
        part(f"PATCH contacts({key})", {"lastname": "B"}, If_Match=etag, Prefer="return=representation"),
        part(f"PATCH contacts({key})", {"lastname": "C"}, If_Match=etag),
    )
    reply = await api.batch(body, Prefer="odata.continue-on-error")
    assert statuses(reply.text) == [200, 412]


async def test_counts_as_one_request(api: Api) -> None:
    """A batch is one request for service protection (4.1, 5.1)."""
    name = "x-ms-ratelimit-burst-remaining-xrm-requests"
    before = int((await api.get("WhoAmI")).headers[name])
    reply = await api.batch(batch_of(*[part("GET WhoAmI")] * 50))
    assert before - int(reply.headers[name]) == 1


async def test_long_url_only_inside_a_batch(api: Api) -> None:
    """A GET beyond 32,768 characters needs a batch, which takes up to 65,536 (2.1)."""
    key = await api.add(lastname="Ek", emailaddress1="ann@x.com")
    filler = ",".join(f'"nobody{at}@x.com"' for at in range(2500))
    query = f"Microsoft.Dynamics.CRM.In(PropertyName='emailaddress1',PropertyValues=[\"ann@x.com\",{filler}])"
    assert (await api.get(f"contacts?$filter={query}")).status == 501
    reply = await api.batch(
        batch_of(part(f"GET contacts?$select=contactid&$filter={query}".replace("=[", "=[")))
    )
    assert (statuses(reply.text), key in reply.text) == ([200], True)


async def test_limit_of_a_thousand(api: Api) -> None:
    """1000 operations pass, 1001 do not (4.1)."""
    assert (await api.batch(batch_of(*[part("GET WhoAmI")] * 1000))).status == 200
    assert (await api.batch(batch_of(*[part("GET WhoAmI")] * 1001))).status == 400


@pytest.mark.parametrize(
    "body",
    [
        "",
        "nonsense",
        batch_of("no headers"),
        batch_of("Content-Type: text/plain\r\n\r\nGET WhoAmI HTTP/1.1\r\n\r\n"),
        batch_of("Content-Type: application/http\r\n\r\nWhoAmI\r\n\r\n"),
        batch_of(part("GET WhoAmI")).removesuffix("--\r\n"),
        batch_of(part("GET WhoAmI", content_id="1"), part("GET WhoAmI", content_id="1")),
    ],
)
async def test_unreadable_batches(api: Api, body: str) -> None:
    """LF instead of CRLF, missing boundaries and the like answer 400 (4.1, 11)."""
    assert (await api.batch(body)).status == 400


async def test_batches_do_not_nest(api: Api) -> None:
    """A batch in a batch is refused (4.1)."""
    assert statuses((await api.batch(batch_of(part("POST $batch")))).text) == [400]


def target(key: str | None = None, **values: object) -> dict[str, object]:
    """A target of a bulk message."""
    head: dict[str, object] = {"@odata.type": CONTACT}
    return head | ({"contactid": key} if key else {}) | values


async def test_create_multiple(api: Api) -> None:
    """200 with ids in input order (4.2)."""
    reply = await api.post(
        f"contacts/{CONTACT.replace('contact', 'CreateMultiple')}",
        {"Targets": [target(SOME, lastname="A"), target(lastname="B")]},
    )
    assert reply.status == 200
    assert reply.json["Ids"][0] == SOME
    assert len(reply.json["Ids"]) == 2


async def test_update_multiple(api: Api) -> None:
    """204, and every row has its own new version (4.2)."""
    keys = [await api.add(lastname=str(at)) for at in range(3)]
    body = {"Targets": [target(key, donotbulkemail=True) for key in keys]}
    assert (await api.post("contacts/Microsoft.Dynamics.CRM.UpdateMultiple", body)).status == 204
    rows = (await api.get("contacts?$select=donotbulkemail")).value
    assert [row["donotbulkemail"] for row in rows] == [True] * 3
    assert len({row["@odata.etag"] for row in rows}) == 3


async def test_update_multiple_is_all_or_nothing(api: Api) -> None:
    """One missing row rolls back the rest, with the documented text (4.2)."""
    key = await api.add(lastname="A")
    before = (await api.get(f"contacts({key})")).json
    body = {"Targets": [target(key, lastname="B"), target(SOME, lastname="C")]}
    reply = await api.post("contacts/Microsoft.Dynamics.CRM.UpdateMultiple", body)
    assert reply.error == (404, "0x80040217")
    assert reply.message == f"Contact With Ids = {SOME} Do Not Exist"
    assert (await api.get(f"contacts({key})")).json == before


async def test_upsert_multiple(api: Api) -> None:
    """204; missing rows are created under the key given (4.2)."""
    key = await api.add(lastname="A")
    body = {"Targets": [target(key, lastname="B"), target(SOME, lastname="C")]}
    assert (await api.post("contacts/Microsoft.Dynamics.CRM.UpsertMultiple", body)).status == 204
    rows = (await api.get("contacts?$select=lastname&$orderby=lastname")).value
    assert [row["lastname"] for row in rows] == ["B", "C"]


async def test_delete_multiple_is_not_for_standard_tables(api: Api) -> None:
    """The documented sentence (4.2)."""
    reply = await api.post("contacts/Microsoft.Dynamics.CRM.DeleteMultiple", {"Targets": []})
    assert reply.message == "DeleteMultiple has not yet been implemented."


@pytest.mark.parametrize(
    "targets",
    [
        None,
        [],
        {},
        ["x"],
        [{"contactid": SOME}],
        [{"@odata.type": CONTACT}],
        [{"@odata.type": CONTACT, "contactid": 5}],
    ],
)
async def test_bad_targets(api: Api, targets: object) -> None:
    """Each target needs its type and its key (4.2)."""
    reply = await api.post("contacts/Microsoft.Dynamics.CRM.UpdateMultiple", {"Targets": targets})
    assert reply.status == 400


async def test_availability_can_be_looked_up(api: Api) -> None:
    """sdkmessagefilters tell whether a table has UpdateMultiple (4.2)."""
    query = "sdkmessageid/name eq 'UpdateMultiple' and primaryobjecttypecode eq 'contact'"
    reply = await api.get(f"sdkmessagefilters?$filter={query}&$select=sdkmessagefilterid")
    assert len(reply.value) == 1


async def test_lines_that_end_in_newlines_alone(api: Api, organization: Organization) -> None:
    """Clients in use send such batches; whether they are read is a choice (4.1)."""
    body = batch_of(part("POST contacts", {"lastname": "A"}), part("GET contacts")).replace("\r\n", "\n")
    assert statuses((await api.batch(body)).text) == [204, 200]
    organization.choices = replace(organization.choices, batch_takes_newlines=False)
    assert (await api.batch(body)).error == (400, "0x80048d19")
