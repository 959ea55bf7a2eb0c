"""From the values of some columns to the rows that hold them."""

from collections.abc import Sequence
from typing import Any

from dataverse_emulator.state.columns import Cell

#: One folded value, several, or nothing for rows that are not looked up.
Key = Any


def folded(values: Sequence[Cell]) -> Key:
    """What values are found under: texts without case; nothing when one is null (nulls are never a key)."""
    if None in values:
        return None
    found = [value.lower() if isinstance(value, str) else value for value in values]
    return found[0] if len(found) == 1 else tuple(found)


class Index:
    """Positions by key; most keys have one row, so a set is made only where there are more."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held: dict[Key, int | set[int]] = {}

    def at(self, key: Key) -> list[int]:
        """The rows with that key, in order."""
        found = self._held.get(key)
        if found is None:
            return []
        return sorted(found) if isinstance(found, set) else [found]

    def add(self, key: Key, position: int) -> None:
        """A row has this key now."""
        if key is None:
            return
        found = self._held.get(key)
        if found is None:
            self._held[key] = position
        elif isinstance(found, set):
            found.add(position)
        else:
            self._held[key] = {found, position}

    def take(self, key: Key, position: int) -> None:
        """A row has this key no longer."""
        if key is None:
            return
        found = self._held[key]
        if not isinstance(found, set):
            del self._held[key]
            return
        found.discard(position)
        if len(found) == 1:
            self._held[key] = found.pop()
