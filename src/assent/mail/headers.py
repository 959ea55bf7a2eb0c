"""Header values that say what was meant: encoded and folded where needed, and never a second header."""

import re
from email.base64mime import header_encode
from email.policy import EmailPolicy
from functools import lru_cache
from typing import Any

from assent.errors import Invalid

LINE = 78
_ENCODED_LINE = 76  # of a line with encoded words in it; a word alone has 75 (RFC 2047, 2)
_ENCODING = len("=?utf-8?b??=")
#: What may not stand in a header: control characters, everything some program takes for a line break,
#: and halves of characters. Tabs too: no name or subject needs one.
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_SPECIAL = re.compile(r'[][\\()<>@,:;".]')
_UNFOLDED = re.compile(r"[\r\n](?![ \t]|\n[ \t])")
_LONGEST_WORD = 60  # ASCII that may stand in one line
_LONGEST_TOKEN = 900  # a line has at most 998 octets (RFC 5322, 2.1.1)


class Verbatim(EmailPolicy):
    """Keeps header values as they were written here, already encoded and folded.

    The standard library's own folding tears long addresses of pages into encoded words, which no mail
    program puts together again (List-Unsubscribe), and takes most of a message's time.
    """

    def header_store_parse(self, name: str, value: str) -> tuple[str, str]:
        """Take the value as it is. Raises ValueError where it would end the header."""
        if _UNFOLDED.search(value) or not value.isascii():
            raise ValueError(f"{name} is not encoded or not folded")
        return name, value

    def header_fetch_parse(self, name: str, value: str) -> Any:
        """Parse a header that is asked for; those about content are the same in every message."""
        if name.lower().startswith("content-"):
            return _about_content(name, value)
        return super().header_fetch_parse(name, value)

    def header_max_count(self, name: str) -> int:
        """Every header of ours stands once."""
        return 1


@lru_cache(maxsize=64)
def _about_content(name: str, value: str) -> Any:
    return EmailPolicy().header_factory(name, value)


POLICY = Verbatim(refold_source="none", linesep="\r\n", cte_type="7bit", utf8=False)


def checked(name: str, value: str) -> str:
    """Give the value back. Raises Invalid where a line break or another control character is in it."""
    if _FORBIDDEN.search(value):
        raise Invalid(
            f"{name} has a line break or another control character in it, which a mail's head cannot "
            "carry. Remove it."
        )
    return value


def words(name: str, value: str) -> str:
    """Encode free text for the header of that name, as RFC 2047 has it. Raises Invalid like `checked`."""
    checked(name, value)
    if _plain(value) and len(name) + 2 + len(value) <= LINE:
        return value
    # As one run of encoded words even where ASCII would do: folding plain text loses double spaces.
    return _encoded(name, value)


def mailbox(name: str, display: str, address: str) -> str:
    """Write `Display name <address>` for the header of that name; `address` is in its wire spelling."""
    checked(name, display)
    display = display.strip()
    if not display:
        return address
    if _plain(display) and len(display) <= _LONGEST_WORD:
        escaped = display.replace("\\", "\\\\").replace('"', '\\"')
        phrase = f'"{escaped}"' if _SPECIAL.search(display) else display
    else:
        phrase = _encoded(name, display)
    lone = phrase.rpartition("\n")[2]
    gap = " " if len(name) + len(lone) + len(address) + 5 <= LINE else "\r\n "
    return f"{phrase}{gap}<{address}>"


def link(name: str, url: str) -> str:
    """Write `<url>`. Raises Invalid where it is no web address in ASCII of at most 900 characters."""
    fine = url.startswith(("https://", "http://")) and url.isascii() and len(url) <= _LONGEST_TOKEN
    if not fine or any(c in url for c in ' <>"') or _FORBIDDEN.search(url):
        raise Invalid(f"{name} needs a web address: https://..., ASCII, at most {_LONGEST_TOKEN} characters.")
    return f"<{url}>"


def _encoded(name: str, value: str) -> str:
    """Write encoded words, one a line; no character is torn apart (RFC 2047, 5).

    The standard library's `Header` does the same in quadratic time.
    """
    lines, piece = [], b""
    room = _ENCODED_LINE - len(name) - 2
    for character in value:
        octets = character.encode()
        if len(piece) + len(octets) > (room - _ENCODING) // 4 * 3:
            lines.append(header_encode(piece, "utf-8"))
            piece, room = b"", _ENCODED_LINE - 1
        piece += octets
    lines.append(header_encode(piece, "utf-8"))
    return "\r\n ".join(lines)


def _plain(value: str) -> bool:
    """Whether every reader shows these characters as they stand."""
    return value.isascii() and "=?" not in value and value == value.strip() and "  " not in value
