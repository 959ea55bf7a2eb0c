"""Exports, and that an import reads them back."""

import time
import tracemalloc
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assent.policy.permission import LegalBasis
from assent.services.tables.guarding import guard, unguard
from assent.services.tables.mapping import suggest
from assent.services.tables.plan import plan_import
from assent.services.tables.reading import read_table
from assent.services.tables.writing import ContactSheet, ExportRow, write_contacts

from .samples import CATEGORIES, EVENTS, NEWS, quick

MOMENT = datetime(2026, 3, 1, 13, 30, 5, 999, tzinfo=timezone(timedelta(hours=1)))


def exported(rows: Sequence[ExportRow]) -> bytes:
    """A whole export."""
    sheet = ContactSheet(CATEGORIES)
    return sheet.head() + sheet.lines(rows)


def test_an_export_is_csv_that_excel_opens() -> None:
    """UTF-8 with its mark, commas, CRLF, quotes where needed and doubled within, times in UTC."""
    rows = [
        ExportRow(
            "asa@example.com",
            'Åsa "Ås"',
            "Berg, Dr",
            LegalBasis.LEGITIMATE_INTEREST,
            EVENTS,
            "its CRM contact was deleted",
            MOMENT,
            MOMENT,
        ),
        ExportRow("b@example.com", value=NEWS),
    ]
    expected = (
        "\ufeffEmail,First name,Last name,Legal basis,Newsletters,Event invitations,Held,Created,Updated\r\n"
        'asa@example.com,"Åsa ""Ås""","Berg, Dr",Legitimate interest,No,Yes,its CRM contact was deleted,'
        "2026-03-01 12:30:05Z,2026-03-01 12:30:05Z\r\n"
        "b@example.com,,,None,Yes,No,,,\r\n"
    )
    assert expected == exported(rows).decode()


async def test_an_export_comes_page_by_page() -> None:
    """The column names come before any contact was read, then one chunk per page."""

    async def pages() -> AsyncIterator[list[ExportRow]]:
        yield [ExportRow("a@example.com"), ExportRow("b@example.com")]
        yield [ExportRow("c@example.com")]

    chunks = [chunk async for chunk in write_contacts(pages(), CATEGORIES)]
    assert [1, 2, 1] == [chunk.count(b"\r\n") for chunk in chunks]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])  # noqa: RUF001
def test_a_cell_is_never_a_formula(start: str) -> None:
    """A name that a spreadsheet would run gets an apostrophe, which reading takes back."""
    evil = f"{start}HYPERLINK(A1)"
    text = exported([ExportRow("a@example.com", evil, "'" + evil)])
    first, last = next(iter(read_table(text).rows())).cells[1:3]
    assert (evil, "'" + evil) == (first, last)
    assert f"'{evil}" in text.decode()
    assert f"''{evil}" in text.decode()


@quick
@given(text=st.text("'=+-@\t\r\na", max_size=8) | st.text(max_size=8))
def test_guarding_is_taken_back_exactly(text: str) -> None:
    """Whatever a cell holds, it comes back, and no written cell begins like a formula."""
    assert text == unguard(guard(text))
    assert not guard(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


def test_an_apostrophe_in_other_places_stays() -> None:
    """Only the mark before a formula is taken back from files that others made."""
    assert ["'Berg", "O'Berg", "=1"] == [unguard("'Berg"), unguard("O'Berg"), unguard("'=1")]


def test_rubbish_in_a_name_does_not_make_a_file_unreadable() -> None:
    """Control characters and halves of letters, which a CRM may hold, are written as the mark for unknown."""
    rows = list(read_table(exported([ExportRow("a@example.com", "A\0B\x07", "\ud800")])).rows())
    assert ("A\ufffdB\ufffd", "\ufffd") == rows[0].cells[1:3]


#: Names as an import keeps them: trimmed, on one line.
NAME = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=20).map(str.strip)
CONTACTS = st.lists(
    st.builds(
        ExportRow,
        email=st.from_regex(r"[a-z=+'-][a-z0-9+]{0,9}@[a-z]{1,9}\.(com|example)", fullmatch=True),
        first_name=NAME,
        last_name=NAME | st.text("'=+-@,;\"", max_size=4),
        basis=st.sampled_from(LegalBasis),
        value=st.sampled_from([0, NEWS, EVENTS, NEWS | EVENTS]),
        held=NAME,
        created=st.none() | st.datetimes(timezones=st.just(UTC)),
    ),
    max_size=8,
    unique_by=lambda contact: contact.email,
)


@pytest.mark.thorough
@quick
@given(contacts=CONTACTS)
def test_an_export_is_imported_as_what_it_was(contacts: list[ExportRow]) -> None:
    """Every address, name, legal basis and answer comes back; None asks for nothing (T7)."""
    table = read_table(exported(contacts))
    plan = plan_import(table, suggest(table.header, CATEGORIES), CATEGORIES)
    assert () == plan.errors
    assert ("Held", "Created", "Updated") == plan.ignored
    expected = [
        (c.email, c.first_name, c.last_name, c.basis or None, NEWS | EVENTS, c.value) for c in contacts
    ]
    actual = [(r.email, r.first_name, r.last_name, r.basis, r.answered, r.value) for r in plan.rows]
    assert expected == actual


def _many(count: int) -> bytes:
    sheet = ContactSheet(CATEGORIES)
    pages = (range(first, first + 1_000) for first in range(0, count, 1_000))
    return sheet.head() + b"".join(
        sheet.lines(ExportRow(f"anna.berg{n}@example.com", "Anna", "Åström") for n in page) for page in pages
    )


@pytest.mark.thorough
def test_a_hundred_thousand_rows_are_read_in_flat_memory() -> None:
    """Reading keeps one row at a time, and time follows the number of rows."""
    data = _many(100_000)
    tracemalloc.start()
    table = read_table(data)
    assert 100_000 == sum(1 for _ in table.rows())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000, f"{peak} bytes beside the file's {len(data)}"
    started = time.process_time()
    table = read_table(data)
    plan = plan_import(table, suggest(table.header, CATEGORIES), CATEGORIES)
    seconds = time.process_time() - started
    assert (100_000, 0) == (len(plan.rows), plan.error_count)
    assert seconds < 30, f"{seconds:.1f} s of one processor"
