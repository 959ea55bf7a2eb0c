"""Erasing a person: refused everywhere first, then nothing is left but what bars the address (rule I6)."""

import contextlib
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, Table, select

from assent.errors import Conflict, Invalid, Unreachable
from assent.policy.erasing import RowEnd
from assent.policy.gate import Message, Reason
from assent.policy.identity import Origin
from assent.policy.permission import LegalBasis, OnAllow
from assent.store import erasing
from assent.store.erasing import Beginning, Erasure
from assent.store.journal import DESTROYED, wrapped_keys
from assent.store.parts import metadata

from .stage import Saved, joined, world
from .trouble import Crash, Tripwire, before, down, wire_up
from .world import ANN, NEWS, USER, WORDS, World

pytestmark = pytest.mark.thorough

CONSENT, WITHDRAWN = LegalBasis.CONSENT, LegalBasis.WITHDRAWN


async def ask(w: World, contact: UUID) -> int:
    """Ask for somebody to be erased."""
    memory = w.store.memory
    beginning = Beginning(memory.journal, memory.marking, USER, WORDS, w.clock.now())
    return await w.store.database.write(lambda c: beginning.run(c, w.account_id, contact))


async def erasure(w: World, number: int) -> Erasure:
    """How an erasure stands."""
    return await w.store.database.read(lambda c: erasing.read(c, w.account_id, number))


async def ends(w: World, number: int) -> list[RowEnd]:
    """How the rows stood at its end."""
    return [row.end for row in (await erasure(w, number)).rows]


async def there(w: World, contact: UUID) -> bool:
    """Whether the hub still has the contact."""
    return bool(await w.store.memory.people(w.account_id, [contact]))


def everything(table: Table, connection: Connection) -> list[Any]:
    """Every row of a table."""
    return list(connection.execute(select(table)).all())


async def nothing_is_left(w: World, contact: UUID, *words: str) -> None:
    """No table but the ledger and the list of erasures knows the person, and none knows their words."""
    keys = await w.store.database.read(lambda c: wrapped_keys(c, w.account_id, [contact]))
    assert {contact: DESTROYED} == keys
    kept = {"ledger_entries", "contact_keys", "erasures", "waits", "claims"}
    for table in metadata.sorted_tables:
        rows = await w.store.database.read(partial(everything, table))
        held = [row for row in rows if contact in row and table.name not in kept]
        assert [] == held, table.name
        said = repr(rows).lower()
        assert not [word for word in words if word.lower() in said], table.name
    recorded = await w.store.ledger.entries(w.account_id, contact=contact)
    assert [{}] * len(recorded) == [dict(one.entry.personal) for one in recorded]


async def test_an_erased_person_is_refused_in_the_crm_and_gone_from_the_hub() -> None:
    """The refusal is written first; a keyed hash stays, and a ledger that verifies and replays (I6)."""
    async with joined() as (w, contact, row):
        number = await ask(w, contact)
        assert ("erasing", WITHDRAWN) == ((c := await w.contact(contact)).hold, c.basis)
        await w.drain()
        assert w.office.says(row)[0] is True
        assert not await there(w, contact)
        assert [RowEnd.REFUSED] == await ends(w, number)
        assert (await erasure(w, number)).finished_at is not None
        await nothing_is_left(w, contact, ANN)
        kinds = [entry.kind for entry in await w.entries() if entry.contact_id == contact]
        assert ["contact.erasing", "row.written", "contact.erased"] == kinds[-3:]
        await w.ledger_holds()
        await w.deliver()
        before = await w.still()
        await w.sweep()
        assert before == await w.still()


async def test_no_mail_reaches_somebody_from_the_moment_it_was_asked_for() -> None:
    """Not even a transactional one, and before anything was written to Dynamics (I6, G3)."""
    async with joined() as (w, contact, _):
        await ask(w, contact)
        w.office.crm = down(w.office.crm)
        assert Reason.SUPPRESSED is await w.verdict(contact)
        assert Reason.SUPPRESSED is await w.verdict(contact, Message(transactional=True))


