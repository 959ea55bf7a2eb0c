"""New people go both ways, once, where the switches allow it (rules I5, I8)."""

import contextlib

import pytest

from assent.errors import Unreachable
from assent.policy.identity import Origin
from assent.policy.permission import LegalBasis
from assent.policy.sides import CATEGORIES

from .stage import joined, world
from .trouble import before, down, failing
from .world import EVENTS, NEWS

pytestmark = pytest.mark.thorough

CONSENT, WITHDRAWN = LegalBasis.CONSENT, LegalBasis.WITHDRAWN
NEW = "new@x.example"


@pytest.mark.parametrize("trigger", ["webhook", "sweep"])
async def test_a_row_a_rep_makes_becomes_a_contact(trigger: str) -> None:
    """What the row says, never more: no basis is invented for it (I5, T5)."""
    async with joined() as (w, _, _):
        row = w.rep.create(" New@X.Example ", asn_news=False, firstname="Nora")
        await (w.deliver() if trigger == "webhook" else w.sweep())
        contact = await w.holder(NEW)
        assert contact is not None
        found = await w.contact(contact)
        assert (LegalBasis.NONE, CATEGORIES & ~NEWS.bit) == (found.basis, found.value)
        assert [row] == [link.key.row_id for link in (await w.person(contact)).links]
        await w.ledger_holds()


async def test_a_row_that_refuses_becomes_a_withdrawn_contact() -> None:
    """Withdrawn if Do not allow (I5, T2)."""
    async with joined() as (w, _, _):
        w.rep.create(NEW, donotbulkemail=True)
        await w.sweep()
        contact = await w.holder(NEW)
        assert contact is not None
        assert WITHDRAWN is await w.basis(contact)


@pytest.mark.parametrize(("basis", "toggle"), [(CONSENT, False), (WITHDRAWN, True), (LegalBasis.NONE, False)])
async def test_a_hub_contact_becomes_a_row(basis: LegalBasis, toggle: bool) -> None:
    """The row says what the contact says; the feed that brings it back changes nothing (I5, T4)."""
    async with joined() as (w, _, _):
        contact = await w.add(NEW, basis, refused=EVENTS.bit)
        await w.drain()
        (row,) = w.office.bearing(NEW)
        assert (toggle, True, False) == w.office.says(row)
        await w.deliver()
        await w.sweep()
        assert basis is await w.basis(contact)
        assert [row] == [link.key.row_id for link in (await w.person(contact)).links]


async def test_a_row_that_bears_the_address_already_is_linked_instead() -> None:
    """Nobody is created beside a row the feed has not brought yet; the strictest holds (I5, M5)."""
    async with joined() as (w, _, _):
        row = w.rep.create(NEW, donotbulkemail=True)
        contact = await w.add(NEW)
        await w.drain()
        assert [row] == w.office.bearing(NEW)
        assert WITHDRAWN is await w.basis(contact)


async def test_switched_off_towards_the_hub_nothing_is_created_there() -> None:
    """Each direction has its switch; a row whose address the hub knows is linked all the same (I5)."""
    async with joined(create_in_hub=False) as (w, _, _):
        w.rep.create(NEW)
        await w.deliver()
        await w.sweep()
        assert None is await w.holder(NEW)


async def test_switched_off_towards_the_crm_nothing_is_created_there() -> None:
    """The same for the other direction (I5)."""
    async with joined(create_in_crm=False) as (w, _, _):
        await w.add(NEW)
        await w.drain()
        await w.sweep()
        assert [] == w.office.bearing(NEW)


async def test_an_import_creates_rows_only_when_ticked() -> None:
    """Bulk actions create CRM rows only when their plan ticks it (I5)."""
    async with joined() as (w, _, _):
        await w.add(NEW, origin=Origin.BULK)
        await w.drain()
        await w.sweep()
        assert [] == w.office.bearing(NEW)


async def test_a_create_whose_answer_is_lost_doubles_nothing() -> None:
    """The id is derived and the create conditional: told or not, there is one row (I5)."""
    async with joined() as (w, _, _):
        contact = await w.add(NEW)
        w.office.crm = before(w.office.crm, create=lambda: w.control("faults", lose_answers=1))
        await w.drain()
        await w.sweep()
        (row,) = w.office.bearing(NEW)
        assert [row] == [link.key.row_id for link in (await w.person(contact)).links]


async def test_a_create_that_fails_for_now_is_tried_again() -> None:
    """A CRM that does not answer the create gets the row later; nobody is forgotten (I5, P6)."""
    async with joined() as (w, _, _):
        await w.add(NEW)
        w.office.crm = before(w.office.crm, create=lambda: w.control("faults", next=4, status=503))
        await w.drain()
        assert [] == w.office.bearing(NEW)
        await w.drain()
        await w.sweep()
        assert 1 == len(w.office.bearing(NEW))


async def test_a_create_that_breaks_off_is_tried_again() -> None:
    """The line goes dead at the create: the run ends, the next one creates (I5, P6)."""
    async with joined() as (w, _, _):
        await w.add(NEW)
        w.office.crm = before(w.office.crm, create=failing(Unreachable("dead")))
        with pytest.raises(Unreachable):
            await w.drain()
        await w.drain()
        assert 1 == len(w.office.bearing(NEW))


