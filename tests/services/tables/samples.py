"""Named sample values for files of contacts."""

from collections.abc import Mapping

from hypothesis import settings

from assent.services.tables.limits import USUAL, TableLimits
from assent.services.tables.mapping import suggest
from assent.services.tables.plan import ImportPlan, plan_import
from assent.services.tables.reading import read_table

quick = settings(max_examples=200, deadline=None, derandomize=True, database=None)
thorough = settings(max_examples=1_000, deadline=None, derandomize=True, database=None)

NEWS, EVENTS = 1, 4
CATEGORIES: Mapping[str, int] = {"Newsletters": NEWS, "Event invitations": EVENTS}

TINY = TableLimits(size_bytes=200, rows=3, columns=4, name_chars=30, field_chars=20, errors=2)


def cells(text: str) -> list[tuple[str, ...]]:
    """The rows of a file as they are read."""
    return [row.cells for row in read_table(text.encode()).rows()]


def planned(text: str, limits: TableLimits = USUAL) -> ImportPlan:
    """The plan of a file whose columns mean what their names suggest."""
    table = read_table(text.encode(), limits=limits)
    return plan_import(table, suggest(table.header, CATEGORIES), CATEGORIES, limits)


def errors(text: str) -> list[tuple[int, str]]:
    """Where the errors of a file's rows are."""
    return [(error.line, error.column) for error in planned(text).errors]
