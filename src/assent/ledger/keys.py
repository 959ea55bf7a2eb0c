"""The installation's secret key: a file only its owner may read, or a value given."""

import contextlib
import os
from pathlib import Path

from cryptography.fernet import Fernet

from assent.errors import Invalid


def load_or_create_key(path: Path) -> str:
    """Read the key file, or make it with a fresh key, readable by its owner alone.

    Two processes that start together end with the same key. Raises Invalid when others may read it.
    """
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(Fernet.generate_key() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)
        draft.unlink()
    return _read(path)


def _read(path: Path) -> str:
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise Invalid("the key file may be read by others; make it yours alone with chmod 600")
    key = path.read_text().strip()
    if not key:
        raise Invalid("the key file is empty; restore it, or remove it if nothing was stored yet")
    return key
