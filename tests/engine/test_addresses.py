"""Addresses that change, part, collide and are left behind (rule I3)."""

import pytest

from assent.policy.gate import Reason
from assent.policy.permission import LegalBasis
from assent.policy.sides import CATEGORIES

from .stage import joined, world
from .trouble import before
from .world import ANN, NEWS, USER

pytestmark = pytest.mark.thorough

CONSENT, WITHDRAWN = LegalBasis.CONSENT, LegalBasis.WITHDRAWN


async def test_an_address_changed_by_a_rep_is_followed_in_the_hub() -> None:
    """The person keeps link and permission; the other side follows (I3, I1)."""
    async with joined(LegalBasis.CONTRACT) as (w, contact, row):
        w.rep.save(row, emailaddress1="Ann@New.example")
        await w.sweep()
        assert ("ann@new.example", LegalBasis.CONTRACT) == ((c := await w.contact(contact)).email, c.basis)
        assert [row] == [link.key.row_id for link in (await w.person(contact)).links]


async def test_an_address_changed_in_the_hub_is_followed_by_the_row() -> None:
    """The row takes the hub's address, and no other row is made for it (I3)."""
    async with joined() as (w, contact, row):
        await w.act(contact, USER, email="ann@new.example")
        await w.drain()
        await w.sweep()
        assert "ann@new.example" == w.office.row(row)["emailaddress1"]
        assert [row] == w.office.bearing("ann@new.example")


async def test_a_move_and_a_refusal_travel_together() -> None:
    """A rep who moves the person and refuses for them is heard in both (I3, T2)."""
    async with joined() as (w, contact, row):
        w.rep.save(row, emailaddress1="ann@new.example", donotbulkemail=True)
        await w.sweep()
        assert ("ann@new.example", WITHDRAWN) == ((c := await w.contact(contact)).email, c.basis)


async def test_addresses_changed_on_both_sides_hold_the_contact() -> None:
    """The CRM's address is kept and the contact is held until someone looks (I3)."""
    async with joined() as (w, contact, row):
        w.rep.save(row, emailaddress1="crm@new.example")
        await w.act(contact, USER, email="hub@new.example")
        await w.sweep()
        found = await w.contact(contact)
        assert ("crm@new.example", "email_conflict") == (found.email, found.hold)
        assert "crm@new.example" == w.office.row(row)["emailaddress1"]
        assert Reason.HELD is await w.verdict(contact)


async def test_the_same_address_on_both_sides_is_no_conflict() -> None:
    """Both moved to the same place: nothing to do (I3)."""
    async with joined() as (w, contact, row):
        w.rep.save(row, emailaddress1="ann@new.example")
        await w.act(contact, USER, email="ANN@new.example")
        await w.sweep()
        assert ("ann@new.example", None) == ((c := await w.contact(contact)).email, c.hold)


@pytest.mark.parametrize("in_hub", [True, False])
async def test_a_row_nobody_knew_is_linked_to_whoever_comes_to_its_address(in_hub: bool) -> None:
    """It was a stranger's when it was met; a row of the person, or the hub, took the address (I3)."""
    async with joined(create_in_hub=False) as (w, contact, row):
        stranger = w.rep.create("new@x.example", donotbulkemail=True)
        await w.sweep()
        if in_hub:
            await w.act(contact, USER, email="new@x.example")
        else:
            w.rep.save(row, emailaddress1="new@x.example")
        await w.sweep()
        await w.sweep()
        assert {row, stranger} == {link.key.row_id for link in (await w.person(contact)).links}
        assert (WITHDRAWN, True) == (await w.basis(contact), w.office.says(row)[0])


async def test_a_cleared_address_is_not_copied_and_unlinks_nothing() -> None:
    """The hub keeps its address, the row stays blank, permission still crosses (I3)."""
    async with joined() as (w, contact, row):
        w.rep.save(row, emailaddress1=None)
        await w.sweep()
        w.rep.refuse(row)
        await w.sweep()
        assert (ANN, WITHDRAWN) == ((c := await w.contact(contact)).email, c.basis)
        assert w.office.row(row)["emailaddress1"] is None


async def test_a_row_leaving_a_shared_address_gets_its_own_contact() -> None:
    """With a copy of the permission; the rows that stay keep their contact and address (I3)."""
    async with world() as w:
        contact, stays = await w.pair("info@x.example", LegalBasis.CONTRACT)
        leaves = w.rep.create("info@x.example")
        await w.set_up()
        await w.act(contact, answered=NEWS.bit, value=0)
        await w.drain()
        w.clock.pass_by(minutes=1)
        w.rep.save(leaves, emailaddress1="bob@x.example")
        await w.sweep()
        own = await w.holder("bob@x.example")
        assert own is not None
        copied = await w.contact(own)
        assert (LegalBasis.CONTRACT, CATEGORIES & ~NEWS.bit) == (copied.basis, copied.value)
        assert "info@x.example" == (await w.contact(contact)).email
        assert "info@x.example" == w.office.row(stays)["emailaddress1"]
        await w.ledger_holds()
        before = await w.still()
        await w.sweep()
        assert before == await w.still()


