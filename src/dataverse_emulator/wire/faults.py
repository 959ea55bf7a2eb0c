"""Trouble on demand: told for the next requests, or drawn by chance from named families."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from types import MappingProxyType
from typing import Final

#: "Client-side time-outs of 2 and 4 minutes are the SDK defaults" (4.2): as long an answer is held back.
HELD_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class Faults:
    """Trouble ahead: the next N requests fail, or succeed and lose their answer, or meet a lock."""

    next: int = 0
    status: int = 503
    retry_after_s: int | None = None
    lose_answers: int = 0
    customization_lock: int = 0
    expire_tokens: bool = False


class Family(Enum):
    """What may strike a request or a notice (sections 3.4, 5.1, 6.5, 11)."""

    THROTTLED = "throttled"
    SERVER_ERROR = "server_error"
    TIMEOUT_BEFORE = "timeout_before"
    TIMEOUT_AFTER = "timeout_after"
    RESET_BEFORE = "reset_before"
    RESET_AFTER = "reset_after"
    SIGN_IN_EXPIRED = "sign_in_expired"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - a change token
    SMALL_PAGES = "small_pages"
    NOTICE_LOST = "notice_lost"
    NOTICE_DOUBLED = "notice_doubled"
    NOTICE_LATE = "notice_late"


#: How likely one chance of each family is to be taken when nobody says.
USUAL: Final[Mapping[Family, float]] = MappingProxyType(
    {
        Family.THROTTLED: 0.08,
        Family.SERVER_ERROR: 0.08,
        Family.TIMEOUT_BEFORE: 0.06,
        Family.TIMEOUT_AFTER: 0.15,
        Family.RESET_BEFORE: 0.08,
        Family.RESET_AFTER: 0.15,
        Family.SIGN_IN_EXPIRED: 0.1,
        Family.TOKEN_EXPIRED: 0.3,
        Family.SMALL_PAGES: 0.5,
        Family.NOTICE_LOST: 0.3,
        Family.NOTICE_DOUBLED: 0.3,
        Family.NOTICE_LATE: 0.4,
    }
)
_ON_REQUESTS: Final = (
    Family.RESET_BEFORE,
    Family.TIMEOUT_BEFORE,
    Family.SERVER_ERROR,
    Family.THROTTLED,
    Family.SIGN_IN_EXPIRED,
    Family.RESET_AFTER,
    Family.TIMEOUT_AFTER,
)
_LATEST_S: Final = 30.0


@dataclass(slots=True)
class Trouble:
    """The families that are on with their shares, the chance that lets them strike, and how often they did.

    The same seed and the same requests in the same order meet the same trouble.
    """

    shares: Mapping[Family, float] = field(default_factory=dict)
    seed: int = 1
    held_s: float = HELD_S
    struck: Counter[Family] = field(default_factory=Counter)
    _chance: Random = field(init=False)

    def __post_init__(self) -> None:
        self._chance = Random(self.seed)  # noqa: S311 - realism, not secrecy

    def on_request(self) -> Family | None:
        """What strikes this request, if anything: at most one."""
        return next((family for family in _ON_REQUESTS if self.strikes(family)), None)

    def strikes(self, family: Family) -> bool:
        """Whether it happens here and now."""
        if family not in self.shares or self._chance.random() >= self.shares[family]:
            return False
        self.struck[family] += 1
        return True

    def status(self) -> int:
        """One of the failures of a server or of what stands before it (2.8)."""
        return self._chance.choice((500, 502, 503, 504))

    def wait_s(self) -> int:
        """Some seconds to wait when throttled."""
        return self._chance.randint(1, 5)

    def page(self) -> int:
        """The size of a small page."""
        return self._chance.randint(1, 2)

    def delays(self) -> list[float]:
        """The deliveries one notice gets, by how many seconds late each is: none when it is lost (6.5)."""
        if self.strikes(Family.NOTICE_LOST):
            return []
        copies = 2 if self.strikes(Family.NOTICE_DOUBLED) else 1
        return [
            self._chance.uniform(0, _LATEST_S) if self.strikes(Family.NOTICE_LATE) else 0.0
            for _ in range(copies)
        ]


def shares(text: str) -> dict[Family, float]:
    """`throttled,reset_after=0.5`, or `all`, as shares by family; ValueError names what is wrong."""
    found: dict[Family, float] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, share = part.partition("=")
        if name == "all":
            found |= USUAL if not share else dict.fromkeys(Family, _share(share))
            continue
        family = family_of(name)
        found[family] = _share(share) if share else USUAL[family]
    return found


def family_of(name: str) -> Family:
    """The family of that name, with a ValueError that lists them when there is none."""
    try:
        return Family(name)
    except ValueError:
        known = ", ".join(family.value for family in Family)
        raise ValueError(f"unknown fault {name[:40]!r}; known: all, {known}") from None


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share <= 1:
        raise ValueError(f"a share is between 0 and 1, not {text}")
    return share
