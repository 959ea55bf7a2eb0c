"""How every hand-over ends, over real SMTP, and that nothing is told, kept or sent twice."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from assent.errors import Invalid, Refused
from assent.mail.compose import compose
from assent.mail.conduct import Conduct, by_seed
from assent.mail.opening import SmtpSettings
from assent.mail.outcome import Handed, Outcome, anonymous
from assent.mail.sink import Sink
from assent.mail.smtp import Mailer
from tests.mail.samples import letter, settings

ANNA = "anna@example.com"


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    """A sink that listens."""
    async with Sink() as opened:
        yield opened


@pytest.fixture
async def mailer(sink: Sink) -> AsyncIterator[Mailer]:
    """A mailer with one connection to the sink."""
    async with Mailer(settings(sink, connections=1)) as opened:
        yield opened


async def hand(mailer: Mailer, recipient: str = ANNA) -> Outcome:
    """Hand over the sample letter to somebody."""
    return await mailer.hand_over(compose(letter(recipient_email=recipient)), recipient)


async def test_an_accepted_mail_is_at_the_server(sink: Sink, mailer: Mailer) -> None:
    """Accepted means taken, from the sender's address, with the server's words."""
    assert Outcome(Handed.ACCEPTED, 250, "2.0.0 Kept") == await hand(mailer)
    [arrived] = sink.messages()
    assert ("news@acme.example", ANNA, "Spring") == (arrived.sender, arrived.recipient, arrived.subject)
    assert ("Hello Anna\n", "<p>Hello Anna</p>\n") == (arrived.text, arrived.html)


@pytest.mark.parametrize(
    ("conduct", "handed", "code", "kept"),
    [
        (Conduct.REFUSE, Handed.REFUSED, 550, 0),
        (Conduct.REFUSE_DATA, Handed.REFUSED, 554, 0),
        (Conduct.GREYLIST, Handed.DEFERRED, 451, 0),
        (Conduct.DEFER_DATA, Handed.DEFERRED, 452, 0),
        (Conduct.BUSY, Handed.UNREACHABLE, 421, 0),
        (Conduct.DROP, Handed.UNREACHABLE, 0, 0),
        (Conduct.DROP_IN_DATA, Handed.UNCERTAIN, 0, 0),
        (Conduct.DROP_AFTER_DATA, Handed.UNCERTAIN, 0, 1),
        (Conduct.STALL_AFTER_DATA, Handed.UNCERTAIN, 0, 1),
    ],
)
async def test_each_end_is_told_from_the_others(
    sink: Sink, mailer: Mailer, conduct: Conduct, handed: Handed, code: int, kept: int
) -> None:
    """No for good, later, nothing given, not known: and the next mail finds a connection that works."""
    sink.next(conduct)
    outcome = await hand(mailer)
    assert (handed, code) == (outcome.handed, outcome.code)
    assert "anna" not in outcome.text.lower()
    assert kept == sink.count
    assert Handed.ACCEPTED is (await hand(mailer)).handed
    assert kept + 1 == sink.count


async def test_a_server_that_falls_silent_before_the_data_was_given_nothing(sink: Sink) -> None:
    """A timeout before the data is no doubt: the mail can be tried again."""
    sink.next(Conduct.STALL)
    async with Mailer(settings(sink, timeout_s=0.2)) as mailer:
        assert Handed.UNREACHABLE is (await hand(mailer)).handed
        assert Handed.ACCEPTED is (await hand(mailer)).handed


async def test_nobody_listening_is_unreachable() -> None:
    """A mail server that is down is told as an end, not thrown."""
    async with Sink() as gone:
        nowhere = settings(gone)
    async with Mailer(nowhere) as mailer:
        outcome = await hand(mailer)
    assert Handed.UNREACHABLE is outcome.handed
    assert "Nobody answers at 127.0.0.1" in outcome.text


async def test_a_server_that_comes_back_is_found_again(sink: Sink, mailer: Mailer) -> None:
    """Connections are opened anew after the server was away."""
    assert Handed.ACCEPTED is (await hand(mailer)).handed
    await sink.stop()
    assert Handed.UNREACHABLE is (await hand(mailer)).handed
    await sink.start()
    async with Mailer(settings(sink)) as again:
        assert Handed.ACCEPTED is (await hand(again)).handed


async def test_a_connection_the_server_gave_up_is_replaced_without_a_word(sink: Sink, mailer: Mailer) -> None:
    """Servers hang up after so many mails: as nothing was given, the mail goes over a new connection."""
    assert Handed.ACCEPTED is (await hand(mailer)).handed
    for conduct in (Conduct.DROP, Conduct.BUSY):
        sink.next(conduct)
        assert Handed.ACCEPTED is (await hand(mailer)).handed
    assert (3, 3) == (sink.connections, sink.count)


async def test_a_sender_the_server_does_not_want_stops_everything(sink: Sink, mailer: Mailer) -> None:
    """It would befall every recipient: a person must look, and nothing was handed over."""
    sink.next(Conduct.REFUSE_SENDER)
    with pytest.raises(Refused, match=r"550 5\.7\.1") as error:
        await hand(mailer)
    assert "news@acme.example" not in str(error.value)
    assert 0 == sink.count


async def test_an_uncertain_mail_is_never_repeated(sink: Sink, mailer: Mailer) -> None:
    """Also on a connection that was used before, a lost answer leads to no second try."""
    assert Handed.ACCEPTED is (await hand(mailer)).handed
    sink.next(Conduct.DROP_AFTER_DATA)
    assert Handed.UNCERTAIN is (await hand(mailer)).handed
    assert 2 == sink.count


async def test_connections_are_used_again(sink: Sink) -> None:
    """Many mails, as many connections as allowed and no more."""
    async with Mailer(settings(sink, connections=3)) as mailer:
        ends = await asyncio.gather(*(hand(mailer, f"p{number}@example.com") for number in range(60)))
    assert {Handed.ACCEPTED: 60} == Counter(end.handed for end in ends)
    assert 3 == sink.connections
    assert {f"p{number}@example.com" for number in range(60)} == {
        m.recipient for m in sink.messages(limit=100)
    }


async def test_refused_recipients_cost_no_connection(sink: Sink, mailer: Mailer) -> None:
    """After a refusal the envelope is reset and the connection goes on."""
    sink.next(Conduct.REFUSE, Conduct.GREYLIST, Conduct.ACCEPT, Conduct.REFUSE_DATA, Conduct.ACCEPT)
    ends = [(await hand(mailer)).handed for _ in range(5)]
    refused, taken = Handed.REFUSED, Handed.ACCEPTED
    assert [refused, Handed.DEFERRED, taken, refused, taken] == ends
    assert (1, 2) == (sink.connections, sink.count)


async def test_a_rested_connection_is_asked_first(
    sink: Sink, mailer: Mailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that the server let go meanwhile is replaced before the mail."""
    monkeypatch.setattr("assent.mail.smtp._IDLE_S", -1.0)
    assert [Handed.ACCEPTED] * 2 == [(await hand(mailer)).handed for _ in range(2)]
    assert 1 == sink.connections


