"""The contact table: rows as lists of cells, two indexes, and a log of versions for change tracking."""

from array import array
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from dataverse_emulator.state.columns import Cell, Column, Property, Shape
from dataverse_emulator.state.contact_columns import CONTACT_COLUMNS, UNIMITATED

Row = list[Cell]

SLOT: Final = {column.name: at for at, column in enumerate(CONTACT_COLUMNS)}
ID: Final = SLOT["contactid"]
VERSION: Final = SLOT["versionnumber"]
EMAIL: Final = SLOT["emailaddress1"]
CREATED_ON: Final = SLOT["createdon"]
MODIFIED_ON: Final = SLOT["modifiedon"]
CREATED_BY: Final = SLOT["createdby"]
MODIFIED_BY: Final = SLOT["modifiedby"]
FIRST: Final = SLOT["firstname"]
LAST: Final = SLOT["lastname"]
FULL: Final = SLOT["fullname"]
STATE: Final = SLOT["statecode"]
STATUS: Final = SLOT["statuscode"]
MERGED: Final = SLOT["merged"]
MASTER: Final = SLOT["masterid"]

# Beyond this many new ids at once, sorting all is cheaper than inserting each.
_INSERT_ONE_BY_ONE = 64


class _Sharers(list[Row]):
    """Rows with the same address; a class of its own so that a row is never mistaken for it."""


@dataclass(frozen=True, slots=True)
class Deletion:
    """A row that is gone: its id, the version of its going, and when (dataverse.md 3.3)."""

    version: int
    row_id: str
    at: float


