"""Sends are delivered once, to whoever may be mailed at the last moment (G1-G4, P1, P6)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import select

from assent.app.application import open_application
from assent.mail.conduct import Conduct
from assent.mail.outcome import Outcome
from assent.mail.pace import Pace
from assent.mail.sink import Sink
from assent.mail.smtp import LastLook, Mailer
from assent.policy.gate import Reason
from assent.policy.permission import LegalBasis
from assent.policy.sending import RecipientState, SendState
from assent.ports import Act, Evidence
from assent.services import mailbox, preferences, sends
from assent.services.access import operator
from assent.services.checking import Checking
from assent.services.delivering import mail_server
from assent.services.drafts import Draft
from assent.services.links import links
from assent.store import sends as stored
from assent.store.desk_schema import recipients
from tests.app.world import ADMIN, FORM, account, add, settings, until

from .mailroom import EVENTS, NEWS, Mailroom, mailroom, with_mail


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Mailroom]:
    """An account that can send."""
    async with mailroom(tmp_path) as found:
        yield found


async def test_everybody_who_may_be_mailed_gets_one_mail_and_the_others_a_reason(at: Mailroom) -> None:
    """G1, G2, G3: verdicts are kept with their reasons; mail goes to the rest, once."""
    await at.people("a@x.example", "b@x.example")
    await at.people("no@x.example", basis=LegalBasis.WITHDRAWN)
    await at.people("none@x.example", basis=LegalBasis.NONE)
    await at.people("off@x.example", refused=NEWS)
    await at.people("bounced@x.example")
    await at.app.store.accounts.suppress(at.account_id, ["bounced@x.example"])
    view = await at.ended(await at.started())
    assert (SendState.DONE, "", 2, 4) == (view.state, view.problem, view.sent, view.left_out)
    assert ["a@x.example", "b@x.example"] == at.arrived()
    result = await sends.result(at.app, at.admin, view.send_id)
    expected = {Reason.WITHDRAWN: 1, Reason.NO_BASIS: 1, Reason.UNSUBSCRIBED: 1, Reason.SUPPRESSED: 1}
    assert expected == result.left_out


async def test_the_mail_carries_the_persons_own_links(at: Mailroom) -> None:
    """RFC 8058 headers, a way out in text and HTML, names filled in and escaped."""
    (contact_id,) = await at.people("a@x.example")
    await at.app.act(at.account_id, ADMIN, [Act(contact_id, first_name="<b>Eve</b>")], FORM)
    await at.ended(await at.started(html="<html><body><p>{{ first_name }}</p></body></html>"))
    (mail,) = at.sink.messages()
    link = str(mail.header("List-Unsubscribe"))
    assert link.startswith("<https://meadow.example/u/")
    assert "List-Unsubscribe=One-Click" == mail.header("List-Unsubscribe-Post")
    assert "Hello <b>Eve</b>" == mail.subject
    assert "https://meadow.example/p/" in mail.text
    assert mail.html is not None
    assert "&lt;b&gt;Eve" in mail.html
    assert mail.html.index("https://meadow.example/p/") < mail.html.index("</body>")
    assert "Meadow <news@meadow.example>" == mail.from_


async def test_a_refusal_between_check_and_handover_stops_the_mail(at: Mailroom) -> None:
    """P1: everybody was checked; then one opted out and another left the category."""
    first, second, _ = await at.people("a@x.example", "b@x.example", "c@x.example")
    send_id = await at.started()
    send = await at.app.store.database.read(lambda c: stored.read(c, at.account_id, send_id))
    checking = Checking(at.errands.store, at.errands.jobs, at.errands.clock)
    assert await checking.check_new(at.account_id, send)
    await at.app.act(
        at.account_id, ADMIN, [Act(first, basis=LegalBasis.WITHDRAWN), Act(second, answered=NEWS)], FORM
    )
    view = await at.ended(send_id)
    assert ["c@x.example"] == at.arrived()
    left = (await sends.result(at.app, at.admin, view.send_id)).left_out
    assert {Reason.WITHDRAWN: 1, Reason.UNSUBSCRIBED: 1} == left


async def test_a_grant_after_the_start_of_a_send_mails_nobody_new(at: Mailroom) -> None:
    """Whom a send is for is fixed when it starts: contacts made later are not in it."""
    await at.people("a@x.example")
    send_id = await at.started()
    await at.people("later@x.example")
    await at.ended(send_id)
    assert ["a@x.example"] == at.arrived()


async def test_transactional_mail_skips_all_but_suppression(at: Mailroom) -> None:
    """G3: no basis is needed, no link to unsubscribe is given; bounced addresses get nothing."""
    await at.people("no@x.example", "bounced@x.example", basis=LegalBasis.WITHDRAWN)
    await at.app.store.accounts.suppress(at.account_id, ["bounced@x.example"])
    draft = Draft("Receipt", "Receipt", "Paid", transactional=True)
    made = await sends.create(at.app, at.admin, draft)
    await sends.start(at.app, at.admin, made.send_id, made.revision)
    await at.ended(made.send_id)
    (mail,) = at.sink.messages()
    assert ("no@x.example", None) == (mail.recipient, mail.header("List-Unsubscribe"))


async def test_a_mail_server_that_is_down_loses_nothing(at: Mailroom) -> None:
    """The send waits, says so, and goes on once the server answers."""
    await at.people(*[f"p{n}@x.example" for n in range(30)])
    send_id, port = await at.started(), at.sink.port
    await at.sink.stop()
    view = await at.carry_out(send_id)
    assert SendState.SENDING is view.state
    assert "tried again until the mail server answers" in view.problem
    assert "x.example" not in view.problem
    at.sink.settings = type(at.sink.settings)(port=port)
    await at.sink.start()
    assert (SendState.DONE, "", 30) == ((view := await at.ended(send_id)).state, view.problem, view.sent)
    assert 30 == len(set(at.arrived())) == len(at.arrived())


async def test_a_send_that_waits_for_the_mail_server_can_be_stopped(at: Mailroom) -> None:
    """Stop works meanwhile, and whoever was not written to is told as such."""
    await at.people("a@x.example")
    send_id = await at.started()
    await at.sink.stop()
    running = asyncio.create_task(at.errands.perform(at.account_id, send_id))
    await asyncio.sleep(0.02)
    view = await sends.stop(at.app, at.admin, send_id)
    await running
    assert SendState.STOPPED is (await sends.read(at.app, at.admin, send_id)).state is view.state
    assert {"a@x.example": RecipientState.STOPPED} == await at.states(send_id)


async def test_an_unknown_mailbox_is_never_written_to_again(at: Mailroom) -> None:
    """G3: a refusal that says nobody is there suppresses the address; one about the content does not."""
    await at.people("gone@x.example", "spam@x.example")
    at.sink.behave = lambda to: Conduct.REFUSE if to.startswith("gone") else Conduct.REFUSE_DATA
    send_id = await at.started()
    await at.ended(send_id)
    assert {RecipientState.REFUSED} == set((await at.states(send_id)).values())
    at.sink.behave = lambda to: Conduct.ACCEPT
    again = await at.started()
    await at.ended(again)
    assert ["spam@x.example"] == at.arrived()
    assert {Reason.SUPPRESSED: 1} == (await sends.result(at.app, at.admin, again)).left_out


async def test_a_mail_put_off_is_tried_again_and_then_given_up(at: Mailroom) -> None:
    """4xx: greylisted mail arrives once; what is put off every time ends, with the server's words."""
    await at.people("grey@x.example", "never@x.example")
    at.sink.behave = lambda to: Conduct.GREYLIST if to.startswith("grey") else Conduct.DEFER_DATA
    view = await at.ended(await at.started())
    assert ["grey@x.example"] == at.arrived()
    (given_up,) = (
        one
        for one in (await sends.recipients(at.app, at.admin, view.send_id)).items
        if one.state is RecipientState.REFUSED
    )
    assert "Given up after 3 attempts: 452" in given_up.detail


