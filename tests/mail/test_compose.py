"""What a letter looks like on the wire, and that no field of it can become a second header."""

import email
import email.policy
from dataclasses import fields
from datetime import datetime
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assent.errors import Invalid
from assent.mail.compose import Letter, compose
from tests.mail.samples import LETTER, letter

BREAKS = ["\r", "\n", "\r\n", "\x00", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"]
HEADED = [field.name for field in fields(Letter) if field.name not in ("text", "html", "date")]


def parsed(written: Letter) -> EmailMessage:
    """The letter as a mail program reads it."""
    read = email.message_from_bytes(compose(written).as_bytes(), policy=email.policy.default)
    assert isinstance(read, EmailMessage)
    return read


def test_a_letter_carries_the_headers_of_a_mailing_list() -> None:
    """Unsubscribing takes one click (RFC 2369, RFC 8058), the list has a name (RFC 2919)."""
    read = parsed(LETTER)
    expected = {
        "From": "Acme News <news@acme.example>",
        "To": "Anna Lind <anna@example.com>",
        "Subject": "Spring",
        "Date": "Sun, 01 Mar 2026 09:30:00 +0000",
        "Message-ID": "<1@acme.example>",
        "Reply-To": "desk@acme.example",
        "List-Id": "<newsletters.acme.example>",
        "List-Unsubscribe": "<https://acme.example/u/token>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Help": "<https://acme.example/p/token>",
        "MIME-Version": "1.0",
    }
    assert expected == {name: str(read[name]) for name in expected}
    assert [] == read.defects
    assert "Auto-Submitted" not in read


def test_text_comes_first_and_html_beside_it() -> None:
    """Mail programs show the last alternative they can."""
    read = parsed(LETTER)
    assert "multipart/alternative" == read.get_content_type()
    assert ["text/plain", "text/html"] == [part.get_content_type() for part in read.iter_parts()]


def test_a_letter_of_text_alone_has_one_part() -> None:
    """Without HTML nothing is multipart."""
    read = parsed(letter(html=None))
    assert ("text/plain", "Hello Anna\r\n") == (read.get_content_type(), read.get_content())


def test_mail_nobody_can_unsubscribe_from_says_nothing_about_lists() -> None:
    """Transactional mail has no list headers."""
    read = parsed(letter(unsubscribe_url=None, preferences_url=None, list_id=None, reply_to=None))
    assert [] == [name for name in read if name.startswith("List-") or name == "Reply-To"]


def test_a_long_link_stays_in_one_piece() -> None:
    """Encoded words inside List-Unsubscribe would make it useless."""
    url = "https://acme.example/u/" + "a" * 800
    assert f"List-Unsubscribe: <{url}>\r\n".encode() in compose(letter(unsubscribe_url=url)).as_bytes()


@pytest.mark.parametrize("line_break", BREAKS, ids=ascii)
@pytest.mark.parametrize("field", HEADED)
def test_a_line_break_in_any_field_of_the_head_is_refused(field: str, line_break: str) -> None:
    """Nothing that some program takes for the end of a line gets into a header."""
    value = getattr(LETTER, field)
    for smuggled in (
        f"{value}{line_break}Bcc: spy@example.com",
        f"{line_break}{value}",
        f"{value}{line_break}",
    ):
        with pytest.raises(Invalid):
            compose(letter(**{field: smuggled}))


@settings(deadline=None)
@given(
    field=st.sampled_from(HEADED),
    value=st.text(max_size=120) | st.text("\r\n\t :<>@=?.a", max_size=40),
)
def test_no_value_smuggles_a_line_into_the_head(field: str, value: str) -> None:
    """Whatever a field holds: it is refused, or the head has just the headers it should have."""
    try:
        message = compose(letter(**{field: value}))
    except Invalid:
        return
    head = message.as_bytes().partition(b"\r\n\r\n")[0].decode("ascii").split("\r\n")
    names = [line.partition(":")[0] for line in head if not line.startswith((" ", "\t"))]
    assert sorted(compose(LETTER).keys()) == sorted(names)
    assert [] == [
        line for line in head if len(line) > 998 or "\r" in line or "\n" in line or not line.strip()
    ]


NAMES = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Co", "Cn"]), min_size=1, max_size=150
).map(str.strip)


