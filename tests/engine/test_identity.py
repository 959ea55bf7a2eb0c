"""Who is who across systems, in the turns no other story takes (rules I1-I7)."""

import pytest

from assent.policy.brakes import BrakeSettings
from assent.policy.gate import Reason
from assent.policy.permission import LegalBasis
from assent.policy.sides import CATEGORIES

from .stage import StagedWorld, joined, world
from .world import ANN, BOTH, EVENTS, NEWS, USER

pytestmark = pytest.mark.thorough

CONSENT, NONE, WITHDRAWN = LegalBasis.CONSENT, LegalBasis.NONE, LegalBasis.WITHDRAWN
BOB, CLEO = "bob@x.example", "cleo@x.example"


async def settled(w: StagedWorld) -> None:
    """After one more sweep another writes nothing, and the ledger gives the tables (P4, P7)."""
    await w.sweep()
    await w.ledger_holds()
    still = await w.still()
    await w.sweep()
    assert still == await w.still()


@pytest.mark.parametrize(
    ("hub", "row"),
    [
        ("Jose\u0301@x.example", "JOS\u00c9@x.example"),
        ("ann@b\u00fccher.example", " Ann@xn--bcher-kva.EXAMPLE "),
        ("Ann@X.example", "ann@x.EXAMPLE"),
    ],
)
async def test_one_address_however_it_is_spelled_is_one_person(hub: str, row: str) -> None:
    """Composed or not, international or not, in any case: linked, never a second contact (I1)."""
    async with world() as w:
        contact = await w.add(hub)
        made = w.rep.create(row)
        await w.set_up()
        await w.sweep()
        assert [made] == [link.key.row_id for link in (await w.person(contact)).links]
        assert 1 == len(await w.everybody())
        w.rep.refuse(made)
        await w.sweep()
        assert WITHDRAWN is await w.basis(contact)


async def test_a_rep_who_makes_a_deleted_persons_row_again_gets_it_linked() -> None:
    """The strictest holds, nobody is doubled, and a person still decides about the deletion (I4, I1, M5)."""
    async with joined() as (w, contact, row):
        w.rep.delete(row)
        await w.sweep()
        again = w.rep.create(ANN, donotbulkemail=True, asn_news=False)
        await w.deliver()
        await settled(w)
        found = await w.person(contact)
        assert [again] == [link.key.row_id for link in found.links]
        assert (WITHDRAWN, CATEGORIES & ~NEWS.bit) == (found.contact.basis, found.contact.value)
        assert "crm_deleted" == found.contact.hold
        assert [again] == w.office.bearing(ANN)
        await w.act(contact, basis=CONSENT)
        await w.drain()
        assert False is w.office.says(again)[0]
        assert Reason.HELD is await w.verdict(contact)


async def test_a_deleted_and_made_again_between_two_looks_loses_no_refusal() -> None:
    """The pre-image refused, the new row allows: the person stays Withdrawn, on the new row too (I4, P2)."""
    async with joined() as (w, contact, row):
        w.rep.refuse(row)
        w.rep.delete(row)
        again = w.rep.create(ANN)
        await w.deliver()
        await settled(w)
        assert (WITHDRAWN, True) == (await w.basis(contact), w.office.says(again)[0])


async def test_deleted_in_one_organisation_the_row_of_the_other_stays() -> None:
    """The link that is left still carries refusals, and nothing is created again where it was (I4, I2)."""
    async with world(organisations=2) as w:
        first, second = w.offices
        contact = await w.add(ANN)
        one, two = first.rep.create(ANN), second.rep.create(ANN)
        for office in w.offices:
            await w.set_up(office)
        first.rep.delete(one)
        await w.sweep()
        assert [two] == [link.key.row_id for link in (await w.person(contact)).links]
        assert Reason.HELD is await w.verdict(contact)
        second.rep.refuse(two)
        await settled(w)
        assert WITHDRAWN is await w.basis(contact)
        assert [] == first.bearing(ANN)


async def test_rows_moved_round_in_a_ring_keep_their_people() -> None:
    """Three people's rows swap addresses in one pass: nobody joins anybody, each keeps their answer (I3)."""
    async with world() as w:
        people = [await w.pair(ANN), await w.pair(BOB, WITHDRAWN), await w.pair(CLEO)]
        await w.set_up()
        await w.act(people[2][0], answered=NEWS.bit, value=0)
        await w.drain()
        for (_, row), address in zip(people, (BOB, CLEO, ANN), strict=True):
            w.rep.save(row, emailaddress1=address)
        await w.sweep()
        await settled(w)
        rows = [[link.key.row_id for link in (await w.person(contact)).links] for contact, _ in people]
        assert [[row] for _, row in people] == rows
        assert [BOB, CLEO, ANN] == [(await w.contact(contact)).email for contact, _ in people]
        assert [CONSENT, WITHDRAWN, CONSENT] == [await w.basis(contact) for contact, _ in people]
        assert [False, True, False] == [w.office.says(row)[0] for _, row in people]
        assert False is w.office.says(people[2][1])[1]


