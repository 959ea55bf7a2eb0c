"""The page about roles says what the code does."""

from pathlib import Path

import pytest

from assent.services.access import RIGHTS, Right, Role

PAGE = (Path(__file__).parents[2] / "docs" / "people.md").read_text(encoding="utf-8")


def _row(right: Right) -> str:
    return f"| {right.value} | " + " | ".join("yes" if role in RIGHTS[right] else "" for role in Role) + " |"


@pytest.mark.parametrize("right", Right)
def test_the_page_tells_which_roles_have_a_right(right: Right) -> None:
    """Every cell of the table is the one in the code."""
    assert _row(right) in PAGE


def test_every_right_has_been_decided_for_every_role() -> None:
    """No right is left out of the table, and admins have them all."""
    assert set(RIGHTS) == set(Right)
    assert all(Role.ADMIN in roles for roles in RIGHTS.values())
