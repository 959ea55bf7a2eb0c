"""Every request to the imitated surface: all counted, the newest kept, no query or body among them."""

import re
from collections import Counter, deque
from dataclasses import dataclass
from typing import Final

_LENGTH: Final = 20_000
_MOST_PATHS: Final = 1000
_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One request; `ms` is what it took on the organisation's clock, `fault` what struck it."""

    n: int
    method: str
    path: str
    status: int
    user: str | None
    ms: float
    fault: str | None = None


class Journal:
    """What was asked of /api/data and the token endpoint."""

    def __init__(self) -> None:
        self.total = 0
        self.by_path: Counter[str] = Counter()
        self.entries: deque[Entry] = deque(maxlen=_LENGTH)

    def add(
        self, method: str, path: str, status: int, user: str | None, ms: float, fault: str | None = None
    ) -> None:
        """Write one down."""
        self.total += 1
        # Counted without ids, or every row would have a line of its own.
        general = _GUID.sub("{id}", path)
        if general not in self.by_path and len(self.by_path) >= _MOST_PATHS:
            general = "(others)"
        self.by_path[general] += 1
        self.entries.append(Entry(self.total, method, path, status, user, round(ms, 3), fault))
