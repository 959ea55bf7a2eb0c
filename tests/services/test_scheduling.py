"""Sends start at their time, pause and go on; everybody is checked when it matters (P1, P6)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from assent.errors import Conflict, Invalid
from assent.mail.conduct import Conduct
from assent.policy.gate import Reason
from assent.policy.permission import LegalBasis
from assent.policy.sending import RecipientState, SendState
from assent.ports import Act
from assent.services import scheduling, sends
from assent.services.sends import Draft, SendView
from tests.app.world import ADMIN, FORM, until

from .mailroom import NEWS, Mailroom, mailroom

HOUR = timedelta(hours=1)


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Mailroom]:
    """An account that can send."""
    async with mailroom(tmp_path) as found:
        yield found


async def planned(at: Mailroom, after: timedelta = HOUR) -> SendView:
    """A send planned for a while from now."""
    made = await sends.create(at.app, at.admin, Draft("May", "Hello", "News", category=NEWS))
    return await scheduling.plan(at.app, at.admin, made.send_id, made.revision, at.clock.now() + after)


async def test_a_planned_send_starts_at_its_time_and_not_before(at: Mailroom) -> None:
    """It is owed once its time has come; whoever refused meanwhile, or came meanwhile, counts as then."""
    (first, _) = await at.people("no@x.example", "yes@x.example")
    send_id = (await planned(at)).send_id
    assert [] == await at.errands.owed()
    assert SendState.PLANNED is (await at.carry_out(send_id)).state
    await at.app.act(at.account_id, ADMIN, [Act(first, basis=LegalBasis.WITHDRAWN)], FORM)
    await at.people("later@x.example")
    at.clock.ahead += HOUR
    assert [(at.account_id, send_id)] == await at.errands.owed()
    assert SendState.DONE is (await at.ended(send_id)).state
    assert ["later@x.example", "yes@x.example"] == at.arrived()
    assert {Reason.WITHDRAWN: 1} == (await sends.result(at.app, at.admin, send_id)).left_out


async def test_a_cancelled_plan_is_a_draft_again_and_never_starts(at: Mailroom) -> None:
    """Cancel, change, and plan anew: only the last plan counts."""
    await at.people("a@x.example")
    view = await planned(at)
    cancelled = await scheduling.cancel(at.app, at.admin, view.send_id)
    assert (SendState.DRAFT, None) == (cancelled.state, cancelled.planned_at)
    at.clock.ahead += 2 * HOUR
    assert [] == await at.errands.owed()
    again = await scheduling.plan(at.app, at.admin, view.send_id, view.revision, at.clock.now() + HOUR)
    later = at.clock.now() + 3 * HOUR
    assert later == (await scheduling.plan(at.app, at.admin, view.send_id, again.revision, later)).planned_at
    at.clock.ahead += 2 * HOUR
    assert [] == await at.errands.owed()


async def test_a_planned_send_nobody_is_in_any_more_fails_and_says_so(at: Mailroom) -> None:
    """An audience may empty until the time comes: no half-started send is left."""
    send_id = (await planned(at)).send_id
    at.clock.ahead += HOUR
    view = await at.carry_out(send_id)
    assert (SendState.FAILED, 0) == (view.state, view.total)
    assert "Nobody is in this audience" in view.problem


async def test_what_cannot_be_planned_is_said(at: Mailroom) -> None:
    """The past, a time without zone, the far future, and a draft that was changed."""
    made = await sends.create(at.app, at.admin, Draft("May", "Hello", "News", category=NEWS))
    now = at.clock.now()
    naive = datetime(2099, 1, 1)  # noqa: DTZ001 - that is what is wrong with it
    for moment in (now - HOUR, naive, now + 500 * 24 * HOUR):
        with pytest.raises(Invalid):
            await scheduling.plan(at.app, at.admin, made.send_id, made.revision, moment)
    with pytest.raises(Conflict, match="changed after you looked"):
        await scheduling.plan(at.app, at.admin, made.send_id, "another", now + HOUR)


async def test_a_paused_send_writes_to_nobody_and_goes_on_where_it_was(at: Mailroom) -> None:
    """Pause in the midst, a refusal, resume: everybody else gets one mail, nobody two (P1, P6)."""
    people = await at.people(*[f"p{number:03}@x.example" for number in range(120)])
    send_id = await at.started()
    running = asyncio.create_task(at.errands.perform(at.account_id, send_id))
    await at.sink.wait_for(lambda mail: mail.id >= 10)
    await scheduling.pause(at.app, at.admin, send_id)
    await running
    before = at.sink.count
    view = await at.carry_out(send_id)
    assert (SendState.PAUSED, before) == (view.state, at.sink.count)
    assert {RecipientState.SENT, RecipientState.CHECKED} == set(view.counts)
    assert [] == await at.errands.owed()
    states = await at.states(send_id)
    spared = next(email for email, state in sorted(states.items()) if state is RecipientState.CHECKED)
    refuser = people[int(spared[1:4])]
    await at.app.act(at.account_id, ADMIN, [Act(refuser, basis=LegalBasis.WITHDRAWN)], FORM)
    at.clock.ahead += 2 * HOUR
    await scheduling.resume(at.app, at.admin, send_id)
    assert (SendState.DONE, 119) == ((done := await at.ended(send_id)).state, done.sent)
    assert 119 == len(set(at.arrived())) == len(at.arrived())
    assert spared not in at.arrived()


async def test_a_pause_calls_back_mails_the_server_has_not_taken(at: Mailroom) -> None:
    """A server that hangs up at the address: after the pause nothing is handed over, nobody is uncertain."""
    await at.people("a@x.example")
    send_id = await at.started()
    at.sink.next(Conduct.BUSY)
    at.clock.let_go.clear()
    running = asyncio.create_task(at.errands.perform(at.account_id, send_id))

    async def met() -> bool:
        return at.sink.connections > 0

    await until(met)
    await scheduling.pause(at.app, at.admin, send_id)
    at.clock.let_go.set()
    await running
    assert {"a@x.example": RecipientState.CHECKED} == await at.states(send_id)
    assert SendState.STOPPED is (await sends.stop(at.app, at.admin, send_id)).state
    assert {"a@x.example": RecipientState.STOPPED} == await at.states(send_id)
