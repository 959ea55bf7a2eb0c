"""How the bytes of a file are letters, and what a file is that is no table at all."""

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from assent.errors import Invalid

_ADVICE = "Open it in a spreadsheet, save it as “CSV UTF-8”, and import that file."
#: What files that are not CSV begin with.
_KINDS: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a spreadsheet (.xlsx or .ods) or another zip archive"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook of the old kind (.xls)"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a compressed file (gzip)"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"{\\rtf", "a text document (RTF)"),
    (b"<!doctype", "a web page"),
    (b"<html", "a web page"),
    (b"<?xml", "an XML file"),
    (b"begin:vcard", "a file of visiting cards (vCard)"),
)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
#: A file with a greater share of control characters than this was never text.
_CONTROL_SHARE = 0.01
_CHUNK_CHARS = 65_536


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a file's bytes are letters; `guessed` means nothing in the file proves it."""

    codec: str
    name: str
    guessed: bool = False

    @property
    def notice(self) -> str:
        """What to tell the person who brought the file, or nothing."""
        if not self.guessed:
            return ""
        return (
            f"The file does not say how its letters are stored, and it was read as {self.name}. "
            "If names look wrong in the preview, save the file as “CSV UTF-8” and import it again."
        )


_UTF8 = Encoding("utf-8", "UTF-8")
_UTF8_MARKED = Encoding("utf-8-sig", "UTF-8")
_UTF16 = Encoding("utf-16", "UTF-16")
_WINDOWS = Encoding("cp1252", "Windows-1252 (Western European)", guessed=True)
_MARKS = (
    (codecs.BOM_UTF8, _UTF8_MARKED),
    (codecs.BOM_UTF16_LE, _UTF16),
    (codecs.BOM_UTF16_BE, _UTF16),
)


def recognise(data: bytes) -> Encoding:
    """Tell how a file's bytes are letters; raises Invalid for a file that is not text, in words."""
    _refuse_other_kinds(data)
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _marked(data, encoding)
    if b"\0" in data:
        raise Invalid(f"This is not a text file that can be read: it has empty bytes in it. {_ADVICE}")
    try:
        _scan(data, _UTF8)
    except UnicodeDecodeError:
        return _unmarked(data)
    return _UTF8


def opened(data: bytes, encoding: Encoding) -> io.TextIOWrapper:
    """Give the text of a file with its line ends as they are, without another copy of its bytes."""
    return io.TextIOWrapper(io.BytesIO(data), encoding=encoding.codec, newline="")


def _refuse_other_kinds(data: bytes) -> None:
    start = data[:64].lstrip().lower()
    for mark, kind in _KINDS:
        if start.startswith(mark.lower()):
            raise Invalid(f"This looks like {kind}, not like a CSV file. {_ADVICE}")


def _marked(data: bytes, encoding: Encoding) -> Encoding:
    try:
        _scan(data, encoding)
    except UnicodeError:
        raise Invalid(
            f"The file says it is {encoding.name}, but part of it is not: it was damaged or joined from "
            f"several files. {_ADVICE}"
        ) from None
    return encoding


def _unmarked(data: bytes) -> Encoding:
    """Take a file that is not UTF-8 for Windows-1252, unless it looks like UTF-8 that was damaged."""
    line = _damaged_line(data)
    if line is not None:
        raise Invalid(
            f"The file is UTF-8, but line {line} has bytes that are not: it was damaged or joined from "
            f"several files, and names would come out wrong. {_ADVICE}"
        )
    try:
        _scan(data, _WINDOWS)
    except UnicodeDecodeError:
        raise Invalid(
            f"The letters in this file are stored in a way that cannot be told. {_ADVICE}"
        ) from None
    return _WINDOWS


def _damaged_line(data: bytes) -> int | None:
    """Give the line of the first bytes that are not UTF-8, where letters before them were."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    letters, line = False, 1
    for offset in range(0, len(data), _CHUNK_CHARS):
        chunk = data[offset : offset + _CHUNK_CHARS]
        try:
            letters |= not decoder.decode(chunk).isascii()
        except UnicodeDecodeError as fault:
            before = fault.object[: fault.start]
            letters |= not before.isascii()
            return line + _line_ends(before) if letters else None
        line += _line_ends(chunk)
    return line if letters else None  # cut off within its last letter


def _line_ends(data: bytes) -> int:
    return data.count(b"\n") or data.count(b"\r")


def _scan(data: bytes, encoding: Encoding) -> None:
    """Read all of a file; raises Invalid when it is control rubbish and UnicodeError where not letters."""
    chars = controls = 0
    for chunk in _chunks(data, encoding):
        chars += len(chunk)
        controls += len(_CONTROL.findall(chunk))
        if "\0" in chunk:
            raise Invalid(f"This is not a text file that can be read: it has empty letters in it. {_ADVICE}")
    if controls > chars * _CONTROL_SHARE:
        raise Invalid(
            f"This is not a text file that can be read: it is full of control characters. {_ADVICE}"
        )


def _chunks(data: bytes, encoding: Encoding) -> Iterator[str]:
    with opened(data, encoding) as text:
        while chunk := text.read(_CHUNK_CHARS):
            yield chunk
