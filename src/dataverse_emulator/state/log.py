"""Which row got which version when, and what was deleted: what change tracking reads (dataverse.md 3)."""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from dataverse_emulator.state.columns import Cell


@dataclass(frozen=True, slots=True)
class Deletion:
    """A row that is gone: its id, the version of its going, and when (dataverse.md 3.3)."""

    version: int
    row_id: str
    at: float


class Log:
    """Versions in rising order; an entry is superseded once its row has another version or is gone."""

    def __init__(self) -> None:
        self.deletions: list[Deletion] = []
        self._versions = array("q")
        self._times = array("d")
        self._positions = array("q")

    def copy(self) -> "Log":
        """The same entries."""
        twin = Log()
        twin.deletions = self.deletions.copy()
        twin._versions, twin._times, twin._positions = self._versions[:], self._times[:], self._positions[:]
        return twin

    @property
    def entries(self) -> int:
        """How many there are, superseded ones included."""
        return len(self._positions)

    def add(self, version: int, position: int, at: float) -> None:
        """The row there got a version."""
        self._versions.append(version)
        self._times.append(at)
        self._positions.append(position)

    def extend(self, versions: Iterable[int], positions: Sequence[int], at: float) -> None:
        """Many rows got theirs at once."""
        self._versions.extend(versions)
        self._times.extend([at] * len(positions))
        self._positions.extend(positions)

    def remove(self, version: int, row_id: str, at: float) -> None:
        """A row went."""
        self.deletions.append(Deletion(version, row_id, at))

    def changed(self, after: int, until: int, present: Sequence[Cell]) -> Iterator[int]:
        """Rows whose `present` version lies in (after, until], oldest change first."""
        at = bisect_right(self._versions, after)
        while at < len(self._versions) and self._versions[at] <= until:
            position = self._positions[at]
            if present[position] == self._versions[at]:
                yield position
            at += 1

    def deleted(self, after: int, until: int) -> Iterator[Deletion]:
        """Deletions in (after, until]."""
        at = bisect_right(self.deletions, after, key=lambda gone: gone.version)
        while at < len(self.deletions) and self.deletions[at].version <= until:
            yield self.deletions[at]
            at += 1

    def version_at(self, moment: float, newest: int) -> int:
        """The newest version that was already there at the moment."""
        at = bisect_right(self._times, moment)
        known = newest if at == len(self._times) else self._versions[at] - 1
        first_later = bisect_right(self.deletions, moment, key=lambda gone: gone.at)
        if first_later < len(self.deletions):
            known = min(known, self.deletions[first_later].version - 1)
        return known

    def settle(self, present: Sequence[Cell]) -> None:
        """Drop superseded entries."""
        keep = [at for at, p in enumerate(self._positions) if present[p] == self._versions[at]]
        self._positions = array("q", (self._positions[at] for at in keep))
        self._times = array("d", (self._times[at] for at in keep))
        self._versions = array("q", (self._versions[at] for at in keep))
