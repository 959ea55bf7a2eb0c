"""Rows deactivated, reactivated, deleted and merged (rule I4)."""

import pytest

from assent.policy.gate import Reason
from assent.policy.permission import LegalBasis
from assent.policy.sides import CATEGORIES

from .stage import joined, world
from .trouble import before
from .world import ANN, NEWS

pytestmark = pytest.mark.thorough

CONSENT, WITHDRAWN = LegalBasis.CONSENT, LegalBasis.WITHDRAWN


async def test_a_refusal_on_a_row_deactivated_at_once_counts() -> None:
    """Do not allow and deactivated between two looks: the refusal counts, the row is not written (I4)."""
    async with joined() as (w, contact, row):
        w.rep.refuse(row)
        w.rep.deactivate(row)
        versions = w.office.versions()
        await w.sweep()
        assert (WITHDRAWN, versions) == (await w.basis(contact), w.office.versions())


async def test_a_refusal_on_a_row_put_to_sleep_behind_an_allow_counts() -> None:
    """Refused and deactivated while its own Allow is stored: the row read back was not decided on (I4)."""

    def refuse_and_leave() -> None:
        w.rep.refuse(row)
        w.rep.deactivate(row)

    async with joined(WITHDRAWN) as (w, contact, row):
        w.rep.allow(row)
        w.memory = before(w.memory, apply=refuse_and_leave)
        await w.sweep()
        await w.sweep()
        assert WITHDRAWN is await w.basis(contact)


async def test_a_refusal_on_a_row_put_to_sleep_before_a_write_of_ours_counts() -> None:
    """The answer of a write shows a No that no decision counted, on a row that sleeps by then (I4)."""

    def refuse_and_leave() -> None:
        w.rep.save(row, asn_news=False)
        w.rep.deactivate(row)

    async with joined() as (w, contact, row):
        await w.act(contact, basis=WITHDRAWN)
        w.office.crm = before(w.office.crm, write=refuse_and_leave)
        await w.drain()
        await w.sweep()
        assert 0 == (await w.contact(contact)).value & NEWS.bit


async def test_a_refusal_on_an_inactive_row_counts_once() -> None:
    """A later consent is not undone by the refusal that still stands there, and is not written to it (I4)."""
    async with joined() as (w, contact, row):
        w.rep.refuse(row)
        w.rep.deactivate(row)
        await w.sweep()
        w.clock.pass_by(minutes=1)
        await w.act(contact, basis=CONSENT)
        await w.drain()
        await w.sweep()
        w.rep.save(row, telephone1="1")
        await w.sweep()
        assert (CONSENT, True) == (await w.basis(contact), w.office.says(row)[0])


async def test_an_inactive_row_never_grants() -> None:
    """Allow set on an inactive row is nobody's consent (I4)."""
    async with joined(WITHDRAWN) as (w, contact, row):
        w.rep.deactivate(row)
        await w.sweep()
        w.rep.allow(row)
        await w.sweep()
        assert WITHDRAWN is await w.basis(contact)


async def test_a_reactivated_row_merges_without_base() -> None:
    """What the row says on waking is first seen: its refusal wins, its Allow grants nothing (I4, M5)."""
    async with joined() as (w, contact, row):
        w.rep.deactivate(row)
        await w.sweep()
        w.rep.refuse(row)
        w.rep.reactivate(row)
        await w.sweep()
        assert WITHDRAWN is await w.basis(contact)


async def test_a_reactivated_row_takes_what_the_contact_refused_meanwhile() -> None:
    """Nothing was written to it while asleep; awake it follows (I4)."""
    async with joined() as (w, contact, row):
        w.rep.deactivate(row)
        await w.sweep()
        await w.act(contact, basis=WITHDRAWN)
        await w.drain()
        assert w.office.says(row)[0] is False
        w.rep.reactivate(row)
        await w.sweep()
        assert (WITHDRAWN, True) == (await w.basis(contact), w.office.says(row)[0])


async def test_a_deleted_row_holds_its_contact_and_is_never_created_again() -> None:
    """The link goes, sends are held until a person decides, and no later act brings the row back (I4)."""
    async with joined() as (w, contact, row):
        w.rep.delete(row)
        await w.sweep()
        assert ("crm_deleted", ()) == ((p := await w.person(contact)).contact.hold, p.links)
        assert Reason.HELD is await w.verdict(contact)
        await w.act(contact, basis=CONSENT)
        await w.drain()
        await w.sweep()
        assert [] == w.office.bearing(ANN)
        await w.ledger_holds()


