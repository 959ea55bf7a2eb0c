"""`python -m dataverse_emulator`: its help, its lists, its options and what it says of wrong ones."""

import json

import pytest

from dataverse_emulator import reference
from dataverse_emulator.__main__ import main


def refused(capsys: pytest.CaptureFixture[str], *given: str) -> str:
    """What is said of options that are none."""
    with pytest.raises(SystemExit) as ended:
        main(given)
    assert ended.value.code == 2
    return capsys.readouterr().err


def test_operations_as_markdown_and_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """The same list for people and for programs."""
    main(["operations"])
    assert capsys.readouterr().out == reference.text()
    main(["operations", "--json"])
    listed = json.loads(capsys.readouterr().out)
    assert {"name", "method", "shape", "state", "missing", "source"} == listed[0].keys()
    assert {row["state"] for row in listed} == {"yes", "partly", "501"}


def test_help_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    """With examples, and every option explained."""
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert "examples:" in text
    assert "--faults throttled,reset_after=0.5" in text


def test_wrong_options_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    """With what would be right."""
    assert "unknown fault 'rain'; known: all, throttled" in refused(capsys, "--faults", "rain")
    assert "between 0 and 1" in refused(capsys, "--faults", "throttled=7")
    assert "documented" in refused(capsys, "--profile", "fast")
    assert "ID:SECRET" in refused(capsys, "--client", "no-colon")
