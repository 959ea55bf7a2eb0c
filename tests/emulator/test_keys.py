"""Alternate keys: addressing, upserts, uniqueness (dataverse.md 2.6, 2.7, 7.5)."""

from dataclasses import replace

import pytest

from dataverse_emulator import Organization
from dataverse_emulator.state.definitions import Key

from .api import CONTACT, Api, entity_id

UPSERT = "contacts/Microsoft.Dynamics.CRM.UpsertMultiple"


@pytest.fixture(autouse=True)
def keys(organization: Organization) -> None:
    """Contact with a key over one column, one over two, one with a lookup, and one still being built."""
    model, found = (
        organization.model,
        (
            Key("asn_employee", "asn_Employee", ("employeeid",)),
            Key("asn_name", "asn_Name", ("firstname", "numberofchildren")),
            Key("asn_company", "asn_Company", ("parentcustomerid", "jobtitle")),
            Key("asn_pending", "asn_Pending", ("governmentid",), "Pending"),
        ),
    )
    organization.change_model(model.with_table(replace(model.tables["contact"], keys=found)))


async def test_reading_by_key(api: Api) -> None:
    """One part, several, and a lookup part; texts without regard to case (2.7)."""
    account = entity_id(await api.post("accounts", {"name": "A"}))
    key = await api.add(
        lastname="Ek",
        firstname="Ann",
        numberofchildren=3,
        employeeid="E1",
        jobtitle="CEO",
        **{"parentcustomerid_account@odata.bind": f"accounts({account})"},
    )
    for address in (
        "employeeid='e1'",
        "firstname='Ann',numberofchildren=3",
        f"_parentcustomerid_value={account},jobtitle='CEO'",
        f"contactid={key}",
    ):
        reply = await api.get(f"contacts({address})?$select=lastname")
        assert (reply.status, reply.json.get("lastname")) == (200, "Ek"), address


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("employeeid='none'", (404, "0x80060891")),
        ("lastname='Ek'", (400, "0x80060888")),
        ("firstname='Ann'", (400, "0x80060888")),
        ("governmentid='x'", (400, "0x80060890")),
        ("employeeid='a/b'", (400, "0x8006088a")),
        ("employeeid=", (400, "0x8006088a")),
        ("employeeid='x',", (400, "0x8006088a")),
        ("numberofchildren='x',firstname='A'", (400, "0x80048d19")),
        ("nothing", (400, "0x8006088a")),
    ],
)
async def test_refused_keys(api: Api, address: str, expected: tuple[int, str]) -> None:
    """No row, no such key, a key not built yet, unsafe characters, and what cannot be read (2.7)."""
    assert (await api.get(f"contacts({address})")).error == expected


async def test_upsert_by_key(api: Api) -> None:
    """Creates with the key's values, then updates; the key's columns in the body are dropped (2.6)."""
    made = await api.patch("contacts(employeeid='E1')", {"lastname": "Ek"}, Prefer="return=representation")
    assert (made.status, made.json["employeeid"]) == (201, "E1")
    body = {"lastname": "Ås", "employeeid": "E2"}
    changed = await api.patch("contacts(employeeid='E1')", body, Prefer="return=representation")
    assert (changed.status, changed.json["lastname"], changed.json["employeeid"]) == (200, "Ås", "E1")
    gone = await api.patch("contacts(employeeid='E9')", {"lastname": "x"}, If_Match="*")
    assert gone.error == (404, "0x80060891")
    assert (await api.delete("contacts(employeeid='E1')")).status == 204


async def test_keys_are_unique(api: Api) -> None:
    """A second row with the same key answers 412; nulls are not compared (2.7, 7.5)."""
    await api.add(lastname="A", employeeid="E1")
    assert (await api.post("contacts", {"employeeid": "e1"})).error == (412, "0x80060892")
    other = await api.add(lastname="B")
    await api.add(lastname="C")
    assert (await api.patch(f"contacts({other})", {"employeeid": "E1"})).error == (412, "0x80060892")
    assert (await api.patch(f"contacts({other})", {"employeeid": "E2"})).status == 204
    assert (await api.patch(f"contacts({other})", {"employeeid": "E2"})).status == 204


async def test_upsert_multiple_by_key(api: Api, organization: Organization) -> None:
    """The key in `@odata.id` or in the body decides (4.2)."""
    kind = {"@odata.type": CONTACT}
    targets = [
        kind | {"@odata.id": "contacts(employeeid='E1')", "lastname": "A"},
        kind | {"employeeid": "E2", "lastname": "B"},
    ]
    assert (await api.post(UPSERT, {"Targets": targets})).status == 204
    targets[0] |= {"lastname": "C"}
    targets[1] |= {"lastname": "D"}
    assert (await api.post(UPSERT, {"Targets": targets})).status == 204
    rows = (await api.get("contacts?$select=lastname,employeeid&$orderby=employeeid")).value
    assert [(row["employeeid"], row["lastname"]) for row in rows] == [("E1", "C"), ("E2", "D")]


async def test_binding_by_key(api: Api) -> None:
    """A link may name a row by an alternate key (Use an alternate key)."""
    boss = await api.add(lastname="Boss", employeeid="E1")
    key = await api.add(lastname="Ek", **{"parentcustomerid_contact@odata.bind": "contacts(employeeid='E1')"})
    row = (await api.get(f"contacts({key})?$select=_parentcustomerid_value")).json
    assert row["_parentcustomerid_value"] == boss
