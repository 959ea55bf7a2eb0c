"""Real crashes: processes killed while both systems are edited; and a judge that can tell."""

from collections.abc import Iterator

import pytest

from tests.conftest import Databases

from .check import Wanted, check
from .judge import wrong
from .people import FIELDS, PERMISSION, Act, Somebody


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """A database of each kind in turn: its kind, and its URL where it is a server's."""
    if request.param == "sqlite":
        yield "sqlite", ""
        return
    databases: Databases = request.getfixturevalue("postgres")
    url = databases.make()
    yield "postgresql", url
    databases.drop(url)


@pytest.mark.thorough
async def test_every_promise_holds_though_processes_are_killed(place: tuple[str, str]) -> None:
    """Some sixty acts while processes die; afterwards both systems hold what people said last (P1-P7)."""
    database, url = place
    found = await check(Wanted(database, acts=60, seed=3, people=30), url)
    assert [] == found["violations"]
    assert [] == found["odd"]
    assert found["acts"] >= 60
    assert found["kills"] >= 1
    assert found["mails"] > 0


def said(*acts: tuple[str, bool]) -> Somebody:
    """Somebody who began with yes, and acts a second apart: `yes`, `no`, and whether it was answered."""
    who = Somebody("p@x.example", started_yes=True)
    who.acts[PERMISSION] = [
        Act("api", word == "yes", at, at + 0.5, certain) for at, (word, certain) in enumerate(acts, 1)
    ]
    return who


@pytest.mark.parametrize(
    ("acts", "yes", "no"),
    [
        ((), "", "P3"),
        ((("no", True),), "P2", ""),
        ((("no", True), ("yes", True)), "", ""),
        ((("no", True), ("yes", False)), "", ""),
        ((("yes", True), ("no", False)), "", ""),
        ((("no", True), ("no", False)), "P2", ""),
        ((("yes", True), ("no", True)), "P2", ""),
        ((("no", False),), "", ""),
        ((("yes", True),), "", "P3"),
    ],
)
def test_an_end_is_judged_by_what_people_said(acts: tuple[tuple[str, bool], ...], yes: str, no: str) -> None:
    """The last word, if it was no, stands; what was not answered may have been said or not (P2, P3)."""
    who = said(*acts)
    assert (yes, no) == (wrong(who, PERMISSION, True)[:2], wrong(who, PERMISSION, False)[:2])


def test_who_began_with_no_needs_a_grant() -> None:
    """Nobody's refusal from before the check is lifted by nobody (P3)."""
    who = Somebody("p@x.example", started_yes=False)
    assert wrong(who, PERMISSION, True).startswith("P3")
    assert "" == wrong(who, PERMISSION, False)
    assert not any(wrong(who, what, True) for what in FIELDS if what != PERMISSION)


def test_a_refusal_before_the_check_holds_until_somebody_may_have_granted() -> None:
    """Refusals that were not answered prove nothing; grants on their way excuse a mail (P1)."""
    assert said(("no", True)).refused_before(PERMISSION, 2.0, 3.0)
    assert not said(("no", True)).refused_before(PERMISSION, 1.2, 3.0)
    assert not said(("no", False)).refused_before(PERMISSION, 2.0, 3.0)
    assert not said(("no", True), ("yes", False)).refused_before(PERMISSION, 1.8, 3.0)
    assert said(("no", True), ("yes", True)).refused_before(PERMISSION, 1.8, 1.9)
    assert said(("no", True), ("yes", True), ("no", True)).refused_before(PERMISSION, 4.0, 5.0)
