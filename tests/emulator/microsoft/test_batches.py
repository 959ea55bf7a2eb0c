"""`client.batch` against the emulator (dataverse.md 4.1)."""

import warnings

import pytest
from PowerPlatform.Dataverse.core.errors import HttpError
from PowerPlatform.Dataverse.models.batch import BatchResult

from . import Client


def statuses(result: BatchResult) -> list[int]:
    """The statuses of all parts."""
    return [item.status_code for item in result.responses]


def test_records(client: Client) -> None:
    """All record operations in one batch."""
    first, second, third = client.records.create("contact", [{"lastname": name} for name in "ABC"])
    batch = client.batch.new()
    batch.records.create("contact", {"lastname": "D"})
    batch.records.create("contact", [{"lastname": "E"}, {"lastname": "F"}])
    batch.records.update("contact", first, {"jobtitle": "x"})
    batch.records.update("contact", [first, second], {"jobtitle": "y"})
    batch.records.retrieve("contact", first, select=["jobtitle"], include_annotations="*")
    batch.records.list(
        "contact", filter="lastname eq 'A' or lastname eq 'Ö'", select=["lastname"], top=1, count=True
    )
    batch.records.delete("contact", third)
    batch.records.delete("contact", [second])
    batch.query.sql("SELECT lastname FROM contact ORDER BY lastname")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        batch.records.get("contact", first, select=["lastname"])
    result = batch.execute()
    assert not result.has_errors, [item.error_message for item in result.failed]
    assert statuses(result) == [204, 200, 204, 204, 200, 200, 204, 200, 200, 200]
    assert result.responses[4].data["jobtitle"] == "y"
    assert [row["lastname"] for row in result.responses[8].data["value"]] == list("ADEF")


def test_change_sets(client: Client) -> None:
    """Later parts name what earlier ones made; all or nothing."""
    gone = client.records.create("contact", {"lastname": "gone"})
    batch = client.batch.new()
    with batch.changeset() as change:
        made = change.records.create("contact", {"lastname": "A"})
        change.records.update("contact", made, {"jobtitle": "x"})
        change.records.delete("contact", gone)
    result = batch.execute()
    assert statuses(result) == [204, 204, 204]
    found = client.records.list("contact", select=["lastname", "jobtitle"])
    assert [(row["lastname"], row["jobtitle"]) for row in found] == [("A", "x")]
    batch = client.batch.new()
    with batch.changeset() as change:
        change.records.create("contact", {"lastname": "B"})
        change.records.delete("contact", gone)
    with pytest.raises(HttpError) as refused:
        batch.execute()
    assert refused.value.status_code == 404
    assert len(client.records.list("contact")) == 1


def test_going_on_after_errors(client: Client) -> None:
    """Without the preference a batch ends at the first error; with it all parts are answered."""
    batch = client.batch.new()
    batch.records.delete("contact", "11111111-2222-3333-4444-555555555555")
    batch.records.create("contact", {"lastname": "A"})
    with pytest.raises(HttpError) as refused:
        batch.execute()
    # The outer status is that of the error, which the client takes for a failed request.
    assert refused.value.status_code == 404
    assert statuses(batch.execute(continue_on_error=True)) == [404, 204]


def test_frames(client: Client) -> None:
    """Frames in a batch."""
    pandas = pytest.importorskip("pandas")
    ids = client.records.create("contact", [{"lastname": "A"}, {"lastname": "B"}])
    batch = client.batch.new()
    batch.dataframe.create("contact", pandas.DataFrame({"lastname": ["C"]}))
    changes = pandas.DataFrame({"contactid": ids, "jobtitle": ["x", "y"]})
    batch.dataframe.update("contact", changes, id_column="contactid")
    batch.dataframe.delete("contact", pandas.Series(ids[:1]), use_bulk_delete=False)
    assert not batch.execute().has_errors
    found = client.records.list("contact", select=["lastname", "jobtitle"], orderby=["lastname"])
    assert [(row["lastname"], row["jobtitle"]) for row in found] == [("B", "y"), ("C", None)]


def test_upserts(client: Client) -> None:
    """By alternate key."""
    client.tables.create_alternate_key("contact", "new_number", ["employeeid"])
    batch = client.batch.new()
    batch.records.upsert("contact", [{"alternate_key": {"employeeid": "7"}, "record": {"lastname": "A"}}])
    assert statuses(batch.execute()) == [204]
    assert len(client.records.list("contact")) == 1
