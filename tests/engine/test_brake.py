"""A mass grant stops before it writes; refusals are never stopped with it (section 5, Brakes)."""

from uuid import UUID

import pytest

from assent.policy.permission import LegalBasis

from .stage import StagedWorld, world
from .world import NEWS

pytestmark = pytest.mark.thorough

CONSENT, WITHDRAWN = LegalBasis.CONSENT, LegalBasis.WITHDRAWN


async def crowd(w: StagedWorld, count: int, basis: LegalBasis) -> list[tuple[UUID, UUID]]:
    """Many people, set up."""
    people = [await w.pair(f"p{number}@x.example", basis) for number in range(count)]
    await w.set_up()
    return people


@pytest.mark.parametrize("trigger", ["sweep", "webhooks"])
async def test_a_mass_allow_is_stopped_and_nothing_is_written(trigger: str) -> None:
    """More than twenty, and more than the share: nobody is granted anything, and it is said (Brakes)."""
    async with world() as w:
        people = await crowd(w, 25, WITHDRAWN)
        for _, row in people:
            w.rep.allow(row)
        before = await w.still()
        report = await (w.sweep() if trigger == "sweep" else w.deliver())
        assert report.braked is not None
        assert (25, 25) == (report.braked.grants, report.braked.contacts)
        assert before == await w.still()


async def test_a_mass_consent_in_the_hub_is_stopped_before_the_crm_is_written() -> None:
    """Grants towards the CRM count alike (Brakes)."""
    async with world() as w:
        people = await crowd(w, 25, WITHDRAWN)
        for contact, _ in people:
            await w.act(contact, basis=CONSENT)
        versions = w.office.versions()
        report = await w.drain()
        assert report.braked is not None
        assert versions == w.office.versions()


async def test_twenty_grants_always_pass() -> None:
    """A small account is not braked (Brakes)."""
    async with world() as w:
        people = await crowd(w, 20, WITHDRAWN)
        for _, row in people:
            w.rep.allow(row)
        report = await w.sweep()
        assert None is report.braked
        assert [CONSENT] * 20 == [await w.basis(contact) for contact, _ in people]


async def test_a_mass_refusal_is_not_braked() -> None:
    """Refusals block at once, however many (Brakes, P1)."""
    async with world() as w:
        people = await crowd(w, 25, CONSENT)
        for _, row in people:
            w.rep.refuse(row)
        await w.sweep()
        assert [WITHDRAWN] * 25 == [await w.basis(contact) for contact, _ in people]


async def test_a_refusal_is_not_held_up_by_a_braked_run() -> None:
    """One person's opt-out, in either system, spreads although others wait for approval (section 3, P2)."""
    async with world() as w:
        people = await crowd(w, 25, WITHDRAWN)
        in_crm, in_crm_row = await w.pair("crm@x.example")
        in_hub, in_hub_row = await w.pair("hub@x.example")
        await w.sweep()
        for _, row in people:
            w.rep.allow(row)
        w.rep.refuse(in_crm_row)
        await w.act(in_hub, basis=WITHDRAWN)
        await w.sweep()
        assert [WITHDRAWN] * 25 == [await w.basis(contact) for contact, _ in people]
        assert WITHDRAWN is await w.basis(in_crm)
        assert w.office.says(in_hub_row)[0] is True


async def test_a_refusal_beside_a_braked_grant_is_not_held_up() -> None:
    """One person's plan grants and refuses: the grant waits for approval, the No does not (section 3)."""
    async with world() as w:
        people = await crowd(w, 25, WITHDRAWN)
        w.clock.pass_by(minutes=1)
        for _, row in people:
            w.rep.allow(row)
        contact, row = people[0]
        await w.act(contact, answered=NEWS.bit, value=0)
        await w.sweep()
        assert WITHDRAWN is await w.basis(contact)
        assert w.office.says(row)[1] is False
        await w.sweep()
        assert [row] == [
            e.place.row_id for e in await w.entries("row.written") if e.place and e.field == NEWS.bit
        ]
        await w.ledger_holds()
