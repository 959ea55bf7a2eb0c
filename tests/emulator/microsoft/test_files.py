"""`client.files` against the emulator: file columns (Use file column data)."""

from pathlib import Path

import pytest
from PowerPlatform.Dataverse.core.errors import HttpError

from . import Client


@pytest.mark.parametrize("mode", ["small", "chunk"])
def test_uploads(client: Client, tmp_path: Path, mode: str) -> None:
    """In one piece or in several; the column is made when it is missing."""
    path = tmp_path / "åland.txt"
    path.write_bytes(b"content" * 1000)
    contact = client.records.create("contact", {"lastname": "Ek"})
    client.files.upload("contact", contact, "new_Document", str(path), mode=mode)
    found = client.records.retrieve("contact", contact, select=["new_document", "new_document_name"])
    assert found["new_document"] is not None
    assert found["new_document_name"] == "åland.txt"


def test_overwriting(client: Client, tmp_path: Path) -> None:
    """A second file takes the place of the first."""
    path = tmp_path / "a.txt"
    contact = client.records.create("contact", {"lastname": "Ek"})
    for text in ("one", "two"):
        path.write_text(text)
        client.files.upload(
            "contact", contact, "new_Document", str(path), mime_type="text/plain", if_none_match=False
        )
    with pytest.raises(HttpError):
        client.files.upload("contact", "11111111-2222-3333-4444-555555555555", "new_Document", str(path))