async def test_an_erased_address_is_barred_from_every_side() -> None:
    """Neither rep, full compare, user nor import brings it back; nothing is linked or created (I6)."""
    async with joined() as (w, contact, row):
        await ask(w, contact)
        await w.drain()
        again = w.rep.create("Ann@X.Example", firstname="Ann")
        w.rep.save(row, telephone1="1")
        await w.deliver()
        await w.sweep()
        w.office.organization.metadata_changed()
        await w.sweep()
        for origin in (Origin.PERSON, Origin.BULK):
            with pytest.raises(Invalid, match="erased"):
                await w.add(ANN, origin=origin)
        other = await w.add("bob@x.example")
        with pytest.raises(Invalid, match="erased"):
            await w.act(other, USER, email=ANN)
        assert None is await w.holder(ANN)
        assert False is w.office.says(again)[0]
        assert [] == [k for k in await w.everybody() for link in k.links if link.key.row_id in (row, again)]
        await w.ledger_holds()


async def test_a_contact_whose_row_goes_to_an_erased_address_does_not_follow() -> None:
    """The address stays barred; the contact is held until somebody corrects it (I6, I3)."""
    async with world() as w:
        ann, _ = await w.pair(ANN)
        bob, bobs = await w.pair("bob@x.example")
        await w.set_up()
        await ask(w, ann)
        await w.drain()
        w.rep.save(bobs, emailaddress1=ANN)
        await w.sweep()
        assert ("bob@x.example", "address_taken") == ((c := await w.contact(bob)).email, c.hold)
        assert None is await w.holder(ANN)


async def test_every_row_of_a_shared_address_refuses_before_anything_is_let_go() -> None:
    """Two rows, one of which cannot be written at first: the erasure waits for it (I6, I2)."""
    async with world() as w:
        contact, one = await w.pair(ANN)
        two = w.rep.create(ANN)
        await w.set_up()
        number = await ask(w, contact)
        w.office.crm = before(w.office.crm, write=lambda: w.control("faults", next=1, status=503))
        await w.drain()
        await w.drain()
        assert [True, True] == [w.office.says(row)[0] for row in (one, two)]
        assert [RowEnd.REFUSED, RowEnd.REFUSED] == await ends(w, number)
        assert not await there(w, contact)


async def test_an_organisation_that_is_down_is_waited_for() -> None:
    """The rows within reach refuse at once; the person goes when the other organisation is back (I6)."""
    async with world(organisations=2) as w:
        first, second = w.offices
        contact = await w.add(ANN)
        one, two = first.rep.create(ANN), second.rep.create(ANN)
        for office in w.offices:
            await w.set_up(office)
        number = await ask(w, contact)
        second.crm = down(second.real)
        with contextlib.suppress(Unreachable):
            await w.drain()
        assert (True, False) == (first.says(one)[0], second.says(two)[0])
        assert await there(w, contact)
        assert (await erasure(w, number)).finished_at is None
        assert w.account_id in await w.store.accounts.waiting()
        second.crm = second.real
        await w.drain()
        assert (True, True) == (first.says(one)[0], second.says(two)[0])
        assert not await there(w, contact)
        await nothing_is_left(w, contact, ANN)


async def test_a_person_may_decide_not_to_wait_for_what_cannot_be_reached() -> None:
    """The person goes, and the row nobody could write to is listed for whoever decided so (I6)."""
    async with world(organisations=2) as w:
        first, second = w.offices
        contact = await w.add(ANN)
        first.rep.create(ANN)
        two = second.rep.create(ANN)
        for office in w.offices:
            await w.set_up(office)
        number = await ask(w, contact)
        second.crm = down(second.real)
        with contextlib.suppress(Unreachable):
            await w.drain()
        await w.store.database.write(lambda c: erasing.go_on_without(c, w.account_id, number))
        with contextlib.suppress(Unreachable):
            await w.drain()
        assert not await there(w, contact)
        assert [RowEnd.REFUSED, RowEnd.UNCONFIRMED] == await ends(w, number)
        assert two == (await erasure(w, number)).rows[1].row_id
        second.crm = second.real
        await w.sweep()
        assert None is await w.holder(ANN)
        await w.ledger_holds()


