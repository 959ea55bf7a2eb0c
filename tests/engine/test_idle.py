"""Left alone, nothing moves and next to nothing is asked (promise P4)."""

import pytest

from assent.policy.permission import LegalBasis, OnAllow

from .stage import joined, world
from .world import EVENTS, NEWS, USER

pytestmark = pytest.mark.thorough

CONSENT, WITHDRAWN = LegalBasis.CONSENT, LegalBasis.WITHDRAWN


async def test_an_idle_sweep_costs_three_requests_at_most_and_writes_nothing() -> None:
    """No etag, no hub revision, no ledger entry (P4, section 3)."""
    async with world() as w:
        for number in range(10):
            await w.pair(f"p{number}@x.example", list(LegalBasis)[number % 8])
        await w.set_up()
        await w.sweep()
        before, requests = await w.still(), w.office.requests
        report = await w.sweep()
        assert w.office.requests - requests <= 3
        assert before == await w.still()
        assert (0, 0, 0) == (report.changed, report.written, report.created)


async def test_the_second_sweep_after_everything_happened_is_still() -> None:
    """One sweep settles acts of every kind; the next writes nothing (P4)."""
    async with world() as w:
        people = [await w.pair(f"p{n}@x.example") for n in range(9)]
        withdrawn = [await w.pair(f"w{n}@x.example", WITHDRAWN) for n in range(3)]
        await w.set_up()
        w.clock.pass_by(minutes=1)
        w.rep.refuse(people[0][1])
        w.rep.save(people[1][1], asn_news=False)
        w.rep.save(people[2][1], emailaddress1="moved@x.example")
        w.rep.delete(people[3][1])
        w.rep.deactivate(people[4][1])
        w.rep.merge(people[5][1], people[6][1])
        w.rep.allow(withdrawn[0][1])
        w.rep.create("new@x.example", asn_events=False)
        await w.act(people[7][0], USER, email="elsewhere@x.example", basis=WITHDRAWN)
        await w.act(people[8][0], answered=NEWS.bit | EVENTS.bit, value=EVENTS.bit)
        await w.act(withdrawn[1][0], basis=LegalBasis.CONTRACT)
        await w.add("hub@x.example")
        await w.sweep()
        before = await w.still()
        await w.sweep()
        assert before == await w.still()
        await w.deliver()
        assert before == await w.still()
        await w.ledger_holds()
        assert [] == await w.store.memory.pending(w.account_id, 100)


async def test_a_held_allow_does_not_ping_pong() -> None:
    """Do not allow written back once, and never again (P4, T3)."""
    async with joined(WITHDRAWN, on_allow=OnAllow.HOLD) as (w, _, row):
        w.rep.allow(row)
        await w.sweep()
        before = await w.still()
        await w.sweep()
        await w.deliver()
        assert before == await w.still()


async def test_a_change_costs_by_changes_not_by_contacts() -> None:
    """One refusal among forty contacts is read and settled in a handful of requests (section 3)."""
    async with world() as w:
        people = [await w.pair(f"p{n}@x.example") for n in range(40)]
        await w.set_up()
        await w.sweep()
        w.rep.refuse(people[0][1])
        requests = w.office.requests
        await w.sweep()
        assert w.office.requests - requests <= 4
