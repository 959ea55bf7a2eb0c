"""Reads a CSV file: its encoding, its delimiter, its column names, and its rows with their lines."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TextIO

from assent.errors import Invalid
from assent.policy.address import normalise
from assent.services.tables.encodings import Encoding, opened, recognise
from assent.services.tables.guarding import unguard
from assent.services.tables.limits import USUAL, TableLimits
from assent.services.tables.quoting import QuoteWalk

#: In the order preferred where the header line has as many of each.
DELIMITERS = ",;\t|"
#: Excel's own first line, which names the delimiter and is no row.
_SEPARATOR_LINE = re.compile(r'"?sep=([,;\t|])"?[ ,;\t|]*[\r\n]*', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """A row that is not blank; `line` is where it begins in the file.

    There are as many cells as columns, or `fault` says in words that there are not.
    """

    line: int
    cells: tuple[str, ...]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class _Source:
    """A file as text; `skip` is the number of lines before its first record, `start` where that begins."""

    data: bytes
    encoding: Encoding
    limits: TableLimits
    delimiter: str = ","
    skip: int = 0

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """Every record that is not blank, with its first line; raises Invalid where quoting is broken."""
        with opened(self.data, self.encoding) as text:
            lines = _Lines(text, self.limits.line_chars)
            for _ in range(self.skip):
                next(lines)
            reader = csv.reader(lines, delimiter=self.delimiter, strict=True, skipinitialspace=True)
            while True:
                lines.begin()
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error:
                    raise Invalid(_broken(lines, self.delimiter)) from None
                if any(map(str.strip, cells)):
                    yield lines.began, cells


class _Lines:
    """The lines of a text, remembering those of the record at hand, so that errors can name them."""

    def __init__(self, text: TextIO, longest: int) -> None:
        self.record: list[str] = []
        self.began = 1
        self._text = text
        self.longest = longest
        self._count = 0

    def begin(self) -> None:
        """The next line begins a record."""
        self.record.clear()
        self.began = self._count + 1

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(self.longest + 1)
        if not line:
            raise StopIteration
        self._count += 1
        if len(line) > self.longest:
            raise Invalid(
                f"Line {self._count} is longer than {self.longest} characters. "
                "This does not look like a table of contacts."
            )
        self.record.append(line)
        return line


@dataclass(frozen=True, slots=True)
class Table:
    """A table that was read to its end once: column names, number of rows, and the rows as often as asked.

    A column without a name is the empty text. `notice` is what to tell the person who brought the file.
    """

    header: tuple[str, ...]
    row_count: int
    source: _Source

    @property
    def delimiter(self) -> str:
        """What stands between fields."""
        return self.source.delimiter

    @property
    def encoding(self) -> Encoding:
        """How the file's bytes were read as letters."""
        return self.source.encoding

    @property
    def notice(self) -> str:
        """That the encoding was a guess, in words, or nothing."""
        return self.encoding.notice

    def rows(self) -> Iterator[Row]:
        """The rows in the order of the file, one at a time; raises nothing."""
        records = self.source.records()
        next(records)
        for line, cells in records:
            yield _row(line, cells, len(self.header))


def read_table(data: bytes, *, limits: TableLimits = USUAL) -> Table:
    """Read a CSV file; raises Invalid, in words, for one that cannot be read to its end.

    Encodings: UTF-8, UTF-16 with its mark, else Windows-1252 as a guess that the table's notice tells.
    Rows with too many or too few fields are not raised: each says so itself.
    """
    if len(data) > limits.size_bytes:
        raise Invalid(
            f"The file is larger than {limits.size_bytes // 1_000_000} MB. Split it and import the parts."
        )
    source = _laid_out(_Source(data, recognise(data), limits))
    records = source.records()
    first = next(records, None)
    if first is None:
        raise Invalid("The file is empty: it has neither column names nor contacts.")
    header = _header(first[1], limits)
    count = 0
    for line, cells in records:
        count += 1
        _within_limits(line, cells, limits)
        if count > limits.rows:
            raise Invalid(f"The file has more than {limits.rows} rows. Split it and import the parts.")
    return Table(header, count, source)


