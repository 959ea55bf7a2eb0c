"""Contacts born in one organisation, and whether another may learn of them (rule I8)."""

import pytest

from assent.policy.identity import Origin
from assent.policy.permission import LegalBasis
from assent.store.connection_rows import Settings

from .stage import StagedWorld, world
from .world import NEWS

pytestmark = pytest.mark.thorough

NEW = "new@x.example"


async def two(w: StagedWorld, ticked: Settings) -> None:
    """A first organisation as every one is, and a second with settings of its own; both live."""
    await w.connect("unq1")
    await w.connect("unq2", ticked)
    for office in w.offices:
        await w.set_up(office)


async def test_where_an_admin_ticked_it_a_contact_of_another_connection_gets_a_row() -> None:
    """The row says what the contact says, and there is one of it (I8, I5)."""
    async with world(organisations=0) as w:
        await two(w, Settings(create_from_others=True))
        first, second = w.offices
        born = first.rep.create(NEW, donotbulkemail=True, asn_news=False, firstname="Nora")
        await w.sweep()
        await w.sweep()
        (row,) = second.bearing(NEW)
        assert (True, False, True) == second.says(row)
        contact = await w.holder(NEW)
        assert contact is not None
        assert {born, row} == {link.key.row_id for link in (await w.person(contact)).links}
        await w.ledger_holds()
        before = await w.still()
        await w.sweep()
        assert before == await w.still()


async def test_the_tick_goes_one_way() -> None:
    """Ticked in the second organisation, the first learns of nobody born there (I8)."""
    async with world(organisations=0) as w:
        await two(w, Settings(create_from_others=True))
        first, second = w.offices
        second.rep.create(NEW)
        await w.sweep()
        await w.sweep()
        assert (0, 1) == (len(first.bearing(NEW)), len(second.bearing(NEW)))


async def test_the_tick_is_below_the_switch_and_says_nothing_of_imports() -> None:
    """Switched off towards the CRM nothing is created; an import's plan has a tick of its own (I5, I8)."""
    async with world(organisations=0) as w:
        await two(w, Settings(create_from_others=True, create_in_crm=False))
        first, second = w.offices
        first.rep.create(NEW)
        await w.sweep()
        await w.sweep()
        assert [] == second.bearing(NEW)
    async with world(organisations=0) as w:
        await two(w, Settings(create_from_others=True))
        await w.add(NEW, origin=Origin.BULK)
        await w.drain()
        await w.sweep()
        assert ([], []) == (w.offices[0].bearing(NEW), w.offices[1].bearing(NEW))


async def test_a_row_made_by_the_tick_is_in_the_merge_with_the_first() -> None:
    """What a rep of the second organisation refuses there reaches the first (I2, I8)."""
    async with world(organisations=0) as w:
        await two(w, Settings(create_from_others=True))
        first, second = w.offices
        born = first.rep.create(NEW)
        await w.sweep()
        await w.sweep()
        (row,) = second.bearing(NEW)
        second.rep.save(row, donotbulkemail=True, asn_news=False)
        await w.sweep()
        contact = await w.holder(NEW)
        assert contact is not None
        assert LegalBasis.WITHDRAWN is await w.basis(contact)
        assert (True, False) == first.says(born)[:2]
        assert 0 == (await w.contact(contact)).value & NEWS.bit
