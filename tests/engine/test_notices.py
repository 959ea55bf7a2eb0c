"""Webhook notices may be lost, doubled, late or reordered; they carry keys, never changes (M8, section 3)."""

import asyncio
import itertools
from dataclasses import replace

import pytest

from assent.errors import Unreachable
from assent.policy.gate import Message, Reason
from assent.policy.permission import LegalBasis
from assent.policy.sides import CATEGORIES, PERMISSION

from .stage import joined, world
from .trouble import after, before, down
from .world import ANN, EVENTS, NEWS

pytestmark = pytest.mark.thorough

CONSENT, WITHDRAWN = LegalBasis.CONSENT, LegalBasis.WITHDRAWN
TRANSACTIONAL = Message(transactional=True)


async def test_a_notice_brings_a_reps_refusal_at_once() -> None:
    """The row is read, the person merged, the notice ended (M8)."""
    async with joined() as (w, contact, row):
        w.rep.refuse(row)
        await w.deliver()
        assert WITHDRAWN is await w.basis(contact)
        assert [] == await w.store.memory.notices(w.account_id, 10)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_notices_in_any_order_and_twice_lead_to_the_same_end(order: tuple[int, ...]) -> None:
    """Refused, allowed and refused again: whatever order the news takes, the refusal stands (T4, M8)."""
    async with joined() as (w, contact, row):
        w.rep.refuse(row)
        w.rep.allow(row)
        w.rep.refuse(row)
        told = await w.notices()
        for index in order:
            await w.post(told[index], told[index])
            await w.drain()
            assert WITHDRAWN is await w.basis(contact)
        assert [] == await w.store.memory.notices(w.account_id, 10)
        before = await w.still()
        await w.sweep()
        assert before == await w.still()


async def test_a_late_notice_never_undoes_a_later_consent() -> None:
    """The refusal it tells of was merged, and the contact has consented since (T4, M8)."""
    async with joined() as (w, contact, row):
        w.rep.refuse(row)
        told = await w.notices()
        await w.sweep()
        w.clock.pass_by(minutes=5)
        await w.act(contact, basis=LegalBasis.CONTRACT)
        await w.drain()
        await w.post(*told)
        await w.drain()
        assert (LegalBasis.CONTRACT, False) == (await w.basis(contact), w.office.says(row)[0])
        assert Reason.MAY is await w.verdict(contact)


async def test_the_notice_of_our_own_write_changes_nothing() -> None:
    """An echo touches nothing and blocks nobody for longer than one drain (T4, M8)."""
    async with joined() as (w, contact, row):
        await w.act(contact, basis=WITHDRAWN)
        await w.drain()
        echo = await w.notices()
        w.clock.pass_by(minutes=1)
        await w.act(contact, basis=CONSENT)
        await w.drain()
        await w.post(*echo)
        await w.drain()
        assert (CONSENT, False) == (await w.basis(contact), w.office.says(row)[0])
        assert [] == await w.store.memory.notices(w.account_id, 10)


async def test_notices_of_unknown_and_deleted_rows_end() -> None:
    """A row nobody is linked to and that does not exist says nothing any more (M8)."""
    async with joined() as (w, contact, row):
        ghost = w.rep.create(None)
        w.rep.refuse(ghost)
        w.rep.delete(ghost)
        w.rep.delete(row)
        told = await w.notices()
        await w.post(*told)
        await asyncio.wait_for(w.drain(), 5)
        assert [] == await w.store.memory.notices(w.account_id, 10)
        assert "crm_deleted" == (await w.contact(contact)).hold
        await w.post(*told)
        await w.drain()
        assert [] == await w.store.memory.notices(w.account_id, 10)


async def test_a_create_notice_makes_the_contact_once() -> None:
    """Told twice, and again by the sweep: one contact (I5)."""
    async with joined() as (w, _, _):
        w.rep.create("new@x.example")
        told = await w.notices()
        await w.post(*told, *told)
        await w.drain()
        await w.sweep()
        assert 2 == len(await w.everybody())


async def test_a_refusing_notice_blocks_before_any_merge() -> None:
    """Durably received is enough: the gate refuses although the CRM cannot be asked (M8, P1, G4)."""
    async with joined() as (w, contact, row):
        w.rep.refuse(row)
        await w.post(*await w.notices())
        w.office.crm = down(w.office.crm)
        assert Reason.REFUSAL_PENDING is await w.verdict(contact)
        assert Reason.MAY is await w.verdict(contact, TRANSACTIONAL)
        assert CONSENT is await w.basis(contact)


async def test_a_block_on_one_category_blocks_that_category() -> None:
    """The field a notice reports refused is blocked; what it does not name is unverified (M8, G2)."""
    async with joined() as (w, contact, row):
        w.rep.save(row, asn_news=False)
        (told,) = await w.notices()
        assert told.refused == NEWS.bit
        await w.post(told)
        w.office.crm = down(w.office.crm)
        assert Reason.REFUSAL_PENDING is await w.verdict(contact, Message(NEWS.bit))
        assert Reason.UNVERIFIED is await w.verdict(contact, Message(EVENTS.bit))


