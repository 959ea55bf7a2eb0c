"""The Crm port over a scripted transport: what is asked, and what each answer becomes."""

from uuid import UUID

import pytest

from assent.crm.contacts import DataverseContacts
from assent.crm.transport import Lane, Response
from assent.errors import (
    NotDataverse,
    PrivilegeMissing,
    Refused,
    TokenExpired,
    Unreachable,
)
from assent.policy.sides import NO_EMAIL, PERMISSION
from assent.ports import ChangePage

from .samples import (
    ANN,
    BEN,
    COLUMNS,
    NEWS,
    Script,
    answer,
    batch_answer,
    ids,
    page,
    record,
    refused,
)

ORGANISATION = UUID("0e000000-0000-4000-8000-00000000000e")
WHO = answer({"OrganizationId": str(ORGANISATION), "UserId": str(BEN), "BusinessUnitId": str(ANN)})
FACTS = answer({"name": "Contoso", "languagecode": 1053, "expirechangetrackingindays": 30})
NEXT = "https://o.example/api/data/v9.2/contacts?$skiptoken=2"
SELECT = COLUMNS.select
DELTA = f"https://o.example/api/data/v9.2/contacts?$select={SELECT}&$deltatoken=9"


def contacts(script: Script, chunk: int = 1000, lane: Lane = Lane.ORDINARY) -> DataverseContacts:
    """The contacts under test."""
    return DataverseContacts(script, COLUMNS, connection_id=1, chunk=chunk, lane=lane)


async def pages_of(crm: DataverseContacts, token: str | None) -> list[ChangePage]:
    """Every page of the feed."""
    return [page async for page in crm.changes(token)]


async def test_who_and_where_costs_one_request_after_the_first() -> None:
    """The first call of every run is WhoAmI alone; the rest of the answer is kept (M7)."""
    script = Script(WHO, FACTS, WHO)
    crm = contacts(script)
    found = await crm.organisation()
    assert (found.organisation_id, found.user_id, found.name) == (ORGANISATION, BEN, "Contoso")
    assert (found.language, found.token_days) == (1053, 30)
    assert await crm.organisation() == found
    assert [request.path for request in script.asked][2] == "WhoAmI"


async def test_an_unreadable_organisation_table_stops_nothing() -> None:
    """Without prvReadOrganization the token life is the documented seven days (3.4)."""
    found = await contacts(Script(WHO, refused(403, "0x80040220"))).organisation()
    assert (found.name, found.language, found.token_days) == ("", 0, 7)


@pytest.mark.parametrize(
    "response",
    [
        Response(200, {}, b"<html>Sign in</html>"),
        answer({"UserId": "x"}),
        answer([]),
        Response(302),
        Response(404, {}, b"<html>"),
    ],
)
async def test_another_site_is_not_dataverse(response: Response) -> None:
    """Whatever answers WhoAmI with anything but ids is not a Dataverse organisation."""
    with pytest.raises(NotDataverse):
        await contacts(Script(response)).organisation()


async def test_the_feed_gives_its_token_on_the_last_page() -> None:
    """The delta link comes last, and is the whole token; pages keep the same preferences (2.4, 3.2)."""
    gone = {"@odata.context": "x#contacts/$deletedEntity", "id": str(BEN), "reason": "deleted"}
    script = Script(page(record(), following=NEXT), page(gone, delta=DELTA))
    first, last = await pages_of(contacts(script), None)
    assert [row.row_id for row in first.rows] == [ANN]
    assert (first.token, last.deleted, last.token) == (None, (BEN,), DELTA)
    assert script.asked[0].headers["Prefer"] == "odata.track-changes,odata.maxpagesize=5000"
    assert script.asked[1].path == NEXT
    assert script.asked[1].headers == script.asked[0].headers
    assert script.asked[0].lane is Lane.BACKFILL


async def test_a_token_is_used_verbatim() -> None:
    """The stored link is asked as it is (3.2)."""
    script = Script(page(delta=DELTA))
    assert await pages_of(contacts(script), DELTA) == [ChangePage((), (), DELTA)]
    assert script.asked[0].path == DELTA


@pytest.mark.parametrize(
    "outcome",
    [
        refused(410, "0x80044352", "Version stamp associated with the client has expired."),
        refused(400, "0x80040203"),
        refused(404, ""),
        NotDataverse("elsewhere"),
    ],
)
async def test_a_useless_token_asks_for_a_full_compare(outcome: Response | Exception) -> None:
    """Whatever shape the refusal of a delta link has, the way on is a full compare (3.4, M7)."""
    with pytest.raises(TokenExpired):
        await pages_of(contacts(Script(outcome)), DELTA)


async def test_a_token_for_other_columns_is_useless() -> None:
    """A link made before a category came would lack its column, which looks like column security (T6)."""
    script = Script()
    with pytest.raises(TokenExpired):
        await pages_of(contacts(script), DELTA.replace("asn_sub_events", "asn_sub_old"))
    assert not script.asked


