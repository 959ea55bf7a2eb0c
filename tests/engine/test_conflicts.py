"""Both sides moved: the later act where the order is proved, else the refusal (rules M1-M6, I2)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest

from assent.engine.backfill import backfill
from assent.policy.permission import LegalBasis
from assent.policy.sides import CATEGORIES

from .stage import StagedWorld, joined, world
from .trouble import after, before
from .world import EVENTS, NEWS

CONSENT, WITHDRAWN = LegalBasis.CONSENT, LegalBasis.WITHDRAWN
LEGITIMATE = LegalBasis.LEGITIMATE_INTEREST


async def test_a_refusal_wins_when_the_order_is_not_known() -> None:
    """A rep refuses and the contact consents within the clocks' uncertainty (M2)."""
    async with joined(LegalBasis.NONE) as (w, contact, row):
        w.rep.refuse(row)
        await w.act(contact, basis=CONSENT)
        await w.sweep()
        assert (WITHDRAWN, True) == (await w.basis(contact), w.office.says(row)[0])


async def test_a_hub_refusal_wins_over_a_reps_allow_of_unknown_order() -> None:
    """The same with the sides exchanged (M2)."""
    async with joined(WITHDRAWN) as (w, contact, row):
        await w.act(contact, basis=WITHDRAWN)
        w.rep.allow(row)
        await w.sweep()
        assert (WITHDRAWN, True) == (await w.basis(contact), w.office.says(row)[0])


async def test_a_consent_proved_later_beats_a_reps_refusal() -> None:
    """More than the skew after the row's modifiedon the contact's own word is the later act (M2)."""
    async with joined(LEGITIMATE) as (w, contact, row):
        w.rep.refuse(row)
        w.clock.pass_by(seconds=30)
        await w.act(contact, basis=CONSENT)
        await w.sweep()
        assert (CONSENT, False) == (await w.basis(contact), w.office.says(row)[0])
        await w.deliver()
        assert (CONSENT, False) == (await w.basis(contact), w.office.says(row)[0])


async def test_an_allow_proved_later_beats_a_hub_refusal() -> None:
    """A rep who allows after the base followed the withdrawal has acted last (M1, T3)."""
    async with joined() as (w, contact, row):
        await w.act(contact, basis=WITHDRAWN)
        await w.drain()
        w.clock.pass_by(seconds=30)
        w.rep.allow(row)
        await w.sweep()
        assert (CONSENT, False) == (await w.basis(contact), w.office.says(row)[0])


async def test_a_refusal_given_again_is_an_act() -> None:
    """Who unsubscribes again after a rep set Allow has spoken last, though no value moved (M3)."""
    async with joined(WITHDRAWN) as (w, contact, row):
        w.rep.allow(row)
        w.clock.pass_by(minutes=5)
        await w.act(contact, basis=WITHDRAWN)
        await w.sweep()
        assert (WITHDRAWN, True) == (await w.basis(contact), w.office.says(row)[0])


async def test_a_grant_set_aside_for_an_edit_of_something_else_is_shown() -> None:
    """The row moved, nothing tells which column: its refusal is kept, the grant asked about (M3)."""
    async with joined(WITHDRAWN) as (w, contact, row):
        w.rep.save(row, telephone1="1")
        await w.act(contact, basis=CONSENT)
        await w.sweep()
        assert (WITHDRAWN, True) == (await w.basis(contact), w.office.says(row)[0])
        assert [(contact, "grant_set_aside")] == await w.questions()


async def test_a_category_grant_set_aside_is_shown() -> None:
    """A Yes that lost only to a No that may have been repeated is kept and shown, not swallowed (M3)."""
    async with joined() as (w, contact, row):
        await w.act(contact, answered=NEWS.bit, value=0)
        await w.drain()
        w.clock.pass_by(minutes=1)
        w.rep.save(row, telephone1="1")
        await w.act(contact, answered=NEWS.bit, value=NEWS.bit)
        await w.sweep()
        assert (False, False, True) == w.office.says(row)
        assert [(contact, "grant_set_aside")] == await w.questions()


async def test_each_category_is_merged_for_itself() -> None:
    """One side's No on one category and the other's on another both stand (M1, S2)."""
    async with joined() as (w, contact, row):
        w.rep.save(row, asn_news=False)
        await w.act(contact, answered=EVENTS.bit, value=0)
        await w.sweep()
        assert (False, False, False) == w.office.says(row)
        assert CATEGORIES & ~(NEWS.bit | EVENTS.bit) == (await w.contact(contact)).value


async def test_a_write_names_only_what_it_changes() -> None:
    """A hub No on one category leaves a rep's edit of another alone (M6)."""
    async with joined() as (w, contact, row):
        await w.act(contact, answered=NEWS.bit, value=0)
        w.office.crm = before(w.office.crm, write=lambda: w.rep.save(row, asn_events=False))
        await w.drain()
        assert (False, False, False) == w.office.says(row)
        await w.sweep()
        assert CATEGORIES & ~(NEWS.bit | EVENTS.bit) == (await w.contact(contact)).value


