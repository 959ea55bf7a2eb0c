"""Sends beside an organisation that answers, or does not: refusals nobody told of keep mail back (G4, P1)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from assent.mail.pace import Pace
from assent.mail.sink import Sink, SinkSettings
from assent.policy.gate import Reason
from assent.policy.permission import LegalBasis
from assent.policy.sending import RecipientState, SendState
from assent.policy.sides import PERMISSION
from assent.ports import Evidence, Notice
from assent.services import connections, preferences, sends

from .joined import Joined, joined
from .mailroom import Mailroom, sending

pytestmark = pytest.mark.thorough

PEOPLE = tuple(f"p{n}@live.example" for n in range(4))


@asynccontextmanager
async def both(folder: Path) -> AsyncIterator[tuple[Joined, Mailroom]]:
    """Four people who agree, each with a row in Dynamics, and a mail server."""
    async with joined(folder) as on, Sink() as sink:
        await on.control("webhooks", enabled=False)
        async with sending(on.app, sink, on.account_id, on.office.woken) as at:
            await at.people(*PEOPLE)
            for email in PEOPLE:
                await on.rep.create({"emailaddress1": email, "donotbulkemail": False})
            await on.live()
            yield on, at


async def refuse(on: Joined, email: str) -> None:
    """A rep ticks Do not allow; no notice comes of it."""
    (row,) = await on.rep.bearing(email)
    await on.rep.save(row["contactid"], {"donotbulkemail": True})


async def test_a_refusal_in_dynamics_nobody_told_of_is_left_out(tmp_path: Path) -> None:
    """G4: the check reads the organisation before anybody is written to."""
    async with both(tmp_path) as (on, at):
        await refuse(on, PEOPLE[0])
        view = await at.ended(await at.started())
        assert list(PEOPLE[1:]) == at.arrived()
        assert {Reason.WITHDRAWN: 1} == (await sends.result(at.app, at.admin, view.send_id)).left_out


async def test_a_refusal_during_a_long_delivery_is_met_by_the_next_check(tmp_path: Path) -> None:
    """P1: everybody was checked, the mail server was down for a minute, and a rep refused meanwhile."""
    async with both(tmp_path) as (on, at):
        send_id, port = await at.started(), at.sink.port
        await at.sink.stop()
        assert SendState.SENDING is (await at.carry_out(send_id)).state
        await refuse(on, PEOPLE[0])
        at.clock.ahead += timedelta(seconds=61)
        at.sink.settings = SinkSettings(port=port)
        await at.sink.start()
        await at.ended(send_id)
        assert list(PEOPLE[1:]) == at.arrived()


async def test_a_rep_who_refuses_in_the_midst_of_a_delivery_is_met_within_a_minute(tmp_path: Path) -> None:
    """P1: mails go out the while and no notice comes; whoever's turn is later than a minute gets none."""
    async with joined(tmp_path) as on, Sink() as sink:
        await on.control("webhooks", enabled=False)
        async with sending(on.app, sink, on.account_id, on.office.woken) as at:
            emails = [f"q{number}@live.example" for number in range(44)]
            ids = await at.people(*emails)
            last = [email for _, email in sorted(zip(ids, emails, strict=True))][-4:]  # their turn comes last
            for email in last:
                await on.rep.create({"emailaddress1": email, "donotbulkemail": False})
            await on.live()
            hands = replace(at.errands.hands, pace=Pace({"live.example": 20}))
            send_id = await at.started()
            running = asyncio.create_task(replace(at.errands, hands=hands).perform(at.account_id, send_id))
            await at.sink.wait_for(lambda mail: mail.id >= 1)
            for email in last:
                await refuse(on, email)
            await running
            assert SendState.DONE is (await at.ended(send_id)).state
            assert sorted(set(emails) - set(last)) == at.arrived()
            assert {Reason.WITHDRAWN: 4} == (await sends.result(at.app, at.admin, send_id)).left_out


async def test_a_notice_after_the_check_stops_the_mail(tmp_path: Path) -> None:
    """P1, M8: a refusal durably received keeps every mail back that is not yet handed over."""
    async with both(tmp_path) as (on, at):
        send_id, port = await at.started(), at.sink.port
        await at.sink.stop()
        await at.carry_out(send_id)
        (row,) = await on.rep.bearing(PEOPLE[0])
        told = Notice(on.connection_id, uuid4(), "Update", 0, PERMISSION, datetime.now(UTC))
        told = replace(told, row_id=type(told.row_id)(row["contactid"]))
        await at.app.store.memory.post(at.account_id, [told])
        at.sink.settings = SinkSettings(port=port)
        await at.sink.start()
        view = await at.ended(send_id)
        assert list(PEOPLE[1:]) == at.arrived()
        assert {Reason.REFUSAL_PENDING: 1} == (await sends.result(at.app, at.admin, view.send_id)).left_out


async def test_while_dynamics_cannot_be_asked_nobody_is_written_to(tmp_path: Path) -> None:
    """G4: the send waits and says why; once it can be asked, everybody gets their mail."""
    async with both(tmp_path) as (on, at):
        await connections.pause(on.app, on.me, on.connection_id)
        view = await at.carry_out(send_id := await at.started())
        assert (SendState.CHECKING, 4) == (view.state, view.counts[RecipientState.WAITING])
        assert view.problem.startswith("Dynamics cannot be asked")
        assert [] == at.arrived()
        await connections.resume(on.app, on.me, on.connection_id)
        at.clock.ahead += timedelta(seconds=10)
        assert (SendState.DONE, "") == ((done := await at.ended(send_id)).state, done.problem)
        assert list(PEOPLE) == at.arrived()


async def test_whoever_cannot_be_proved_within_the_hour_is_left_out(tmp_path: Path) -> None:
    """The gate fails closed: a send does not wait for ever, and nobody is mailed unproved."""
    async with both(tmp_path) as (on, at):
        await connections.pause(on.app, on.me, on.connection_id)
        send_id = await at.started()
        await at.carry_out(send_id)
        at.clock.ahead += timedelta(hours=1)
        view = await at.ended(send_id)
        assert ([], SendState.DONE) == (at.arrived(), view.state)
        assert {Reason.UNVERIFIED: 4} == (await sends.result(at.app, at.admin, send_id)).left_out


async def test_one_click_in_a_mail_reaches_the_crm_row(tmp_path: Path) -> None:
    """The mail's own link withdraws, the row says Do not allow, and the next send leaves them out."""
    async with both(tmp_path) as (on, at):
        await at.ended(await at.started(0))
        mail = next(mail for mail in at.sink.messages() if mail.recipient == PEOPLE[0])
        token = str(mail.header("List-Unsubscribe")).strip("<>").rpartition("/")[2]
        await preferences.unsubscribe(at.app, token, evidence=Evidence(source="one-click unsubscribe"))
        await on.drain()
        (row,) = await on.rep.bearing(PEOPLE[0])
        assert True is row["donotbulkemail"]
        contact = (await on.app.store.memory.holders(on.account_id, [PEOPLE[0]]))[PEOPLE[0]]
        assert LegalBasis.WITHDRAWN is (await on.person(contact)).contact.basis
        await at.ended(await at.started(0))
        assert 7 == len(at.arrived())
