"""What became of a mail that was to be handed over, told without saying whose it was."""

import re
from dataclasses import dataclass
from enum import Enum

_ADDRESS = re.compile(r"<?[^\s<>@,;:\"']+@[^\s<>@,;:\"']+>?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_LONGEST = 300


class Handed(Enum):
    """How a hand-over can end."""

    ACCEPTED = "accepted"  # the server took the mail
    REFUSED = "refused"  # the server said no to this mail for good (5xx)
    DEFERRED = "deferred"  # the server said later (4xx)
    UNREACHABLE = "unreachable"  # nothing was handed over: no connection, or lost before the mail's data
    UNCERTAIN = "uncertain"  # lost after the data was sent: it may have arrived, and is never repeated


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one hand-over, with the server's last answer where there was one (code 0: none)."""

    handed: Handed
    code: int = 0
    text: str = ""


def anonymous(text: str, recipient: str = "") -> str:
    """Give a server's words in one line, without addresses and without the recipient's name in theirs."""
    line = " ".join(_ADDRESS.sub("(address)", _CONTROL.sub(" ", text)).split())
    local = recipient.rpartition("@")[0]
    if local and local.lower() in line.lower():  # seldom; the pattern costs more than all the rest
        line = re.sub(rf"(?<!\w){re.escape(local)}(?!\w)", "(address)", line, flags=re.IGNORECASE)
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def verdict(code: int) -> Handed | None:
    """What a code means for one mail; None where it is no answer to what was said."""
    if 200 <= code < 300:
        return Handed.ACCEPTED
    if 400 <= code < 500:
        return Handed.DEFERRED
    return Handed.REFUSED if 500 <= code < 600 else None