async def test_a_connection_may_choose_not_to_hold() -> None:
    """Holding who was deleted in the CRM is a setting of the connection (I4)."""
    async with joined(hold_deleted=False) as (w, contact, row):
        w.rep.delete(row)
        await w.sweep()
        assert (None, ()) == ((p := await w.person(contact)).contact.hold, p.links)


async def test_a_refusal_in_the_pre_image_is_merged_first() -> None:
    """Refused and deleted before any look: the notices tell, and the contact is Withdrawn (I4, M8)."""
    async with joined() as (w, contact, row):
        w.rep.refuse(row)
        w.rep.delete(row)
        await w.deliver()
        assert (WITHDRAWN, "crm_deleted") == ((c := await w.contact(contact)).basis, c.hold)


async def test_a_category_refusal_in_the_pre_image_is_merged_first() -> None:
    """The same for one category (I4)."""
    async with joined() as (w, contact, row):
        w.rep.save(row, asn_news=False)
        w.rep.delete(row)
        await w.deliver()
        assert CATEGORIES & ~NEWS.bit == (await w.contact(contact)).value


async def test_a_pre_image_that_comes_after_the_sweep_is_merged_too() -> None:
    """The sweep met the deletion first; notices received later still tell of a refusal (I4, P2)."""
    async with joined() as (w, contact, row):
        w.rep.refuse(row)
        w.rep.delete(row)
        late = await w.notices()
        await w.sweep()
        await w.post(*late)
        await w.drain()
        assert WITHDRAWN is await w.basis(contact)


async def test_what_a_gone_row_refused_counts_once_and_never_against_a_newer_consent() -> None:
    """Told late and doubled; whoever consents after the row was found gone has spoken last (I4, M2)."""
    async with joined() as (w, contact, row):
        w.rep.refuse(row)
        w.rep.delete(row)
        late = await w.notices()
        await w.sweep()
        await w.act(contact, basis=CONSENT)
        await w.post(*late)
        await w.drain()
        assert CONSENT is await w.basis(contact)
        assert [] == await w.store.memory.notices(w.account_id, 10)


async def test_a_late_refusal_of_a_gone_row_reaches_the_persons_other_rows() -> None:
    """Heard after the row was forgotten, written wherever the person still has a row (I2, I4, P7)."""
    async with world() as w:
        contact, first = await w.pair("info@x.example")
        second = w.rep.create("info@x.example")
        await w.set_up()
        await w.notices()
        w.rep.refuse(second)
        w.rep.save(second, asn_news=False)
        w.rep.delete(second)
        late = await w.notices()
        await w.sweep()
        assert CONSENT is await w.basis(contact)
        await w.post(*late)
        await w.drain()
        assert (WITHDRAWN, CATEGORIES & ~NEWS.bit) == ((c := await w.contact(contact)).basis, c.value)
        assert (True, False) == w.office.says(first)[:2]
        await w.post(*late)
        await w.drain()
        await w.ledger_holds()


async def test_a_last_refusal_is_kept_though_its_contact_moved_meanwhile() -> None:
    """The contact acts while the pre-image's refusal is being stored: the link waits for it (I4, P2)."""
    async with joined() as (w, contact, row):
        w.rep.refuse(row)
        w.rep.delete(row)
        await w.post(*await w.notices())
        w.memory = before(w.store.memory, apply=lambda: w.act(contact, answered=NEWS.bit, value=0))
        await w.drain()
        assert (WITHDRAWN, "crm_deleted") == ((c := await w.contact(contact)).basis, c.hold)


async def test_a_refusal_seen_but_not_yet_merged_outlives_the_row() -> None:
    """A sighting stored by a run that died is merged when the row turns out to be gone (I4, P6)."""
    async with joined() as (w, contact, row):
        from assent.engine.sweep import catch_up

        w.rep.refuse(row)
        await catch_up(await w.run(), w.office.connection_id)
        w.rep.delete(row)
        await w.sweep()
        assert WITHDRAWN is await w.basis(contact)


async def test_a_row_deleted_at_somebody_elses_address_is_forgotten() -> None:
    """Its move was seen and could not be followed; when it goes, nothing hangs on that (I3, I4)."""
    async with joined() as (w, contact, row):
        await w.pair("bob@x.example", LegalBasis.NONE)
        await w.sweep()
        w.rep.save(row, emailaddress1="bob@x.example")
        await w.sweep()
        w.rep.save(row, asn_events=False)
        w.rep.delete(row)
        await w.sweep()
        assert (CONSENT, "crm_deleted") == (await w.basis(contact), (await w.contact(contact)).hold)
        assert () == (await w.person(contact)).links


