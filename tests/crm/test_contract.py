"""The connector against the Dataverse emulator over real HTTP: the contract of `Crm`."""

from uuid import UUID

import pytest

from assent.crm.client import open_organisation
from assent.crm.columns import Columns
from assent.crm.contacts import DataverseContacts
from assent.crm.organisation import parse_organisation_url
from assent.crm.signin import Credentials
from assent.errors import RowRefused, SignInRefused, TokenExpired, VersionChanged
from assent.policy.permission import BulkEmail
from assent.policy.plan import RowWrite
from assent.policy.sides import PERMISSION, LinkKey, Row
from dataverse_emulator import create_organization, running

from .samples import COLUMNS, EVENTS, NEWS, RealClock, ids
from .world import organisation

MISSING = UUID("dead0000-0000-4000-8000-000000000000")


async def test_who_and_where() -> None:
    """The organisation says its id, our user, its language and how long tokens live (M7, 3.4)."""
    async with organisation() as world:
        found = await world.crm.organisation()
        assert str(found.organisation_id) == world.emulator.organization.organization_id
        assert (found.language, found.token_days) == (1033, 7)


async def test_the_feed_tells_everything_then_only_what_moved() -> None:
    """A first pass gives all rows and a token; the next gives changes and deletions (3.2, 3.3)."""
    async with organisation(contacts=25, page_size=10) as world:
        first = await world.pages(None)
        assert [len(page.rows) for page in first] == [10, 10, 5]
        assert [page.token is None for page in first] == [True, True, False]
        rows = [row.row_id for page in first for row in page.rows]
        assert len(set(rows)) == 25
        await world.rep("PATCH", f"contacts({rows[3]})", {"donotbulkemail": True})
        await world.rep("DELETE", f"contacts({rows[4]})")
        (second,) = await world.pages(first[-1].token)
        assert [(row.row_id, row.toggle) for row in second.rows] == [(rows[3], BulkEmail.DO_NOT_ALLOW)]
        assert second.deleted == (rows[4],)
        (third,) = await world.pages(second.token)
        assert (third.rows, third.deleted) == ((), ())


async def test_a_new_column_ends_the_token() -> None:
    """Metadata changes expire the token (3.4); a token for other columns is not used either (T6)."""
    async with organisation(Columns((NEWS,)), setup=False) as world:
        await world.setup.ensure_solution()
        await world.setup.ensure_column(NEWS)
        token = await world.token()
        await world.setup.ensure_column(EVENTS)
        with pytest.raises(TokenExpired):
            await world.pages(token)
        other = DataverseContacts(world.client, COLUMNS, connection_id=1)
        with pytest.raises(TokenExpired):
            _ = [page async for page in other.changes(token)]


async def test_null_columns_of_old_rows_say_nothing() -> None:
    """Rows older than a column hold null, newer ones its default Yes (7.3, T6)."""
    async with organisation(setup=False) as world:
        old = await world.born(ids(1)[0], emailaddress1="old@x.example")
        await world.columns()
        new = await world.born(ids(2)[1], emailaddress1="new@x.example")
        rows = await world.crm.read([old, new])
        assert (rows[old].known, rows[old].unread) == (0, 0)
        assert (rows[new].known, rows[new].value) == (3, 3)


async def test_many_rows_are_read_in_few_requests() -> None:
    """2,500 rows by key in one request; the absent are absent."""
    async with organisation(contacts=2600) as world:
        wanted = [row.row_id for page in await world.pages(None) for row in page.rows][:2500]
        before = world.client.requests_sent
        found = await world.crm.read([*wanted, MISSING])
        assert set(found) == set(wanted)
        assert world.client.requests_sent - before == 1


