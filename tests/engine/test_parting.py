"""A join taken apart again, from the ledger: rows go back, refusals made since stay (rule I3, design 5.3)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest

from assent.errors import Conflict
from assent.policy.gate import Reason
from assent.policy.permission import LegalBasis
from assent.policy.sides import CATEGORIES
from assent.store.joins import join_of, joined_to
from assent.store.parting import Parting

from .stage import StagedWorld, world
from .trouble import after, before
from .world import ANN, EVENTS, NEWS, USER, WORDS, World

pytestmark = pytest.mark.thorough

CONSENT, WITHDRAWN, INTEREST = LegalBasis.CONSENT, LegalBasis.WITHDRAWN, LegalBasis.LEGITIMATE_INTEREST
BOB = "bob@x.example"


async def part(w: World, contact: UUID) -> UUID:
    """Take the join of a contact apart, as somebody in the console."""
    parting = Parting(w.store.memory.journal, USER, WORDS, w.clock.now())
    return await w.store.database.write(lambda c: parting.run(c, w.account_id, contact))


@asynccontextmanager
async def a_join(
    leaves: LegalBasis = CONSENT, holds: LegalBasis = CONSENT
) -> AsyncIterator[tuple[StagedWorld, UUID, UUID, UUID, UUID]]:
    """Ann's row got Bob's address, so that she joined him; gives both with their rows."""
    async with world() as w:
        ann, anns = await w.pair(ANN, leaves)
        bob, bobs = await w.pair(BOB, holds)
        await w.set_up()
        w.clock.pass_by(minutes=10)
        w.rep.save(anns, emailaddress1=BOB)
        await w.sweep()
        assert "joined" == (await w.contact(ann)).hold
        w.clock.pass_by(minutes=10)
        yield w, ann, anns, bob, bobs


async def rows(w: World, contact: UUID) -> set[UUID]:
    """The rows of a contact."""
    return {link.key.row_id for link in (await w.person(contact)).links}


async def settled(w: StagedWorld) -> None:
    """Both systems agree, the ledger gives the tables, and another sweep writes nothing (P4, P7)."""
    await w.sweep()
    await w.ledger_holds()
    still = await w.still()
    await w.sweep()
    assert still == await w.still()


async def test_rows_go_back_with_their_contact_and_its_address() -> None:
    """Nobody refused anything: both may be mailed again, each at their own address (I3)."""
    async with a_join(INTEREST, CONSENT) as (w, ann, anns, bob, bobs):
        assert bob == await part(w, ann)
        await settled(w)
        assert ({anns}, {bobs}) == (await rows(w, ann), await rows(w, bob))
        assert (ANN, BOB) == tuple(w.office.row(row)["emailaddress1"] for row in (anns, bobs))
        assert (None, INTEREST, CONSENT) == (
            (await w.contact(ann)).hold,
            await w.basis(ann),
            await w.basis(bob),
        )
        assert [Reason.MAY, Reason.MAY] == [await w.verdict(one) for one in (ann, bob)]


async def test_what_the_holder_took_over_at_the_join_goes_back() -> None:
    """The refusal was the other person's alone, and nobody moved it since (5.3)."""
    async with a_join(WITHDRAWN, INTEREST) as (w, ann, anns, bob, bobs):
        assert (WITHDRAWN, True) == (await w.basis(bob), w.office.says(bobs)[0])
        await part(w, ann)
        await settled(w)
        assert (WITHDRAWN, True) == (await w.basis(ann), w.office.says(anns)[0])
        assert (INTEREST, False) == (await w.basis(bob), w.office.says(bobs)[0])