async def test_a_row_deleted_meanwhile_is_listed() -> None:
    """Nothing can be written to it, and the erasure does not wait for it (I6, I4)."""
    async with world() as w:
        contact, one = await w.pair(ANN)
        two = w.rep.create(ANN)
        await w.set_up()
        number = await ask(w, contact)
        w.rep.delete(two)
        await w.drain()
        assert {one: RowEnd.REFUSED, two: RowEnd.DELETED} == {
            row.row_id: row.end for row in (await erasure(w, number)).rows
        }
        assert not await there(w, contact)
        await w.deliver()
        await w.ledger_holds()


async def test_the_only_row_deleted_meanwhile_does_not_turn_the_erasure_into_a_hold() -> None:
    """A hold for a deleted row never replaces the erasure (I6, I4)."""
    async with joined() as (w, contact, row):
        number = await ask(w, contact)
        w.rep.delete(row)
        await w.deliver()
        await w.sweep()
        assert [RowEnd.DELETED] == await ends(w, number)
        assert not await there(w, contact)


async def test_an_inactive_row_is_listed_and_not_written() -> None:
    """Nothing is written to inactive rows; whoever asked is told (I6, I4)."""
    async with joined() as (w, contact, row):
        w.rep.deactivate(row)
        await w.sweep()
        versions = w.office.versions()
        number = await ask(w, contact)
        await w.drain()
        assert ([RowEnd.INACTIVE], versions) == (await ends(w, number), w.office.versions())
        assert not await there(w, contact)


async def test_a_reactivated_row_of_an_erased_person_creates_nothing() -> None:
    """It wakes with its Allow; its address stays barred (I6)."""
    async with joined() as (w, contact, row):
        w.rep.deactivate(row)
        await w.sweep()
        await ask(w, contact)
        await w.drain()
        w.rep.reactivate(row)
        await w.sweep()
        assert None is await w.holder(ANN)


@pytest.mark.parametrize("on_allow", OnAllow)
async def test_a_rep_who_allows_in_the_middle_lifts_nothing(on_allow: OnAllow) -> None:
    """Allow set while the erasure waits for another row: Do not allow again, and no question (I6, T3)."""
    async with world(organisations=2, on_allow=on_allow) as w:
        first, second = w.offices
        contact = await w.add(ANN)
        one, two = first.rep.create(ANN), second.rep.create(ANN)
        for office in w.offices:
            await w.set_up(office)
        number = await ask(w, contact)
        second.crm = down(second.real)
        with contextlib.suppress(Unreachable):
            await w.drain()
        assert first.says(one)[0] is True
        first.rep.allow(one)
        second.crm = second.real
        await w.drain()
        assert [True, True] == [first.says(one)[0], second.says(two)[0]]
        assert ([], False) == (await w.questions(), await there(w, contact))
        assert [RowEnd.REFUSED, RowEnd.REFUSED] == await ends(w, number)
        await w.ledger_holds()


async def test_a_rep_who_allows_once_the_person_is_gone_brings_nobody_back() -> None:
    """A later act in Dynamics is about a row nobody here is linked to (I6)."""
    async with joined() as (w, contact, row):
        await ask(w, contact)
        await w.drain()
        w.rep.allow(row)
        await w.deliver()
        await w.sweep()
        assert not await there(w, contact)
        assert None is await w.holder(ANN)


async def test_a_rep_who_allows_before_the_write_lifts_nothing() -> None:
    """The rep's Allow over a refusal that stood before: the erasure is the last word (I6)."""
    async with joined(WITHDRAWN) as (w, contact, row):
        await ask(w, contact)
        w.rep.allow(row)
        await w.deliver()
        await w.sweep()
        assert w.office.says(row)[0] is True
        assert not await there(w, contact)


async def test_a_row_edited_otherwise_in_the_middle_is_refused_and_left_as_it_is() -> None:
    """A new address, a category: not merged any more, only Do not allow is written (I6, M6)."""
    async with joined() as (w, contact, row):
        await ask(w, contact)
        w.rep.save(row, emailaddress1="ann@new.example", asn_news=False)
        await w.sweep()
        said = (w.office.row(row)["emailaddress1"], *w.office.says(row)[:2])
        assert ("ann@new.example", True, False) == said
        assert not await there(w, contact)
        await w.deliver()
        await w.sweep()
        assert [None, None] == [await w.holder(ANN), await w.holder("ann@new.example")]
        await nothing_is_left(w, contact, ANN, "ann@new.example")


