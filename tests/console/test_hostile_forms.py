"""Forms no page of ours sends: told what is wrong with them, as a page, and never an error of ours (P8)."""

import pytest

from .counter import Counter

FORMS = {
    "half a character": {"audience": '{"text": "\\ud800"}', "kind": "set_basis", "basis": "withdrawn"},
    "nested deeper than any parser goes": {"audience": "[" * 100_000},
    "a number of thousands of digits": {"kind": "unsubscribe", "category": "9" * 5000},
}


@pytest.mark.parametrize("name", FORMS)
async def test_a_bulk_action_that_cannot_be_is_told_so(at: Counter, name: str) -> None:
    """With 400 and words."""
    admin = await at.as_()
    page = await admin.post("/contacts/bulk/preview", **FORMS[name])
    assert 400 == page.status
    assert "error of ours" not in page.words.lower()