async def test_two_people_who_swap_addresses_in_the_hub_are_followed_by_their_rows() -> None:
    """One transaction there, two rows to write here: each keeps its person (I3)."""
    async with world() as w:
        ann, anns = await w.pair(ANN)
        bob, bobs = await w.pair(BOB, WITHDRAWN)
        await w.set_up()
        await w.act(ann, USER, email=CLEO)
        await w.act(bob, USER, email=ANN)
        await w.act(ann, USER, email=BOB)
        await w.drain()
        await settled(w)
        assert [BOB, ANN] == [w.office.row(row)["emailaddress1"] for row in (anns, bobs)]
        assert [CONSENT, WITHDRAWN] == [await w.basis(contact) for contact in (ann, bob)]
        assert [False, True] == [w.office.says(row)[0] for row in (anns, bobs)]


async def test_swapped_in_dynamics_while_one_of_them_refuses_in_the_hub() -> None:
    """The refusal goes with the person to the new address; the other is not touched by it (I3, P2)."""
    async with world() as w:
        ann, anns = await w.pair(ANN)
        bob, bobs = await w.pair(BOB)
        await w.set_up()
        w.rep.save(anns, emailaddress1=BOB)
        w.rep.save(bobs, emailaddress1=ANN)
        await w.act(ann, basis=WITHDRAWN)
        await w.sweep()
        await settled(w)
        assert [(BOB, WITHDRAWN), (ANN, CONSENT)] == [
            ((await w.contact(contact)).email, await w.basis(contact)) for contact in (ann, bob)
        ]
        assert [True, False] == [w.office.says(row)[0] for row in (anns, bobs)]
        assert [None, None] == [(await w.contact(contact)).hold for contact in (ann, bob)]


@pytest.mark.parametrize("first", ["ann", "bob"])
async def test_a_swap_whose_halves_are_heard_one_after_the_other_is_followed(first: str) -> None:
    """Only one notice came: the other row is read before anybody joins, and both follow at once (I3)."""
    async with world() as w:
        ann, anns = await w.pair(ANN)
        bob, bobs = await w.pair(BOB)
        await w.set_up()
        await w.notices()
        moves = [(anns, BOB), (bobs, ANN)] if first == "ann" else [(bobs, ANN), (anns, BOB)]
        w.rep.save(moves[0][0], emailaddress1=moves[0][1])
        heard = await w.notices()
        w.rep.save(moves[1][0], emailaddress1=moves[1][1], donotbulkemail=True)
        await w.post(*heard)
        await w.drain()
        assert [BOB, ANN] == [(await w.contact(contact)).email for contact in (ann, bob)]
        await settled(w)
        assert [None, None] == [(await w.contact(contact)).hold for contact in (ann, bob)]
        refuses = bob if first == "ann" else ann
        assert [WITHDRAWN] == [await w.basis(refuses)]
        assert [CONSENT] == [await w.basis(contact) for contact in {ann, bob} - {refuses}]


async def test_a_row_of_people_each_taking_the_next_ones_address_is_followed() -> None:
    """The last goes to a free address, so that everybody before can have theirs (I3)."""
    async with world() as w:
        people = [await w.pair(ANN), await w.pair(BOB), await w.pair(CLEO)]
        await w.set_up()
        for (_, row), address in zip(people, (BOB, CLEO, "free@x.example"), strict=True):
            w.rep.save(row, emailaddress1=address)
        await w.sweep()
        await settled(w)
        found = [await w.contact(contact) for contact, _ in people]
        assert [BOB, CLEO, "free@x.example"] == [contact.email for contact in found]
        assert [None] * 3 == [contact.hold for contact in found]


async def test_a_refusal_in_a_swap_is_kept_though_the_other_half_waits_for_a_person() -> None:
    """The other's Allow is braked, so that nobody can move yet: the refusal counts all the same (5.3, P2)."""
    async with world() as w:
        ann, anns = await w.pair(ANN)
        bob, bobs = await w.pair(BOB, WITHDRAWN)
        others = [await w.pair(f"p{number}@x.example", WITHDRAWN) for number in range(25)]
        await w.set_up()
        w.clock.pass_by(minutes=5)
        for _, row in others:
            w.rep.allow(row)
        w.rep.save(bobs, emailaddress1=ANN, donotbulkemail=False)
        w.rep.save(anns, emailaddress1=BOB, donotbulkemail=True)
        report = await w.sweep()
        assert report.braked is not None
        assert [WITHDRAWN, WITHDRAWN] == [await w.basis(contact) for contact in (ann, bob)]
        w.brakes = BrakeSettings(share=1.0)
        await w.sweep()
        await settled(w)
        assert [(BOB, WITHDRAWN), (ANN, CONSENT)] == [
            ((await w.contact(contact)).email, await w.basis(contact)) for contact in (ann, bob)
        ]


