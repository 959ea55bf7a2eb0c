"""Follows quotation marks through CSV text: which delimiters count, and where a quote went wrong."""

from collections import Counter
from enum import Enum


class _At(Enum):
    """Where in a field the walk stands."""

    START = "before the field's first letter"
    PLAIN = "in a field without quotation marks"
    QUOTED = "between quotation marks"
    CLOSED = "after a mark that closes, or is the first of a doubled one"


class QuoteWalk:
    """Walks over lines, counting the delimiters outside quotation marks.

    `opened_on` is the line of the last mark that opened, `stray_on` the line of the first letter that
    follows a closing mark, where the csv module stops too.
    """

    def __init__(self, delimiters: str, line: int = 1) -> None:
        self.counts: Counter[str] = Counter()
        self.opened_on = line
        self.stray_on: int | None = None
        self._delimiters = delimiters
        self._next_line = line
        self._at = _At.START

    @property
    def open(self) -> bool:
        """Whether the walk stands between quotation marks."""
        return self._at is _At.QUOTED

    def line(self, text: str) -> None:
        """Walk over one line with its line end."""
        for letter in text:
            self._at = self._quoted(letter) if self._at is _At.QUOTED else self._outside(letter)
        self._next_line += 1

    def _quoted(self, letter: str) -> _At:
        return _At.CLOSED if letter == '"' else _At.QUOTED

    def _outside(self, letter: str) -> _At:
        if letter in self._delimiters:
            self.counts[letter] += 1
            return _At.START
        if letter in "\r\n":
            return _At.START
        if letter == '"' and self._at is not _At.PLAIN:
            if self._at is _At.START:
                self.opened_on = self._next_line
            return _At.QUOTED
        if self._at is _At.START and letter == " ":
            return _At.START
        if self._at is _At.CLOSED and self.stray_on is None:
            self.stray_on = self._next_line
        return _At.PLAIN
