"""People from the command line: the first admin, a lost password, who may sign in."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from assent.app.application import open_application
from assent.errors import Forbidden
from assent.services import people
from assent.services.access import Caller, Role
from assent.services.settings import Settings

from .processes import within


@dataclass(frozen=True)
class Opened:
    """Signs in to the folder a command worked in."""

    folder: Path

    def by_link(self, url: str) -> Caller:
        """Use a link up."""

        async def work() -> Caller:
            async with open_application(Settings(data=self.folder / "var"), worker=False) as app:
                return (await people.sign_in_once(app, url.rpartition("/")[2])).caller

        return asyncio.run(work())


def test_the_first_admin_of_an_empty_installation(tmp_path: Path) -> None:
    """One command makes the account and a link that works once; the list shows who it is for."""
    done = within(
        tmp_path, "users", "admin", "Ada@Team.example", "--json", public_url="https://assent.example"
    )
    url = done.object()["sign_in"]
    assert url.startswith("https://assent.example/sign-in/")
    signed_in = Opened(tmp_path).by_link(url)
    assert (Role.ADMIN, "Ada") == (signed_in.role, signed_in.name)
    with pytest.raises(Forbidden):
        Opened(tmp_path).by_link(url)
    (listed,) = within(tmp_path, "users", "list", "--json").object()["users"]
    assert ("ada@team.example", "admin", False) == (listed["email"], listed["role"], listed["disabled"])


def test_a_lost_password_is_replaced_by_a_link(tmp_path: Path) -> None:
    """For a user there is; in prose the link stands on a line of its own."""
    within(tmp_path, "users", "admin", "ada@team.example")
    done = within(tmp_path, "users", "reset", "ada@team.example")
    (line,) = [line for line in done.err.splitlines() if line.startswith("http")]
    assert Role.ADMIN is Opened(tmp_path).by_link(line).role


@pytest.mark.parametrize(
    "words",
    [
        ("reset", "nobody@team.example"),
        ("admin", "no address"),
        ("admin", "ada@team.example", "--account", "77"),
        ("reset", "ada@team.example", "--account", "77"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Without the address in it, and exit code 1."""
    within(tmp_path, "users", "admin", "bob@team.example")
    assert "@team" not in within(tmp_path, "users", *words).sentence()
