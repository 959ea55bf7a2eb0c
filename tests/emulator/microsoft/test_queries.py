"""`client.query` against the emulator: the builder, SQL, FetchXML and what it finds out beforehand."""

import warnings

import pytest
from PowerPlatform.Dataverse.core.errors import HttpError, MetadataError
from PowerPlatform.Dataverse.models.filters import col, raw
from PowerPlatform.Dataverse.models.query_builder import ExpandOption

from . import Client


@pytest.fixture
def account(client: Client) -> str:
    """An account with five contacts, A to E."""
    account: str = client.records.create("account", {"name": "Contoso", "revenue": 5000})
    contacts = [
        {
            "lastname": name,
            "donotbulkemail": name in "AB",
            "parentcustomerid_account@odata.bind": f"/accounts({account})",
        }
        for name in "ABCDE"
    ]
    client.records.create("contact", contacts)
    return account


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (col("lastname") == "A", "A"),
        (col("lastname") != "A", "BCDE"),
        ((col("lastname") > "A") & (col("lastname") <= "C"), "BC"),
        ((col("lastname") == "A") | (col("lastname") == "E"), "AE"),
        (~(col("donotbulkemail") == True), "CDE"),  # noqa: E712
        (col("lastname").in_(["A", "C"]), "AC"),
        (col("lastname").not_in(["A", "C"]), "BDE"),
        (col("lastname").between("B", "D"), "BCD"),
        (col("lastname").not_between("B", "D"), "AE"),
        (col("lastname").contains("a"), "A"),
        (col("lastname").startswith("B"), "B"),
        (col("lastname").endswith("C"), "C"),
        (col("lastname").like("D%"), "D"),
        (col("lastname").not_like("D%"), "ABCE"),
        (col("firstname").is_null(), "ABCDE"),
        (col("lastname").is_not_null(), "ABCDE"),
        (raw("Microsoft.Dynamics.CRM.Today(PropertyName='createdon')"), "ABCDE"),
    ],
)
def test_filters(client: Client, account: str, expression: object, expected: str) -> None:
    """Every filter the client can put together (dataverse.md 2.3)."""
    assert account
    builder = client.query.builder("contact").select("lastname").where(expression).order_by("lastname")
    assert "".join(row["lastname"] for row in builder.execute()) == expected


def test_the_builder(client: Client, account: str) -> None:
    """Selection, order, pages, counts, annotations and expansions."""
    options = ExpandOption("contact_customer_accounts").select("lastname").filter("lastname lt 'D'")
    options = options.order_by("lastname", descending=True).top(2)
    builder = (
        client.query.builder("account").select("name").expand(options).include_formatted_values().count()
    )
    row = builder.execute().first()
    assert [held["lastname"] for held in row["contact_customer_accounts"]] == ["C", "B"]
    paged = client.query.builder("contact").order_by("lastname", descending=True).page_size(2)
    assert [len(page) for page in paged.execute_pages()] == [2, 2, 1]
    words = client.query.builder("contact").select("donotbulkemail").include_annotations("*").top(1).execute()
    assert any(name.endswith("FormattedValue") for name in dict(words.first()))
    assert list(client.query.builder("contact").select("lastname").execute().to_dataframe()["lastname"])
    assert account


def test_sql(client: Client, account: str) -> None:
    """The examples of its documentation."""
    assert account
    top = client.query.sql("SELECT TOP 10 name FROM account ORDER BY name")
    assert [dict(row) for row in top] == [{"name": "Contoso"}]
    joined = client.query.sql(
        "SELECT a.name, COUNT(c.contactid) as cnt FROM account a "
        "JOIN contact c ON a.accountid = c.parentcustomerid GROUP BY a.name"
    )
    assert [dict(row) for row in joined] == [{"name": "Contoso", "cnt": 5}]
    with pytest.raises(HttpError, match="nonsense"):
        client.query.sql("SELECT nonsense FROM account")
    with pytest.raises(MetadataError):
        client.query.sql("SELECT name FROM nonsense")


def test_fetchxml(client: Client, account: str) -> None:
    """Pages by cookie without a word of warning, and aggregates."""
    assert account
    text = (
        "<fetch count='2'><entity name='contact'><attribute name='lastname'/><order attribute='lastname'/>"
        "<link-entity name='account' from='accountid' to='parentcustomerid' alias='a'>"
        "<attribute name='name'/></link-entity></entity></fetch>"
    )
    query = client.query.fetchxml(text)
    found = [(row["lastname"], row["a.name"]) for row in query.execute()]
    assert found == [(name, "Contoso") for name in "ABCDE"]
    assert [len(page) for page in client.query.fetchxml(text).execute_pages()] == [2, 2, 1]
    total = client.query.fetchxml(
        "<fetch aggregate='true'><entity name='account'>"
        "<attribute name='revenue' alias='total' aggregate='sum'/></entity></fetch>"
    )
    assert total.execute().first()["total"] == 5000


def test_what_it_finds_out(client: Client, account: str) -> None:
    """Columns for SQL, and lookups to expand and to bind (7.3, 7.5)."""
    columns = client.query.sql_columns("contact")
    assert (columns[0]["name"], columns[0]["is_pk"]) == ("contactid", True)
    assert {"lastname", "donotbulkemail", "parentcustomerid"} <= {column["name"] for column in columns}
    expands = client.query.odata_expands("contact")
    assert ("parentcustomerid_account", "accounts") in {
        (held["nav_property"], held["target_entity_set"]) for held in expands
    }
    assert account


def test_what_the_deprecated_ways_find_out(deprecated: Client, account: str) -> None:
    """The same, as the client had it before (7.3, 7.5)."""
    expands = {held["nav_property"] for held in deprecated.query.odata_expands("contact")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        assert "lastname" in deprecated.query.odata_select("contact")
        assert deprecated.query.odata_expand("contact", "account") in expands
        bind = deprecated.query.odata_bind("account", "contact", account)
    assert set(bind.values()) == {f"/contacts({account})"}


def test_frames(client: Client, account: str) -> None:
    """`client.dataframe`: pandas in and out."""
    pandas = pytest.importorskip("pandas")
    frame = client.dataframe.sql("SELECT lastname, donotbulkemail FROM contact ORDER BY lastname")
    assert list(frame["lastname"]) == list("ABCDE")
    ids = client.dataframe.create("contact", pandas.DataFrame({"lastname": ["F", "G"]}))
    changes = pandas.DataFrame({"contactid": ids, "jobtitle": ["x", "y"]})
    client.dataframe.update("contact", changes, id_column="contactid")
    found = client.records.list("contact", filter="jobtitle ne null", orderby=["jobtitle"]).to_dataframe()
    assert list(found["lastname"]) == ["F", "G"]
    client.dataframe.delete("contact", ids)
    assert len(client.records.list("contact")) == 5
    assert account


def test_the_deprecated_frame(deprecated: Client, account: str) -> None:
    """`client.dataframe.get`, which only the waiting client has."""
    pytest.importorskip("pandas")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        found = deprecated.dataframe.get("contact", filter="lastname lt 'C'", orderby=["lastname"])
    assert list(found["lastname"]) == ["A", "B"]
    assert account
