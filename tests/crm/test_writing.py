"""Writing and creating over a scripted transport: what is sent, and what each row is told."""

from dataclasses import replace

import msgspec
import pytest

from assent.crm.contacts import DataverseContacts
from assent.crm.faults import TookTooLong
from assent.crm.transport import Lane, Response
from assent.errors import (
    Bug,
    RowRefused,
    SignInRefused,
    Throttled,
    Unreachable,
    VersionChanged,
)
from assent.policy.permission import BulkEmail
from assent.policy.plan import RowWrite
from assent.policy.sides import LinkKey, Row

from .samples import (
    ANN,
    BEN,
    COLUMNS,
    Script,
    answer,
    batch_answer,
    grant_of,
    page,
    record,
    refusal_of,
    refused,
)


def contacts(script: Script, chunk: int = 1000) -> DataverseContacts:
    """The contacts under test."""
    return DataverseContacts(script, COLUMNS, connection_id=1, chunk=chunk)


async def test_refusals_go_in_bulk_and_are_read_back() -> None:
    """Refusals need no condition: one bulk request, first in line, then a read-back (M6)."""
    script = Script(Response(204), batch_answer(page(record(version=11, donotbulkemail=True))))
    done = await contacts(script).write([refusal_of(ANN)])
    row = done[ANN]
    assert isinstance(row, Row)
    assert (row.version, row.toggle) == (11, BulkEmail.DO_NOT_ALLOW)
    bulk = msgspec.json.decode(script.asked[0].body)["Targets"]
    assert bulk == [
        {"@odata.type": "Microsoft.Dynamics.CRM.contact", "contactid": str(ANN), "donotbulkemail": True}
    ]
    assert [request.lane for request in script.asked] == [Lane.REFUSAL, Lane.REFUSAL]


async def test_one_bad_row_does_not_stop_the_others() -> None:
    """A bulk request fails whole; its replay row by row isolates the bad one (4.2)."""
    gone = refused(404, "0x80040217")
    script = Script(gone, batch_answer(answer(record(version=12)), gone))
    done = await contacts(script).write([refusal_of(ANN), refusal_of(BEN)])
    assert isinstance(done[ANN], Row)
    assert isinstance(done[BEN], RowRefused)
    assert script.asked[1].body.count(b"If-Match: *") == 2


async def test_a_bulk_write_that_took_too_long_is_halved() -> None:
    """Organisations have plug-ins: on a time-out smaller pieces are tried (4.2)."""
    back = batch_answer(page(record(), record(BEN)))
    script = Script(TookTooLong("late"), Response(204), back, Response(204), back)
    assert len(await contacts(script).write([refusal_of(ANN), refusal_of(BEN)])) == 2


async def test_a_lost_bulk_write_is_unknown_for_its_rows_only() -> None:
    """No answer means unknown for the rows of that request; what another achieved is kept."""
    script = Script(Unreachable("lost"), Response(204), batch_answer(page(record(BEN))))
    done = await contacts(script, chunk=1).write([refusal_of(ANN), refusal_of(BEN)])
    assert isinstance(done[ANN], Unreachable)
    assert isinstance(done[BEN], Row)


async def test_a_grant_is_conditional() -> None:
    """An Allow goes with the version read; another version means read again (M6)."""
    script = Script(batch_answer(answer(record(version=11)), refused(412, "0x80060882")))
    done = await contacts(script).write([grant_of(ANN, 10), grant_of(BEN, 20)])
    assert isinstance(done[ANN], Row)
    assert isinstance(done[BEN], VersionChanged)
    assert b'If-Match: W/"10"' in script.asked[0].body


async def test_a_write_without_an_answer_of_its_own_is_read_back() -> None:
    """A part with no representation is read back by key; one with no part at all is unknown (M6)."""
    script = Script(batch_answer(Response(204)), batch_answer(page(record(version=30))))
    done = await contacts(script).write([grant_of(ANN, 10), grant_of(BEN, 20)])
    assert isinstance(done[ANN], Row)
    assert isinstance(done[BEN], Unreachable)


async def test_throttled_writes_are_unknown_per_row() -> None:
    """Service protection in the middle loses nothing that was done."""
    script = Script(batch_answer(answer(record())), Throttled("slow", after_s=9))
    done = await contacts(script, chunk=1).write([grant_of(ANN, 10), grant_of(BEN, 20)])
    assert isinstance(done[ANN], Row)
    assert isinstance(done[BEN], Throttled)


async def test_a_refused_sign_in_is_everybodys() -> None:
    """What concerns the connection is raised, not told row by row."""
    with pytest.raises(SignInRefused):
        await contacts(Script(refused(401, ""))).write([refusal_of(ANN)])


@pytest.mark.parametrize(
    "writes",
    [
        [replace(grant_of(ANN, 1), if_version=None)],
        [RowWrite(LinkKey(1, ANN), fields=1, value=1)],
        [refusal_of(ANN), refusal_of(ANN)],
        [RowWrite(LinkKey(2, ANN), BulkEmail.DO_NOT_ALLOW)],
    ],
)
async def test_a_write_that_breaks_a_rule_is_never_sent(writes: list[RowWrite]) -> None:
    """A grant without a version (M6), two writes to one row, another connection's row: Bug."""
    script = Script()
    with pytest.raises(Bug):
        await contacts(script).write(writes)
    assert not script.asked


async def test_what_exists_is_read_back_and_not_changed() -> None:
    """Creating twice gives one row: the second meets 412 and reads it (I5)."""
    exists = refused(412, "0x80040237")
    script = Script(batch_answer(answer(record(version=1), 201), exists), batch_answer(page(record(BEN, 5))))
    done = await contacts(script).create([Row(ANN, 0, "ann@x.example"), Row(BEN, 0, "ben@x.example")])
    assert {row_id: row.version for row_id, row in done.items() if isinstance(row, Row)} == {ANN: 1, BEN: 5}
    assert script.asked[0].body.count(b"If-None-Match: *") == 2


async def test_a_duplicate_rule_is_not_our_row() -> None:
    """A 412 of a duplicate-detection rule means another row: refused, not adopted (9.5)."""
    done = await contacts(Script(batch_answer(refused(412, "0x80040333")))).create(
        [Row(ANN, 0, "ann@x.example")]
    )
    assert isinstance(done[ANN], RowRefused)


async def test_a_batch_that_took_too_long_is_halved() -> None:
    """Conditional writes come in smaller pieces after a time-out; what took effect says so by its version."""
    script = Script(
        TookTooLong("late"), batch_answer(refused(412, "0x80060882")), batch_answer(answer(record(BEN)))
    )
    done = await contacts(script).write([grant_of(ANN, 1), grant_of(BEN, 2)])
    assert isinstance(done[ANN], VersionChanged)
    assert isinstance(done[BEN], Row)


async def test_a_single_row_that_takes_too_long_is_given_back() -> None:
    """There is nothing smaller than one row: it is unknown, and tried another time."""
    script = Script(TookTooLong("late"), TookTooLong("late"))
    done = await contacts(script).write([refusal_of(ANN), grant_of(BEN, 2)])
    assert isinstance(done[ANN], TookTooLong)
    assert isinstance(done[BEN], TookTooLong)


async def test_a_write_whose_read_back_fails_is_unknown() -> None:
    """Written but not seen: no version is made up (M6)."""
    script = Script(Response(204), Unreachable("lost"))
    assert isinstance((await contacts(script).write([refusal_of(ANN)]))[ANN], Unreachable)
    script = Script(Response(204), batch_answer(page()))
    assert isinstance((await contacts(script).write([refusal_of(ANN)]))[ANN], RowRefused)
