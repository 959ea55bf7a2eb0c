"""Following quotation marks as the csv module does."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assent.services.tables.quoting import QuoteWalk

from .samples import thorough


@thorough
@given(text=st.text('"", \r\na', max_size=14))
def test_the_walk_and_the_csv_module_agree(text: str) -> None:
    """What the csv module refuses is an open or a stray quote to the walk, and nothing else is."""
    walk = QuoteWalk(",")
    for line in io.StringIO(text, newline=""):
        walk.line(line)
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True))
    except csv.Error:
        assert walk.open or walk.stray_on is not None
    else:
        assert (False, None) == (walk.open, walk.stray_on)
        assert walk.counts[","] == sum(len(cells) - 1 for cells in records if cells)


@pytest.mark.parametrize(
    ("lines", "opened_on"),
    [(['a,"b\n'], 1), (['"a"\n', "\n", '"b ""c""\n', "d\n"], 3), (['"a\n', 'b","c\n'], 2)],
)
def test_the_line_of_an_open_quote_is_known(lines: list[str], opened_on: int) -> None:
    """Doubled marks and marks that closed again open nothing."""
    walk = QuoteWalk(",")
    for line in lines:
        walk.line(line)
    assert (True, opened_on) == (walk.open, walk.opened_on)
