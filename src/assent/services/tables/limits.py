"""How much a table may hold before it is turned away."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TableLimits:
    """What is read at most; `errors` is how many errors of rows are listed, all of them are counted."""

    size_bytes: int = 50_000_000
    rows: int = 200_000
    columns: int = 200
    name_chars: int = 300
    field_chars: int = 10_000
    errors: int = 1_000

    @property
    def line_chars(self) -> int:
        """The longest line that fields within their limits can make."""
        return self.columns * (self.field_chars + 3)


USUAL = TableLimits()
