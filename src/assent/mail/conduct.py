"""How a sink behaves towards a mail: as a good server does, or as the bad ones that tests need."""

import hashlib
from collections.abc import Callable, Mapping
from enum import Enum


class Conduct(Enum):
    """What the sink does with one mail."""

    ACCEPT = "accept"
    REFUSE_SENDER = "refuse the sender"  # 550 to MAIL
    REFUSE = "refuse the recipient"  # 550 to RCPT
    GREYLIST = "not yet"  # 451 to RCPT the first time somebody is written to, then accept
    BUSY = "close"  # 421 to RCPT, and hang up
    STALL = "stall"  # never answers RCPT
    DROP = "drop"  # hangs up at RCPT
    DROP_IN_DATA = "drop in data"  # asks for the data, then hangs up; the mail is not kept
    REFUSE_DATA = "refuse the mail"  # 554 to the data; the mail is not kept
    DEFER_DATA = "not this mail yet"  # 452 to the data; the mail is not kept
    DROP_AFTER_DATA = "drop after data"  # keeps the mail and hangs up without a word
    STALL_AFTER_DATA = "stall after data"  # keeps the mail and never says so


Behaviour = Callable[[str], Conduct]


def well(_: str) -> Conduct:
    """Accept every mail."""
    return Conduct.ACCEPT


def by_seed(seed: int, shares: Mapping[Conduct, float]) -> Behaviour:
    """Misbehave towards shares of the recipients, always the same ones for the same seed."""

    def conduct(recipient: str) -> Conduct:
        digest = hashlib.blake2b(f"{seed} {recipient}".encode(), digest_size=8).digest()
        lot = int.from_bytes(digest, "big") / 2**64
        for kind, share in shares.items():
            if lot < share:
                return kind
            lot -= share
        return Conduct.ACCEPT

    return conduct
