"""The sink keeps the newest mails, gives them back readable, and misbehaves as told."""

import asyncio
from collections import Counter

import pytest
from aiosmtplib import SMTP
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from assent.errors import Unknown
from assent.mail.compose import compose
from assent.mail.conduct import Conduct, by_seed, well
from assent.mail.sink import Sink, SinkSettings
from assent.mail.smtp import Mailer
from tests.mail.samples import LETTER, letter, settings

ANNA = LETTER.recipient_email


async def send(sink: Sink, *recipients: str) -> None:
    """Send the sample letter to each, one after the other."""
    async with Mailer(settings(sink, connections=1)) as mailer:
        for number, recipient in enumerate(recipients):
            written = letter(recipient_email=recipient, subject=f"Mail {number}")
            await mailer.hand_over(compose(written), recipient)


async def post(sink: Sink, raw: bytes) -> None:
    """Send any octets as a mail."""
    async with SMTP(hostname="127.0.0.1", port=sink.port, start_tls=False) as client:
        await client.sendmail("x@example.com", "y@example.com", raw)


async def test_mails_are_read_newest_first_by_recipient_and_by_id() -> None:
    """What the console shows."""
    async with Sink() as sink:
        await send(sink, "a@example.com", "b@example.com", "A@example.com")
        assert ["Mail 2", "Mail 1", "Mail 0"] == [mail.subject for mail in sink.messages()]
        assert ["Mail 2", "Mail 0"] == [mail.subject for mail in sink.messages("a@example.com")]
        assert ["Mail 2"] == [mail.subject for mail in sink.messages(limit=1)]
        newest = sink.messages()[0]
        assert newest == sink.message(newest.id)
        assert (LETTER.date, "Acme News <news@acme.example>") == (newest.date, newest.from_)
        assert "<https://acme.example/u/token>" == newest.header("list-unsubscribe")
        assert newest.raw.startswith(b"From: Acme News")


async def test_only_the_newest_are_kept() -> None:
    """By number and by size; what is gone is unknown."""
    for bound in (SinkSettings(keep=2), SinkSettings(keep_bytes=2000)):
        async with Sink(bound) as sink:
            await send(sink, *(f"p{number}@example.com" for number in range(5)))
            assert 5 == sink.count
            assert ["Mail 4", "Mail 3"] == [mail.subject for mail in sink.messages()]
            with pytest.raises(Unknown):
                sink.message(1)


async def test_waiting_ends_with_the_mail_that_was_waited_for() -> None:
    """Now, later, or with a timeout."""
    async with Sink() as sink:
        waiting = asyncio.create_task(sink.wait_for(lambda mail: mail.recipient == "b@example.com"))
        await send(sink, "a@example.com", "b@example.com")
        assert "Mail 1" == (await waiting).subject
        assert "Mail 0" == (await sink.wait_for(lambda mail: mail.subject == "Mail 0")).subject
        with pytest.raises(TimeoutError):
            await sink.wait_for(lambda _: False, timeout_s=0.05)


async def test_who_comes_again_passes_a_greylist() -> None:
    """Not yet, then yes."""
    async with Sink(behave=lambda _: Conduct.GREYLIST) as sink:
        await send(sink, "a@example.com", "a@example.com")
        assert ["Mail 1"] == [mail.subject for mail in sink.messages()]


def test_a_seed_decides_who_is_treated_badly() -> None:
    """The same people for the same seed, in about the shares asked for."""
    people = [f"p{number}@example.com" for number in range(2000)]
    shares = {Conduct.REFUSE: 0.1, Conduct.GREYLIST: 0.3}
    treated = [by_seed(1, shares)(person) for person in people]
    assert treated == [by_seed(1, shares)(person) for person in people]
    assert treated != [by_seed(2, shares)(person) for person in people]
    counts = Counter(treated)
    assert 200 == pytest.approx(counts[Conduct.REFUSE], abs=60)
    assert 600 == pytest.approx(counts[Conduct.GREYLIST], abs=90)
    assert {Conduct.ACCEPT} == {well(person) for person in people}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"no head at all",
        b"Subject: =?utf-8?b?????=\r\nFrom: \xff\xfe\r\nTo: ,,,\r\nDate: yesterday\r\n\r\nx",
        b"Subject: =?martian?q?x?=\r\nContent-Type: text/plain; charset=martian\r\n\r\nx",
        b"Content-Type: multipart/alternative\r\n\r\nno boundary",
        b"Content-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\nContent-Type: text/html\r\n\r\n",
        b"Content-Transfer-Encoding: base64\r\n\r\n!!!!",
        b"Date: Mon, 99 Foo 2026 99:99:99 +9999\r\n\r\n",
    ],
)
async def test_any_mail_can_be_read(raw: bytes) -> None:
    """A broken mail is kept and shown as well as can be."""
    async with Sink() as sink:
        await post(sink, raw)
        assert raw.strip() in sink.messages()[0].raw


async def test_several_recipients_of_one_mail_are_kept_apart() -> None:
    """One each, as each would find it."""
    async with Sink() as sink, SMTP(hostname="127.0.0.1", port=sink.port, start_tls=False) as client:
        await client.sendmail("x@example.com", ["a@example.com", "b@example.com"], b"Subject: s\r\n\r\n")
        assert ["b@example.com", "a@example.com"] == [mail.recipient for mail in sink.messages()]


NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Co", "Cn"]), max_size=80)


@hypothesis_settings(max_examples=20, deadline=None)
@given(st.lists(NAMES.map(str.strip), min_size=1, max_size=5))
def test_names_and_subjects_in_any_script_make_the_round_trip(names: list[str]) -> None:
    """What was composed, handed over and kept is what is read."""

    async def there_and_back() -> list[tuple[str, str]]:
        async with Sink() as sink:
            async with Mailer(settings(sink, connections=1)) as mailer:
                for name in names:
                    written = letter(recipient_name=name, subject=name)
                    await mailer.hand_over(compose(written), ANNA)
            return [(mail.subject, mail.to) for mail in reversed(sink.messages())]

    for name, (subject, to) in zip(names, asyncio.run(there_and_back()), strict=True):
        assert name == subject
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        assert to in (f"{name} <{ANNA}>", f'"{quoted}" <{ANNA}>') if name else to == ANNA
