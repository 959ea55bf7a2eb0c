"""Writes contacts as CSV that spreadsheets open and an import reads back."""

import csv
import io
import re
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from assent.policy.permission import LegalBasis
from assent.services.tables.guarding import guard
from assent.services.tables.mapping import CREATED, HELD, UPDATED, category_heads
from assent.services.tables.words import BASIS_WORDS

#: Told by it, Excel takes the file for UTF-8.
_MARK = "\ufeff"
#: No text for a file: what an import would take for rubbish, and halves of letters.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class ExportRow:
    """A contact to write; `value` holds the answers by category bit, `held` the reason in words."""

    email: str
    first_name: str = ""
    last_name: str = ""
    basis: LegalBasis = LegalBasis.NONE
    value: int = 0
    held: str = ""
    created: datetime | None = None
    updated: datetime | None = None


class ContactSheet:
    """Makes the lines of one export; `categories` gives the bit of each active category by its name."""

    def __init__(self, categories: Mapping[str, int]) -> None:
        self._heads = category_heads(list(categories))
        self._bits = tuple(categories.values())

    def head(self) -> bytes:
        """The line of column names, with the mark that tells UTF-8."""
        fixed = ("Email", "First name", "Last name", "Legal basis")
        return _MARK.encode() + _lines([(*fixed, *self._heads, HELD, CREATED, UPDATED)])

    def lines(self, contacts: Iterable[ExportRow]) -> bytes:
        """The lines of some contacts."""
        return _lines(map(self._cells, contacts))

    def _cells(self, contact: ExportRow) -> Sequence[str]:
        return (
            contact.email,
            contact.first_name,
            contact.last_name,
            BASIS_WORDS[contact.basis],
            *("Yes" if contact.value & bit else "No" for bit in self._bits),
            contact.held,
            _moment(contact.created),
            _moment(contact.updated),
        )


async def write_contacts(
    pages: AsyncIterable[Sequence[ExportRow]], categories: Mapping[str, int]
) -> AsyncIterator[bytes]:
    """Write pages of contacts as they come: the column names, then one chunk of bytes per page.

    A cell that a spreadsheet would run as a formula gets an apostrophe, which an import takes back.
    """
    sheet = ContactSheet(categories)
    yield sheet.head()
    async for page in pages:
        yield sheet.lines(page)


async def write_lines(
    heads: Sequence[str], pages: AsyncIterable[Sequence[Sequence[str]]]
) -> AsyncIterator[bytes]:
    """Write any table in the same way: the column names, then one chunk of bytes per page."""
    yield _MARK.encode() + _lines([heads])
    async for page in pages:
        yield _lines(page)


def _lines(rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(map(_written, rows))
    return text.getvalue().encode()


def _written(cells: Sequence[str]) -> list[str]:
    return [guard(_UNWRITABLE.sub("\ufffd", cell)) for cell in cells]


def _moment(at: datetime | None) -> str:
    return "" if at is None else f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(' ', 'seconds')}Z"
