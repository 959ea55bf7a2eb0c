"""Clients of others, unmodified, where they are installed: dataverse-api, dynamics-client, python-odata.

Each brought something to light: what they send and Microsoft's own clients do not.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from dataverse_emulator import Emulator


@pytest.fixture
def emulator() -> Iterator[str]:
    """The address of an organisation that knows one client."""
    with Emulator(contacts=12, strict=True, clients={"app": "secret"}).served() as url:
        yield url


@pytest.fixture
def session(emulator: str) -> requests.Session:
    """A session with a token."""
    form = {"grant_type": "client_credentials", "scope": f"{emulator}/.default"}
    reply = requests.post(
        f"{emulator}/tenant/oauth2/v2.0/token", data=form, auth=("app", "secret"), timeout=10
    )
    found = requests.Session()
    found.headers["Authorization"] = f"Bearer {reply.json()['access_token']}"
    return found


def statuses(replies: list[requests.Response]) -> set[int]:
    """The statuses of all."""
    return {reply.status_code for reply in replies}


def test_dataverse_api(emulator: str, session: requests.Session) -> None:
    """Rows singly, at once and in batches of lines that end in LF; definitions read and written back."""
    package = pytest.importorskip("dataverse_api.dataverse")
    client = package.DataverseClient(session, f"{emulator}/")
    entity = client.entity("contact")
    assert (entity.supports_create_multiple, entity.supports_update_multiple) == (True, True)
    rows = [{"firstname": f"A{number}", "lastname": "Ek"} for number in range(3)]
    assert statuses(entity.create([dict(row) for row in rows], return_created=True)) == {201}
    assert statuses(entity.create([dict(row) for row in rows], threading=True)) == {204}
    assert statuses(entity.create([dict(row) for row in rows], mode="multiple")) == {200}
    assert statuses(entity.create([dict(row) for row in rows], mode="batch")) == {200}
    found = entity.read(select=["contactid"], filter="lastname eq 'Ek'", page_size=5)
    ids = [row["contactid"] for row in found]
    assert len(ids) == 12
    assert statuses(entity.upsert([{"contactid": ids[0], "jobtitle": "x"}], mode="batch")) == {200}
    assert statuses(entity.delete_columns(["jobtitle"], ids=ids[:1])) == {204}
    assert statuses(entity.delete(mode="batch", ids=ids[:6])) == {200}
    assert statuses(entity.delete(filter="lastname eq 'Ek'")) == {204}
    assert client.update_entity(client.get_entity_definition("contact")).status_code == 204


def test_dynamics_client(emulator: str) -> None:
    """It signs in by HTTP Basic, asks for duplicates to be found, and counts distinct values."""
    package = pytest.importorskip("dynamics")
    client = package.DynamicsClient(
        f"{emulator}/api/data/v9.2", f"{emulator}/tenant/oauth2/v2.0/token", "app", "secret",
        scope=[f"{emulator}/.default"],
    )  # fmt: skip
    assert client.functions.whoami().data[0]["UserId"]
    client.reset_query()
    client.table, client.select, client.pagesize = "contacts", ["fullname"], 5
    client.filter = [package.ftr.in_("statecode", ["0"]), package.ftr.on_or_after("createdon", "2000-01-01")]
    assert 0 < len(client.get(pagination_rules={"pages": -1}).data) <= 12
    client.reset_query()
    client.table = "contacts"
    made = client.post({"lastname": "Ek", "emailaddress1": "ek@example.com"}).data
    with pytest.raises(package.exceptions.DuplicateRecordError):
        client.post({"lastname": "Ek", "emailaddress1": "ek@example.com"})
    client.row_id = made["contactid"]
    assert client.patch({"lastname": "Berg"}).data["lastname"] == "Berg"
    client.delete()
    client.reset_query()
    client.table = "contacts"
    client.apply = package.apl.aggregate(col_="statecode", with_="countdistinct", as_="n")
    assert client.get().data[0]["n"] in (1, 2)


def test_python_odata(emulator: str, session: requests.Session) -> None:
    """It makes classes of the service description and queries by them."""
    package: Any = pytest.importorskip("odata")
    service = package.ODataService(f"{emulator}/api/data/v9.2/", session=session, reflect_entities=True)
    contact = service.entities["contacts"]
    found = list(service.query(contact).order_by(contact.fullname.desc()).limit(3))
    assert len(found) == 3
    assert service.query(contact).filter(contact.lastname == found[0].lastname).first() is not None
