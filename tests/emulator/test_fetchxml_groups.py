"""Groups and figures of FetchXML (Aggregate data using FetchXml)."""

import pytest

from .api import Api, Clock
from .samples import FORMATTED, fetched, link, stock

FIGURES = "".join(
    f"<attribute name='numberofemployees' alias='{alias}' aggregate='{function}'/>"
    for alias, function in (
        ("Average", "avg"), ("Count", "count"), ("ColumnCount", "countcolumn"), ("Maximum", "max"),
        ("Minimum", "min"), ("Sum", "sum"),
    )
)  # fmt: skip


async def test_figures(api: Api) -> None:
    """The documented figures of the documented accounts (Aggregate data using FetchXml)."""
    await stock(api)
    distinct = (
        "<attribute name='numberofemployees' alias='Different' aggregate='countcolumn' distinct='true'/>"
    )
    reply = await fetched(api, "account", FIGURES + distinct, attributes="aggregate='true'")
    row = reply.value[0]
    figures = {"Average": 3911, "Count": 10, "ColumnCount": 9, "Maximum": 6200, "Minimum": 1500, "Sum": 35200}
    assert {name: row[name] for name in figures} == figures
    assert row["Different"] == 8
    assert row[f"Sum@{FORMATTED}"] == "35,200"


async def test_groups(api: Api) -> None:
    """The documented groups, ordered by an alias (Aggregate data using FetchXml, Grouping)."""
    await stock(api)
    inner = (
        "<attribute name='numberofemployees' alias='Total' aggregate='sum'/>"
        "<attribute name='address1_city' alias='Count' aggregate='count'/>"
        "<attribute name='address1_city' alias='City' groupby='true'/><order alias='City'/>"
    )
    reply = await fetched(api, "account", inner, attributes="aggregate='true'")
    assert [(row["Total"], row["Count"], row.get("City")) for row in reply.value] == [
        (0, 1, None), (6000, 1, "Dallas"), (2900, 1, "Los Angeles"), (2700, 1, "Lynnwood"),
        (4800, 1, "Missoula"), (3900, 1, "Phoenix"), (10600, 3, "Redmond"), (4300, 1, "Santa Cruz"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("moment", "parts"),
    [(1_679_702_400, (25, 12, 3, 1, 2023)), (1_693_094_400, (27, 35, 8, 3, 2023))],
)
async def test_parts_of_dates(api: Api, clock: Clock, moment: int, parts: tuple[int, ...]) -> None:
    """The documented days, weeks, months, quarters and years (Grouping by parts of a date)."""
    clock.now = moment
    await api.post("accounts", {"name": "x"})
    words = ("day", "week", "month", "quarter", "year")
    inner = "".join(
        f"<attribute name='createdon' alias='{word}' groupby='true' dategrouping='{word}'/>" for word in words
    )
    row = (await fetched(api, "account", inner, attributes="aggregate='true'")).value[0]
    assert tuple(row[word] for word in words) == parts


async def test_groups_of_joined_rows(api: Api) -> None:
    """Figures over a join (Aggregate data using FetchXml)."""
    await stock(api)
    inner = "<attribute name='name' alias='n' groupby='true'/><order alias='k' descending='true'/>" + link(
        "", "<attribute name='contactid' alias='k' aggregate='count'/>"
    )
    reply = await fetched(api, "account", inner, attributes="aggregate='true'")
    assert [(row["n"], row["k"]) for row in reply.value] == [("Litware", 2), ("Fabrikam", 1)]


async def test_limit_of_aggregates(api: Api) -> None:
    """aggregatelimit earns the documented error (Aggregate data, Per query limit)."""
    await stock(api)
    reply = await fetched(api, "account", FIGURES, attributes="aggregate='true' aggregatelimit='9'")
    assert reply.error == (400, "0x8004e023")
