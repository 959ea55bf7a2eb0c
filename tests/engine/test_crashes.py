"""A run may end anywhere, before, during and after any call: nothing is lost or shown twice (M4, P6, P7)."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from assent.engine.claiming import LEASE
from assent.errors import Unreachable
from assent.policy.brakes import BrakeSettings
from assent.policy.permission import BulkEmail, LegalBasis
from assent.policy.sides import PERMISSION

from .stage import Saved, StagedWorld, joined, world
from .trouble import Crash, Tripwire, after, before, failing, wire_up
from .world import EVENTS, NEWS, USER

pytestmark = pytest.mark.thorough

CONSENT, WITHDRAWN = LegalBasis.CONSENT, LegalBasis.WITHDRAWN
LEGITIMATE = LegalBasis.LEGITIMATE_INTEREST

Trigger = Callable[[], Awaitable[object]]


@asynccontextmanager
async def busy_morning() -> AsyncIterator[tuple[StagedWorld, Saved]]:
    """People acted in every way there is on both sides; nobody has looked yet."""
    async with world() as w:
        w.brakes = BrakeSettings(share=1.0)
        yes = [await w.pair(f"yes{n}@x.example", LEGITIMATE) for n in range(11)]
        no = [await w.pair(f"no{n}@x.example", WITHDRAWN) for n in range(4)]
        shared = w.rep.create("yes9@x.example")
        await w.set_up()
        w.clock.pass_by(minutes=10)
        w.rep.refuse(yes[0][1])
        w.rep.save(yes[1][1], asn_events=False)
        w.rep.save(yes[2][1], emailaddress1="moved@x.example")
        w.rep.delete(yes[3][1])
        w.rep.merge(yes[4][1], no[3][1])
        w.rep.allow(no[0][1])
        w.rep.allow(no[1][1])
        w.rep.create("new@x.example", donotbulkemail=True)
        w.rep.save(shared, emailaddress1="parted@x.example", asn_news=False)
        w.rep.deactivate(yes[10][1])
        w.clock.pass_by(minutes=10)
        await w.act(yes[5][0], basis=WITHDRAWN)
        await w.act(yes[6][0], answered=NEWS.bit | EVENTS.bit, value=EVENTS.bit)
        await w.act(yes[7][0], USER, email="elsewhere@x.example")
        await w.act(no[1][0], basis=WITHDRAWN)
        await w.act(no[2][0], basis=LegalBasis.CONTRACT)
        await w.add("hub@x.example", refused=NEWS.bit)
        yield w, Saved(w)


async def ended(w: StagedWorld, run: Trigger, wire: Tripwire) -> str:
    """Let a run end where the wire says; tells where, or nothing where it came through."""
    wire_up(w, wire)
    try:
        await run()
    except (Crash, Unreachable):
        assert wire.tripped
    finally:
        w.memory = w.store.memory
        for office in w.offices:
            office.crm = office.real
    return wire.tripped


async def judged(w: StagedWorld, *, closely: bool = True) -> tuple[Any, ...]:
    """Let the dead worker's claims end and a clean run follow; gives what both systems then say."""
    w.clock.pass_by(seconds=LEASE.total_seconds() + 1)
    await w.sweep()
    if closely:
        await w.ledger_holds()
        still = await w.still()
        await w.sweep()
        assert still == await w.still()
    return await w.picture()


async def places(w: StagedWorld, saved: Saved, run: Trigger) -> list[str]:
    """Every place at which a run may end, in order."""
    await saved.restore()
    wire = Tripwire(0)
    await ended(w, run, wire)
    return wire.names


async def everywhere(w: StagedWorld, saved: Saved, *, dead: bool, only: str = "") -> dict[str, str]:
    """End a sweep at every place it has; gives the places after which the end was another one.

    Killed before a call, the systems stand as they did behind the last call that changed anything:
    for a process that is gone only those places differ.
    """
    expected = await judged(w)
    wrong: dict[str, str] = {}
    for at, name in enumerate(await places(w, saved, w.sweep), 1):
        if (only and name.split()[1] not in only.split()) or (dead and name.startswith("before")):
            continue
        await saved.restore()
        assert name == await ended(w, w.sweep, Tripwire(at, dead=dead))
        try:
            found = await judged(w, closely=at % 4 == 0)
            if found != expected:
                wrong[f"{at} {name}"] = difference(expected, found)
        except AssertionError as error:
            wrong[f"{at} {name}"] = str(error)[:300]
    return wrong