@pytest.mark.parametrize("edit", [{"donotbulkemail": True}, {"telephone1": "1"}])
async def test_a_grant_that_meets_a_reps_edit_is_decided_anew(edit: dict[str, object]) -> None:
    """The conditional Allow fails, the row is read again, and the refusal is kept, at once (M6)."""
    async with joined(WITHDRAWN) as (w, contact, row):
        await w.act(contact, basis=CONSENT)
        w.office.crm = before(w.office.crm, write=lambda: w.rep.save(row, **edit))
        await w.drain()
        assert w.office.says(row)[0] is True
        assert WITHDRAWN is await w.basis(contact)
        assert [] == await w.store.memory.pending(w.account_id, 10)


async def test_a_grant_that_met_a_reps_edit_is_healed_by_the_next_sweep() -> None:
    """Whatever real time left open, one sweep closes; the refusal is never overwritten (M6, P4)."""
    async with joined(WITHDRAWN) as (w, contact, row):
        await w.act(contact, basis=CONSENT)
        w.office.crm = before(w.office.crm, write=lambda: w.rep.refuse(row))
        await w.drain()
        await w.sweep()
        assert (WITHDRAWN, True) == (await w.basis(contact), w.office.says(row)[0])


async def test_a_hub_act_during_the_write_is_not_overtaken() -> None:
    """The contact refuses while the Allow is on its way: the base does not settle over it (M4)."""
    async with joined(WITHDRAWN) as (w, contact, row):
        await w.act(contact, basis=CONSENT)
        w.office.crm = after(w.office.crm, write=lambda: w.act(contact, basis=WITHDRAWN))
        await w.drain()
        await w.sweep()
        assert (WITHDRAWN, True) == (await w.basis(contact), w.office.says(row)[0])


async def test_a_hub_act_during_the_read_is_not_overtaken() -> None:
    """The contact refuses after the rows were read and before the hub is written (M4, M6)."""
    async with joined(WITHDRAWN) as (w, contact, row):
        w.rep.allow(row)
        w.memory = before(w.store.memory, apply=lambda: w.act(contact, basis=WITHDRAWN))
        await w.sweep()
        assert (WITHDRAWN, True) == (await w.basis(contact), w.office.says(row)[0])


@asynccontextmanager
async def sharing() -> AsyncIterator[tuple[StagedWorld, UUID, list[UUID]]]:
    """A world set up and still, with one withdrawn contact and two rows of its address."""
    async with world() as w:
        contact, first = await w.pair("info@x.example", WITHDRAWN)
        rows = [first, w.rep.create("info@x.example")]
        await w.set_up()
        yield w, contact, rows


async def test_shared_addresses_are_one_merge_and_every_row_follows() -> None:
    """A refusal on one of three rows reaches the contact and the other two in one pass (I2)."""
    async with world() as w:
        contact, first = await w.pair("info@x.example")
        rows = [first, *(w.rep.create("info@x.example") for _ in range(2))]
        await w.set_up()
        w.rep.refuse(rows[1])
        await w.sweep()
        assert WITHDRAWN is await w.basis(contact)
        assert [True, True, True] == [w.office.says(row)[0] for row in rows]
        before_ = await w.still()
        await w.sweep()
        assert before_ == await w.still()


async def test_a_touched_grant_beats_untouched_refusals_of_the_other_rows() -> None:
    """A refusal counts when made, not because older copies still stand (I2, T3)."""
    async with sharing() as (w, contact, rows):
        w.rep.allow(rows[0])
        await w.sweep()
        assert CONSENT is await w.basis(contact)
        assert [False, False] == [w.office.says(row)[0] for row in rows]


async def test_a_refusal_repeated_after_an_allow_of_another_row_that_nobody_saw_yet_stands() -> None:
    """A No that repeats what its row said settles only beside a later look at the others (M3, I2)."""
    async with sharing() as (w, contact, rows):
        w.rep.allow(rows[0])
        await w.notices()  # and nobody hears of it
        w.clock.pass_by(seconds=30)
        w.rep.allow(rows[1])
        w.rep.refuse(rows[1])
        await w.deliver()
        w.clock.pass_by(minutes=5)
        await w.sweep()
        assert WITHDRAWN is await w.basis(contact)
        assert [True, True] == [w.office.says(row)[0] for row in rows]


async def test_a_new_row_with_a_refusal_joins_and_the_strictest_holds() -> None:
    """A row first seen merges without base: its Do not allow reaches everybody at the address (M5, I2)."""
    async with joined() as (w, contact, row):
        w.rep.create("ann@x.example", donotbulkemail=True)
        await w.sweep()
        assert (WITHDRAWN, True) == (await w.basis(contact), w.office.says(row)[0])


async def test_one_row_that_cannot_be_written_does_not_stop_the_others() -> None:
    """A row the CRM refuses is reported; the refusal still reaches the rest (I2)."""
    async with world() as w:
        contact, first = await w.pair("info@x.example")
        gone = w.rep.create("info@x.example")
        await w.set_up()
        await w.act(contact, basis=WITHDRAWN)
        w.office.crm = before(w.office.crm, write=lambda: w.rep.delete(gone))
        await w.drain()
        assert w.office.says(first)[0] is True


async def test_a_backfill_never_writes_over_a_no() -> None:
    """A backfill at any time leaves every refusal as it is (T6, M6)."""
    async with joined() as (w, contact, row):
        w.rep.save(row, asn_news=None, asn_events=False, donotbulkemail=None)
        await w.sweep()
        await backfill(await w.run(), w.office.connection_id)
        assert (False, True, False) == w.office.says(row)
        assert CATEGORIES & ~EVENTS.bit == (await w.contact(contact)).value
