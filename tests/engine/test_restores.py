"""Expired tokens, restored and copied organisations (rule M7, cursors)."""

import asyncio
import contextlib

import pytest

from assent.errors import WrongOrganisation
from assent.policy.gate import Reason
from assent.policy.permission import LegalBasis
from assent.ports import Notice

from .stage import joined, world
from .trouble import after, backup
from .world import ANN, NEWS, USER, World

pytestmark = pytest.mark.thorough

CONSENT, WITHDRAWN = LegalBasis.CONSENT, LegalBasis.WITHDRAWN


def expire(w: World, how: str) -> None:
    """Let the change token end, by age or by a metadata change."""
    if how == "age":
        w.clock.pass_by(days=8)
    else:
        w.office.organization.metadata_changed()


def pass_by(w: World, versions: int) -> None:
    """Let other tables move on."""
    for _ in range(versions):
        w.office.organization.next_version()


@pytest.mark.parametrize("how", ["age", "metadata"])
async def test_an_expired_token_falls_back_to_a_full_compare(how: str) -> None:
    """Changes, new rows and deletions of the time between are all found (cursors, I4)."""
    async with world() as w:
        changed, changed_row = await w.pair("changed@x.example")
        deleted, deleted_row = await w.pair("deleted@x.example")
        await w.set_up()
        w.rep.refuse(changed_row)
        w.rep.delete(deleted_row)
        w.rep.create("new@x.example")
        expire(w, how)
        await w.sweep()
        assert WITHDRAWN is await w.basis(changed)
        assert ("crm_deleted", ()) == ((p := await w.person(deleted)).contact.hold, p.links)
        assert None is not await w.holder("new@x.example")
        before = await w.still()
        await w.sweep()
        assert before == await w.still()


async def test_a_full_compare_with_nothing_changed_writes_nothing() -> None:
    """It is routine: no act, no revision, no ledger entry, no base lost (P4, T4)."""
    async with joined(LegalBasis.LEGITIMATE_INTEREST) as (w, _, _):
        before = await w.still()
        expire(w, "metadata")
        await w.sweep()
        assert before == await w.still()


async def test_a_copied_organisation_is_recognised_before_anything_is_written() -> None:
    """A sweep and a check that meet another organisation id write nothing on either side (M7)."""
    async with joined() as (w, contact, row):
        await become_a_copy(w)
        await w.act(contact, basis=WITHDRAWN)
        w.rep.save(row, asn_news=False)
        before = await w.still()
        with pytest.raises(WrongOrganisation):
            await w.sweep()
        assert before == await w.still()
        assert Reason.WITHDRAWN is await w.verdict(contact)


async def test_real_time_writes_nothing_to_a_copied_organisation() -> None:
    """A hub act wakes a drain; the sandbox behind the old address is not written to (M7)."""
    async with joined() as (w, contact, row):
        await become_a_copy(w)
        await w.act(contact, basis=WITHDRAWN)
        versions = w.office.versions()
        with contextlib.suppress(WrongOrganisation):
            await w.drain()
        assert versions == w.office.versions()
        assert w.office.says(row)[0] is False


async def test_the_gate_is_closed_while_the_organisation_is_another() -> None:
    """What a copy says verifies nothing (M7, G4)."""
    async with joined() as (w, contact, _):
        await become_a_copy(w)
        assert Reason.UNVERIFIED is await w.verdict(contact)


async def become_a_copy(w: World) -> None:
    """A sandbox made from production answers at the address."""
    sandbox = w.office.organization.snapshot()
    sandbox.rename("sandbox")
    await w.office.inhabit(sandbox)


async def test_a_restored_row_voids_every_base_and_the_strictest_holds() -> None:
    """A version below the base's means a restore: the refusals of since then are not undone (M7)."""
    async with world() as w:
        contact, row = await w.pair(ANN)
        other, other_row = await w.pair("bob@x.example")
        await w.set_up()
        w.rep.allow(row)
        late = await w.notices()
        backup = w.office.organization.snapshot()
        w.rep.refuse(row)
        w.rep.save(other_row, asn_news=False)
        await w.sweep()
        await w.office.inhabit(backup)
        await w.post(*late)
        await w.drain()
        await w.sweep()
        assert (WITHDRAWN, True) == (await w.basis(contact), w.office.says(row)[0])
        assert (False, False, True) == w.office.says(other_row)
        assert 0 == (await w.contact(other)).value & NEWS.bit
        assert 1 == len(await w.entries("connection.voided"))
        await w.ledger_holds()