async def test_a_category_taken_over_goes_back_too() -> None:
    """Field by field: one moved since stays (5.3)."""
    async with world() as w:
        ann, anns = await w.pair(ANN)
        bob, bobs = await w.pair(BOB)
        await w.set_up()
        await w.act(ann, answered=NEWS.bit | EVENTS.bit, value=0)
        await w.drain()
        w.clock.pass_by(minutes=10)
        w.rep.save(anns, emailaddress1=BOB)
        await w.sweep()
        await w.act(bob, answered=EVENTS.bit, value=0)
        await w.drain()
        await part(w, ann)
        await settled(w)
        assert CATEGORIES & ~(NEWS.bit | EVENTS.bit) == (await w.contact(ann)).value
        assert CATEGORIES & ~EVENTS.bit == (await w.contact(bob)).value
        assert (True, False) == w.office.says(bobs)[1:]


@pytest.mark.parametrize("where", ["the hub", "the row that came", "the row that was there"])
async def test_a_refusal_made_since_stays_on_both(where: str) -> None:
    """Whoever said it, and wherever: it was about what both were then (I3, P2)."""
    async with a_join() as (w, ann, anns, bob, bobs):
        match where:
            case "the hub":
                await w.act(bob, basis=WITHDRAWN)
            case "the row that came":
                w.rep.refuse(anns)
            case _:
                w.rep.refuse(bobs)
        await w.sweep()
        await part(w, ann)
        await settled(w)
        assert [WITHDRAWN, WITHDRAWN] == [await w.basis(ann), await w.basis(bob)]
        assert [True, True] == [w.office.says(row)[0] for row in (anns, bobs)]


async def test_a_refusal_said_again_since_is_not_taken_back() -> None:
    """The holder took the refusal over, and then refused for themselves (5.3)."""
    async with a_join(WITHDRAWN, CONSENT) as (w, ann, _, bob, bobs):
        await w.act(bob, basis=WITHDRAWN)
        await w.drain()
        await part(w, ann)
        await settled(w)
        assert (WITHDRAWN, True) == (await w.basis(bob), w.office.says(bobs)[0])


async def test_a_row_refused_since_and_not_yet_seen_stays_refused() -> None:
    """A rep refused while the join was being taken apart: the strictest of both looks (M5, P2)."""
    async with a_join() as (w, ann, anns, bob, bobs):
        w.rep.refuse(anns)
        await part(w, ann)
        await settled(w)
        assert (WITHDRAWN, CONSENT) == (await w.basis(ann), await w.basis(bob))
        assert (True, False) == tuple(w.office.says(row)[0] for row in (anns, bobs))


async def test_the_refusal_the_holder_had_before_stays_on_the_rows_that_had_it() -> None:
    """The rows that went over were written to with it: nothing here grants them anything (I3)."""
    async with a_join(CONSENT, WITHDRAWN) as (w, ann, anns, bob, _):
        await part(w, ann)
        await settled(w)
        assert [WITHDRAWN, WITHDRAWN] == [await w.basis(ann), await w.basis(bob)]
        assert w.office.says(anns)[0] is True


async def test_rows_that_moved_on_since_stay_where_they_are() -> None:
    """Of two rows that went over one has left for an address of its own; the other goes back (5.3)."""
    async with world() as w:
        ann, one = await w.pair(ANN)
        two = w.rep.create(ANN)
        bob, bobs = await w.pair(BOB)
        await w.set_up()
        for row in (one, two):
            w.rep.save(row, emailaddress1=BOB)
        await w.sweep()
        w.rep.save(two, emailaddress1="cleo@x.example")
        await w.sweep()
        await part(w, ann)
        await settled(w)
        cleo = await w.holder("cleo@x.example")
        assert cleo is not None
        assert [{one}, {two}, {bobs}] == [await rows(w, contact) for contact in (ann, cleo, bob)]


async def test_a_join_none_of_whose_rows_is_left_cannot_be_taken_apart() -> None:
    """Said in words; nothing changes (5.3)."""
    async with a_join() as (w, ann, anns, _, _):
        w.rep.delete(anns)
        await w.sweep()
        with pytest.raises(Conflict, match="none of the rows"):
            await part(w, ann)
        assert "joined" == (await w.contact(ann)).hold