async def test_a_notice_that_comes_during_the_check_blocks() -> None:
    """Received after the feed and the rows were read, before the verdict (P1, M8)."""
    async with joined() as (w, contact, row):

        async def rep_refuses() -> None:
            w.rep.refuse(row)
            await w.post(*await w.notices())

        w.office.crm = after(w.office.crm, refusing=rep_refuses)
        assert Reason.REFUSAL_PENDING is await w.verdict(contact)


async def test_a_block_outlives_a_drain_that_could_not_read() -> None:
    """It ends when a merge has read that row, not when somebody tried to (M8)."""
    async with joined() as (w, contact, row):
        w.rep.refuse(row)
        await w.post(*await w.notices())
        w.office.crm = down(w.office.real, "read")
        with pytest.raises(Unreachable):
            await w.drain()
        (waiting,) = await w.store.memory.notices(w.account_id, 10)
        assert PERMISSION == waiting.refused
        w.office.crm = w.office.real
        await w.drain()
        assert WITHDRAWN is await w.basis(contact)


async def test_a_refusal_we_overwrote_unseen_stands_as_an_act() -> None:
    """Filed by a notice, then covered by our own Allow of that moment: the refusal is an act (M8)."""
    async with joined(WITHDRAWN) as (w, contact, row):
        await w.act(contact, basis=CONSENT)
        w.office.crm = after(w.office.crm, read=lambda: None)
        w.rep.refuse(row)
        await w.post(*await w.notices())
        await w.drain()
        await w.sweep()
        assert (WITHDRAWN, True) == (await w.basis(contact), w.office.says(row)[0])


async def test_an_allow_in_a_notice_is_only_a_hint() -> None:
    """The rep allowed and took it back; the late notice of the Allow grants nothing (section 3)."""
    async with joined(WITHDRAWN) as (w, contact, row):
        w.rep.allow(row)
        told = await w.notices()
        w.rep.refuse(row)
        await w.post(*told)
        await w.drain()
        assert (WITHDRAWN, True) == (await w.basis(contact), w.office.says(row)[0])


async def test_lost_notices_are_made_good_by_one_sweep() -> None:
    """Webhooks switched off: everything comes with the next sweep (section 3, P4)."""
    async with world() as w:
        people = [await w.pair(f"p{n}@x.example") for n in range(3)]
        await w.set_up()
        await w.control("webhooks", enabled=False)
        w.rep.refuse(people[0][1])
        w.rep.save(people[1][1], asn_news=False)
        w.rep.delete(people[2][1])
        assert [] == await w.notices()
        await w.sweep()
        first, second, third = [await w.contact(contact) for contact, _ in people]
        assert (WITHDRAWN, CATEGORIES & ~NEWS.bit, "crm_deleted") == (first.basis, second.value, third.hold)


async def test_a_merge_notice_hands_the_refusal_over() -> None:
    """Real time does for a merge what the sweep does (I4)."""
    async with world() as w:
        survivor, row = await w.pair(ANN)
        _, loser = await w.pair("bob@x.example", WITHDRAWN)
        await w.set_up()
        await w.notices()
        w.rep.merge(row, loser)
        await w.deliver()
        assert (WITHDRAWN, True) == (await w.basis(survivor), w.office.says(row)[0])


async def test_a_notice_that_comes_after_its_row_was_read_back_does_not_end_unread() -> None:
    """A row was read back while a second organisation is still written to; then a refusal comes (M8)."""
    async with world(organisations=2) as w:
        first, second = w.offices
        contact = await w.add(ANN)
        one = first.rep.create(ANN)
        second.rep.create(ANN)
        for office in w.offices:
            await w.set_up(office)
        await w.notices()
        await w.act(contact, answered=EVENTS.bit, value=0)

        async def rep_refuses() -> None:
            first.rep.refuse(one)
            await w.post(*[replace(n, version=0) for n in await w.notices() if n.refused & PERMISSION])

        second.crm = before(second.crm, write=rep_refuses)
        await w.drain()
        assert WITHDRAWN is await w.basis(contact) or await w.store.memory.notices(w.account_id, 10)


async def test_a_no_that_was_emptied_before_anybody_read_it_counts() -> None:
    """Its notice told of it; turning null is nobody's act, so the No is the newest word (T6, M8, P2)."""
    async with joined() as (w, contact, row):
        w.rep.save(row, asn_news=False)
        told = await w.notices()
        w.rep.save(row, asn_news=None)
        await w.post(*told)
        await w.drain()
        await w.sweep()
        assert (False, False) == (bool((await w.contact(contact)).value & NEWS.bit), w.office.says(row)[1])


async def test_an_old_notice_of_a_no_brings_nothing_back() -> None:
    """The No was settled, lifted and the column emptied since; its notice comes once more (T4)."""
    async with joined() as (w, contact, row):
        w.rep.save(row, asn_news=False)
        told = await w.notices()
        await w.sweep()
        w.clock.pass_by(minutes=1)
        await w.act(contact, answered=NEWS.bit, value=NEWS.bit)
        await w.sweep()
        w.rep.save(row, asn_news=None)
        await w.sweep()
        await w.post(*told)
        await w.drain()
        assert (await w.contact(contact)).value & NEWS.bit