async def test_every_row_bearing_an_address_is_found() -> None:
    """Case, spaces, apostrophes, plus tags, quotes and both spellings of a domain (I1, G4)."""
    spelt = [
        ("ann@x.example", ["ann@x.example", "ANN@X.example", " ann@x.example", "ann@x.example "]),
        ("o'brien+news@x.example", ["o'brien+news@x.example"]),
        ('"a b"&#%@x.example', ['"a b"&#%@x.example']),
        ("åsa@smörgås.example", ["åsa@smörgås.example", "Åsa@xn--smrgs-pra0j.example"]),
    ]
    async with organisation() as world:
        expected: dict[UUID, str] = {}
        for _, kept in spelt:
            for one in kept:
                expected[await world.born(UUID(int=len(expected) + 1), emailaddress1=one)] = one
        await world.born(MISSING, emailaddress1="somebody@x.example")
        found = await world.crm.bearing([asked for asked, _ in spelt])
        assert {row.row_id: row.email for row in found} == expected


@pytest.mark.thorough
async def test_an_address_of_thousands_is_read_whole() -> None:
    """A shared address may fill more than a page of 5,000 rows (2.4)."""
    async with organisation(Columns(), setup=False) as world:
        await world.crm.create([Row(row_id, 0, "info@x.example") for row_id in ids(5200)])
        assert len(await world.crm.bearing(["info@x.example"])) == 5200


async def test_who_refuses_is_found_whole() -> None:
    """Do not allow or any No, active rows only, over several pages (G4)."""
    async with organisation(page_size=2) as world:
        a, b, c, d, e = ids(5)
        await world.born(a, donotbulkemail=True)
        await world.born(b, asn_sub_news=False)
        await world.born(c, asn_sub_events=False)
        await world.born(d)
        await world.born(e, donotbulkemail=True)
        await world.rep("PATCH", f"contacts({e})", {"statecode": 1, "statuscode": 2})
        every = PERMISSION | COLUMNS.mask
        found = {row.row_id: row.refused async for page in world.crm.refusing(every) for row in page}
        assert found == {a: PERMISSION, b: NEWS.bit, c: EVENTS.bit}
        found = {row.row_id: row.refused async for page in world.crm.refusing(EVENTS.bit) for row in page}
        assert found == {a: PERMISSION, c: EVENTS.bit}


async def test_rows_and_addresses_are_asked_for_together() -> None:
    """Named rows and those bearing an address come in one request, each once (G4)."""
    async with organisation() as world:
        a, b, c, d = ids(4)
        for row_id, address in ((a, "a@x.example"), (b, " B@x.example"), (c, "c@x.example"), (d, None)):
            await world.born(row_id, emailaddress1=address)
        before = world.client.requests_sent
        found = await world.crm.around([a, d, MISSING], ["a@x.example", "b@x.example"])
        assert sorted(row.row_id for row in found) == [a, b, d]
        assert world.client.requests_sent - before == 1


async def test_refusals_in_bulk_are_two_requests() -> None:
    """A thousand refusals are one write and one read-back (M6); versions come from the read-back."""
    async with organisation(contacts=1000) as world:
        rows = [row for page in await world.pages(None) for row in page.rows]
        writes = [RowWrite(LinkKey(1, row.row_id), BulkEmail.DO_NOT_ALLOW, NEWS.bit, 0) for row in rows]
        before = world.client.requests_sent
        done = await world.crm.write(writes)
        assert world.client.requests_sent - before == 2
        for row in rows:
            now = done[row.row_id]
            assert isinstance(now, Row)
            assert (now.toggle, now.known & ~now.value) == (BulkEmail.DO_NOT_ALLOW, NEWS.bit)
            assert now.version > row.version


async def test_one_deleted_row_stops_nobody_and_stays_deleted() -> None:
    """The bad row is isolated, the others are written, and nothing is re-created (4.2, 2.6)."""
    async with organisation(contacts=20) as world:
        rows = [row.row_id for page in await world.pages(None) for row in page.rows]
        await world.rep("DELETE", f"contacts({rows[7]})")
        done = await world.crm.write(
            [RowWrite(LinkKey(1, row_id), BulkEmail.DO_NOT_ALLOW) for row_id in rows]
        )
        assert isinstance(done.pop(rows[7]), RowRefused)
        assert all(isinstance(row, Row) and row.toggle is BulkEmail.DO_NOT_ALLOW for row in done.values())
        assert await world.crm.read([rows[7]]) == {}