def difference(expected: tuple[Any, ...], found: tuple[Any, ...]) -> str:
    """What two pictures do not share."""
    pairs = zip(expected, found, strict=True)
    return "; ".join(f"{set(a) - set(b)} became {set(b) - set(a)}" for a, b in pairs if a != b)


async def test_a_sweep_killed_anywhere_is_made_good_by_the_next() -> None:
    """Killed before or behind any call: the same end as undisturbed, proved and replayed (M4, P6, P7)."""
    async with busy_morning() as (w, saved):
        assert {} == await everywhere(w, saved, dead=True)


async def test_a_sweep_that_loses_any_answer_is_made_good_by_the_next() -> None:
    """Any one call to the CRM, or the settling, fails for now, done or not done (M4, P6)."""
    async with busy_morning() as (w, saved):
        assert {} == await everywhere(w, saved, dead=False, only="changes read write create bearing settle")


async def test_a_full_compare_that_ends_anywhere_is_made_good_by_the_next() -> None:
    """The token moves only after everything it covers was stored, deletions too (cursors, P6)."""
    async with world() as w:
        _, deleted = await w.pair("deleted@x.example")
        _, refused = await w.pair("refused@x.example")
        await w.set_up()
        w.rep.delete(deleted)
        w.rep.refuse(refused)
        w.office.organization.metadata_changed()
        assert {} == await everywhere(w, Saved(w), dead=True)


async def test_a_drain_of_notices_that_ends_anywhere_is_made_good_by_the_next() -> None:
    """Blocks outlive every crash and end with the next drain (M8, P6)."""
    async with world() as w:
        people = [await w.pair(f"p{n}@x.example") for n in range(3)]
        await w.set_up()
        await w.notices()
        w.rep.refuse(people[0][1])
        w.rep.save(people[1][1], asn_news=False)
        w.rep.refuse(people[2][1])
        w.rep.delete(people[2][1])
        await w.post(*await w.notices())
        saved = Saved(w)
        await w.drain()
        expected = await w.picture()
        for at, name in enumerate(await places(w, saved, w.drain), 1):
            if name.startswith("before"):
                continue
            await saved.restore()
            await ended(w, w.drain, Tripwire(at))
            w.clock.pass_by(seconds=LEASE.total_seconds() + 1)
            await w.drain()
            assert expected == await w.picture(), name
            assert [] == await w.store.memory.notices(w.account_id, 10), name


async def test_every_row_write_is_in_the_ledger_once_wherever_the_run_ends() -> None:
    """A write that took effect has its entry even when the run died before it could settle (P7, P6)."""
    async with busy_morning() as (w, saved):
        await judged(w)
        expected = await row_writes(w)
        for at, name in enumerate(await places(w, saved, w.sweep), 1):
            if name.split(maxsplit=1)[1] in ("write", "create", "link", "settle"):
                await saved.restore()
                await ended(w, w.sweep, Tripwire(at))
                await judged(w)
                assert expected == await row_writes(w), name


async def test_a_write_whose_answer_was_lost_is_in_the_ledger_once() -> None:
    """Done there, unknown here: told when the row is read again, by the rule of intents (P7, M4)."""
    async with joined() as (w, contact, row):
        await w.act(contact, basis=WITHDRAWN)
        w.office.crm = after(w.office.crm, write=failing(Unreachable("the line is dead")))
        await w.drain()
        assert w.office.says(row)[0] is True
        await w.sweep()
        await w.sweep()
        told = [e for e in await w.entries("row.written") if e.field & PERMISSION]
        assert [(row, "M4")] == [(e.place and e.place.row_id, e.rule) for e in told]


async def test_a_lost_write_that_is_replaced_is_told_before_the_new_one() -> None:
    """The row was told Do not allow by a run that died; the contact consents again (P7)."""
    async with joined() as (w, contact, row):
        await w.act(contact, basis=WITHDRAWN)
        await crash_before_settling(w)
        w.clock.pass_by(minutes=1)
        await w.act(contact, basis=CONSENT)
        await w.sweep()
        told = [e.new["toggle"] for e in await w.entries("row.written") if e.field & PERMISSION]
        assert [int(BulkEmail.DO_NOT_ALLOW), int(BulkEmail.ALLOW)] == told
        assert w.office.says(row)[0] is False


async def row_writes(w: StagedWorld) -> Counter[tuple[object, ...]]:
    """What the ledger says we wrote, row by row."""
    return Counter(
        (entry.place and entry.place.row_id, entry.field, tuple(sorted(entry.new.items())))
        for entry in await w.entries("row.written")
    )