async def test_one_of_two_rows_deleted_leaves_the_other_linked() -> None:
    """The link to the row that is left stays and still follows (I4, I2)."""
    async with world() as w:
        contact, first = await w.pair("info@x.example")
        second = w.rep.create("info@x.example")
        await w.set_up()
        w.rep.delete(first)
        await w.sweep()
        w.rep.refuse(second)
        await w.sweep()
        assert [second] == [link.key.row_id for link in (await w.person(contact)).links]
        assert WITHDRAWN is await w.basis(contact)


async def test_a_survivor_takes_over_the_merged_rows_refusal() -> None:
    """Dynamics keeps the survivor's own toggle: without us the loser's refusal were lost (I4)."""
    async with world() as w:
        survivor, row = await w.pair("a@x.example")
        _, loser = await w.pair("b@x.example", WITHDRAWN)
        await w.set_up()
        w.rep.merge(row, loser)
        await w.sweep()
        assert (WITHDRAWN, True) == (await w.basis(survivor), w.office.says(row)[0])
        await w.ledger_holds()


async def test_a_survivor_never_inherits_a_grant() -> None:
    """Merging a consenting person into a withdrawn one changes nothing for the survivor (I4)."""
    async with world() as w:
        survivor, row = await w.pair("a@x.example", WITHDRAWN)
        _, loser = await w.pair("b@x.example", CONSENT)
        await w.set_up()
        w.rep.merge(row, loser)
        await w.sweep()
        assert (WITHDRAWN, True) == (await w.basis(survivor), w.office.says(row)[0])


async def test_a_merged_refusal_counts_once() -> None:
    """The survivor's later consent stands, whatever full compares come (I4, P3)."""
    async with world() as w:
        survivor, row = await w.pair("a@x.example")
        _, loser = await w.pair("b@x.example", WITHDRAWN)
        await w.set_up()
        w.rep.merge(row, loser)
        await w.sweep()
        w.clock.pass_by(minutes=1)
        await w.act(survivor, basis=CONSENT)
        await w.drain()
        w.office.organization.metadata_changed()
        await w.sweep()
        assert (CONSENT, False) == (await w.basis(survivor), w.office.says(row)[0])


async def test_a_merge_within_one_contact_keeps_a_refusal_made_at_once() -> None:
    """Duplicates of one address, one of which refuses and is merged away: the refusal stays (I2, I4)."""
    async with world() as w:
        contact, row = await w.pair("info@x.example")
        loser = w.rep.create("info@x.example")
        await w.set_up()
        w.rep.refuse(loser)
        w.rep.merge(row, loser)
        await w.sweep()
        assert (WITHDRAWN, True) == (await w.basis(contact), w.office.says(row)[0])


async def test_a_merged_rows_link_moves_to_the_survivor() -> None:
    """Links of a merged row are the survivor's (I4)."""
    async with world() as w:
        survivor, row = await w.pair("a@x.example")
        other, loser = await w.pair("b@x.example")
        await w.set_up()
        w.rep.merge(row, loser)
        await w.sweep()
        assert loser not in [link.key.row_id for link in (await w.person(other)).links]
        assert row in [link.key.row_id for link in (await w.person(survivor)).links]


async def test_a_refusal_is_handed_over_though_the_survivor_moved_meanwhile() -> None:
    """The survivor acts while the merged person's refusal is being taken over: it is not dropped (I4, P2)."""
    async with world() as w:
        survivor, row = await w.pair("a@x.example")
        other, loser = await w.pair("b@x.example")
        await w.set_up()
        await w.act(other, basis=WITHDRAWN)
        w.rep.merge(row, loser)
        w.memory = before(w.store.memory, apply=lambda: w.act(survivor, answered=NEWS.bit, value=0))
        await w.sweep()
        await w.sweep()
        assert (WITHDRAWN, True) == (await w.basis(survivor), w.office.says(row)[0])


async def test_a_survivor_takes_over_the_refusals_of_every_row_merged_into_it() -> None:
    """Several duplicates merged at once, each with another No: all of them hold (I4)."""
    async with world() as w:
        survivor, row = await w.pair("a@x.example", LegalBasis.NONE)
        losers = [await w.pair(f"b{number}@x.example") for number in range(8)]
        await w.set_up()
        for number, (contact, loser) in enumerate(losers):
            what = (
                {"basis": WITHDRAWN} if number == 7 else {"answered": (NEWS.bit, 0)[number % 2], "value": 0}
            )
            await w.act(contact, **what)
            w.rep.merge(row, loser)
        await w.sweep()
        assert (WITHDRAWN, CATEGORIES & ~NEWS.bit) == ((c := await w.contact(survivor)).basis, c.value)
        assert (True, False) == w.office.says(row)[:2]
        await w.ledger_holds()