async def test_a_grant_meets_the_version_it_was_decided_on() -> None:
    """An Allow over a version nobody has read is not written; the row keeps its refusal (M6)."""
    async with organisation() as world:
        ann, ben = ids(2)
        await world.born(ann, donotbulkemail=True)
        await world.born(ben, donotbulkemail=True)
        read = await world.crm.read([ann, ben])
        await world.rep("PATCH", f"contacts({ben})", {"firstname": "Ben"})
        done = await world.crm.write(
            [
                RowWrite(
                    LinkKey(1, one), BulkEmail.ALLOW, email="new@x.example", if_version=read[one].version
                )
                for one in (ann, ben)
            ]
        )
        now = done[ann]
        assert isinstance(now, Row)
        assert (now.toggle, now.email) == (BulkEmail.ALLOW, "new@x.example")
        assert now == await world.row(ann)
        assert isinstance(done[ben], VersionChanged)
        assert (await world.row(ben)).toggle is BulkEmail.DO_NOT_ALLOW


async def test_creating_twice_gives_one_row() -> None:
    """A retry meets its own row; one the rep changed meanwhile is read, not overwritten (I5)."""
    async with organisation() as world:
        (ann,) = ids(1)
        wanted = Row(ann, 0, "ann@x.example", BulkEmail.DO_NOT_ALLOW, known=3, value=2, first_name="Ann")
        made = (await world.crm.create([wanted]))[ann]
        assert isinstance(made, Row)
        assert (made.toggle, made.known, made.value, made.email) == (
            BulkEmail.DO_NOT_ALLOW,
            3,
            2,
            "ann@x.example",
        )
        await world.rep("PATCH", f"contacts({ann})", {"firstname": "Anna"})
        again = (await world.crm.create([wanted]))[ann]
        assert isinstance(again, Row)
        assert (again.first_name, again.version > made.version) == ("Anna", True)


async def test_a_lost_answer_to_a_refusal_is_repeated() -> None:
    """A refusal may be written twice: the connection was cut after it took effect (P6)."""
    async with organisation() as world:
        ann = await world.born(ids(1)[0])
        await world.control("faults", lose_answers=1)
        done = await world.crm.write([RowWrite(LinkKey(1, ann), BulkEmail.DO_NOT_ALLOW)])
        assert isinstance(done[ann], Row)


async def test_a_lost_answer_to_a_grant_means_read_again() -> None:
    """A grant that took effect unseen meets its own new version: read again, never assumed (M6)."""
    async with organisation() as world:
        ann = await world.born(ids(1)[0], donotbulkemail=True)
        version = (await world.row(ann)).version
        await world.control("faults", lose_answers=1)
        done = await world.crm.write([RowWrite(LinkKey(1, ann), BulkEmail.ALLOW, if_version=version)])
        assert isinstance(done[ann], VersionChanged)
        assert (await world.row(ann)).toggle is BulkEmail.ALLOW


async def test_trouble_in_the_middle_is_outlived() -> None:
    """Gateway errors, expired sign-in and throttling are waited out, not passed on."""
    async with organisation(contacts=3) as world:
        await world.control("faults", next=2, status=503)
        assert len((await world.pages(None))[0].rows) == 3
        await world.control("faults", expire_tokens=True)
        assert len((await world.pages(None))[0].rows) == 3
        await world.control("faults", next=1, status=429, retry_after_s=0)
        assert len((await world.pages(None))[0].rows) == 3


async def test_a_wrong_secret_is_told_apart() -> None:
    """Sign-in with a wrong secret needs a person (1.1)."""
    strict = create_organization(strict=True, clients={"app": "right"})
    async with running(strict) as emulator:
        url = parse_organisation_url(emulator.url, allow_other_hosts=True)
        for secret, works in (("right", True), ("wrong", False)):
            credentials = Credentials("tenant", "app", secret, emulator.url)
            async with open_organisation(url, credentials, RealClock()) as client:
                crm = DataverseContacts(client, Columns(), connection_id=1)
                if works:
                    await crm.organisation()
                else:
                    with pytest.raises(SignInRefused, match="secret is wrong"):
                        await crm.organisation()