async def test_a_cancelled_hand_over_leaves_no_answer_for_the_next(sink: Sink, mailer: Mailer) -> None:
    """What the server still says to the cancelled mail is not taken for its word on the next one."""
    sink.next(Conduct.STALL)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await hand(mailer)
    assert Outcome(Handed.ACCEPTED, 250, "2.0.0 Kept") == await hand(mailer, "jan@example.com")
    assert ["jan@example.com"] == [arrived.recipient for arrived in sink.messages()]


async def test_every_mail_has_one_end_and_only_accepted_and_uncertain_ones_arrive(sink: Sink) -> None:
    """Whatever a server does to a crowd: what arrived was accepted or uncertain, and arrived once."""
    shares: dict[Conduct, float] = dict.fromkeys(
        [kind for kind in Conduct if kind not in (Conduct.STALL, Conduct.REFUSE_SENDER)], 0.08
    )
    sink.behave = by_seed(7, shares)
    people = [f"p{number}@example.com" for number in range(80)]
    async with Mailer(settings(sink, connections=8)) as mailer:
        ends = dict(zip(people, await asyncio.gather(*(hand(mailer, one) for one in people)), strict=True))
    arrived = Counter(message.recipient for message in sink.messages(limit=1000))
    assert {1} == set(arrived.values())
    for person, end in ends.items():
        if end.handed is not Handed.UNCERTAIN:
            assert (end.handed is Handed.ACCEPTED) == (person in arrived)
    assert set(Handed) == {end.handed for end in ends.values()}


async def test_addresses_in_any_script_reach_the_envelope_in_punycode(sink: Sink, mailer: Mailer) -> None:
    """The domain is spelled as every server understands it; names come back as they were written."""
    name = "Jürgen „J“ Müller-Lüdenscheidt, Dr. 例え 🎉 und noch ein ganz langer Name dazu"
    message = compose(letter(recipient_email="anna@exämple.com", recipient_name=name, subject=name))
    assert Handed.ACCEPTED is (await mailer.hand_over(message, "anna@exämple.com")).handed
    [arrived] = sink.messages("anna@xn--exmple-cua.com")
    assert name == arrived.subject
    assert f"{name} <anna@xn--exmple-cua.com>" == arrived.to


@pytest.mark.parametrize("address", ["än@example.com", "anna", "a@b.com> SIZE=1", "a@b.com\r\nDATA"])
async def test_an_envelope_takes_no_address_that_cannot_be_mailed(mailer: Mailer, address: str) -> None:
    """Nothing of it reaches the connection."""
    with pytest.raises(Invalid):
        await mailer.hand_over(compose(letter()), address)


async def test_lines_of_dots_and_bare_line_ends_arrive_whole(sink: Sink, mailer: Mailer) -> None:
    """A dot alone ends nothing (no smuggling of a second mail)."""
    body = "a\n.\nMAIL FROM:<x@y.z>\n..\n.b\r.\r\nc\n"
    outcome = await mailer.hand_over(compose(letter(text=body, html=None)), ANNA)
    assert Handed.ACCEPTED is outcome.handed
    assert "a\n.\nMAIL FROM:<x@y.z>\n..\n.b\n.\nc\n" == sink.messages()[0].text
    assert 1 == sink.count


async def test_nothing_personal_is_logged(
    sink: Sink, mailer: Mailer, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither side writes addresses into a log, whatever happens."""
    with caplog.at_level(logging.INFO):
        for conduct in (Conduct.ACCEPT, Conduct.REFUSE, Conduct.DROP_AFTER_DATA):
            sink.next(conduct)
            await hand(mailer)
    assert "@" not in caplog.text


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("5.1.1 <anna@example.com>: user unknown", "5.1.1 (address): user unknown"),
        ("anna@example.com... no\n  such Anna here", "(address) no such (address) here"),
        ("mailto:anna@example.com;hannah", "mailto:(address);hannah"),
        ("bad \udc80\x1b[31m bytes", "bad [31m bytes"),
        ("x" * 1000, "x" * 299 + "…"),
    ],
)
def test_a_servers_words_are_told_without_addresses(said: str, told: str) -> None:
    """One line, no addresses, not without end."""
    assert told == anonymous(said, ANNA)


def test_settings_never_show_the_password() -> None:
    """Nor do errors that show the settings."""
    assert "secret" not in repr(SmtpSettings("mail.example", username="u", password="secret"))
