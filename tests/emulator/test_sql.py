"""`?sql=`, the grammar of which is what Microsoft's Python client documents (its query.sql)."""

from typing import Any

import pytest

from dataverse_emulator import Organization, RunningEmulator

from .api import Api, Reply
from .samples import stock


async def asked(api: Api, sql: str, table: str = "accounts") -> Reply:
    """The answer to a statement."""
    return await api.get(f"{table}?sql={sql}")


async def rows(api: Api, sql: str, table: str = "accounts") -> list[dict[str, Any]]:
    """What a statement finds."""
    reply = await asked(api, sql, table)
    assert reply.status == 200, reply.text
    return reply.value


async def test_columns(api: Api) -> None:
    """The named columns under their names or aliases, moments and nulls as elsewhere."""
    await stock(api)
    sql = (
        "SELECT TOP 1 a.name, a.address1_city AS City, createdon [made] FROM account AS a ORDER BY name DESC"
    )
    assert await rows(api, sql) == [{"name": "Litware", "City": "Dallas", "made": "2025-10-09T08:53:20Z"}]
    nowhere = "select name, address1_city from account where address1_city is null"
    assert await rows(api, nowhere) == [{"name": "Example Account", "address1_city": None}]


async def test_whether_nulls_are_shown_is_a_choice(api: Api, emulator: RunningEmulator) -> None:
    """The client does not say, so that it can be switched."""
    await stock(api)
    await api.put(f"{api.url}/emulator/choices", {"sql_shows_nulls": False})
    assert not emulator.organization.choices.sql_shows_nulls
    assert await rows(api, "SELECT address1_city FROM account WHERE address1_city IS NULL") == [{}]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("address1_city = 'redmond'", 3),
        ("address1_city <> 'Redmond'", 6),
        ("NOT address1_city = 'Redmond'", 6),
        ("numberofemployees >= 4300 AND numberofemployees < 6200", 3),
        ("4300 <= numberofemployees", 4),
        ("address1_city = 'Redmond' OR address1_city = 'Dallas'", 4),
        ("NOT (address1_city = 'Redmond' OR address1_city = 'Dallas')", 5),
        ("address1_city IN ('Redmond','Dallas')", 4),
        ("address1_city NOT IN ('Redmond','Dallas')", 5),
        ("numberofemployees BETWEEN 2900 AND 4300", 4),
        ("numberofemployees NOT BETWEEN 2900 AND 4300", 5),
        ("numberofemployees IS NOT NULL", 9),
        ("name LIKE 'A%'", 3),
        ("name NOT LIKE 'A%'", 7),
        ("name LIKE '_itware'", 1),
        ("statecode = 0 AND donotbulkemail = 0", 10),
        ("createdon > '2025-10-09' AND createdon < '2025-10-10'", 10),
        ("name = address1_city", 0),
        ("name = 'it''s'", 0),
    ],
)
async def test_where(api: Api, condition: str, expected: int) -> None:
    """Comparisons and their combinations, with unknown staying unknown under NOT."""
    await stock(api)
    assert len(await rows(api, f"SELECT name FROM account WHERE {condition}")) == expected


async def test_joins(api: Api) -> None:
    """INNER and LEFT, several deep, by the lookups' logical names."""
    await stock(api)
    inner = (
        "SELECT a.name, c.fullname, u.fullname AS owner FROM account a "
        "INNER JOIN contact c ON a.accountid = c.parentcustomerid "
        "JOIN systemuser u ON u.systemuserid = a.ownerid ORDER BY c.lastname"
    )
    assert [(row["name"], row["fullname"], row["owner"]) for row in await rows(api, inner)] == [
        ("Litware", "Nancy Anderson", "rep-anna"),
        ("Fabrikam", "Maria Campbell", "rep-anna"),
        ("Litware", "Susanna Stubberod", "rep-anna"),
    ]
    left = "SELECT a.name, c.fullname FROM account a LEFT JOIN contact c ON a.accountid = c.parentcustomerid"
    assert len(await rows(api, left)) == 11
    assert len(await rows(api, f"{left} WHERE c.contactid IS NULL")) == 8
    only = f"{left} AND c.firstname = 'Nancy'"
    assert [row["fullname"] for row in await rows(api, only) if row["fullname"]] == ["Nancy Anderson"]


