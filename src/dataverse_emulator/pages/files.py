"""The style, the script and the icon, as files of the package."""

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib import resources
from types import MappingProxyType
from typing import Final

FOLDER: Final = "/rep/static/"
_TYPES: Final = MappingProxyType(
    {
        "rep.css": "text/css; charset=utf-8",
        "rep.js": "text/javascript; charset=utf-8",
        "record.js": "text/javascript; charset=utf-8",
        "tabs.js": "text/javascript; charset=utf-8",
        "icon.svg": "image/svg+xml",
    }
)


@dataclass(frozen=True, slots=True)
class File:
    """One file and the version its address bears."""

    kind: str
    body: bytes
    version: str


@cache
def file(name: str) -> File | None:
    """The file of that name, if pages use it."""
    kind = _TYPES.get(name)
    if kind is None:
        return None
    body = resources.files("dataverse_emulator.pages").joinpath("static", name).read_bytes()
    return File(kind, body, sha256(body).hexdigest()[:16])


def address(name: str) -> str:
    """Where a page finds the file; another version has another address."""
    found = file(name)
    assert found is not None
    return f"{FOLDER}{name}?v={found.version}"