async def test_a_mailbox_that_changes_hands_meanwhile_gets_a_send_once(at: Mailroom) -> None:
    """P6: one has the mail, another's is put off and comes to the same address by then."""
    first, second = await at.people("a@x.example", "b@x.example")
    at.sink.behave = lambda to: Conduct.DEFER_DATA if to.startswith("b") else Conduct.ACCEPT
    send_id = await at.started()
    at.clock.let_go.clear()
    running = asyncio.create_task(at.ended(send_id))

    async def put_off() -> bool:
        return RecipientState.DEFERRED is (await at.states(send_id))["b@x.example"]

    await until(put_off)
    assert ["a@x.example"] == at.arrived()
    moves = [Act(first, email="c@x.example"), Act(second, email="a@x.example")]
    await at.app.act(at.account_id, ADMIN, moves, FORM)
    at.clock.let_go.set()
    view = await running
    assert (SendState.DONE, 1, 1) == (view.state, view.sent, view.left_out)
    assert ["a@x.example"] == at.arrived()
    (left,) = (
        one
        for one in (await sends.recipients(at.app, at.admin, send_id)).items
        if one.state is RecipientState.LEFT_OUT
    )
    assert (second, "this address got the mail already, when it was another contact's") == (
        left.contact_id,
        left.detail,
    )