async def test_different_answers_in_two_organisations_end_as_the_strictest_of_each() -> None:
    """At once, and in no proved order: every No of either holds, field by field, on both (I2, M2)."""
    async with world(organisations=2) as w:
        first, second = w.offices
        contact = await w.add(ANN)
        one, two = first.rep.create(ANN), second.rep.create(ANN)
        for office in w.offices:
            await w.set_up(office)
        first.rep.save(one, donotbulkemail=True, asn_news=False)
        second.rep.save(two, asn_events=False)
        await w.sweep()
        await settled(w)
        found = await w.contact(contact)
        assert (WITHDRAWN, 0) == (found.basis, found.value & BOTH)
        assert [(True, False, False)] * 2 == [first.says(one), second.says(two)]


async def test_an_allow_here_and_a_refusal_there_at_once_is_a_refusal() -> None:
    """Both reps act between two looks, on two rows of one Withdrawn person (I2, M2, P2)."""
    async with world(organisations=2) as w:
        first, second = w.offices
        contact = await w.add(ANN, CONSENT)
        one, two = first.rep.create(ANN), second.rep.create(ANN)
        for office in w.offices:
            await w.set_up(office)
        second.rep.allow(two)
        first.rep.refuse(one)
        await w.sweep()
        w.clock.pass_by(minutes=1)
        second.rep.allow(two)
        first.rep.save(one, donotbulkemail=True)
        await w.sweep()
        await settled(w)
        assert (WITHDRAWN, True, True) == (await w.basis(contact), first.says(one)[0], second.says(two)[0])


async def test_a_consent_in_one_organisation_lifts_the_old_refusal_everywhere() -> None:
    """A touched grant beats refusals that merely stand, of another organisation's row too (I2, T3)."""
    async with world(organisations=2) as w:
        first, second = w.offices
        contact = await w.add(ANN, WITHDRAWN)
        one, two = first.rep.create(ANN), second.rep.create(ANN)
        for office in w.offices:
            await w.set_up(office)
        w.clock.pass_by(minutes=5)
        second.rep.allow(two)
        await w.sweep()
        await settled(w)
        assert (CONSENT, False, False) == (await w.basis(contact), first.says(one)[0], second.says(two)[0])


async def test_an_address_changed_in_one_organisation_goes_to_the_other() -> None:
    """One person's rows of all organisations follow one address (I3, I2)."""
    async with world(organisations=2) as w:
        first, second = w.offices
        contact = await w.add(ANN)
        one, two = first.rep.create(ANN), second.rep.create(ANN)
        for office in w.offices:
            await w.set_up(office)
        first.rep.save(one, emailaddress1=CLEO)
        await w.sweep()
        await settled(w)
        people = [await w.person(k.contact.contact_id) for k in await w.everybody()]
        bearing = {
            (link.key.connection_id, link.key.row_id): person.contact.email
            for person in people
            for link in person.links
        }
        assert CLEO == bearing[first.connection_id, one]
        told = (first.row(one)["emailaddress1"], second.row(two)["emailaddress1"])
        assert told == (CLEO, bearing[second.connection_id, two])
        assert contact in {person.contact.contact_id for person in people}


async def test_a_reactivated_row_of_a_person_who_moved_meanwhile_is_theirs_still() -> None:
    """Asleep while the address changed in the hub; awake it is merged without base (I4, I3)."""
    async with joined() as (w, contact, row):
        w.rep.deactivate(row)
        await w.sweep()
        await w.act(contact, USER, email=CLEO)
        await w.drain()
        w.rep.reactivate(row)
        await w.sweep()
        await settled(w)
        assert [row] == [link.key.row_id for link in (await w.person(contact)).links]
        assert CLEO == (await w.contact(contact)).email
        assert CLEO == w.office.row(row)["emailaddress1"]


async def test_reactivated_beside_a_new_row_both_are_the_persons() -> None:
    """A rep made a second row meanwhile and refused there: the one that wakes takes it (I4, I2)."""
    async with joined() as (w, contact, row):
        w.rep.deactivate(row)
        await w.sweep()
        new = w.rep.create(ANN, asn_events=False)
        await w.sweep()
        w.rep.refuse(new)
        w.rep.reactivate(row)
        await w.sweep()
        await settled(w)
        assert {row, new} == {link.key.row_id for link in (await w.person(contact)).links}
        assert WITHDRAWN is await w.basis(contact)
        assert 0 == (await w.contact(contact)).value & EVENTS.bit
        assert [(True, True, False)] * 2 == [w.office.says(one) for one in (row, new)]


async def test_a_row_never_linked_that_wakes_becomes_a_contact() -> None:
    """An inactive stranger makes nobody; activated, it is as any row first seen (I4, I5)."""
    async with joined() as (w, _, _):
        row = w.rep.create(BOB, donotbulkemail=True)
        w.rep.deactivate(row)
        await w.sweep()
        assert None is await w.holder(BOB)
        w.rep.reactivate(row)
        await w.sweep()
        contact = await w.holder(BOB)
        assert contact is not None
        assert WITHDRAWN is await w.basis(contact)
