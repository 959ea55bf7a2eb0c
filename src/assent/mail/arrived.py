"""A mail that arrived, as people read it."""

import email
import email.policy
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Arrived:
    """A mail as it arrived; `sender` and `recipient` are those of the envelope."""

    id: int
    sender: str
    recipient: str
    subject: str
    from_: str
    to: str
    date: datetime | None
    text: str
    html: str | None
    headers: tuple[tuple[str, str], ...]
    raw: bytes = field(repr=False)

    def header(self, name: str) -> str | None:
        """The first header of that name."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class Kept:
    """A mail as it is kept: unread, for reading costs more than keeping."""

    sender: str
    recipient: str
    raw: bytes


@lru_cache(maxsize=200)
def read(number: int, kept: Kept) -> Arrived:
    """Give a mail as people read it; a broken one as well as can be.

    The newest stay read: who looks at a list sees it again with every mail that arrives.
    """
    parsed = email.message_from_bytes(kept.raw, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    try:
        date = parsedate_to_datetime(str(parsed["Date"]))
    except ValueError:
        date = None
    headers = tuple((name, _shown(str(value))) for name, value in parsed.raw_items())
    return Arrived(
        id=number,
        sender=kept.sender,
        recipient=kept.recipient,
        subject=next((value for name, value in headers if name.lower() == "subject"), ""),
        from_=next((value for name, value in headers if name.lower() == "from"), ""),
        to=next((value for name, value in headers if name.lower() == "to"), ""),
        date=date,
        text=_content(parsed, "plain") or "",
        html=_content(parsed, "html"),
        headers=headers,
        raw=kept.raw,
    )


def _shown(value: str) -> str:
    """A header as people read it; `decode_header` joins encoded words where the newer parser does not."""
    line = "".join(value.splitlines()).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    try:
        return str(make_header(decode_header(line)))
    except (HeaderParseError, LookupError, UnicodeError):
        return line


def _content(parsed: EmailMessage, kind: str) -> str | None:
    part = parsed.get_body((kind,))
    if part is None or part.get_content_maintype() != "text":
        return None
    try:
        text = str(part.get_content())
    except LookupError:  # a charset nobody knows
        text = str(part.get_payload())
    return text.replace("\r\n", "\n")