async def test_a_mail_that_may_have_arrived_is_uncertain_and_never_repeated(at: Mailroom) -> None:
    """P6: the server took the data and hung up; nobody gets a mail twice."""
    await at.people("a@x.example", "b@x.example")
    at.sink.behave = lambda to: Conduct.DROP_AFTER_DATA if to.startswith("a") else Conduct.ACCEPT
    send_id = await at.started()
    assert SendState.DONE is (await at.ended(send_id)).state
    assert {"a@x.example": RecipientState.UNCERTAIN, "b@x.example": RecipientState.SENT} == await at.states(
        send_id
    )
    assert ["a@x.example", "b@x.example"] == at.arrived()


async def test_an_address_no_mail_can_go_to_does_not_keep_the_others(at: Mailroom) -> None:
    """A local part beyond ASCII cannot be delivered everywhere: refused with the reason, the rest is sent."""
    await at.people("josé@x.example", "b@x.example")
    view = await at.ended(await at.started())
    assert (SendState.DONE, ["b@x.example"]) == (view.state, at.arrived())
    assert 1 == view.counts[RecipientState.REFUSED]


async def test_an_archived_category_ends_a_send_under_way(at: Mailroom) -> None:
    """Nobody can say no to it any more, so nobody is written to."""
    await at.people("a@x.example")
    send_id = await at.started()
    await at.app.store.accounts.set_category_active(at.account_id, NEWS, active=False)
    view = await at.ended(send_id)
    assert (SendState.FAILED, []) == (view.state, at.arrived())
    assert "archived" in view.problem


async def test_a_sender_the_server_does_not_know_waits_for_a_person(at: Mailroom) -> None:
    """The settings are wrong, not the recipients: nobody is refused, and the reason is told."""
    await at.people("a@x.example")
    at.sink.behave = lambda to: Conduct.REFUSE_SENDER
    view = await at.carry_out(send_id := await at.started())
    assert (SendState.SENDING, 1) == (view.state, view.counts[RecipientState.CHECKED])
    assert "takes no mail from the sender's address" in view.problem
    at.sink.behave = lambda to: Conduct.ACCEPT
    assert SendState.DONE is (await at.ended(send_id)).state


async def test_a_check_older_than_a_minute_is_made_again(at: Mailroom) -> None:
    """P1: whoever waited for the mail server is checked anew before being written to."""
    await at.people("a@x.example")
    send_id = await at.started()
    await at.sink.stop()
    await at.carry_out(send_id)
    before = await _checked_at(at, send_id)
    at.clock.ahead += timedelta(seconds=61)
    await at.carry_out(send_id)
    assert await _checked_at(at, send_id) > before


async def test_sends_of_categories_go_to_those_who_said_yes_to_them(at: Mailroom) -> None:
    """G2: one person may get News and not Events."""
    await at.people("a@x.example", refused=EVENTS)
    await at.ended(await at.started(EVENTS))
    assert [] == at.arrived()
    await at.ended(await at.started(NEWS))
    assert ["a@x.example"] == at.arrived()


async def test_two_runs_of_one_send_write_to_nobody_twice(at: Mailroom) -> None:
    """P6: errands run one at a time; two by mistake send each mail once all the same."""
    await at.people(*[f"p{n}@x.example" for n in range(120)])
    send_id = await at.started()
    await asyncio.gather(*(at.errands.perform(at.account_id, send_id) for _ in range(3)))
    await at.ended(send_id)
    assert 120 == len(set(at.arrived())) == len(at.arrived())


async def test_a_process_that_closes_in_order_leaves_nobody_uncertain(at: Mailroom) -> None:
    """It stops between two batches; the next process finds the send owed and goes on."""
    await at.people(*[f"p{n}@x.example" for n in range(120)])
    send_id = await at.started()
    running = asyncio.create_task(at.errands.perform(at.account_id, send_id))
    await at.sink.wait_for(lambda mail: mail.id >= 10)
    at.errands.closing.set()
    await running
    view = await sends.read(at.app, at.admin, send_id)
    assert {RecipientState.SENT, RecipientState.CHECKED} == set(view.counts)
    assert [(at.account_id, send_id)] == await at.errands.owed()
    at.errands.closing.clear()
    assert 120 == (await at.ended(send_id)).sent == len(set(at.arrived())) == len(at.arrived())