async def test_a_feed_without_tracking_is_refused() -> None:
    """No delta link means change tracking is off (3.1): sweeping on would miss deletions."""
    with pytest.raises(Refused):
        await pages_of(contacts(Script(page(record()))), None)


async def test_an_endless_feed_is_noticed() -> None:
    """A next link that comes twice is a circle (section 11)."""
    script = Script(*[page(record(), following=NEXT)] * 3)
    with pytest.raises(Unreachable):
        await pages_of(contacts(script), None)


async def test_reads_ask_a_thousand_ids_at_a_time_in_one_request() -> None:
    """2,500 rows are three questions in one batch; the absent do not exist."""
    script = Script(batch_answer(page(record()), page(record(BEN)), page()))
    assert set(await contacts(script).read(ids(2500))) == {ANN, BEN}
    assert len(script.asked) == 1


async def test_pages_inside_a_batch_are_followed() -> None:
    """An address many rows bear fills more than a page; the rest is asked for (2.4)."""
    script = Script(batch_answer(page(record(), following=NEXT)), batch_answer(page(record(BEN))))
    assert {row.row_id for row in await contacts(script).bearing(["ann@x.example"])} == {ANN, BEN}
    assert NEXT.encode() in script.asked[1].body


@pytest.mark.parametrize("part", [refused(403, "0x80040220"), None])
async def test_half_an_answer_is_none(part: Response | None) -> None:
    """A question that failed fails the read: absent would mean deleted."""
    script = Script(batch_answer(page(record()), *([part] if part else [])))
    with pytest.raises((PrivilegeMissing, Unreachable)):
        await contacts(script).read(ids(1500))


async def test_nobody_is_asked_for_nothing() -> None:
    """Empty questions cost no request."""
    script = Script()
    crm = contacts(script)
    assert (await crm.read([]), await crm.bearing([]), await crm.write([]), await crm.create([])) == (
        {},
        [],
        {},
        {},
    )


async def test_who_refuses_is_asked_by_column() -> None:
    """Do not allow or a category No, active rows, in a unique order (G4, 2.4); nulls refuse nothing."""
    ann, ben = record(donotbulkemail=True, asn_sub_news=False), record(BEN, donotbulkemail=None)
    script = Script(page(ann, following=NEXT), page(ben | {"asn_sub_news": False}))
    found = [row async for rows in contacts(script).refusing(PERMISSION | NEWS.bit) for row in rows]
    assert [(row.row_id, row.refused) for row in found] == [(ANN, PERMISSION | NEWS.bit), (BEN, NEWS.bit)]
    path = script.asked[0].path
    assert "statecode%20eq%200%20and%20(donotbulkemail%20eq%20true%20or%20asn_sub_news%20eq%20false)" in path
    assert path.endswith("$orderby=contactid")
    assert "asn_sub_events" not in path


async def test_whoever_gets_no_email_at_all_is_asked_for_where_that_counts() -> None:
    """The column is asked about for that field alone, and its Yes refuses (G3)."""
    ann = record(donotemail=True)
    script = Script(page(ann))
    (rows,) = [rows async for rows in contacts(script).refusing(NO_EMAIL)]
    assert [NO_EMAIL] == [row.refused for row in rows]
    assert "(donotbulkemail%20eq%20true%20or%20donotemail%20eq%20true)" in script.asked[0].path


async def test_a_refusal_in_a_withheld_column_counts() -> None:
    """The row was found by it, though column security does not show it: the strictest reading holds (T6)."""
    hidden = record(donotbulkemail=...)
    (rows,) = [rows async for rows in contacts(Script(page(hidden))).refusing(PERMISSION)]
    assert [row.refused for row in rows] == [PERMISSION]


@pytest.mark.parametrize("broken", [{"contactid": "no id"}, {"emailaddress1": 5}])
async def test_a_refusing_row_that_makes_no_sense_is_no_answer(broken: dict[str, object]) -> None:
    """Half an answer would pass for a whole one (P8)."""
    with pytest.raises(Unreachable):
        _ = [rows async for rows in contacts(Script(page(record() | broken))).refusing(PERMISSION)]


async def test_a_lane_is_kept() -> None:
    """What is read for a pre-send check goes before what a backfill reads (design section 3)."""
    script = Script(batch_answer(page()), page(delta=DELTA))
    crm = contacts(script).in_lane(Lane.REFUSAL)
    await crm.read([ANN])
    await pages_of(crm, None)
    assert [request.lane for request in script.asked] == [Lane.REFUSAL, Lane.REFUSAL]


def test_nothing_personal_is_printed() -> None:
    """Requests and answers show neither address nor body (style 3.4)."""
    script_answer = answer(record())
    assert "ann@" not in repr(script_answer)
    from assent.crm.requests import contacts as calls
    from assent.crm.requests.batch import batch

    request = batch("testing", list(calls.rows_bearing(["ann@x.example"], COLUMNS)))
    assert "ann" not in repr(request)
    assert "ann" not in repr(list(calls.rows_bearing(["ann@x.example"], COLUMNS)))
