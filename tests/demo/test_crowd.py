"""The crowd of the demo, and what README says about it."""

from pathlib import Path

from assent.demo.crowd import hub_crowd
from assent.policy.permission import LegalBasis

README = Path(__file__).parents[2] / "README.md"


def test_the_same_seed_gives_the_same_people() -> None:
    """A crowd can be told from its seed, holds every address once, and is mixed."""
    rows = [{"emailaddress1": f"P{n % 150}@x.example"} for n in range(300)] + [{"emailaddress1": None}]
    first, again, other = hub_crowd(rows, 1), hub_crowd(rows, 1), hub_crowd(rows, 2)
    assert first == again
    assert first != other
    assert len(first) == len({one.email.lower() for one in first})
    assert {LegalBasis.CONSENT, LegalBasis.WITHDRAWN, LegalBasis.NONE} <= {one.basis for one in first}


def test_readme_promises_no_scene_that_is_not_played() -> None:
    """README's paragraph on the tour names what SCENES play."""
    text = " ".join(README.read_text().split())
    told = ["first sync", "Do not allow* reaching the hub", "opt-out in the hub", "ten echoes"]
    told += ["both ways", "healed by a sweep", "left out of a send", "idle sweep"]
    assert [] == [words for words in told if words not in text]
