"""Reads a list of addresses somebody brings: a table with a column of them, or nothing but addresses."""

from collections.abc import Iterator
from dataclasses import dataclass

from assent.errors import Invalid
from assent.policy.address import normalise
from assent.services.tables.encodings import opened, recognise
from assent.services.tables.limits import USUAL
from assent.services.tables.mapping import suggest
from assent.services.tables.reading import Row, read_table
from assent.services.tables.words import Field

#: The longest address that is kept of a contact.
_LONGEST = 320


@dataclass(frozen=True, slots=True)
class WrongLine:
    """A line without an address that can be read, and what stands there."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class AddressList:
    """The addresses of a file, each once, in its order; `repeated` counts those that came again."""

    addresses: tuple[str, ...]
    wrong: tuple[WrongLine, ...]
    repeated: int


def read_addresses(data: bytes, most: int) -> AddressList:
    """Read a file; raises Invalid, in words, for one that cannot be read or has more than `most`."""
    found: dict[str, None] = {}
    wrong: list[WrongLine] = []
    repeated = 0
    for line, text in _cells(data):
        address = normalise(text)
        if address is None or len(address) > _LONGEST:
            wrong.append(WrongLine(line, text[:80]))
        elif address in found:
            repeated += 1
        else:
            found[address] = None
    if len(found) > most:
        raise Invalid(f"The file has more than {most:,} addresses. Split it, and make a send for each part.")
    return AddressList(tuple(found), tuple(wrong), repeated)


def _cells(data: bytes) -> Iterator[tuple[int, str]]:
    """Line and text of every address; the first line may name the column, or be an address already."""
    if len(data) > USUAL.size_bytes:
        raise Invalid(f"The file is larger than {USUAL.size_bytes // 1_000_000} MB. Split it.")
    with opened(data, recognise(data)) as text:
        first = next((line.strip() for line in text if line.strip()), "")
    if normalise(first.strip('"; ,')) is not None:
        with opened(data, recognise(data)) as text:
            yield from ((n, bare) for n, line in enumerate(text, 1) if (bare := line.strip('"; ,\t\r\n')))
        return
    table = read_table(data)
    column = _column(table.header)
    for row in table.rows():
        yield row.line, _cell(row, column)


def _column(header: tuple[str, ...]) -> int:
    """Which column holds the addresses; raises Invalid where that is not clear."""
    if len(header) == 1:
        return 0
    named = [
        column.number - 1 for column in suggest(header, ()).columns if column.meaning.field is Field.EMAIL
    ]
    if len(named) != 1:
        which = "No column is" if not named else "More than one column is"
        raise Invalid(f"{which} named as the email address. Name one column Email.")
    return named[0]


def _cell(row: Row, column: int) -> str:
    return row.cells[column].strip() if not row.fault and column < len(row.cells) else ", ".join(row.cells)
