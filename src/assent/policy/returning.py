"""What comes back of mail that was sent, and what it leads to (G3)."""

import re
from enum import Enum

#: What says that a mailbox does not exist (RFC 3463), or, from servers without such codes, its usual words.
_NOBODY = re.compile(r"\b5\.(?:1\.(?:1|2|3|6|10)|2\.1)\b")
#: 5.0.0 says only that it failed.
_STATUS = re.compile(r"\b5\.(?!0\.0\b)\d{1,3}\.\d{1,3}\b")
_CODES = re.compile(r"\b55[013]\b")
_WORDS = re.compile(
    r"(?:user|recipient|mailbox|address)\b.{0,20}\b(?:unknown|not found|does not exist|unavailable|invalid)"
    r"|(?:no such|unknown|invalid) (?:user|recipient|mailbox|address)",
    re.IGNORECASE,
)


class Return(Enum):
    """How a mail came back."""

    HARD = "hard_bounce"  # nobody is there: the address takes no mail any more
    SOFT = "soft_bounce"  # a full mailbox, a policy, a failure on the way: it is counted
    COMPLAINT = "complaint"  # the person called it spam: that is a refusal, and the address takes no mail

    @property
    def suppresses(self) -> bool:
        """Whether no mail goes to the address any more."""
        return self is not Return.SOFT


def nobody_there(text: str) -> bool:
    """Whether a server's answer says that the mailbox does not exist: then no mail goes there any more (G3).

    Words alone count with the codes that are about mailboxes (550, 551, 553). A refusal for other reasons
    (spam, size, policy) says nothing about the address.
    """
    if _STATUS.search(text):
        return _NOBODY.search(text) is not None
    return _CODES.search(text) is not None and _WORDS.search(text) is not None