async def test_a_contact_born_in_one_connection_is_not_created_in_another() -> None:
    """Not unless an admin ticks it; one born in the hub goes to both (I8, I5)."""
    async with world(organisations=2) as w:
        first, second = w.offices
        for office in w.offices:
            await w.set_up(office)
        first.rep.create(NEW)
        await w.add("hub@x.example")
        await w.sweep()
        await w.sweep()
        assert (1, 0) == (len(first.bearing(NEW)), len(second.bearing(NEW)))
        assert (1, 1) == (len(first.bearing("hub@x.example")), len(second.bearing("hub@x.example")))


async def test_a_row_made_in_both_organisations_is_one_contact() -> None:
    """Rows of all connections with one address are one person, the strictest of all (I2, I8)."""
    async with world(organisations=2) as w:
        first, second = w.offices
        for office in w.offices:
            await w.set_up(office)
        one = first.rep.create(NEW)
        second.rep.create(NEW, donotbulkemail=True)
        await w.sweep()
        contact = await w.holder(NEW)
        assert contact is not None
        assert 2 == len((await w.person(contact)).links)
        assert (WITHDRAWN, True) == (await w.basis(contact), first.says(one)[0])


async def test_a_refusal_crosses_from_one_organisation_to_the_other() -> None:
    """The result goes to every row, of all connections, in the same pass (I2)."""
    async with world(organisations=2) as w:
        first, second = w.offices
        contact = await w.add(NEW)
        one, two = first.rep.create(NEW), second.rep.create(NEW)
        for office in w.offices:
            await w.set_up(office)
        first.rep.refuse(one)
        await w.sweep()
        assert (WITHDRAWN, True) == (await w.basis(contact), second.says(two)[0])


async def test_an_organisation_that_is_down_does_not_hold_up_the_other() -> None:
    """A refusal never waits behind another connection's trouble (section 3, P2)."""
    async with world(organisations=2) as w:
        first, second = w.offices
        contact, row = await w.pair(NEW, office=second)
        for office in w.offices:
            await w.set_up(office)
        second.rep.refuse(row)
        first.crm = down(first.crm)
        with contextlib.suppress(Unreachable):
            await w.sweep()
        assert WITHDRAWN is await w.basis(contact)


async def test_every_row_created_is_in_the_ledger() -> None:
    """What we changed in the CRM has its entry, a row made there too (P7)."""
    async with joined() as (w, _, _):
        contact = await w.add(NEW)
        await w.drain()
        (row,) = w.office.bearing(NEW)
        told = [e.kind for e in await w.entries() if e.place and e.place.row_id == row]
        assert 1 == len(told), (contact, told)


async def test_a_refusal_reaches_an_organisation_that_was_down_once_it_is_back() -> None:
    """One person in two organisations, one of them down: heard at once, written there later (I2, P4)."""
    async with world(organisations=2) as w:
        first, second = w.offices
        contact = await w.add(NEW)
        one, two = first.rep.create(NEW), second.rep.create(NEW)
        for office in w.offices:
            await w.set_up(office)
        second.rep.refuse(two)
        first.crm = down(first.crm)
        with pytest.raises(Unreachable):
            await w.sweep()
        assert WITHDRAWN is await w.basis(contact)
        first.crm = first.real
        await w.sweep()
        assert first.says(one)[0] is True


async def test_a_hub_refusal_reaches_the_organisation_that_is_up() -> None:
    """The person opts out while one of two organisations is down: the other is told at once (I2, P2)."""
    async with world(organisations=2) as w:
        first, second = w.offices
        contact = await w.add(NEW)
        one, two = first.rep.create(NEW), second.rep.create(NEW)
        for office in w.offices:
            await w.set_up(office)
        await w.act(contact, basis=WITHDRAWN)
        first.crm = down(first.crm)
        with pytest.raises(Unreachable):
            await w.drain()
        assert second.says(two)[0] is True
        first.crm = first.real
        await w.drain()
        assert first.says(one)[0] is True


async def test_an_organisation_that_falls_silent_in_between_holds_up_nobody_elses_refusal() -> None:
    """It answered as itself and then no more: the other one is told, and the trouble is said (I2, P2)."""
    async with world(organisations=2) as w:
        first, second = w.offices
        contact = await w.add(NEW)
        first.rep.create(NEW)
        two = second.rep.create(NEW)
        for office in w.offices:
            await w.set_up(office)
        await w.act(contact, basis=WITHDRAWN)
        first.crm = down(first.crm, "read", "write")
        with pytest.raises(Unreachable):
            await w.drain()
        assert second.says(two)[0] is True


async def test_a_grant_waits_while_not_every_organisation_can_be_asked() -> None:
    """The one that is down may hold a newer refusal: consent is not spread without it (I2, P2)."""
    async with world(organisations=2) as w:
        first, second = w.offices
        contact = await w.add(NEW, WITHDRAWN)
        first.rep.create(NEW)
        two = second.rep.create(NEW)
        for office in w.offices:
            await w.set_up(office)
        await w.act(contact, basis=CONSENT, answered=NEWS.bit, value=0)
        first.crm = down(first.crm)
        with pytest.raises(Unreachable):
            await w.drain()
        assert second.says(two)[0] is True
        first.crm = first.real
        await w.drain()
        assert (False, False) == second.says(two)[:2]
        await w.ledger_holds()