async def test_an_edit_after_a_restore_is_not_taken_for_an_allow() -> None:
    """A restored row saved again reaches the base's version: the old Allow is nobody's act (M7, P3)."""
    async with joined(CONSENT) as (w, contact, row):
        backup = w.office.organization.snapshot()
        w.rep.refuse(row)
        await w.sweep()
        await w.office.inhabit(backup)
        w.rep.save(row, asn_events=True)
        await w.deliver()
        assert WITHDRAWN is await w.basis(contact)


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("saves", [0, 1])
async def test_a_row_saved_past_its_known_version_after_it_was_seen_put_back(told: bool, saves: int) -> None:
    """One look saw it put back, the next one does not: the first was proof, its old Allow no act (M7, P3)."""
    async with joined(CONSENT) as (w, contact, row):
        saved = backup(w)
        await w.act(contact, USER, basis=WITHDRAWN)
        await w.drain()
        await w.notices()
        await w.office.inhabit(saved)
        for _ in range(saves):  # the version known of it, saved at another time
            w.clock.pass_by(seconds=30)
            w.rep.save(row, telephone1="0")
        if told:
            await w.post(Notice(w.office.connection_id, row, "Update", 0, 0, w.clock.now()))
        else:
            await w.act(contact, USER, answered=NEWS.bit)

        def pass_known_version() -> None:
            for number in range(3):
                w.rep.save(row, telephone1=str(number))

        w.office.crm = after(w.office.crm, read=pass_known_version)
        await w.drain()
        await w.sweep()
        assert (WITHDRAWN, True) == (await w.basis(contact), w.office.says(row)[0])
        assert 1 == len(await w.entries("connection.voided"))
        await w.ledger_holds()


async def test_a_restored_organisation_takes_the_refusals_again() -> None:
    """The token is from its future: the row back at Allow of last week follows the hub's refusal (M7, M5)."""
    async with joined(CONSENT) as (w, contact, row):
        backup = w.office.organization.snapshot()
        w.rep.refuse(row)
        await w.sweep()
        await w.office.inhabit(backup)
        await w.sweep()
        await w.sweep()
        assert (WITHDRAWN, True) == (await w.basis(contact), w.office.says(row)[0])


async def test_a_restore_met_by_a_full_compare_ends_and_voids() -> None:
    """An expired token after a restore: the compare comes to an end and the bases are void (M7)."""
    async with joined(CONSENT) as (w, contact, row):
        backup = w.office.organization.snapshot()
        w.rep.refuse(row)
        await w.sweep()
        await w.office.inhabit(backup)
        expire(w, "age")
        await asyncio.wait_for(w.sweep(), 1)
        await asyncio.wait_for(w.sweep(), 1)
        assert (WITHDRAWN, True) == (await w.basis(contact), w.office.says(row)[0])


async def test_a_deletion_made_during_a_full_compare_is_not_missed() -> None:
    """What is deleted after its page was read is in the feed of the token that page gave (cursors)."""
    async with joined() as (w, contact, row):
        from .trouble import before

        expire(w, "metadata")
        w.memory = before(w.store.memory, move_token=lambda: w.rep.delete(row))
        await w.sweep()
        await w.sweep()
        assert "crm_deleted" == (await w.contact(contact)).hold


async def test_a_hub_act_during_a_full_compare_is_not_taken_back() -> None:
    """The rows were read before the contact refused (M4)."""
    async with joined() as (w, contact, row):
        from .trouble import before

        expire(w, "metadata")
        w.rep.save(row, telephone1="1")
        w.memory = before(w.store.memory, see=lambda: w.act(contact, USER, basis=WITHDRAWN))
        await w.sweep()
        assert (WITHDRAWN, True) == (await w.basis(contact), w.office.says(row)[0])