def _laid_out(source: _Source) -> _Source:
    """Find the delimiter by the header line, or by Excel's line that names it."""
    with opened(source.data, source.encoding) as text:
        lines = _Lines(text, source.limits.line_chars)
        for line in lines:
            if named := _SEPARATOR_LINE.fullmatch(line):
                return _Source(source.data, source.encoding, source.limits, named[1], lines.began)
            if line.strip():
                delimiter = _most_frequent(line, lines)
                return _Source(source.data, source.encoding, source.limits, delimiter)
            lines.begin()
    return source


def _most_frequent(line: str, lines: _Lines) -> str:
    """Tell which delimiter the record that begins with `line` has most of, outside quotation marks."""
    walk = QuoteWalk(DELIMITERS, lines.began)
    walk.line(line)
    while walk.open:
        line = next(lines, "")
        if not line or sum(map(len, lines.record)) > lines.longest:
            raise Invalid(_unclosed(walk.opened_on))
        walk.line(line)
    return max(DELIMITERS, key=lambda delimiter: walk.counts[delimiter])


def _header(cells: Sequence[str], limits: TableLimits) -> tuple[str, ...]:
    names = tuple(unguard(cell).strip() for cell in cells)
    if len(names) > limits.columns:
        raise Invalid(
            f"The file has {len(names)} columns; at most {limits.columns} can be read. Remove some of them."
        )
    if any(len(name) > limits.name_chars for name in names):
        raise Invalid(f"A column name is longer than {limits.name_chars} characters. Give it a short name.")
    if any(normalise(name) for name in names):
        raise Invalid(
            "The first line holds an email address, so the columns have no names. "
            "Add a first line such as: Email, First name, Last name."
        )
    seen: dict[str, int] = {}
    for number, name in enumerate(names, start=1):
        earlier = seen.setdefault(name, number) if name else number
        if earlier != number:
            raise Invalid(
                f"Columns {earlier} and {number} have the same name, “{name}”. Rename or remove one of them."
            )
    return names


def _within_limits(line: int, cells: Sequence[str], limits: TableLimits) -> None:
    if max(map(len, cells)) > limits.field_chars:
        number = next(n for n, cell in enumerate(cells, start=1) if len(cell) > limits.field_chars)
        raise Invalid(
            f"Line {line}: field {number} is longer than {limits.field_chars} characters. "
            "Shorten it, or look for a quotation mark that is not closed."
        )


def _row(line: int, cells: list[str], width: int) -> Row:
    if len(cells) > width and not any(map(str.strip, cells[width:])):
        cells = cells[:width]  # spreadsheets leave empty cells behind
    fault = ""
    if len(cells) != width:
        kind = "more" if len(cells) > width else "fewer"
        fault = (
            f"This row has {len(cells)} fields, {kind} than the {width} columns. "
            "Look for a delimiter or quotation mark that is missing or one too many."
        )
    return Row(line, tuple(map(unguard, cells)), fault)


def _broken(lines: _Lines, delimiter: str) -> str:
    """Say in words why the csv module could not read the record at hand."""
    walk = QuoteWalk(delimiter, lines.began)
    for line in lines.record:
        walk.line(line)
        if walk.stray_on is not None:
            return (
                f"Line {walk.stray_on}: text follows a closing quotation mark. "
                "Write a quotation mark within a field twice."
            )
    if walk.open:
        return _unclosed(walk.opened_on)
    return f"Line {lines.began}: a field is too long to be read. Shorten it."


def _unclosed(line: int) -> str:
    return (
        f"The quotation mark that opens on line {line} is not closed. "
        "Close it, or write a quotation mark within a field twice."
    )