@pytest.mark.thorough
async def test_the_whole_application_delivers_what_was_started(tmp_path: Path) -> None:
    """Started by a person, carried out by the durable engine, read in the demo's mailbox."""
    async with Sink() as sink:
        chosen = with_mail(settings(tmp_path), sink.port)
        async with open_application(chosen, sink=sink) as app:
            account_id = await account(app)
            await add(app, account_id, "a@x.example", "b@x.example", basis=LegalBasis.CONSENT)
            me = operator(account_id)
            made = await sends.create(app, me, Draft("May", "Hello", "News", category=NEWS))
            await sends.start(app, me, made.send_id, made.revision)

            async def over() -> bool:
                return (await sends.read(app, me, made.send_id)).state is SendState.DONE

            await until(over, 60, "the end of the send")
            assert 2 == len((await mailbox.messages(app, me)).items)


async def _checked_at(at: Mailroom, send_id: int) -> datetime:
    statement = select(recipients.c.checked_at).where(recipients.c.send_id == send_id)
    found: datetime = await at.app.store.database.read(lambda c: c.execute(statement).scalar_one())
    return found


@pytest.mark.thorough
async def test_a_send_runs_the_same_on_both_databases(database_url: str, tmp_path: Path) -> None:
    """SQLite and PostgreSQL: verdicts, hand-over, deferral, a stop, pages and counts."""
    async with mailroom(tmp_path, database_url=database_url) as at:
        await at.people(*[f"p{n}@x.example" for n in range(60)])
        await at.people("no@x.example", basis=LegalBasis.WITHDRAWN)
        at.sink.behave = lambda to: Conduct.GREYLIST if to.startswith("p1") else Conduct.ACCEPT
        view = await at.ended(await at.started())
        assert (SendState.DONE, 60, 1) == (view.state, view.sent, view.left_out)
        assert 60 == len(set(at.arrived())) == len(at.arrived())
        again = await at.started(EVENTS)
        await sends.stop(at.app, at.admin, again)
        await at.ended(again)
        assert {RecipientState.STOPPED} == set((await at.states(again)).values())
        assert 61 == (await sends.preview(at.app, at.admin, again)).matched