@settings(deadline=None)
@given(NAMES)
def test_names_and_subjects_arrive_as_they_were_written(value: str) -> None:
    """Quotes, commas, emoji and any script survive, for old readers and for new ones."""
    read = email.message_from_bytes(compose(letter(recipient_name=value, subject=value)).as_bytes())
    assert (
        value == str(make_header(decode_header(" ".join(str(read["Subject"]).split("\r\n "))))) or not value
    )
    shown, address = parseaddr("".join(str(read["To"]).splitlines()))
    assert (value, "anna@example.com") == (str(make_header(decode_header(shown))) if shown else "", address)


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_text_arrives_as_it_was_written(value: str) -> None:
    """Only line ends are made one kind, and the last line is ended."""
    lines = value.replace("\r\n", "\n").replace("\r", "\n")
    expected = lines if lines.endswith("\n") else lines + "\n"
    read = parsed(letter(text=value, html=value))
    for part in read.iter_parts():
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        assert expected == payload.decode().replace("\r\n", "\n")


@settings(deadline=None)
@given(st.text())
def test_a_message_is_ascii_in_short_lines(value: str) -> None:
    """Nothing on the way needs to touch it: no 8-bit data, no line beyond 998 octets."""
    try:
        octets = compose(letter(text=value * 20, html=value * 20)).as_bytes()
    except Invalid:
        return
    assert octets.isascii()
    assert 998 >= max(map(len, octets.split(b"\r\n")))


@pytest.mark.parametrize(
    ("written", "wire"),
    [
        ("anna@exämple.com", "anna@xn--exmple-cua.com"),
        ("anna@EXÄMPLE.com", "anna@xn--exmple-cua.com"),
        ("Anna.Lind+x@例え.jp", "Anna.Lind+x@xn--r8jz45g.jp"),
    ],
)
def test_domains_in_any_script_are_written_in_punycode(written: str, wire: str) -> None:
    """The head has the spelling every server understands."""
    read = parsed(letter(recipient_email=written, sender_email=written, reply_to=written))
    assert [wire] * 3 == [parseaddr(str(read[name]))[1] for name in ("To", "From", "Reply-To")]


@pytest.mark.parametrize("field", ["sender_email", "recipient_email", "reply_to"])
@pytest.mark.parametrize(
    "address",
    ["", "anna", "anna@", "@example.com", "än@example.com", "a b@example.com", "a@b@c", '"a"@b.com'],
)
def test_what_cannot_be_mailed_is_refused(field: str, address: str) -> None:
    """A local part beyond ASCII needs SMTPUTF8 everywhere on the way, which nobody can promise."""
    with pytest.raises(Invalid) as error:
        compose(letter(**{field: address}))
    assert not address or address not in str(error.value)


def test_a_date_without_zone_is_refused() -> None:
    """Nobody could tell when that was."""
    with pytest.raises(Invalid, match="time zone"):
        compose(letter(date=datetime(2026, 3, 1)))  # noqa: DTZ001


@pytest.mark.parametrize(
    "changes",
    [
        {"unsubscribe_url": "javascript:alert(1)"},
        {"unsubscribe_url": "https://a.example/<x>"},
        {"preferences_url": "https://ä.example/"},
        {"preferences_url": "https://a.example/" + "a" * 900},
        {"list_id": "news"},
        {"list_id": "news letters.example"},
        {"message_id": "1@acme.example"},
        {"message_id": "<1>"},
        {"text": "half: \ud800"},
        {"html": "half: \ud800"},
    ],
    ids=str,
)
def test_fields_without_their_form_are_refused(changes: dict[str, str]) -> None:
    """Links are web addresses, lists look like domains, ids have an @ and brackets."""
    with pytest.raises(Invalid):
        compose(letter(**changes))
