"""How a file's bytes are letters, and files that are no tables."""

import gzip
import io
import zipfile

import pytest

from assent.errors import Invalid
from assent.services.tables.reading import read_table

TEXT = "Email;Förnamn;Ort\r\nasa@example.com;Åsa;Malmö\r\n"
WRITTEN = {
    "UTF-8": (TEXT.encode("utf-8"), "UTF-8", False),
    "UTF-8 with a mark": (TEXT.encode("utf-8-sig"), "UTF-8", False),
    "UTF-16": (TEXT.encode("utf-16"), "UTF-16", False),
    "UTF-16, big end first": (b"\xfe\xff" + TEXT.encode("utf-16-be"), "UTF-16", False),
    "Windows-1252": (TEXT.encode("cp1252"), "Windows-1252 (Western European)", True),
}


@pytest.mark.parametrize("name", list(WRITTEN))
def test_letters_survive_every_encoding(name: str) -> None:
    """A file is read alike however its letters are stored; only Windows-1252 is a guess, and told."""
    data, encoding, guessed = WRITTEN[name]
    table = read_table(data)
    assert ("Email", "Förnamn", "Ort") == table.header
    assert [("asa@example.com", "Åsa", "Malmö")] == [row.cells for row in table.rows()]
    assert (encoding, guessed) == (table.encoding.name, table.encoding.guessed)
    assert guessed == ("names look wrong" in table.notice)


def _zipped(member: str) -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as archive:
        archive.writestr(member, "content")
    return into.getvalue()


NO_TABLES = {
    "Excel workbook": (_zipped("xl/workbook.xml"), "spreadsheet (.xlsx"),
    "old Excel workbook": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500),
        "Excel workbook of the old kind",
    ),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF"),
    "gzip": (gzip.compress(TEXT.encode()), "compressed file"),
    "web page": (b"\n <!DOCTYPE html><html><table>", "a web page"),
    "visiting card": (b"BEGIN:VCARD\r\nVERSION:4.0\r\n", "visiting cards"),
    "UTF-16 without a mark": (TEXT.encode("utf-16-le"), "empty bytes"),
    "NUL in UTF-16": ("Email\nanna\0".encode("utf-16"), "empty letters"),
    "control rubbish": (bytes(range(1, 32)) * 20, "control characters"),
    "no encoding": (b"Email\n\x81\x8d\x8f", "cannot be told"),
}


@pytest.mark.parametrize("name", list(NO_TABLES))
def test_a_file_that_is_no_table_is_refused_by_what_it_looks_like(name: str) -> None:
    """The text says what the file looks like and what to do."""
    data, expected = NO_TABLES[name]
    with pytest.raises(Invalid) as refused:
        read_table(data)
    assert expected in str(refused.value)
    assert "save it as “CSV UTF-8”" in str(refused.value)


@pytest.mark.parametrize("lines", [3, 30_000])
def test_damaged_utf8_is_not_taken_for_another_encoding(lines: int) -> None:
    """One bad byte must not garble the names of all others: the file is refused, with the line."""
    data = b"Email,Name\n" + "anna@example.com,Åsa\n".encode() * lines + b"b@example.com,\xc5sa\n"
    with pytest.raises(Invalid, match=f"line {lines + 2} has bytes that are not"):
        read_table(data)


def test_utf8_cut_off_within_a_letter_is_refused() -> None:
    """A file that ends in half a letter was not transferred whole."""
    with pytest.raises(Invalid, match="line 2 has bytes that are not"):
        read_table("Email,Name\nanna@example.com,ÅsÅ".encode()[:-1])


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b"\xff\xfe"])
def test_a_file_that_breaks_its_own_mark_is_refused(mark: bytes) -> None:
    """A mark that tells the encoding is believed, never overruled by a guess."""
    with pytest.raises(Invalid, match="part of it is not"):
        read_table(mark + b"Email\n\xc5\xe5\xff")