@asynccontextmanager
async def slow_server(behind: int, go_on: asyncio.Event) -> AsyncIterator[int]:
    """A mail server that greets nobody until it is told to; gives its port."""

    async def carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            target.write(data)
        target.close()

    async def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await go_on.wait()
        answers, questions = await asyncio.open_connection("127.0.0.1", behind)
        await asyncio.gather(carry(reader, questions), carry(answers, writer))

    async with await asyncio.start_server(met, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def slowly(at: Mailroom, send_id: int) -> AsyncIterator[None]:
    """A send whose mails have been begun, to a mail server that goes on five seconds after what is done."""
    go_on, server = asyncio.Event(), mail_server(at.app.settings)
    assert server is not None
    async with slow_server(at.sink.port, go_on) as port, Mailer(replace(server, port=port)) as mailer:
        errands = replace(at.errands, hands=replace(at.errands.hands, mailer=mailer))
        carried = asyncio.create_task(errands.perform(at.account_id, send_id))

        async def all_begun() -> bool:
            return {RecipientState.HANDING} == set((await at.states(send_id)).values())

        await until(all_begun)
        yield
        at.clock.ahead += timedelta(seconds=5)
        go_on.set()
        await carried


async def test_a_refusal_while_the_mail_server_takes_its_time_stops_the_mail(at: Mailroom) -> None:
    """P1: what is refused before the server would take the mail is not handed to it, however slow it is."""
    first, _ = await at.people("a@x.example", "b@x.example")
    send_id = await at.started()
    async with slowly(at, send_id):
        await at.app.act(at.account_id, ADMIN, [Act(first, basis=LegalBasis.WITHDRAWN)], FORM)
    assert ["b@x.example"] == at.arrived()
    left = (await sends.result(at.app, at.admin, send_id)).left_out
    assert {Reason.WITHDRAWN: 1} == left


async def test_a_new_address_while_the_mail_server_takes_its_time_gets_the_mail(at: Mailroom) -> None:
    """P1: by then the old one may be somebody else's, who would get another person's links."""
    first, _ = await at.people("a@x.example", "b@x.example")
    send_id = await at.started()
    async with slowly(at, send_id):
        await at.app.act(at.account_id, ADMIN, [Act(first, email="c@x.example")], FORM)
    assert ["b@x.example", "c@x.example"] == at.arrived()


async def test_addresses_swapped_before_any_mail_got_through_get_one_each(at: Mailroom) -> None:
    """P6: what was taken and given back has no claim on an address."""
    first, second = await at.people("a@x.example", "b@x.example")
    send_id, port = await at.started(), at.sink.port
    await at.sink.stop()
    await at.carry_out(send_id)
    for moved, address in ((first, "c@x.example"), (second, "a@x.example"), (first, "b@x.example")):
        await at.app.act(at.account_id, ADMIN, [Act(moved, email=address)], FORM)
    at.sink.settings = type(at.sink.settings)(port=port)
    await at.sink.start()
    view = await at.ended(send_id)
    assert (SendState.DONE, 2, 0) == (view.state, view.sent, view.left_out)
    assert ["a@x.example", "b@x.example"] == at.arrived()


async def sound() -> None:
    """Nothing speaks against the mail."""


class Breaking(Mailer):
    """A mail server's other side with an error of ours in it, for one address, once."""

    broken = False

    async def hand_over(
        self, message: EmailMessage, recipient: str, last_look: LastLook = sound, return_path: str = ""
    ) -> Outcome:
        """Fail at once for one; everybody else takes a moment."""
        if recipient.startswith("bug") and not self.broken:
            self.broken = True
            raise RuntimeError("an error of ours")
        await asyncio.sleep(0.05)
        return await super().hand_over(message, recipient, last_look, return_path)


async def test_an_error_of_ours_in_the_midst_of_a_batch_writes_to_nobody_twice(at: Mailroom) -> None:
    """P6: the batch ends before its rest is given back; the mail that met the error is uncertain."""
    people = [f"{number}@x.example" for number in range(20)]
    await at.people("bug@x.example", *people)
    send_id, server = await at.started(), mail_server(at.app.settings)
    assert server is not None
    async with Breaking(server) as mailer:
        errands = replace(at.errands, hands=replace(at.errands.hands, mailer=mailer))
        with pytest.raises(RuntimeError):
            await errands.perform(at.account_id, send_id)
        await errands.perform(at.account_id, send_id)
    assert sorted(people) == at.arrived()
    assert RecipientState.UNCERTAIN == (await at.states(send_id))["bug@x.example"]


async def test_a_domain_that_is_full_waits_and_the_others_do_not(at: Mailroom) -> None:
    """A limit by domain: everybody gets one mail, those of the full domain later; nobody is lost."""
    await at.people(*[f"p{number}@big.example" for number in range(8)])
    await at.people(*[f"p{number}@small.example" for number in range(40)])
    send_id = await at.started()
    errands = replace(at.errands, hands=replace(at.errands.hands, pace=Pace({"big.example": 20})))
    began = at.clock.now()
    await errands.perform(at.account_id, send_id)
    view = await sends.read(at.app, at.admin, send_id)
    assert (SendState.DONE, 48, "") == (view.state, view.sent, view.problem)
    assert 48 == len(set(at.arrived())) == len(at.arrived())
    order = [mail.recipient.rpartition("@")[2] for mail in reversed(at.sink.messages(limit=100))]
    assert ["big.example"] * 5 == order[-5:]
    assert at.clock.now() - began >= timedelta(seconds=15)


async def test_an_opt_out_on_the_preference_page_in_the_midst_of_a_delivery_stops_that_mail(
    at: Mailroom,
) -> None:
    """P1: local facts have no age; whoever clicks before their batch is taken gets nothing more."""
    ids = await at.people(*[f"p{number:03}@x.example" for number in range(200)])
    send_id, made = await at.started(), await links(at.app, at.account_id)
    hands = replace(at.errands.hands, pace=Pace({"x.example": 600}))
    running = asyncio.create_task(replace(at.errands, hands=hands).perform(at.account_id, send_id))
    await at.sink.wait_for(lambda mail: mail.id >= 30)
    clicked = [contact_id for contact_id in ids if not at.sink.messages(await at.address(contact_id))][::3]
    for contact_id in clicked:
        token = made.token(contact_id, send_id)
        await preferences.unsubscribe(at.app, token, evidence=Evidence(source="one-click unsubscribe"))
    at_that_moment = set(at.arrived())
    await running
    gone = {await at.address(contact_id) for contact_id in clicked}
    assert len(clicked) > 20
    assert gone & set(at.arrived()) <= at_that_moment
    assert 200 - len(gone - at_that_moment) == at.sink.count
    left = (await sends.result(at.app, at.admin, send_id)).left_out
    assert {Reason.UNSUBSCRIBED: len(gone - at_that_moment)} == left
