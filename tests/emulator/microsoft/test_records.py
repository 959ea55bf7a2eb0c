"""`client.records` against the emulator."""

import warnings

import pytest
from PowerPlatform.Dataverse.core.errors import HttpError
from PowerPlatform.Dataverse.models.filters import col
from PowerPlatform.Dataverse.models.upsert import UpsertItem

from dataverse_emulator import Organization

from . import Client


def test_one_record(client: Client) -> None:
    """Created, read, updated, deleted; then the documented 404 (dataverse.md 2.5, 2.6)."""
    contact = client.records.create("contact", {"FirstName": "Ann", "lastname": "Ek", "donotbulkemail": True})
    found = client.records.retrieve("contact", contact, select=["fullname", "donotbulkemail"])
    assert found is not None
    assert (found["fullname"], found["donotbulkemail"]) == ("Ann Ek", True)
    client.records.update("contact", contact, {"donotbulkemail": False})
    assert client.records.retrieve("contact", contact)["donotbulkemail"] is False
    client.records.delete("contact", contact)
    assert client.records.retrieve("contact", contact) is None
    with pytest.raises(HttpError) as refused:
        client.records.update("contact", contact, {"lastname": "x"})
    assert (refused.value.status_code, refused.value.details["service_error_code"]) == (404, "0x80040217")


def test_many_records(client: Client) -> None:
    """CreateMultiple and UpdateMultiple, with one change for all and with one each (4.2)."""
    ids = client.records.create("contact", [{"lastname": name} for name in "ABC"])
    client.records.update("contact", ids, {"jobtitle": "x"})
    client.records.update("contact", ids, [{"firstname": name} for name in "DEF"])
    found = client.records.list("contact", select=["fullname", "jobtitle"], orderby=["lastname"])
    assert [(row["fullname"], row["jobtitle"]) for row in found] == [("D A", "x"), ("E B", "x"), ("F C", "x")]


def test_many_deletions(client: Client) -> None:
    """BulkDelete answers with a job that has done its work; or one request each (4.2)."""
    ids = client.records.create("contact", [{"lastname": name} for name in "ABCD"])
    job = client.records.delete("contact", ids[:2])
    assert job is not None
    done = client.records.retrieve("asyncoperation", job, select=["statecode", "statuscode"])
    assert (done["statecode"], done["statuscode"]) == (3, 30)
    assert client.records.delete("contact", ids[2:3], use_bulk_delete=False) is None
    assert [row["contactid"] for row in client.records.list("contact")] == ids[3:]


def test_labels_become_numbers(client: Client) -> None:
    """The client looks labels of choices up in the metadata (7.3)."""
    contact = client.records.create("contact", {"lastname": "Ek", "preferredcontactmethodcode": "Email"})
    words = "OData.Community.Display.V1.FormattedValue"
    found = client.records.retrieve("contact", contact, include_annotations=words)
    assert found["preferredcontactmethodcode"] == 2
    assert client.flush_cache("picklist") == 1


def test_lists(client: Client) -> None:
    """Filters, orders, pages and expansions (2.3, 2.4)."""
    account = client.records.create("account", {"name": "Contoso"})
    for name in "ABCDE":
        body = {"lastname": name, "parentcustomerid_account@odata.bind": f"/accounts({account})"}
        client.records.create("contact", body)
    pages = list(client.records.list_pages("contact", orderby=["lastname desc"], page_size=2, count=True))
    assert [[row["lastname"] for row in page] for page in pages] == [["E", "D"], ["C", "B"], ["A"]]
    some = client.records.list("contact", filter=col("lastname").in_(["A", "E"]), top=1, orderby=["lastname"])
    assert [row["lastname"] for row in some] == ["A"]
    wide = client.records.list("contact", select=["lastname"], expand=["parentcustomerid_account"], top=1)
    assert wide.first()["parentcustomerid_account"]["name"] == "Contoso"


def test_the_older_read(deprecated: Client) -> None:
    """`get`, which the client itself calls deprecated, reads one row or pages."""
    contact = deprecated.records.create("contact", {"lastname": "Ek"})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        assert deprecated.records.get("contact", contact, select=["lastname"])["lastname"] == "Ek"
        assert [len(page) for page in deprecated.records.get("contact", filter="lastname eq 'Ek'")] == [1]


def test_upserts(client: Client, organization: Organization) -> None:
    """By alternate key, one and many (2.6, 2.7, 4.2)."""
    client.tables.create_alternate_key("contact", "new_number", ["employeeid"])
    client.records.upsert("contact", [{"alternate_key": {"employeeid": "7"}, "record": {"lastname": "A"}}])
    many = [
        UpsertItem({"employeeid": number}, {"lastname": name}) for number, name in (("7", "B"), ("8", "C"))
    ]
    client.records.upsert("contact", many)
    found = client.records.list("contact", select=["lastname", "employeeid"], orderby=["employeeid"])
    assert [(row["employeeid"], row["lastname"]) for row in found] == [("7", "B"), ("8", "C")]


def test_refusals_reach_the_caller(client: Client) -> None:
    """Status, code, message and the service's request id (2.8)."""
    with pytest.raises(HttpError) as refused:
        client.records.create("contact", {"nonsense": 1})
    assert (refused.value.status_code, refused.value.details["service_error_code"]) == (400, "0x80048d19")
    assert refused.value.details["service_request_id"]
