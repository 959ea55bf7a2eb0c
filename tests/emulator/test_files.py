"""File columns (Use file column data)."""

from urllib.parse import quote

import pytest

from dataverse_emulator import Organization
from dataverse_emulator.state.columns import Column, Kind

from .api import Api

OCTETS = "application/octet-stream"


@pytest.fixture
def column(organization: Organization) -> str:
    """A file column of contact."""
    name = "new_document"
    definition = organization.model.tables["contact"].with_columns(
        Column(name, Kind.FILE, "new_Document", 20_000, facts={"MaxSizeInKB": 1})
    )
    organization.change_model(organization.model.with_table(definition))
    return name


async def sent(api: Api, path: str, content: bytes, **headers: str) -> int:
    """The status of an upload."""
    return (await api.call("PATCH", path, raw=content, Content_Type=OCTETS, **headers)).status


async def test_in_one_piece(api: Api, column: str) -> None:
    """The row shows an id and the name; $value gives the content with name and size."""
    contact = f"contacts({await api.add(lastname='Ek')})"
    empty = (await api.get(f"{contact}?$select={column},{column}_name")).json
    assert (empty[column], empty[f"{column}_name"]) == (None, None)
    assert (await api.get(f"{contact}/{column}/$value")).status == 204
    assert await sent(api, f"{contact}/{column}", b"one", x_ms_file_name="a.txt") == 204
    row = (await api.get(f"{contact}?$select={column},{column}_name")).json
    assert row[column] is not None
    assert row[f"{column}_name"] == "a.txt"
    file = await api.get(f"{contact}/{column}/$value")
    assert (file.text, file.headers["x-ms-file-size"], file.headers["Content-Type"]) == ("one", "3", OCTETS)
    assert (await api.delete(f"{contact}/{column}")).status == 204
    assert (await api.get(f"{contact}/{column}/$value")).status == 204


async def test_in_several_pieces(api: Api, column: str) -> None:
    """A session, pieces with 206, the last one with 204."""
    contact = f"contacts({await api.add(lastname='Ek')})"
    name = quote("å.txt")
    begun = await api.call(
        "PATCH", f"{contact}/{column}?x-ms-file-name={name}", raw=b"", x_ms_transfer_mode="chunked"
    )
    assert (begun.status, begun.headers["x-ms-chunk-size"]) == (200, "4194304")
    location = begun.headers["Location"]
    assert await sent(api, location, b"one", Content_Range="bytes 0-2/6") == 206
    assert await sent(api, location, b"two", Content_Range="bytes 4-6/6") == 400
    assert await sent(api, location, b"two", Content_Range="bytes 3-5/6") == 204
    assert (await api.get(f"{contact}/{column}/$value")).text == "onetwo"
    assert (await api.get(f"{contact}?$select={column}_name")).json[f"{column}_name"] == "å.txt"
    assert await sent(api, location, b"x", Content_Range="bytes 6-6/7") == 400


async def test_refusals(api: Api, column: str) -> None:
    """No name, values in bodies, foreign sessions, and files that are too large."""
    contact = f"contacts({await api.add(lastname='Ek')})"
    assert await sent(api, f"{contact}/{column}", b"x") == 400
    assert await sent(api, f"{contact}/{column}?sessiontoken=x", b"x", Content_Range="bytes 0-0/1") == 400
    assert await sent(api, f"{contact}/{column}", b"x" * 1025, x_ms_file_name="a") == 501
    assert (await api.patch(contact, {column: "11111111-2222-3333-4444-555555555555"})).status in (400, 501)
    assert (await api.patch(contact, {f"{column}_name": "x"})).status == 400
    assert await sent(api, "contacts(11111111-2222-3333-4444-555555555555)/new_document", b"x") == 404


async def test_a_snapshot_keeps_its_files(api: Api, column: str, organization: Organization) -> None:
    """A copy of the organisation has the file that the original loses."""
    contact = f"contacts({await api.add(lastname='Ek')})"
    await sent(api, f"{contact}/{column}", b"one", x_ms_file_name="a.txt")
    twin = organization.snapshot()
    await api.delete(f"{contact}/{column}")
    table = twin.table("contact")
    file_id = next(table.cell(position, column) for position in table.positions())
    assert twin.files[file_id].content == b"one"


async def test_downloads_in_pieces(api: Api, column: str) -> None:
    """A Range brings that part with 206 and the whole size: base64 of the column, bytes of its $value."""
    path = f"contacts({await api.add(lastname='Ek')})/{column}"
    assert await sent(api, path, b"some text", x_ms_file_name="a.txt") == 204
    part = await api.get(f"{path}?size=full", Range="bytes=5-100")
    assert (part.status, part.json["value"], part.headers["x-ms-file-size"]) == (206, "dGV4dA==", "9")
    part = await api.get(f"{path}/$value", Range="bytes=0-3")
    assert (part.status, part.text) == (206, "some")
    assert (await api.get(path)).json["value"] == "c29tZSB0ZXh0"
    assert (await api.get(path, Range="bytes=5-1")).status == 400
    assert (await api.get(f"{path}/$value?size=small")).status == 501
    assert (await api.get(f"{path}/$value?$select=x")).status == 501
