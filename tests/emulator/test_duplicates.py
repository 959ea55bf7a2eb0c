"""The duplicate detection rules there are to begin with (Detect duplicate data using the Web API)."""

from .api import Api

ASKED = {"MSCRM.SuppressDuplicateDetection": "false"}
MONTE = {"firstname": "Monte", "lastname": "Orton", "emailaddress1": "monteorton@example.com"}


async def test_a_duplicate_is_refused_when_asked(api: Api) -> None:
    """Same e-mail address, header false: 0x80040333, and nothing is written (dataverse.md 2.8)."""
    assert (await api.post("leads", MONTE, **ASKED)).status == 204
    refused = await api.post("leads", {**MONTE, "emailaddress1": "MonteOrton@example.com"}, **ASKED)
    assert refused.error == (412, "0x80040333")
    assert refused.message.startswith("A record was not created or updated because a duplicate")
    assert len((await api.get("leads")).value) == 1


async def test_nobody_looks_otherwise(api: Api) -> None:
    """Without the header, or with true, duplicates are written."""
    await api.post("leads", MONTE)
    assert (await api.post("leads", MONTE)).status == 204
    assert (await api.post("leads", MONTE, **{"MSCRM.SuppressDuplicateDetection": "true"})).status == 204


async def test_updates_and_rows_without_an_address(api: Api) -> None:
    """An update into a duplicate is refused too; what has no address is nobody's duplicate."""
    ann = await api.add(lastname="Ann", emailaddress1="a@example.com")
    ben = await api.add(lastname="Ben")
    refused = await api.patch(f"contacts({ben})", {"emailaddress1": "a@example.com"}, **ASKED)
    assert refused.error == (412, "0x80040333")
    assert (await api.get(f"contacts({ben})?$select=emailaddress1")).json["emailaddress1"] is None
    assert (await api.patch(f"contacts({ann})", {"lastname": "An"}, **ASKED)).status == 204
    assert (await api.post("contacts", {"lastname": "Cyl"}, **ASKED)).status == 204
    assert (await api.post("tasks", {"subject": "x"}, **ASKED)).status == 204
