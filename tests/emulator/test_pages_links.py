"""Links other programs make to a record."""

import pytest

from dataverse_emulator import create_organization
from dataverse_emulator.pages import site

from .pages import LIST

KEY = "aaaaaaaa-0000-4000-8000-000000000001"
RECORD = "pagetype=entityrecord&etn=contact&id="


@pytest.mark.parametrize(
    ("query", "place"),
    [
        (f"{RECORD}{KEY}", f"{LIST}/{KEY}"),
        (f"appid=x&{RECORD}%7B{KEY.upper()}%7D", f"{LIST}/{KEY}"),
        (f"{RECORD}nonsense", LIST),
        (f"pagetype=entityrecord&etn=account&id={KEY}", LIST),
        ("", LIST),
    ],
)
def test_a_link_to_a_record_leads_to_its_page(query: str, place: str) -> None:
    """The address Dynamics itself uses for records; anything else leads to the list."""
    answer = site.perform(create_organization(), "GET", "/main.aspx", query, {})
    assert answer is not None
    assert (303, place) == (answer.status, answer.headers["Location"])