async def test_a_restore_that_only_undid_our_own_write_is_noticed_by_the_next_sweep() -> None:
    """No token went back and no notice tells: the newest row we know is older than we saw it (M7, P4)."""
    async with joined() as (w, contact, row):
        saved = backup(w)
        await w.act(contact, basis=WITHDRAWN)
        await w.drain()
        assert w.office.says(row)[0]
        await w.office.inhabit(saved)
        pass_by(w, 50)
        await w.sweep()
        assert (WITHDRAWN, True) == (await w.basis(contact), w.office.says(row)[0])


async def test_a_restore_is_noticed_by_the_check_that_reads_the_feed_first() -> None:
    """Rows saved since are the newest later on, but not while the feed has just brought them (M7)."""
    async with world() as w:
        (ann, anns), *others = [await w.pair(f"{name}@x.example") for name in ("ann", "bob", "cat")]
        await w.set_up()
        saved = backup(w)
        await w.act(ann, basis=WITHDRAWN)
        await w.sweep()
        await w.office.inhabit(saved)
        pass_by(w, 50)
        for _, row in others:
            w.rep.save(row, telephone1="1")
        await w.check([one for one, _ in others])
        await w.sweep()
        assert w.office.says(anns)[0] is True


async def test_after_a_restore_a_row_at_somebody_elses_address_waits_for_a_person() -> None:
    """Nobody can tell which side changed it: it is neither joined nor written back by any look (M7, I3)."""
    async with world() as w:
        contact, row = await w.pair(ANN)
        await w.pair("bob@x.example")
        await w.set_up()
        saved = backup(w)
        await w.act(contact, basis=WITHDRAWN)
        await w.sweep()
        await w.office.inhabit(saved)
        w.rep.save(row, emailaddress1="bob@x.example")
        for _ in range(3):
            await w.sweep()
            await w.verdict(contact)
            assert (ANN, "address_taken") == ((c := await w.contact(contact)).email, c.hold)
            assert "bob@x.example" == w.office.row(row)["emailaddress1"]
        assert 1 == len(await w.entries("connection.voided"))
        await w.ledger_holds()


async def test_a_deleted_row_that_a_restore_brings_back_is_noticed_by_the_next_sweep() -> None:
    """No feed tells of it, and every row we know is as it was: it is there again at its old version (M7)."""
    async with joined() as (w, contact, row):
        saved = backup(w)
        w.rep.delete(row)
        await w.deliver()
        assert () == (await w.person(contact)).links
        await w.office.inhabit(saved)
        pass_by(w, 50)
        await w.sweep()
        assert [row] == [link.key.row_id for link in (await w.person(contact)).links]
        assert 1 == len(await w.entries("connection.voided"))
        await w.sweep()
        assert 1 == len(await w.entries("connection.voided"))


async def test_a_deleted_row_that_is_back_and_saved_is_met_though_no_feed_tells() -> None:
    """Saved past the version it had and below the token of the time: so it is linked (I5, M7)."""
    async with joined() as (w, contact, row):
        saved = backup(w)
        pass_by(w, 50)
        await w.sweep()
        w.rep.delete(row)
        await w.deliver()
        await w.office.inhabit(saved)
        w.rep.refuse(row)
        pass_by(w, 100)
        await w.sweep()
        assert [row] == [link.key.row_id for link in (await w.person(contact)).links]
        assert (WITHDRAWN, True) == (await w.basis(contact), w.office.says(row)[0])


async def test_a_row_made_anew_with_the_id_of_a_deleted_one_is_no_restore() -> None:
    """Its version is above the one the deleted row had, also where it has no address to be linked by."""
    async with joined() as (w, contact, row):
        w.rep.delete(row)
        await w.deliver()
        assert row == w.rep.create(None, contactid=str(row))
        await w.sweep()
        assert () == (await w.person(contact)).links
        assert [] == await w.entries("connection.voided")


async def test_a_feed_that_lags_behind_what_was_read_is_no_restore() -> None:
    """A row read directly is newer than the feed shows: it is read once more, and nothing is voided."""
    async with joined() as (w, contact, row):
        w.rep.refuse(row)
        await w.deliver()
        await w.control("choices", tracking_lag_s=60)
        await w.sweep()
        assert [] == await w.entries("connection.voided")
        assert WITHDRAWN is await w.basis(contact)
