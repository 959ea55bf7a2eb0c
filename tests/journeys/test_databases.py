"""A few whole journeys on a SQLite file and on PostgreSQL: the engine behaves the same on both."""

import asyncio

import pytest

from assent.policy.brakes import BrakeSettings
from assent.policy.gate import Reason
from assent.policy.permission import LegalBasis
from assent.policy.sides import CATEGORIES

from ..engine.stage import world
from ..engine.world import NEWS, USER

pytestmark = pytest.mark.thorough

CONSENT, WITHDRAWN = LegalBasis.CONSENT, LegalBasis.WITHDRAWN


async def test_a_whole_morning_ends_the_same_on_every_database(database_url: str) -> None:
    """Setup, acts on both sides, notices, a check and two sweeps (P2, P4, P7)."""
    async with world(database_url) as w:
        people = [await w.pair(f"p{n}@x.example", LegalBasis.CONTRACT) for n in range(6)]
        no, no_row = await w.pair("no@x.example", WITHDRAWN)
        await w.set_up()
        w.clock.pass_by(minutes=1)
        w.rep.refuse(people[0][1])
        w.rep.allow(no_row)
        w.rep.save(people[1][1], asn_news=False, emailaddress1="moved@x.example")
        w.rep.delete(people[2][1])
        await w.deliver()
        await w.act(people[3][0], basis=WITHDRAWN)
        await w.act(people[4][0], USER, email="other@x.example")
        await w.add("new@x.example")
        assert Reason.WITHDRAWN is await w.verdict(people[0][0])
        assert Reason.MAY is await w.verdict(people[5][0])
        await w.sweep()
        assert [WITHDRAWN, CONSENT] == [await w.basis(people[0][0]), await w.basis(no)]
        assert CATEGORIES & ~NEWS.bit == (await w.contact(people[1][0])).value
        assert "crm_deleted" == (await w.contact(people[2][0])).hold
        assert w.office.says(people[3][1])[0] is True
        assert "other@x.example" == w.office.row(people[4][1])["emailaddress1"]
        assert 1 == len(w.office.bearing("new@x.example"))
        await w.ledger_holds()
        still = await w.still()
        await w.sweep()
        assert still == await w.still()


async def test_workers_and_people_at_once_lose_nothing(database_url: str) -> None:
    """Three sweeps, drains and people at the same time: refusals hold, the ledger verifies (P2, P7)."""
    async with world(database_url) as w:
        w.brakes = BrakeSettings(share=1.0)
        people = [await w.pair(f"p{n}@x.example") for n in range(12)]
        await w.set_up()
        for _, row in people[:4]:
            w.rep.refuse(row)
        await w.post(*await w.notices())

        async def opt_out() -> None:
            for contact, _ in people[4:8]:
                await w.act(contact, basis=WITHDRAWN)
                await asyncio.sleep(0)

        await asyncio.gather(w.sweep(), opt_out(), w.drain(), w.sweep())
        await w.sweep()
        assert [WITHDRAWN] * 8 + [CONSENT] * 4 == [await w.basis(contact) for contact, _ in people]
        assert [True] * 8 + [False] * 4 == [w.office.says(row)[0] for _, row in people]
        await w.ledger_holds()


async def test_two_organisations_agree_on_every_database(database_url: str) -> None:
    """A refusal in one organisation reaches the hub and the other (I2)."""
    async with world(database_url, organisations=2) as w:
        first, second = w.offices
        contact, one = await w.pair("ann@x.example", office=first)
        two = second.rep.create("ann@x.example")
        for office in w.offices:
            await w.set_up(office)
        second.rep.refuse(two)
        await w.sweep()
        assert (WITHDRAWN, True) == (await w.basis(contact), first.says(one)[0])
        await w.ledger_holds()
