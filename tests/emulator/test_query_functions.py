"""The Dataverse query functions (QueryFunctionIndex; dataverse.md 2.3)."""

from datetime import UTC, datetime, timedelta

import pytest

from dataverse_emulator import create_organization
from dataverse_emulator.query import functions
from dataverse_emulator.query.scope import Scope
from dataverse_emulator.state.columns import Column, Kind
from dataverse_emulator.state.problems import Refusal

from .api import Api, Clock

CRM = "Microsoft.Dynamics.CRM."
# A Thursday.
NOW = datetime(2025, 10, 9, 8, 53, 20, tzinfo=UTC)
WHEN = Column("due", Kind.WHEN)


def holds(function: str, moment: datetime, *arguments: str) -> bool:
    """Whether the function finds a moment, at NOW."""
    organization = create_organization()
    clock = Clock()
    clock.now = NOW.timestamp()
    object.__setattr__(organization.sources, "now", clock)
    scope = Scope(organization, organization.identity.system)
    return functions.test(scope, "contact", WHEN, function, arguments)(moment.timestamp())


@pytest.mark.parametrize(
    ("function", "arguments", "first", "last"),
    [
        ("Today", (), "2025-10-09T00:00:00", "2025-10-09T23:59:59"),
        ("Yesterday", (), "2025-10-08T00:00:00", "2025-10-08T23:59:59"),
        ("Tomorrow", (), "2025-10-10T00:00:00", "2025-10-10T23:59:59"),
        ("LastWeek", (), "2025-09-28T00:00:00", "2025-10-04T23:59:59"),
        ("ThisWeek", (), "2025-10-05T00:00:00", "2025-10-11T23:59:59"),
        ("NextWeek", (), "2025-10-12T00:00:00", "2025-10-18T23:59:59"),
        ("LastMonth", (), "2025-09-01T00:00:00", "2025-09-30T23:59:59"),
        ("ThisMonth", (), "2025-10-01T00:00:00", "2025-10-31T23:59:59"),
        ("NextMonth", (), "2025-11-01T00:00:00", "2025-11-30T23:59:59"),
        ("LastYear", (), "2024-01-01T00:00:00", "2024-12-31T23:59:59"),
        ("ThisYear", (), "2025-01-01T00:00:00", "2025-12-31T23:59:59"),
        ("NextYear", (), "2026-01-01T00:00:00", "2026-12-31T23:59:59"),
        ("Last7Days", (), "2025-10-02T00:00:00", "2025-10-09T08:53:19"),
        ("LastXHours", ("2",), "2025-10-09T06:53:20", "2025-10-09T08:53:19"),
        ("NextXHours", ("2",), "2025-10-09T08:53:20", "2025-10-09T10:53:19"),
        ("LastXDays", ("3",), "2025-10-06T00:00:00", "2025-10-09T08:53:19"),
        ("NextXDays", ("3",), "2025-10-09T08:53:20", "2025-10-12T23:59:59"),
        ("LastXWeeks", ("1",), "2025-10-02T00:00:00", "2025-10-09T08:53:19"),
        ("LastXMonths", ("8",), "2025-02-09T00:00:00", "2025-10-09T08:53:19"),
        ("NextXYears", ("1",), "2025-10-09T08:53:20", "2026-10-09T23:59:59"),
        ("On", ("2025-10-07",), "2025-10-07T00:00:00", "2025-10-07T23:59:59"),
    ],
)
def test_windows(function: str, arguments: tuple[str, ...], first: str, last: str) -> None:
    """Each window begins and ends where it should, to the second."""
    start, end = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (first, last))
    second = timedelta(seconds=1)
    assert [holds(function, at, *arguments) for at in (start - second, start, end, end + second)] == [
        False,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("function", "argument", "edge", "before"),
    [
        ("OlderThanXMinutes", "5", "2025-10-09T08:48:20", True),
        ("OlderThanXDays", "1", "2025-10-08T00:00:00", True),
        ("OlderThanXMonths", "1", "2025-09-09T00:00:00", True),
        ("OnOrAfter", "2025-10-07", "2025-10-07T00:00:00", False),
        ("OnOrBefore", "2025-10-07", "2025-10-08T00:00:00", True),
    ],
)
def test_open_windows(function: str, argument: str, edge: str, before: bool) -> None:
    """Some reach for ever in one direction."""
    at = datetime.fromisoformat(edge).replace(tzinfo=UTC)
    assert holds(function, at - timedelta(seconds=1), argument) is before
    assert holds(function, at, argument) is not before