async def test_a_refusal_of_the_row_that_leaves_stays_with_its_person() -> None:
    """Who leaves a shared address refusing takes the refusal along (I3)."""
    async with world() as w:
        _contact, _ = await w.pair("info@x.example")
        leaves = w.rep.create("info@x.example")
        await w.set_up()
        w.rep.save(leaves, emailaddress1="bob@x.example", donotbulkemail=True)
        await w.sweep()
        own = await w.holder("bob@x.example")
        assert own is not None
        assert WITHDRAWN is await w.basis(own)


async def test_rows_that_part_for_different_addresses_keep_their_own() -> None:
    """Two rows leave one address for two others: neither is overwritten with the other's (I3)."""
    async with world() as w:
        _, one = await w.pair("info@x.example")
        two = w.rep.create("info@x.example")
        await w.set_up()
        w.rep.save(one, emailaddress1="one@x.example")
        w.rep.save(two, emailaddress1="two@x.example")
        await w.sweep()
        await w.sweep()
        found = [w.office.row(row)["emailaddress1"] for row in (one, two)]
        assert ["one@x.example", "two@x.example"] == found


async def test_a_row_that_joins_another_contact_moves_there() -> None:
    """A row leaving a shared address for one somebody holds joins that contact, strictest of both (I3)."""
    async with world() as w:
        await w.pair("info@x.example")
        moves = w.rep.create("info@x.example")
        bob, bobs = await w.pair("bob@x.example", WITHDRAWN)
        await w.set_up()
        w.rep.save(moves, emailaddress1="bob@x.example")
        await w.sweep()
        assert {moves, bobs} == {link.key.row_id for link in (await w.person(bob)).links}
        assert (WITHDRAWN, True) == (await w.basis(bob), w.office.says(moves)[0])


async def test_a_refusal_arriving_with_a_row_reaches_the_contact_it_joins() -> None:
    """Joining keeps the strictest: the refusal of the row that moves in counts (I3)."""
    async with world() as w:
        await w.pair("info@x.example")
        moves = w.rep.create("info@x.example")
        bob, bobs = await w.pair("bob@x.example", CONSENT)
        await w.set_up()
        w.rep.save(moves, emailaddress1="bob@x.example", donotbulkemail=True)
        await w.sweep()
        assert (WITHDRAWN, True) == (await w.basis(bob), w.office.says(bobs)[0])


async def test_a_whole_contact_joins_the_one_that_holds_its_new_address() -> None:
    """Its rows go there, the strictest of both holds, and the contact left behind is not mailed (I3)."""
    async with joined() as (w, contact, row):
        other = await w.add("bob@x.example")
        await w.act(contact, answered=NEWS.bit, value=0)
        await w.drain()
        w.rep.save(row, emailaddress1="bob@x.example")
        await w.sweep()
        assert (ANN, "joined") == ((c := await w.contact(contact)).email, c.hold)
        assert () == (await w.person(contact)).links
        assert row in [link.key.row_id for link in (await w.person(other)).links]
        assert (CONSENT, CATEGORIES & ~NEWS.bit) == ((c := await w.contact(other)).basis, c.value)
        assert Reason.HELD is await w.verdict(contact)
        told = [(e.old, e.new) for e in await w.entries("row.moved")]
        assert [({"contact": str(contact)}, {"contact": str(other)})] == told
        w.rep.refuse(row)
        await w.sweep()
        assert WITHDRAWN is await w.basis(other)
        await w.ledger_holds()
        before = await w.still()
        await w.sweep()
        assert before == await w.still()


@pytest.mark.parametrize("refuses", ["who comes", "who was there"])
async def test_a_join_keeps_the_refusal_of_either(refuses: str) -> None:
    """Whoever of the two is Withdrawn, every row says Do not allow afterwards (I3, P2)."""
    async with world() as w:
        ann, anns = await w.pair(ANN, WITHDRAWN if refuses == "who comes" else CONSENT)
        bob, bobs = await w.pair("bob@x.example", CONSENT if refuses == "who comes" else WITHDRAWN)
        await w.set_up()
        w.rep.save(anns, emailaddress1="bob@x.example")
        await w.sweep()
        assert ("joined", WITHDRAWN) == ((await w.contact(ann)).hold, await w.basis(bob))
        assert [True, True] == [w.office.says(row)[0] for row in (anns, bobs)]
        await w.ledger_holds()


async def test_a_join_that_would_grant_waits_for_a_person() -> None:
    """Nothing moves, nobody is overwritten, refusals still count (I3, P3)."""
    async with joined() as (w, contact, row):
        other = await w.add("bob@x.example", LegalBasis.NONE)
        w.rep.save(row, emailaddress1="bob@x.example")
        await w.sweep()
        assert (ANN, "address_taken") == ((c := await w.contact(contact)).email, c.hold)
        assert LegalBasis.NONE is await w.basis(other)
        w.rep.refuse(row)
        await w.sweep()
        assert (WITHDRAWN, "address_taken") == ((c := await w.contact(contact)).basis, c.hold)
        assert "bob@x.example" == w.office.row(row)["emailaddress1"]
        await w.ledger_holds()


