"""Files and functions stay small enough to read (style: 300 lines, hard 600; 35, hard 70)."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(p for folder in ("src", "tests", "bench") for p in (ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_file_or_function_is_larger_than_the_house_allows(path: Path) -> None:
    """No file has more than 600 lines and no function more than 70."""
    text = path.read_text(encoding="utf-8")
    functions = [
        (node.name, (node.end_lineno or 0) - node.lineno + 1)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert text.count("\n") <= 600
    assert [] == [(name, lines) for name, lines in functions if lines > 70]
