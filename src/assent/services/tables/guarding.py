"""Keeps spreadsheets from running a cell as a formula, in a way that reading takes back exactly.

A cell that starts like a formula gets an apostrophe, which spreadsheets show as text. A cell that has
apostrophes before such a start already gets one more, so that no two cells are written alike.
"""

import re

#: The starts OWASP lists, full-width forms included.
_STARTS = "=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20"
_FORMULA = re.compile(f"'*[{_STARTS}]")
_GUARDED = re.compile(f"'+[{_STARTS}]")


def guard(text: str) -> str:
    """Give the cell to write for a text."""
    return f"'{text}" if _FORMULA.match(text) else text


def unguard(cell: str) -> str:
    """Give the text a cell was written for; a cell without the mark is its own text."""
    return cell[1:] if cell[:1] == "'" and _GUARDED.match(cell) else cell
