"""Every table decides every cell of its product."""

from itertools import product

import pytest

from assent.policy.identity import EMAIL_MOVES, LIFECYCLE, PLACEMENTS, LinkState, RowAddress, Seen
from assent.policy.permission import BASIS_STANCE, TOGGLE_STANCE, BulkEmail, LegalBasis
from assent.policy.subscription import AFTER_TOGGLE, Resume

BOOLS = (False, True)

TABLES: dict[str, tuple[set[object], set[object]]] = {
    "basis stance": (set(BASIS_STANCE), set(LegalBasis)),
    "toggle stance": (set(TOGGLE_STANCE), set(BulkEmail)),
    "email moves": (set(EMAIL_MOVES), set(product(BOOLS, RowAddress))),
    "placements": (set(PLACEMENTS), set(product(BOOLS, BOOLS))),
    "lifecycle": (set(LIFECYCLE), set(product(LinkState, Seen))),
    "after a toggle": (set(AFTER_TOGGLE), set(product(BOOLS, BOOLS, Resume))),
}


@pytest.mark.parametrize("name", list(TABLES))
def test_a_table_has_every_cell_and_no_other(name: str) -> None:
    """T1-T7, I3, I4, S2: no combination is left to a default."""
    decided, cells = TABLES[name]
    assert cells == decided
