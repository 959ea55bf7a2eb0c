"""Time and identity, injected so that a run can be repeated exactly."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from uuid import UUID, uuid5

# Names of things that have no documented id get one derived from this, so every run agrees on them.
_EMULATOR = UUID("6f2d1c5e-3a0b-5e0f-9d57-0c1f5a1b7e44")


@dataclass(frozen=True, slots=True)
class Sources:
    """The clock (seconds since 1970, UTC) and the maker of row ids."""

    now: Callable[[], float]
    new_id: Callable[[], str]


def seeded_ids(seed: int) -> Callable[[], str]:
    """Guids in a reproducible order."""
    chance = Random(seed)  # noqa: S311 - identity, not secrecy

    def make() -> str:
        return str(UUID(int=chance.getrandbits(128), version=4))

    return make


@lru_cache(maxsize=65536)
def derived_id(*parts: str) -> str:
    """The same guid for the same words, always."""
    return str(uuid5(_EMULATOR, "/".join(parts)))
