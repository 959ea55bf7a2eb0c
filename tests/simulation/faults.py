"""What can go wrong, in named families; each is on or off in a history, and counted when it strikes."""

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from random import Random


class Fault(Enum):
    """The families of trouble (design section 7: whatever breaks in between)."""

    NOTICE_LOST = "webhook lost"
    NOTICE_DOUBLED = "webhook doubled"
    NOTICE_LATE = "webhook late or reordered"
    THROTTLED = "throttled with Retry-After"
    SERVER_ERROR = "5xx"
    TIMEOUT_BEFORE = "time-out before the effect"
    TIMEOUT_AFTER = "time-out after the effect"
    RESET = "connection reset"
    RESET_AFTER = "connection reset after the effect"
    FEED_LAGS = "change feed lags"
    TOKEN_EXPIRED = "change token expired"
    METADATA_CHANGED = "change token expired by a metadata change"
    SMALL_PAGES = "pages of one or two rows, moving"
    SKEW = "clocks differ"
    SIGN_IN_EXPIRED = "sign-in expired"
    STORE_REFUSES = "store write refused"
    CRASH = "crash at any await"
    TWO_WORKERS = "two workers by mistake"
    COLUMN_MISSING = "column deleted, and made again later"
    RESTORED = "CRM restored from a backup"


#: How likely one chance of each family is to be taken, where the family is on.
SHARE: dict[Fault, float] = {
    Fault.NOTICE_LOST: 0.3,
    Fault.NOTICE_DOUBLED: 0.3,
    Fault.NOTICE_LATE: 0.4,
    Fault.THROTTLED: 0.08,
    Fault.SERVER_ERROR: 0.08,
    Fault.TIMEOUT_BEFORE: 0.06,
    Fault.TIMEOUT_AFTER: 0.15,
    Fault.RESET: 0.08,
    Fault.RESET_AFTER: 0.15,
    Fault.SIGN_IN_EXPIRED: 0.1,
    Fault.STORE_REFUSES: 0.05,
    Fault.TOKEN_EXPIRED: 0.3,
}


@dataclass(slots=True)
class Trouble:
    """The families that are on, the chance that lets them strike, and how often they did."""

    on: frozenset[Fault]
    chance: Random
    harshness: int = 1
    struck: Counter[Fault] = field(default_factory=Counter)
    over: bool = False

    def strikes(self, fault: Fault) -> bool:
        """Whether it happens here and now."""
        if (
            self.over
            or fault not in self.on
            or self.chance.random() >= min(0.8, SHARE[fault] * self.harshness)
        ):
            return False
        self.struck[fault] += 1
        return True

    def count(self, fault: Fault) -> None:
        """One that was arranged beforehand has struck."""
        self.struck[fault] += 1
