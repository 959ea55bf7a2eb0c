"""What commands say of themselves, and of what is wrong: a sentence and an exit code (P8)."""

import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from .processes import command, within

ROOT = Path(__file__).parents[2]
COMMANDS = (
    *("demo", "emulator", "serve", "worker", "connect", "credentials", "sync", "ledger", "ledger verify"),
    *(
        "setup",
        "setup run",
        "setup plan",
        "setup status",
        "setup override",
        "setup settings",
        "setup form",
        "setup remove",
    ),
    *("users", "users admin", "users list", "users reset"),
)
SIGN_IN = ("--tenant", "t", "--client-id", "app", "--secret", "swordfish")


async def test_every_command_explains_itself(tmp_path: Path) -> None:
    """--help exits 0 with a sentence and every option explained; so does calling it without words."""
    for words in COMMANDS:
        done = within(tmp_path, *words.split(), "--help")
        assert (0, "") == (done.code, done.err), words
        assert f" {words} [OPTIONS]" in done.out
        options = re.findall(r"--[a-z][a-z-]+", done.out)
        assert "--help" in options
    overview = (await command(tmp_path, "--help")).out
    assert all(words.split()[0] in overview for words in COMMANDS)
    assert [] == os.listdir(tmp_path)  # noqa: PTH208 - nothing is made by asking


def test_words_that_are_no_command_are_a_usage_error(tmp_path: Path) -> None:
    """Exit code 2 and what was expected, on stderr, without a traceback."""
    tried = (["nonsense"], ["setup", "run", "one"], ["connect"], ["demo", "--contacts", "1"])
    for words in tried:
        done = within(tmp_path, *words)
        assert (2, "") == (done.code, done.out)
        assert "Usage" in done.err
        assert "Traceback" not in done.err


def test_the_emulator_takes_all_its_options(tmp_path: Path) -> None:
    """They are those of the emulator's own command, under the product's name and defaults."""
    told = within(tmp_path, "emulator", "--help").out
    assert {"--forms", "--profile", "--faults", "--clock", "--host"} <= set(re.findall(r"--[a-z]+", told))
    assert "(default 8401)" in told
    wrong = within(tmp_path, "emulator", "--faults", "rain", "--clock", "virtual")
    assert wrong.code == 2
    assert "assent emulator: error: argument --faults: unknown fault 'rain'" in wrong.err


def test_readmes_commands_exist() -> None:
    """Every `./do assent ...` in README names a command there is."""
    text = (ROOT / "README.md").read_text()
    named = set(re.findall(r"\./do assent ([a-z]+)", text))
    assert named
    assert named <= {words.split()[0] for words in COMMANDS}


@pytest.mark.thorough
async def test_errors_are_one_sentence(tmp_path: Path) -> None:
    """A bad address by a real process: told on stderr with exit code 1, and no secret repeated."""
    done = await command(tmp_path, "connect", "no address at all", *SIGN_IN, "--json")
    assert "https://contoso.crm4.dynamics.com" in done.sentence()
    assert "swordfish" not in done.err


ERRORS = {
    "plain http": (["connect", "http://127.0.0.1:9", *SIGN_IN], {}, "not https"),
    "unknown connection": (["setup", "run", "9"], {"public_url": "https://assent.example"}, "9"),
    "no public address": (["setup", "run", "9"], {}, "ASSENT_PUBLIC_URL"),
    "unknown account to sweep": (["sync", "--account", "77"], {}, "77"),
    "unknown account to verify": (["ledger", "verify", "--account", "77", "--json"], {}, "77"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_what_cannot_be_done_is_one_sentence(tmp_path: Path, name: str) -> None:
    """Exit code 1, nothing on stdout, and no engine was started for it."""
    words, settings, says = ERRORS[name]
    assert says in within(tmp_path, *words, **settings).sentence()
    assert not (tmp_path / "var" / "engine.sqlite").exists()


def test_a_refused_connection_leaves_nothing_behind(tmp_path: Path) -> None:
    """Verified first: after a refusal there is not even an account."""
    within(tmp_path, "connect", "http://127.0.0.1:9", *SIGN_IN)
    with closing(sqlite3.connect(tmp_path / "var" / "assent.sqlite")) as file:
        assert [] == file.execute("SELECT name FROM accounts").fetchall()


def test_a_setting_of_a_wrong_kind_is_one_sentence(tmp_path: Path) -> None:
    """ASSENT_PORT=abc names the variable and what it wants (P8)."""
    assert "ASSENT_PORT" in within(tmp_path, "sync", port="abc").sentence()