async def test_groups(api: Api) -> None:
    """GROUP BY with the five functions, over joins too."""
    await stock(api)
    sql = (
        "SELECT address1_city, COUNT(*) AS n, SUM(numberofemployees) total, AVG(numberofemployees) mean, "
        "MIN(numberofemployees) low, MAX(numberofemployees) high "
        "FROM account GROUP BY address1_city ORDER BY n DESC, address1_city"
    )
    assert (await rows(api, sql))[0] == {
        "address1_city": "Redmond", "n": 3, "total": 10600, "mean": 3533, "low": 1500, "high": 6200
    }  # fmt: skip
    joined = (
        "SELECT a.name, COUNT(c.contactid) AS cnt FROM account a "
        "JOIN contact c ON a.accountid = c.parentcustomerid GROUP BY a.name"
    )
    assert await rows(api, joined) == [{"name": "Fabrikam", "cnt": 1}, {"name": "Litware", "cnt": 2}]
    hidden = "SELECT COUNT(*) AS n FROM account GROUP BY address1_city ORDER BY address1_city DESC"
    assert [row["n"] for row in await rows(api, hidden)][:2] == [1, 3]
    different = "SELECT COUNT(DISTINCT address1_city) AS n, COUNT(address1_city) AS m FROM account"
    assert await rows(api, different) == [{"n": 7, "m": 9}]


async def test_distinct_top_and_offset(api: Api) -> None:
    """DISTINCT, DISTINCT TOP, TOP 0, and OFFSET … FETCH."""
    await stock(api)
    assert len(await rows(api, "SELECT DISTINCT address1_city FROM account")) == 8
    assert len(await rows(api, "SELECT DISTINCT TOP 2 address1_city FROM account")) == 2
    assert await rows(api, "SELECT TOP 0 name FROM account") == []
    sql = "SELECT name FROM account ORDER BY name OFFSET {} ROWS FETCH NEXT 4 ROWS ONLY"
    pages = [[row["name"] for row in await rows(api, sql.format(start))] for start in (0, 4, 8)]
    assert [len(page) for page in pages] == [4, 4, 2]
    assert pages[0][0] == "A. Datum"


async def test_pages(api: Api) -> None:
    """More rows than a page come by nextLink, no cookie of which is seen twice."""
    await stock(api)
    reply = await api.get("accounts?sql=SELECT name FROM account", Prefer="odata.maxpagesize=4")
    seen, links = reply.value, set[str]()
    while "@odata.nextLink" in reply.json:
        links.add(reply.json["@odata.nextLink"])
        reply = await api.get(reply.json["@odata.nextLink"], Prefer="odata.maxpagesize=4")
        seen += reply.value
    assert (len({row["name"] for row in seen}), len(links)) == (10, 2)


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "SELECT",
        "SELECT * FROM account",
        "SELECT name",
        "SELECT name FROM account WHERE",
        "SELECT name FROM account WHERE name",
        "SELECT name FROM account WHERE name = 'x",
        "SELECT name FROM account; SELECT name FROM account",
        "SELECT name FROM account HAVING name = 'x'",
        "SELECT name FROM account UNION SELECT name FROM account",
        "SELECT a.name FROM account a RIGHT JOIN contact c ON a.accountid = c.parentcustomerid",
        "SELECT a.name FROM account a CROSS JOIN contact c",
        "SELECT name FROM account WHERE accountid IN (SELECT parentcustomerid FROM contact)",
        "SELECT UPPER(name) FROM account",
        "SELECT TOP 5001 name FROM account",
        "SELECT TOP 5 PERCENT name FROM account",
        "SELECT name, COUNT(*) AS n FROM account",
        "SELECT name FROM account ORDER BY name OFFSET x ROWS",
        "SELECT name FROM account WHERE numberofemployees = 'many'",
        "SELECT createdon FROM account a JOIN contact c ON a.accountid = c.parentcustomerid",
        "DELETE FROM account",
        "UPDATE account SET name = 'x'",
        "WITH x AS (SELECT name FROM account) SELECT name FROM x",
    ],
)
async def test_what_the_endpoint_rejects(api: Api, sql: str) -> None:
    """Everything that the client documents as rejected answers 400."""
    assert (await asked(api, sql)).status == 400


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("SELECT nonsense FROM account", (400, "0x80041103")),
        ("SELECT name FROM nonsense", (400, "0x80041102")),
        ("SELECT fullname FROM contact", (400, "0x8006088a")),
        ("SELECT COUNT(*) FROM account", (501, "NotImplemented")),
        (
            "SELECT a.createdon, c.createdon FROM account a JOIN contact c ON c.parentcustomerid=a.accountid",
            (501, "NotImplemented"),
        ),
    ],
)
async def test_names_and_gaps(api: Api, sql: str, error: tuple[int, str]) -> None:
    """Unknown names have their codes; where the client says nothing of a result's shape, 501."""
    assert (await asked(api, sql)).error == error


async def test_comparing_with_nothing(organization: Organization, api: Api) -> None:
    """A comparison with a column that is null finds nothing, under NOT neither."""
    assert organization.choices.null_is_different is False
    await stock(api)
    sql = "SELECT name FROM account WHERE {} numberofemployees > 0"
    assert len(await rows(api, sql.format(""))) == 9
    assert await rows(api, sql.format("NOT")) == []
