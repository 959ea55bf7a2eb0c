"""Delimiters, quoting, lines, and the errors that stop a file."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assent.errors import Invalid
from assent.services.tables.guarding import unguard
from assent.services.tables.reading import Row, read_table

from .samples import TINY, cells, quick, thorough

LINE_ENDS = {"CRLF": "\r\n", "CR": "\r", "LF": "\n"}

DELIMITED = {
    "comma": ("Email,Name\na@b.se,Anna\n", ","),
    "semicolon": ("Email;Name\na@b.se;Anna\n", ";"),
    "tab": ("Email\tName\na@b.se\tAnna\n", "\t"),
    "pipe": ("Email|Name\na@b.se|Anna\n", "|"),
    "more of the other in the rows": ("Email;Name\na@b.se;Berg, Anna, Dr\n", ";"),
    "more of the other in quotes": ('Email;"Name (last, first, title)"\na@b.se;Berg\n', ";"),
    "more of the other over lines": ('Email;"Name,\nfirst,\nlast"\na@b.se;Berg\n', ";"),
    "quotes within a name": ('Size 5",Email\n1,a@b.se\n', ","),
    "one column": ("Email\na@b.se\n", ","),
    "as many of each": ("Email,Name;Title\n", ","),
    "named by Excel": ("sep=|\r\nE,mail|Name,s,t\r\n", "|"),
    "named by Excel, in quotes": ('"sep=;"\r\nEmail,a,b;Name\r\n', ";"),
}


@pytest.mark.parametrize("name", list(DELIMITED))
def test_the_header_line_tells_the_delimiter(name: str) -> None:
    """The delimiter is the one the header has most of outside quotation marks; commas where equal."""
    text, delimiter = DELIMITED[name]
    assert delimiter == read_table(text.encode()).delimiter


@pytest.mark.parametrize("name", list(LINE_ENDS))
def test_rows_know_their_line_in_the_file(name: str) -> None:
    """Blank lines, line breaks within quotes and a header over two lines all count."""
    end = LINE_ENDS[name]
    lines = ["", '"Email', 'address",Name', "a@b.se,Anna", "", 'b@b.se,"Ber', "", 'ta"', ",", "c@b.se,Cilla"]
    table = read_table(end.join(lines).encode())
    expected = [
        Row(4, ("a@b.se", "Anna")),
        Row(6, ("b@b.se", f"Ber{end}{end}ta")),
        Row(10, ("c@b.se", "Cilla")),
    ]
    assert (f"Email{end}address", "Name") == table.header
    assert expected == list(table.rows())
    assert expected == list(table.rows()), "rows can be asked for again"
    assert 3 == table.row_count


def test_only_line_ends_end_lines() -> None:
    """A vertical tab, a next-line mark or a Unicode separator within a name is no new line."""
    table = read_table("Email,Name\na@b.se,A\u2028b\u0085c\u2029d\nb@b.se,B\n".encode())
    assert [2, 3] == [row.line for row in table.rows()]


def test_lines_are_counted_after_excels_own_line() -> None:
    """The line that names the delimiter is a line of the file."""
    assert [3] == [row.line for row in read_table(b"sep=;\r\nEmail;Name\r\na@b.se;Anna\r\n").rows()]


@pytest.mark.parametrize(
    ("row", "expected"),
    [("a@b.se", "has 1 fields, fewer than the 2"), ("a@b.se,Anna,x", "has 3 fields, more than the 2")],
)
def test_a_row_of_another_width_says_so_and_stops_nothing(row: str, expected: str) -> None:
    """Too many and too few fields are errors of the row alone."""
    first, second = read_table(f"Email,Name\n{row}\nb@b.se,Berta\n".encode()).rows()
    assert expected in first.fault
    assert Row(3, ("b@b.se", "Berta")) == second


def test_empty_cells_beyond_the_last_column_are_none() -> None:
    """Spreadsheets leave empty cells behind; they are no fields too many."""
    assert [("a@b.se", "Anna")] == cells("Email,Name\na@b.se,Anna,, \n")


def test_spaces_before_quotes_are_allowed() -> None:
    """Files written by hand put a space after the delimiter."""
    assert [("a@b.se", "Berg, Anna")] == cells('Email, Name\na@b.se, "Berg, Anna"\n')


STOPPED = {
    "nothing": (b"", "is empty"),
    "blank lines": (b"\r\n \r\n,,\r\n", "is empty"),
    "only a mark": (b"\xef\xbb\xbf", "is empty"),
    "no header": (b"anna@example.com,Anna\n", "columns have no names"),
    "twice the same name": (b"Email,Name,Name \n", "Columns 2 and 3 have the same name, “Name”"),
    "unclosed quote": (b'Email,Name\na@b.se,A\nb@b.se,"Berta\nc@b.se,C\n', "opens on line 3 is not closed"),
    "unclosed in a later line of a row": (b'Email,N,M\n"a\nb",c,"d\ne\n', "opens on line 3 is not closed"),
    "unclosed in the header": (b'Email,"Name\na@b.se,A\n', "opens on line 1 is not closed"),
    "unclosed after doubled quotes": (b'Email,Name\na,"b ""c\n\n', "opens on line 2 is not closed"),
    "text after a quote": (b'Email,Name\n\na@b.se,"Anna "Ann" Berg"\n', "Line 3: text follows a closing"),
}


@pytest.mark.parametrize("name", list(STOPPED))
def test_what_stops_a_file_is_said_with_its_line(name: str) -> None:
    """Errors that leave the rest of a file in doubt stop it."""
    data, expected = STOPPED[name]
    with pytest.raises(Invalid) as refused:
        read_table(data)
    assert expected in str(refused.value)


def test_an_unclosed_quote_before_many_lines_is_found_where_it_opened() -> None:
    """The line is right although the csv module gives up long after it."""
    with pytest.raises(Invalid, match="opens on line 2 is not closed"):
        read_table(b'Email,Name\n"a@b.se,Anna\n' + b"b@b.se,Berta\n" * 100_000)


OVERSIZE = {
    "bytes": (b"Email\n" + b"a@b.se\n" * 50, "larger than"),
    "rows": (b"Email\na@b\nb@b\n\nc@b\nd@b\n", "more than 3 rows"),
    "columns": (b"a,b,c,d,e\n", "has 5 columns; at most 4"),
    "column name": (b"a," + b"b" * 31 + b"\n", "column name is longer than 30"),
    "field": (b'a,b\n1,2\n3,"' + b"4\n" * 11 + b'"\n', "Line 3: field 2 is longer than 20"),
    "line": (b"a,b\n1," + b"2" * 100 + b"\n", "Line 2 is longer than 92"),
}


@pytest.mark.parametrize("name", list(OVERSIZE))
def test_limits_stop_a_file(name: str) -> None:
    """What is too large is said with its limit and its place."""
    data, expected = OVERSIZE[name]
    with pytest.raises(Invalid) as refused:
        read_table(data, limits=TINY)
    assert expected in str(refused.value)


def test_exactly_the_limits_are_read() -> None:
    """Limits are the most that is read."""
    assert 3 == read_table(b"a,b,c,d\n" + b"1,2,3," + b"4" * 20 + b"\n1\n1\n", limits=TINY).row_count


#: Any text a cell can hold: no control characters but line ends, no halves of letters.
CELL = st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters="\r\n\t"), max_size=12)


@quick
@given(
    rows=st.lists(st.tuples(CELL, CELL), max_size=6),
    delimiter=st.sampled_from(",;\t|"),
    end=st.sampled_from(list(LINE_ENDS.values())),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_csv_writes_is_read(
    rows: list[tuple[str, str]], delimiter: str, end: str, encoding: str
) -> None:
    """Every cell comes back without a formula's apostrophe, on the line where the csv module began it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerow(("One", "Two"))
    expected = []
    for row in rows:
        line = 1 + len(_ends(text.getvalue()))
        writer.writerow(row)
        if any(cell.strip() for cell in row):
            expected.append(Row(line, (unguard(row[0]), unguard(row[1]))))
    assert expected == list(read_table(text.getvalue().encode(encoding)).rows())


def _ends(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[1:]


@thorough
@given(data=st.binary(max_size=200) | st.text("\"\r\n,;ae@=' ", max_size=40).map(str.encode))
def test_any_bytes_are_read_or_refused_in_words(data: bytes) -> None:
    """Nothing but Invalid is raised, and nothing at all once a table was read."""
    try:
        table = read_table(data)
    except Invalid:
        return
    assert table.row_count == len(list(table.rows()))