async def test_a_row_made_while_the_erasure_waits_is_refused_too() -> None:
    """Until nothing is left of the person, a row that bears the address is theirs (I6, I1)."""
    async with joined() as (w, contact, row):
        await ask(w, contact)
        new = w.rep.create(ANN)
        await w.sweep()
        await w.sweep()
        assert [True, True] == [w.office.says(one)[0] for one in (row, new)]
        assert not await there(w, contact)


async def test_a_row_merged_into_another_persons_does_not_erase_that_one() -> None:
    """The survivor's contact takes the refusal over and stays (I6, I4)."""
    async with world() as w:
        ann, anns = await w.pair(ANN)
        bob, bobs = await w.pair("bob@x.example")
        await w.set_up()
        await ask(w, ann)
        w.rep.merge(bobs, anns)
        await w.sweep()
        await w.sweep()
        assert (WITHDRAWN, None) == ((c := await w.contact(bob)).basis, c.hold)
        assert not await there(w, ann)
        await w.ledger_holds()


async def test_nobody_acts_on_somebody_who_is_being_erased() -> None:
    """No user, no import, no page of the person's lifts what was asked for (I6)."""
    async with joined() as (w, contact, _):
        await ask(w, contact)
        for act in ({"basis": CONSENT}, {"answered": NEWS.bit, "value": NEWS.bit}, {"email": "x@x.example"}):
            with pytest.raises(Conflict, match="erased"):
                await w.act(contact, **act)
        assert WITHDRAWN is await w.basis(contact)


async def test_asking_twice_is_asking_once() -> None:
    """One erasure, one entry (I6, P7)."""
    async with joined() as (w, contact, _):
        assert await ask(w, contact) == await ask(w, contact)
        assert 1 == len(await w.entries("contact.erasing"))


async def test_a_contact_without_any_row_is_erased_at_once() -> None:
    """Nothing has to be written anywhere; the CRM gets no row of theirs either (I6)."""
    async with joined() as (w, _, _):
        contact = await w.add("hub@x.example")
        number = await ask(w, contact)
        await w.drain()
        assert ([], False) == (await ends(w, number), await there(w, contact))
        assert [] == w.office.bearing("hub@x.example")
        await nothing_is_left(w, contact, "hub@x.example")
        await w.ledger_holds()


async def test_a_late_notice_of_an_erased_persons_row_ends() -> None:
    """What was on its way when the person went says nothing any more, and waits nowhere (I6, M8)."""
    async with joined() as (w, contact, row):
        w.rep.refuse(row)
        w.rep.save(row, asn_news=False)
        late = await w.notices()
        await ask(w, contact)
        await w.drain()
        await w.post(*late, *late)
        await w.drain()
        assert [] == await w.store.memory.notices(w.account_id, 10)
        assert not await there(w, contact)


async def test_an_erasure_killed_anywhere_is_made_good_by_the_next_run() -> None:
    """A crash before or after any call: the next sweep ends the same way, told once (I6, P6, P7)."""
    async with world(organisations=2) as w:
        first, second = w.offices
        contact = await w.add(ANN)
        one, two = first.rep.create(ANN), second.rep.create(ANN)
        for office in w.offices:
            await w.set_up(office)
        w.clock.pass_by(minutes=5)
        await ask(w, contact)
        asked, places = Saved(w), 0
        while True:
            await asked.restore()
            wire = Tripwire(places + 1)
            wire_up(w, wire)
            with contextlib.suppress(Crash):
                await w.drain()
            w.memory = w.store.memory
            for office in w.offices:
                office.crm = office.real
            w.clock.pass_by(minutes=5)
            await w.sweep()
            assert [True, True] == [first.says(one)[0], second.says(two)[0]], wire.tripped
            assert not await there(w, contact), wire.tripped
            assert 1 == len(await w.entries("contact.erased")), wire.tripped
            await nothing_is_left(w, contact, ANN)
            await w.ledger_holds()
            if not wire.tripped:
                break
            places += 1
        assert 20 < places