def test_the_last_day_of_a_shorter_month() -> None:
    """A month before the 31st is the last day there is."""
    late = datetime(2025, 3, 31, tzinfo=UTC)
    assert functions._months_away(late, -1) == datetime(2025, 2, 28, tzinfo=UTC)
    assert functions._months_away(late, 11) == datetime(2026, 2, 28, tzinfo=UTC)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("Today(PropertyName='createdon')", ["Ek"]),
        ("LastXHours(PropertyName='modifiedon',PropertyValue=2)", ["Ek"]),
        ("LastXHours(PropertyName='modifiedon',PropertyValue='2')", ["Ek"]),
        ("On(PropertyName='createdon',PropertyValue=2025-10-09)", ["Ek"]),
        ("OnOrAfter(PropertyName='createdon',PropertyValue='2026-01-01')", []),
        ("EqualUserId(PropertyName='ownerid')", ["Ek"]),
        ("NotEqualUserId(PropertyName='ownerid')", []),
        ("EqualBusinessId(PropertyName='owningbusinessunit')", ["Ek"]),
        ('Between(PropertyName=\'numberofchildren\',PropertyValues=["1","3"])', ["Ek"]),
        ('NotBetween(PropertyName=\'numberofchildren\',PropertyValues=["1","3"])', []),
        ("Between(PropertyName='numberofchildren',PropertyValues=['1','3'])", ["Ek"]),
        ("In(PropertyName='lastname',PropertyValues=['Ek','Berg'])", ["Ek"]),
        ("EqualUserOrUserHierarchy(PropertyName='ownerid')", ["Ek"]),
        ("EqualUserTeams(PropertyName='ownerid')", []),
        ("ThisFiscalYear(PropertyName='createdon')", ["Ek"]),
        ("InFiscalPeriod(PropertyName='createdon',PropertyValue=4)", ["Ek"]),
        ("InFiscalPeriod(PropertyName='createdon',PropertyValue=1)", []),
        ("In(PropertyName='createdby/fullname',PropertyValues=[\"rep-anna\"])", ["Ek"]),
    ],
)
async def test_functions_in_filters(api: Api, clock: Clock, query: str, expected: list[str]) -> None:
    """Property names are logical names; values are quoted or not (Dataverse query functions)."""
    clock.now = NOW.timestamp()
    await api.add(lastname="Ek", numberofchildren=3)
    clock.now += 1
    reply = await api.get(f"contacts?$select=lastname&$filter={CRM}{query}")
    assert reply.status == 200, reply.text
    assert [row["lastname"] for row in reply.value] == expected


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("Today(PropertyName='lastname')", 400),
        ("LastXHours(PropertyName='modifiedon')", 400),
        ("LastXHours(PropertyName='modifiedon',PropertyValue=0)", 400),
        ("LastXHours(PropertyName='modifiedon',PropertyValue=99999999)", 400),
        ("LastXYears(PropertyName='modifiedon',PropertyValue=9999)", 400),
        ("On(PropertyName='modifiedon',PropertyValue='soon')", 400),
        ("Between(PropertyName='numberofchildren',PropertyValues=[\"1\"])", 400),
        ("EqualUserId(PropertyName='lastname')", 400),
        ("ContainValues(PropertyName='lastname',PropertyValues=[\"1\"])", 400),
        ("In(PropertyName='lastname',PropertyValues=['O'Brien'])", 400),
        ("InFiscalPeriodAndYear(PropertyName='modifiedon',PropertyValue1=5,PropertyValue2=2025)", 400),
        ("InFiscalYear(PropertyName='modifiedon',PropertyValue=99999)", 400),
        ("Under(PropertyName='accountid',PropertyValue='x')", 400),
        ("Under(PropertyName='contactid',PropertyValue='11111111-2222-3333-4444-555555555555')", 400),
        ("EqualUserLanguage(PropertyName='lastname')", 400),
        ("EqualUserTeams(PropertyName='lastname')", 400),
        ("Nonsense(PropertyName='lastname')", 501),
    ],
)
async def test_refused_functions(api: Api, query: str, status: int) -> None:
    """Properties of the wrong type and values out of range are 400, unknown functions 501 by name."""
    await api.add(lastname="Ek")
    assert (await api.get(f"contacts?$filter={CRM}{query}")).status == status


def test_no_moment_is_out_of_reach() -> None:
    """A window beyond the calendar is refused, not a crash."""
    with pytest.raises(Refusal):
        holds("LastXYears", NOW, "2100")