async def test_a_join_is_taken_apart_once() -> None:
    """A second click finds nothing to do; who was never joined neither (P6)."""
    async with a_join() as (w, ann, _, bob, _):
        await part(w, ann)
        for contact in (ann, bob):
            with pytest.raises(Conflict, match="not joined"):
                await part(w, contact)


async def test_a_join_taken_apart_does_not_join_again() -> None:
    """Full compares and late notices leave both on their own (I3, P4)."""
    async with a_join() as (w, ann, anns, _, _):
        late = await w.notices()
        await part(w, ann)
        await w.post(*late)
        await w.drain()
        w.office.organization.metadata_changed()
        await settled(w)
        assert {anns} == await rows(w, ann)
        w.rep.save(anns, emailaddress1=BOB)
        await w.sweep()
        assert "joined" == (await w.contact(ann)).hold


async def test_an_address_given_back_meets_a_reps_edit_as_every_write_does() -> None:
    """Conditional on the version read: an edit in between is read first (M6)."""
    async with a_join() as (w, ann, anns, _, _):
        await part(w, ann)
        w.office.crm = before(w.office.crm, write=lambda: w.rep.refuse(anns))
        await w.drain()
        await settled(w)
        assert (WITHDRAWN, ANN) == (await w.basis(ann), w.office.row(anns)["emailaddress1"])


async def test_a_joined_persons_own_no_goes_with_them() -> None:
    """An old link names the contact they left: its refusal reaches the one that has their rows (I3, P1)."""
    async with a_join() as (w, ann, anns, bob, bobs):
        await w.act(ann, answered=NEWS.bit, value=0)
        await w.act(ann, basis=WITHDRAWN)
        await w.drain()
        found = await w.contact(bob)
        assert (WITHDRAWN, CATEGORIES & ~NEWS.bit) == (found.basis, found.value)
        assert [(True, False)] * 2 == [w.office.says(row)[:2] for row in (anns, bobs)]
        await part(w, ann)
        await settled(w)
        assert [WITHDRAWN, WITHDRAWN] == [await w.basis(contact) for contact in (ann, bob)]


async def test_a_joined_persons_own_yes_grants_nothing_elsewhere() -> None:
    """Nor does what somebody else says of the contact they left (I3, P3)."""
    async with a_join(CONSENT, WITHDRAWN) as (w, ann, _, bob, _):
        await w.act(ann, basis=CONSENT)
        assert WITHDRAWN is await w.basis(bob)
    async with a_join() as (w, ann, _, bob, _):
        await w.act(ann, USER, basis=WITHDRAWN)
        assert CONSENT is await w.basis(bob)
        await w.ledger_holds()


async def test_the_ledger_tells_who_is_joined_to_whom() -> None:
    """As long as it stands, and what came of it in one entry for each contact (P7)."""
    async with a_join(WITHDRAWN, CONSENT) as (w, ann, anns, bob, _):
        read = w.store.database.read
        join = await read(lambda c: join_of(c, w.account_id, ann))
        assert join is not None
        assert (bob, [anns]) == (join.holder, [key.row_id for key in join.rows])
        assert [ann] == await read(lambda c: joined_to(c, w.account_id, bob))
        await part(w, ann)
        assert [] == await read(lambda c: joined_to(c, w.account_id, bob))
        told = [(e.contact_id, e.rule, dict(e.personal)) for e in await w.entries("contact.parted")]
        assert [(ann, "I3"), (bob, "I3")] == [one[:2] for one in told]
        assert [WORDS.text, WORDS.text] == [one[2]["text"] for one in told]


async def test_an_address_changed_before_both_sides_ever_agreed_is_followed() -> None:
    """Somebody corrects a contact that is linked and not settled yet: its row gets the address (I3)."""
    async with world() as w:
        contact, row = await w.pair(ANN)
        w.memory = after(w.memory, link=lambda: w.act(contact, USER, email="ann@new.example"))
        await w.set_up()
        w.memory = w.store.memory
        await w.sweep()
        assert "ann@new.example" == w.office.row(row)["emailaddress1"]
        await settled(w)
