"""The rows of one table: a list per column that was ever used, a log of versions, indexes on demand."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

from dataverse_emulator.state.columns import Cell
from dataverse_emulator.state.definitions import Definition
from dataverse_emulator.state.indexes import Index, Key, folded
from dataverse_emulator.state.log import Deletion, Log

VERSION: Final = "versionnumber"
# Beyond this many new ids at once, sorting all is cheaper than inserting each.
_INSERT_ONE_BY_ONE: Final = 64
# Below this many rows, reading all is cheaper than keeping an index.
_WORTH_AN_INDEX: Final = 64


class Cells(Protocol):
    """The values of one column, by position."""

    def __getitem__(self, position: int, /) -> Any:
        """The value of the row there."""


class Same:
    """A column in which every row says the same: it costs nothing until one differs."""

    __slots__ = ("value",)

    def __init__(self, value: Cell) -> None:
        self.value = value

    def __getitem__(self, _position: int) -> Cell:
        return self.value


_NULLS: Final = Same(None)


class Table:
    """Rows by position; knows nothing of rules, only keeps rows findable."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.log = Log()
        self._lists: dict[str, list[Cell]] = {definition.key: [], VERSION: []}
        self._sames: dict[str, Same] = {}
        self._at: dict[str, int] = {}
        self._size = 0
        self._free: list[int] = []
        self._order: list[str] = []
        self._unsorted: list[str] = []
        self._indexes: dict[tuple[str, ...], Index] = {}
        self._shared = False

    def copy(self) -> "Table":
        """The same rows, free to change on their own: both share everything until either changes."""
        self._settle_order()
        twin = Table.__new__(Table)
        self._shared = True
        twin.__dict__.update(self.__dict__)
        return twin

    def _own(self) -> None:
        """Before a change: leave what is shared with a copy to it."""
        if not self._shared:
            return
        self.log = self.log.copy()
        self._lists = {name: cells.copy() for name, cells in self._lists.items()}
        self._sames = self._sames.copy()
        self._at, self._free = self._at.copy(), self._free.copy()
        self._order, self._unsorted = self._order.copy(), []
        self._indexes = {}
        self._shared = False

    # -- reading --------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._at)

    def position(self, row_id: str) -> int | None:
        """Where the live row of that id is."""
        return self._at.get(row_id)

    def cells(self, name: str) -> Cells:
        """The values of a column, by position."""
        return self._lists.get(name) or self._sames.get(name, _NULLS)

    def cell(self, position: int, name: str) -> Any:
        """One value of one row."""
        cells = self._lists.get(name)
        return cells[position] if cells else self._sames.get(name, _NULLS).value

    def row_id(self, position: int) -> str:
        """The primary key of the row there."""
        return str(self._lists[self.definition.key][position])

    def row(self, position: int) -> dict[str, Cell]:
        """The values of a row that are not null, by column name."""
        found = {name: cells[position] for name, cells in self._lists.items() if cells[position] is not None}
        for name, same in self._sames.items():
            if same.value is not None:
                found[name] = same.value
        return found

    def rows(self) -> Iterator[dict[str, Cell]]:
        """Every row as values by column name, in no particular order."""
        return (self.row(position) for position in self._at.values())

    def positions(self) -> Iterable[int]:
        """Every live row, in no particular order."""
        return self._at.values()

    def positions_after(self, row_id: str | None) -> Iterator[int]:
        """Live rows in key order, beginning after the given id: the order of unsorted pages (2.4)."""
        self._settle_order()
        start = 0 if row_id is None else bisect_right(self._order, row_id)
        order, at = self._order, self._at
        for place in range(start, len(order)):
            yield at[order[place]]

    def first_positions(self, row_id: str | None, count: int) -> list[int]:
        """As `positions_after`, at most so many."""
        self._settle_order()
        start = 0 if row_id is None else bisect_right(self._order, row_id)
        at = self._at
        return list(map(at.__getitem__, self._order[start : start + count]))

    # -- finding --------------------------------------------------------------------------------------

    def holding(self, names: tuple[str, ...], values: Sequence[Cell]) -> list[int]:
        """Live rows whose columns equal the values, texts without regard to case."""
        wanted = folded(values)
        if wanted is None:
            pairs = list(zip(names, values, strict=True))
            return [p for p in self._at.values() if all(self.cell(p, n) == v for n, v in pairs)]
        if len(self._at) < _WORTH_AN_INDEX and names not in self._indexes:
            return [p for p in self._at.values() if self._key(names, p) == wanted]
        return self._index(names).at(wanted)

    def find(self, **wanted: Cell) -> int | None:
        """A row with these values, if there is one."""
        found = self.holding(tuple(wanted), tuple(wanted.values()))
        return found[0] if found else None

    def _key(self, names: tuple[str, ...], position: int) -> Key:
        return folded([self.cell(position, name) for name in names])

    def _index(self, names: tuple[str, ...]) -> Index:
        found = self._indexes.get(names)
        if found is None:
            found = self._indexes[names] = Index()
            for position in self._at.values():
                found.add(self._key(names, position), position)
        return found

    # -- changes: every one writes the log, which is what change tracking reads -----------------------

    def insert(self, values: Mapping[str, Cell], at: float) -> int:
        """Add a row whose id and version are among the values; where it is."""
        self._own()
        position = self._free.pop() if self._free else self._grow()
        self._fill(position, values)
        self._appear(position, str(values[self.definition.key]))
        self.log.add(self.cell(position, VERSION), position, at)
        return position

    def replace(self, position: int, values: Mapping[str, Cell], at: float) -> None:
        """Overwrite values of a live row, the version among them."""
        self._own()
        self._unindex(position, values)
        for name, value in values.items():
            self._put(name, position, value)
        self._reindex(position, values)
        self.log.add(self.cell(position, VERSION), position, at)

    def remove(self, position: int, version: int, at: float) -> None:
        """Take a row away and remember that it is gone."""
        self._own()
        self.log.remove(version, self.row_id(position), at)
        self._disappear(position)

    def extend(self, columns: Mapping[str, Sequence[Cell]], same: Mapping[str, Cell], at: float) -> None:
        """Add many rows at once, given by columns; `same` holds the values all of them share."""
        self._own()
        ids, start = columns[self.definition.key], self._size
        self._size += len(ids)
        for name in {*self._lists, *columns}:
            if name not in self._lists:
                self._spread(name, start)
            self._lists[name].extend(columns.get(name) or [same.get(name)] * len(ids))
        for name in {*self._sames, *same} - self._lists.keys():
            held = self._sames.get(name, _NULLS).value
            if start == 0:
                self._sames[name] = Same(same.get(name))
            elif held != same.get(name):
                self._spread(name, start)
                self._lists[name].extend([same.get(name)] * len(ids))
        positions = range(start, self._size)
        self._at.update(zip(ids, positions, strict=True))  # type: ignore[arg-type]
        self._unsorted.extend(ids)  # type: ignore[arg-type]
        self.log.extend(columns[VERSION], positions, at)  # type: ignore[arg-type]
        self._indexes.clear()

    # -- undoing, always of a change just made, so nothing is shared; the log needs no repair, since
    # -- superseded entries are skipped when read ------------------------------------------------------

    def undo_insert(self, position: int) -> None:
        """As if the row had never been; its log entry becomes a superseded one."""
        self._disappear(position)

    def undo_replace(self, position: int, before: Mapping[str, Cell]) -> None:
        """The values as they were."""
        self._unindex(position, before)
        for name, value in before.items():
            self._put(name, position, value)
        self._reindex(position, before)

    def undo_remove(self, position: int, values: Mapping[str, Cell]) -> None:
        """The row back in its place, its deletion (the newest) forgotten."""
        self.log.deletions.pop()
        self._free.remove(position)
        self._fill(position, values)
        self._appear(position, str(values[self.definition.key]))

    # -- change tracking ------------------------------------------------------------------------------

    def changed(self, after: int, until: int) -> Iterator[int]:
        """Live rows whose present version lies in (after, until], oldest change first; costs by change."""
        return self.log.changed(after, until, self._lists[VERSION])

    def deleted(self, after: int, until: int) -> Iterator[Deletion]:
        """Deletions in (after, until] of rows that did not come back."""
        return (gone for gone in self.log.deleted(after, until) if gone.row_id not in self._at)

    def settle(self) -> None:
        """Drop superseded log entries once they outnumber the rows; only between transactions."""
        if self.log.entries > 4 * len(self._at) + 10_000:
            self._own()
            self.log.settle(self._lists[VERSION])

    def forget_column(self, name: str) -> None:
        """Drop a column's values, so that one of the same name begins empty (7.4)."""
        self._own()
        self._lists.pop(name, None)
        self._sames.pop(name, None)
        self._indexes = {names: index for names, index in self._indexes.items() if name not in names}

    # -- keeping the lists and indexes in step ---------------------------------------------------------

    def _grow(self) -> int:
        self._size += 1
        for cells in self._lists.values():
            cells.append(None)
        return self._size - 1

    def _fill(self, position: int, values: Mapping[str, Cell]) -> None:
        for name in [n for n, same in self._sames.items() if same.value is not None and n not in values]:
            self._put(name, position, None)
        for name, value in values.items():
            self._put(name, position, value)

    def _put(self, name: str, position: int, value: Cell) -> None:
        cells = self._lists.get(name)
        if cells is None:
            held = self._sames.get(name, _NULLS)
            if held.value is value or held.value == value:
                return
            if self._size == 1 and not self._at:
                self._sames[name] = Same(value)
                return
            cells = self._spread(name, self._size)
        cells[position] = value

    def _spread(self, name: str, size: int) -> list[Cell]:
        held = self._sames.pop(name, _NULLS)
        cells = self._lists[name] = [held.value] * size
        return cells

    def _appear(self, position: int, row_id: str) -> None:
        self._at[row_id] = position
        self._unsorted.append(row_id)
        for names, index in self._indexes.items():
            index.add(self._key(names, position), position)

    def _disappear(self, position: int) -> None:
        self._settle_order()
        row_id = self.row_id(position)
        for names, index in self._indexes.items():
            index.take(self._key(names, position), position)
        del self._at[row_id]
        del self._order[bisect_left(self._order, row_id)]
        for cells in self._lists.values():
            cells[position] = None
        self._free.append(position)

    def _unindex(self, position: int, values: Mapping[str, Cell]) -> None:
        for names, index in self._indexes.items():
            if not values.keys().isdisjoint(names):
                index.take(self._key(names, position), position)

    def _reindex(self, position: int, values: Mapping[str, Cell]) -> None:
        for names, index in self._indexes.items():
            if not values.keys().isdisjoint(names):
                index.add(self._key(names, position), position)

    def _settle_order(self) -> None:
        fresh, self._unsorted = self._unsorted, []
        if len(fresh) > _INSERT_ONE_BY_ONE:
            self._order.extend(fresh)
            self._order.sort()
            return
        for row_id in fresh:
            insort(self._order, row_id)