class Contacts:
    """All contact rows of an organisation; knows nothing of rules, only keeps rows findable."""

    def __init__(self) -> None:
        self.columns: dict[str, Column] = {column.name: column for column in CONTACT_COLUMNS}
        self.slots: dict[str, int] = dict(SLOT)
        self.deletions: list[Deletion] = []
        self._rows: dict[str, Row] = {}
        self._by_email: dict[str, Row | _Sharers] = {}
        self._ids: list[str] = []
        self._unsorted: list[str] = []
        self._free_slots: list[int] = []
        self._log_versions = array("q")
        self._log_times = array("d")
        self._log_rows: list[Row] = []
        self.shape = self._shape()

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, row_id: str) -> Row | None:
        """The live row of that id."""
        return self._rows.get(row_id)

    def rows(self) -> Iterable[Row]:
        """Every row, in no particular order."""
        return self._rows.values()

    def with_email(self, lowered: str) -> list[Row]:
        """Rows whose emailaddress1 equals the text without regard to case."""
        found = self._by_email.get(lowered)
        if found is None:
            return []
        return list(found) if isinstance(found, _Sharers) else [found]

    def ids_after(self, row_id: str | None) -> Iterator[str]:
        """Ids in key order, beginning after the given one: the order of unsorted pages (2.4)."""
        self._settle_order()
        at = 0 if row_id is None else bisect_right(self._ids, row_id)
        for position in range(at, len(self._ids)):
            yield self._ids[position]

    def blank(self) -> Row:
        """A row of nulls, as wide as the table."""
        return [None] * self.width

    @property
    def width(self) -> int:
        """How many cells a row has, freed ones included."""
        return len(self.slots) + len(self._free_slots)

    # -- changes: every one writes the log, which is what change tracking reads -----------------------

    def insert(self, row: Row, at: float) -> None:
        """Add a new row whose id and version are set."""
        row_id = str(row[ID])
        self._rows[row_id] = row
        self._unsorted.append(row_id)
        self._index(row)
        self._log(row, at)

    def replace(self, row: Row, cells: dict[int, Cell], at: float) -> None:
        """Overwrite cells of a live row, version among them."""
        moved = EMAIL in cells and cells[EMAIL] != row[EMAIL]
        if moved:
            self._unindex(row)
        for slot, cell in cells.items():
            row[slot] = cell
        if moved:
            self._index(row)
        self._log(row, at)

    def remove(self, row: Row, version: int, at: float) -> None:
        """Take a row away and remember that it is gone."""
        self._forget(row)
        self.deletions.append(Deletion(version, str(row[ID]), at))

    # -- undoing: the log needs no repair, since superseded entries are skipped when read --------------

    def undo_insert(self, row: Row) -> None:
        """As if the row had never been; its log entry becomes a superseded one."""
        self._forget(row)

    def undo_replace(self, row: Row, before: Row) -> None:
        """The cells as they were."""
        self._unindex(row)
        row[:] = before
        self._index(row)

    def undo_remove(self, row: Row) -> None:
        """The row back, its deletion (the newest) forgotten."""
        self.deletions.pop()
        self._rows[str(row[ID])] = row
        self._unsorted.append(str(row[ID]))
        self._index(row)

    # -- change tracking ------------------------------------------------------------------------------

    def changed(self, after: int, until: int) -> Iterator[Row]:
        """Live rows whose present version lies in (after, until], oldest change first; costs by change."""
        at = bisect_right(self._log_versions, after)
        while at < len(self._log_versions) and self._log_versions[at] <= until:
            row = self._log_rows[at]
            if row[VERSION] == self._log_versions[at] and self._rows.get(str(row[ID])) is row:
                yield row
            at += 1

    def deleted(self, after: int, until: int) -> Iterator[Deletion]:
        """Deletions in (after, until] of rows that did not come back."""
        at = bisect_right(self.deletions, after, key=lambda gone: gone.version)
        for position in range(at, len(self.deletions)):
            gone = self.deletions[position]
            if gone.version > until:
                return
            if gone.row_id not in self._rows:
                yield gone

    def version_at(self, moment: float, newest: int) -> int:
        """The newest version that was already there at the moment."""
        at = bisect_right(self._log_times, moment)
        known = newest if at == len(self._log_times) else self._log_versions[at] - 1
        first_later = bisect_right(self.deletions, moment, key=lambda gone: gone.at)
        if first_later < len(self.deletions):
            known = min(known, self.deletions[first_later].version - 1)
        return known

    # -- columns --------------------------------------------------------------------------------------

    def add_column(self, column: Column) -> None:
        """A new column: null on every existing row, whatever its default (dataverse.md 7.3)."""
        if self._free_slots:
            slot = self._free_slots.pop()
        else:
            slot = self.width
            for row in self._rows.values():
                row.append(None)
        self.columns[column.name] = column
        self.slots[column.name] = slot
        self.shape = self._shape()

    def change_column(self, column: Column) -> None:
        """New labels or defaults for an existing column."""
        self.columns[column.name] = column
        self.shape = self._shape()

    def drop_column(self, name: str) -> None:
        """Remove a column and its values; the cell is kept free for the next one."""
        slot = self.slots.pop(name)
        del self.columns[name]
        for row in self._rows.values():
            row[slot] = None
        self._free_slots.append(slot)
        self.shape = self._shape()

    def _shape(self) -> Shape:
        found = {
            column.wire_name: Property(column.wire_name, column, self.slots[name])
            for name, column in self.columns.items()
        }
        return Shape("contact", "contacts", "contactid", found, UNIMITATED)

    # -- indexes --------------------------------------------------------------------------------------

    def _log(self, row: Row, at: float) -> None:
        version = row[VERSION]
        assert isinstance(version, int)
        self._log_versions.append(version)
        self._log_times.append(at)
        self._log_rows.append(row)

    def settle(self) -> None:
        """Drop superseded log entries once they outnumber the rows; only between transactions."""
        if len(self._log_rows) <= 4 * len(self._rows) + 10_000:
            return
        keep = [
            at
            for at, row in enumerate(self._log_rows)
            if row[VERSION] == self._log_versions[at] and self._rows.get(str(row[ID])) is row
        ]
        self._log_rows = [self._log_rows[at] for at in keep]
        self._log_times = array("d", (self._log_times[at] for at in keep))
        self._log_versions = array("q", (self._log_versions[at] for at in keep))

    def _forget(self, row: Row) -> None:
        self._settle_order()
        row_id = str(row[ID])
        del self._rows[row_id]
        del self._ids[bisect_left(self._ids, row_id)]
        self._unindex(row)

    def _settle_order(self) -> None:
        fresh, self._unsorted = self._unsorted, []
        if len(fresh) > _INSERT_ONE_BY_ONE:
            self._ids.extend(fresh)
            self._ids.sort()
            return
        for row_id in fresh:
            insort(self._ids, row_id)

    def _index(self, row: Row) -> None:
        email = row[EMAIL]
        if email is None:
            return
        key = str(email).lower()
        # Sharing one text object between cell and index saves a copy per row.
        key = email if key == email else key
        found = self._by_email.get(key)
        if found is None:
            self._by_email[key] = row
        elif isinstance(found, _Sharers):
            found.append(row)
        else:
            self._by_email[key] = _Sharers((found, row))

    def _unindex(self, row: Row) -> None:
        email = row[EMAIL]
        if email is None:
            return
        key = str(email).lower()
        found = self._by_email[key]
        if not isinstance(found, _Sharers):
            del self._by_email[key]
            return
        found[:] = [other for other in found if other is not row]
        if len(found) == 1:
            self._by_email[key] = found[0]
