"""What an operator sets: read from the environment, checked, and refused in words."""

import re
import socket
from pathlib import Path
from typing import Any

import pytest

from assent.app.application import open_application, serving
from assent.errors import AssentError, Invalid
from assent.services.settings import Settings

from .world import office, settings

pytestmark = pytest.mark.thorough

README = Path(__file__).parents[2] / "README.md"


def documented() -> dict[str, str]:
    """The settings README tells of, and their defaults as written there."""
    found: dict[str, str] = {}
    for line in README.read_text().splitlines():
        if line.startswith("| `ASSENT_"):
            names, defaults = (re.findall(r"`([^`]*)`", cell) for cell in line.split("|")[1:3])
            words = defaults or [line.split("|")[2].strip()] * len(names)
            found |= dict(zip(names, words, strict=True))
    return found


def test_readme_tells_every_setting_and_no_other() -> None:
    """Neither an undocumented setting nor a documented one that does nothing."""
    assert {f"ASSENT_{name.upper()}" for name in Settings.model_fields} == set(documented())


def test_readme_tells_the_true_defaults() -> None:
    """A default in the table is the one in the code; words stand for cron's every minute."""
    in_words = {"* * * * *": "every minute", "False": "false", "**********": ""}
    for name, field in Settings.model_fields.items():
        default = str(field.default)
        assert in_words.get(default, default) == documented()[f"ASSENT_{name.upper()}"], name


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every documented name reaches its setting."""
    monkeypatch.chdir(tmp_path)
    values = {
        "DATA": "d",
        "DATABASE_URL": "u",
        "SECRET_KEY": "k",
        "HOST": "h",
        "PORT": "1",
        "PUBLIC_URL": "p",
    }
    values |= {"ALLOW_OTHER_HOSTS": "true", "EXECUTOR_ID": "e", "TICK": "t", "MAIL_FROM": "m"}
    values |= {"SMTP_HOST": "s", "SMTP_PORT": "25", "SMTP_TLS": "none"}
    values |= {"SMTP_USERNAME": "n", "SMTP_PASSWORD": "w", "SMTP_CONNECTIONS": "3", "SMTP_CA_FILE": "c"}
    values |= {"MAIL_RATES": "x.example=5", "RETURN_PATH": "r@x.example"}
    for name, value in values.items():
        monkeypatch.setenv(f"ASSENT_{name}", value)
    read = Settings().model_dump(mode="python")
    for name in ("secret_key", "smtp_password"):
        read[name] = read[name].get_secret_value()
    assert {k: v.lower() for k, v in values.items()} == {k.upper(): str(v).lower() for k, v in read.items()}


async def test_the_key_file_is_its_owners_alone_and_kept(tmp_path: Path) -> None:
    """Made with the first start, mode 600, and the same with the next; open to others it is refused."""
    plain = Settings(data=tmp_path / "new" / "folder", port=0)
    path, keys = plain.data / "secret.key", set()
    for _ in range(2):
        async with open_application(plain, worker=False):
            assert 0o600 == path.stat().st_mode & 0o777
            keys.add(path.read_bytes())
    assert 1 == len(keys)
    path.chmod(0o644)
    with pytest.raises(Invalid, match="chmod 600"):
        async with open_application(plain, worker=False):
            pass


@pytest.mark.parametrize(
    "change",
    [
        {"database_url": "no url"},
        {"database_url": "postgresql://u:hunter2@127.0.0.1:1/x"},
        {"data": Path("/dev/null/x")},
    ],
    ids=["no url", "no server", "no folder"],
)
async def test_a_setting_that_cannot_work_is_refused_in_words(tmp_path: Path, change: dict[str, Any]) -> None:
    """An AssentError that names the setting, so that the command line prints a sentence (P8)."""
    with pytest.raises(AssentError, match="ASSENT_") as found:
        async with open_application(settings(tmp_path).model_copy(update=change), worker=False):
            pass
    assert "hunter2" not in str(found.value)


async def test_a_port_in_use_is_refused_in_words(tmp_path: Path) -> None:
    """Starting the server twice says so in a sentence (P8)."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        async with office(tmp_path) as on:
            on.app.settings.port = taken.getsockname()[1]
            with pytest.raises(AssentError, match="port"):
                async with serving(on.app):
                    pass


def test_settings_print_without_what_is_secret(tmp_path: Path) -> None:
    """Neither the key nor the database's password is in a log line or traceback."""
    url = "postgresql://assent:hunter2@db/assent"
    shown = repr(settings(tmp_path, database_url=url))
    assert "hunter2" not in shown
