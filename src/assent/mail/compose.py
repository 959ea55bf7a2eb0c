"""Makes one message of a letter: its parts, its headers, and nothing that was not meant."""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from functools import lru_cache

from assent.errors import Invalid
from assent.mail.addresses import wire_address
from assent.mail.headers import POLICY, link, mailbox, words

_MESSAGE_ID = re.compile(r"<[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,128}@[A-Za-z0-9.-]{1,255}>")
_LIST_ID = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+")

#: `=_` stands in no quoted-printable or base64 body, so this boundary cannot occur in one.
_ALTERNATIVES = 'multipart/alternative; boundary="=_assent_alternatives"'


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail to one person, in words.

    `unsubscribe_url` takes a one-click POST (RFC 8058; large mailbox providers want https there),
    `preferences_url` is a page to read and choose on; both are None for mail nobody can unsubscribe
    from. `list_id` looks like a domain (`newsletters.acme.example`), `message_id` like `<id@domain>`.
    """

    sender_name: str
    sender_email: str
    reply_to: str | None
    recipient_email: str
    recipient_name: str
    subject: str
    text: str
    html: str | None
    unsubscribe_url: str | None
    preferences_url: str | None
    list_id: str | None
    message_id: str
    date: datetime


def compose(letter: Letter) -> EmailMessage:
    """Make the message: text always, HTML beside it where given, all of it in 7-bit ASCII.

    There is no Auto-Submitted: a person wrote it, and answers to it are welcome.
    Raises Invalid, naming the field, for addresses that cannot be mailed and for line breaks or
    control characters in anything that becomes a header.
    """
    message = EmailMessage(policy=POLICY)
    for name, value in _headers(letter):
        message[name] = value
    if letter.html is None:
        return _fill(message, "plain", letter.text)
    message["Content-Type"] = _ALTERNATIVES
    message.attach(_fill(EmailMessage(policy=POLICY), "plain", letter.text))
    message.attach(_fill(EmailMessage(policy=POLICY), "html", letter.html))
    return message


def _headers(letter: Letter) -> list[tuple[str, str]]:
    if letter.date.utcoffset() is None:
        raise Invalid("Date needs a time zone.")
    if not _MESSAGE_ID.fullmatch(letter.message_id):
        raise Invalid("Message-ID needs the form <id@domain>.")
    headers = [
        ("From", _from("From", letter.sender_name, letter.sender_email)),
        ("To", mailbox("To", letter.recipient_name, wire_address(letter.recipient_email))),
        ("Subject", words("Subject", letter.subject)),
        ("Date", format_datetime(letter.date)),
        ("Message-ID", letter.message_id),
    ]
    if letter.reply_to is not None:
        headers.append(("Reply-To", _from("Reply-To", "", letter.reply_to)))
    if letter.list_id is not None:
        headers.append(("List-Id", _list_id(letter.list_id)))
    if letter.unsubscribe_url is not None:
        headers.append(("List-Unsubscribe", link("List-Unsubscribe", letter.unsubscribe_url)))
        headers.append(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    if letter.preferences_url is not None:
        headers.append(("List-Help", link("List-Help", letter.preferences_url)))
    headers.append(("MIME-Version", "1.0"))
    return headers


@lru_cache(maxsize=256)
def _from(name: str, display: str, address: str) -> str:
    try:
        return mailbox(name, display, wire_address(address))
    except Invalid as error:
        raise Invalid(f"{name}: {error}") from None


def _list_id(list_id: str) -> str:
    if len(list_id) > 255 or not _LIST_ID.fullmatch(list_id):
        raise Invalid("List-Id needs the form of a domain, such as newsletters.acme.example.")
    return f"<{list_id}>"


def _fill(part: EmailMessage, subtype: str, text: str) -> EmailMessage:
    """Put a text into a part, encoded so that no server on the way needs to touch it."""
    try:
        octets = text.replace("\r\n", "\n").replace("\r", "\n").encode()
    except UnicodeEncodeError:
        raise Invalid("The mail's text has half a character in it. Write it anew.") from None
    if not octets.endswith(b"\n"):
        octets += b"\n"
    foreign = len(octets) - len(text)  # about the number of letters beyond ASCII, and free to know
    part["Content-Type"] = f'text/{subtype}; charset="utf-8"'
    if foreign * 6 > len(octets):
        part["Content-Transfer-Encoding"] = "base64"
        part.set_payload(base64.encodebytes(octets.replace(b"\n", b"\r\n")).decode("ascii"))
    else:
        part["Content-Transfer-Encoding"] = "quoted-printable"
        part.set_payload(binascii.b2a_qp(octets).decode("ascii"))
    return part