async def test_several_contacts_join_the_same_one_at_once() -> None:
    """Each brings its own refusal, and none of them is lost (I3, P2)."""
    async with world() as w:
        holder = await w.add("bob@x.example")
        people = [await w.pair(f"p{number}@x.example") for number in range(4)]
        await w.set_up()
        for _, row in people:
            w.rep.save(row, emailaddress1="bob@x.example")
        await w.act(people[1][0], answered=NEWS.bit, value=0)
        await w.act(people[3][0], basis=WITHDRAWN)
        await w.sweep()
        assert ["joined"] * 4 == [(await w.contact(contact)).hold for contact, _ in people]
        assert (WITHDRAWN, CATEGORIES & ~NEWS.bit) == ((c := await w.contact(holder)).basis, c.value)
        assert [(True, False)] * 4 == [w.office.says(row)[:2] for _, row in people]
        await w.ledger_holds()


async def test_a_join_waits_for_whoever_moved_meanwhile() -> None:
    """The holder acts while rows are on their way: decided anew, and nothing of it is lost (I3, P2)."""
    async with joined() as (w, contact, row):
        other = await w.add("bob@x.example")
        w.rep.save(row, emailaddress1="bob@x.example")
        w.memory = before(w.store.memory, join=lambda: w.act(other, basis=WITHDRAWN))
        await w.sweep()
        assert ("joined", WITHDRAWN) == ((await w.contact(contact)).hold, await w.basis(other))
        assert w.office.says(row)[0] is True


async def test_half_a_swap_joins_nobody() -> None:
    """One notice of a swap came, the other row has moved since too: both are read first (I3)."""
    async with world() as w:
        ann, anns = await w.pair(ANN)
        bob, bobs = await w.pair("bob@x.example")
        await w.set_up()
        await w.notices()
        w.rep.save(anns, emailaddress1="bob@x.example")
        first = await w.notices()
        w.rep.save(bobs, emailaddress1=ANN)
        await w.post(*first)
        await w.drain()
        assert [[anns], [bobs]] == [
            [link.key.row_id for link in (await w.person(contact)).links] for contact in (ann, bob)
        ]


async def test_a_refusal_on_a_row_that_bears_anothers_address_stops_mail_to_it() -> None:
    """The gate decides on every row bearing the address, whoever it is linked to (G4)."""
    async with joined() as (w, _, row):
        other = await w.add("bob@x.example")
        w.rep.save(row, emailaddress1="bob@x.example", donotbulkemail=True)
        await w.sweep()
        assert Reason.WITHDRAWN is await w.verdict(other)


async def test_a_withdrawn_address_left_behind_is_remembered() -> None:
    """A new contact at an address somebody Withdrawn left starts Withdrawn, from either side (I3)."""
    async with joined(WITHDRAWN) as (w, contact, row):
        w.rep.save(row, emailaddress1="ann@new.example")
        await w.sweep()
        w.rep.create(ANN)
        await w.sweep()
        again = await w.holder(ANN)
        assert again not in (None, contact)
        assert again is not None
        assert WITHDRAWN is await w.basis(again)


async def test_two_people_who_swap_addresses_end_up_settled() -> None:
    """Joins are judged on the final state of all rows of the pass: a swap is no collision (I3)."""
    async with world() as w:
        ann, anns = await w.pair("ann@x.example", CONSENT)
        bob, bobs = await w.pair("bob@x.example", WITHDRAWN)
        await w.set_up()
        w.rep.save(anns, emailaddress1="bob@x.example")
        w.rep.save(bobs, emailaddress1="ann@x.example")
        await w.sweep()
        await w.sweep()
        assert ["bob@x.example", "ann@x.example"] == [
            w.office.row(row)["emailaddress1"] for row in (anns, bobs)
        ]
        assert [CONSENT, WITHDRAWN] == [await w.basis(contact) for contact in (ann, bob)]
        assert Reason.MAY is not await w.verdict(bob)
        before = await w.still()
        await w.sweep()
        assert before == await w.still()


async def test_a_third_that_goes_to_an_address_of_a_swap_joins_whoever_has_it_then() -> None:
    """One address passes to one of two; the other follows, and the swap does not wait for it (I3)."""
    async with world() as w:
        pairs = [await w.pair(f"{name}@x.example", CONSENT) for name in ("cat", "ann", "bob", "dan")]
        (cat, cats), (ann, anns), (bob, bobs), (dan, dans) = pairs
        await w.set_up()
        for row, name in ((cats, "ann"), (anns, "bob"), (bobs, "ann"), (dans, "ann")):
            w.rep.save(row, emailaddress1=f"{name}@x.example")
        await w.sweep()
        await w.sweep()
        contacts = [await w.contact(one) for one in (ann, bob)]
        assert ["bob@x.example", "ann@x.example"] == [one.email for one in contacts]
        assert {cats, bobs, dans} == {link.key.row_id for link in (await w.person(bob)).links}
        assert ["joined", "joined"] == [(await w.contact(one)).hold for one in (cat, dan)]
        before = await w.still()
        await w.sweep()
        assert before == await w.still()