async def crash_before_settling(w: StagedWorld) -> None:
    """A drain that wrote the rows and died before it could say so."""
    w.memory = before(w.store.memory, settle=die)
    with pytest.raises(Crash):
        await w.drain()
    w.memory = w.store.memory
    w.clock.pass_by(seconds=LEASE.total_seconds() + 1)


def die() -> object:
    """The process ends here."""
    raise Crash


async def test_our_own_allow_is_not_taken_for_a_reps_after_a_crash() -> None:
    """Row written, base not moved: Legitimate interest does not come back as Consent (M4, T4)."""
    async with joined(WITHDRAWN) as (w, contact, row):
        await w.act(contact, basis=LEGITIMATE)
        await crash_before_settling(w)
        assert w.office.says(row)[0] is False
        await w.sweep()
        assert LEGITIMATE is await w.basis(contact)


async def test_our_own_allow_grants_nothing_once_the_hub_took_its_basis_back() -> None:
    """Only the stored intent tells that no rep allowed: no Consent is invented (M4, P3)."""
    async with joined(WITHDRAWN) as (w, contact, row):
        await w.act(contact, basis=LEGITIMATE)
        await crash_before_settling(w)
        await w.act(contact, USER, basis=LegalBasis.NONE)
        await w.sweep()
        assert (LegalBasis.NONE, False) == (await w.basis(contact), w.office.says(row)[0])


async def test_a_consent_soon_after_our_own_do_not_allow_is_kept_and_shown() -> None:
    """A rep may have repeated our No, nobody saw: the grant is set aside, not swallowed (M3, M4)."""
    async with joined(CONSENT) as (w, contact, row):
        await w.act(contact, basis=WITHDRAWN)
        await crash_before_settling(w)
        w.rep.save(row, telephone1="1")
        await w.act(contact, basis=CONSENT)
        await w.sweep()
        assert (WITHDRAWN, True) == (await w.basis(contact), w.office.says(row)[0])
        assert [(contact, "grant_set_aside")] == await w.questions()


async def test_a_refusal_in_the_hub_after_such_a_crash_survives() -> None:
    """Our own Allow stands in the row, unproved; the contact's newer refusal wins (M4, P2)."""
    async with joined(WITHDRAWN) as (w, contact, row):
        await w.act(contact, basis=LEGITIMATE)
        await crash_before_settling(w)
        await w.act(contact, basis=WITHDRAWN)
        await w.sweep()
        assert (WITHDRAWN, True) == (await w.basis(contact), w.office.says(row)[0])


async def test_a_reps_refusal_after_such_a_crash_survives() -> None:
    """The rep refuses again over our Allow before the base moved (M4, P2)."""
    async with joined(WITHDRAWN) as (w, contact, row):
        await w.act(contact, basis=LEGITIMATE)
        await crash_before_settling(w)
        w.rep.refuse(row)
        await w.sweep()
        assert (WITHDRAWN, True) == (await w.basis(contact), w.office.says(row)[0])


async def test_our_own_do_not_allow_does_not_undo_a_consent_given_after_a_crash() -> None:
    """The refusal was ours to write; the contact's later consent is the last word (M4, T4)."""
    async with joined(CONSENT) as (w, contact, row):
        await w.act(contact, basis=WITHDRAWN)
        await crash_before_settling(w)
        w.clock.pass_by(minutes=1)
        await w.act(contact, basis=CONSENT)
        await w.sweep()
        assert (CONSENT, False) == (await w.basis(contact), w.office.says(row)[0])


async def test_two_workers_at_once_end_like_one() -> None:
    """Two sweeps side by side by mistake: guarded by claims and compare-and-set (section 3)."""
    import asyncio

    async with busy_morning() as (w, saved):
        expected = await judged(w)
        await saved.restore()
        await asyncio.gather(w.sweep(), w.sweep(), return_exceptions=False)
        assert expected == await judged(w)


async def test_who_was_taken_over_does_not_write_any_more() -> None:
    """A worker slept before an Allow; meanwhile the contact withdrew, which another one settled (M4, M6)."""
    async with joined(WITHDRAWN) as (w, contact, row):
        await w.act(contact, basis=CONSENT)

        async def elsewhere() -> None:
            w.clock.pass_by(seconds=LEASE.total_seconds() + 1)
            await w.act(contact, basis=WITHDRAWN)
            w.memory = w.store.memory
            await w.drain()

        w.memory = after(w.store.memory, intend=elsewhere)
        await w.drain()
        assert (WITHDRAWN, True) == (await w.basis(contact), w.office.says(row)[0])
        await w.sweep()
        assert (WITHDRAWN, True) == (await w.basis(contact), w.office.says(row)[0])
