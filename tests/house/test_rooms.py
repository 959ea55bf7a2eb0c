"""Every room says in one sentence what it is for, and every source of time or chance is injected."""

import ast
from pathlib import Path

import pytest

SRC = Path(__file__).parents[2] / "src"
ROOMS = sorted(SRC.rglob("__init__.py"))
MODULES = sorted(p for p in SRC.rglob("*.py") if "migrations" not in p.parts)

#: Where the wall clock, chance and fresh identifiers enter the programs.
SOURCES_OF_TIME_AND_CHANCE = {"assent/app", "assent/work/engines.py", "dataverse_emulator"}
BANNED = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("time", "time"),
    ("uuid", "uuid4"),
    ("random", "random"),
}


@pytest.mark.parametrize("path", ROOMS, ids=lambda p: str(p.parent.relative_to(SRC)))
def test_a_room_says_in_one_sentence_what_it_is_for(path: Path) -> None:
    """The first line of a room's docstring is one sentence."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    assert docstring.split("\n\n")[0].rstrip().endswith(".")


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SRC)))
def test_nothing_but_the_wiring_reads_the_clock_or_draws_an_identifier(path: Path) -> None:
    """Wall clock, uuid4 and chance are read where the object graph is built, and nowhere else."""
    where = path.relative_to(SRC).as_posix()
    if any(where.startswith(allowed) for allowed in SOURCES_OF_TIME_AND_CHANCE):
        return
    calls = [
        (node.func.value.id, node.func.attr)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
    ]
    assert [] == [call for call in calls if call in BANNED]
