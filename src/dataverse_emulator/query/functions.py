"""The Dataverse query functions: windows of time, the caller, several choices (dataverse.md 2.3).

Weeks begin on Sunday and days are those of UTC, the time zone every user of the emulator has.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from dataverse_emulator.query import fiscal, hierarchies
from dataverse_emulator.query.scope import Scope
from dataverse_emulator.state.columns import GUIDS, NUMERIC, OPTIONS, Column, Kind, utc_seconds
from dataverse_emulator.state.problems import bad_syntax

#: From the caller's moment and a number to the first moment inside and the first after (None: open).
Window = Callable[[datetime, int], tuple[datetime | None, datetime | None]]

_DAY: Final = timedelta(days=1)
_MOST: Final = 100_000


def _day(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def _week(now: datetime) -> datetime:
    return _day(now) - timedelta(days=(now.weekday() + 1) % 7)


def _month(now: datetime, later: int = 0) -> datetime:
    index = now.year * 12 + now.month - 1 + later
    return _day(now).replace(year=index // 12, month=index % 12 + 1, day=1)


def _year(now: datetime, later: int = 0) -> datetime:
    return _day(now).replace(year=now.year + later, month=1, day=1)


def _months_away(now: datetime, later: int) -> datetime:
    """The same day of another month, or its last."""
    first = _month(now, later)
    last = (_month(now, later + 1) - _DAY).day
    return now.replace(year=first.year, month=first.month, day=min(now.day, last))


def _whole_days(now: datetime, before: int, after: int) -> tuple[datetime, datetime]:
    return _day(now) + before * _DAY, _day(now) + after * _DAY


# The windows of FetchXML's operators of the same names; "last x" reach up to now, "next x" begin now.
_WINDOWS: Final[Mapping[str, Window]] = MappingProxyType(
    {
        "Today": lambda now, _: _whole_days(now, 0, 1),
        "Yesterday": lambda now, _: _whole_days(now, -1, 0),
        "Tomorrow": lambda now, _: _whole_days(now, 1, 2),
        "Last7Days": lambda now, _: (_day(now) - 7 * _DAY, now),
        "Next7Days": lambda now, _: (now, _day(now) + 8 * _DAY),
        "LastWeek": lambda now, _: (_week(now) - 7 * _DAY, _week(now)),
        "ThisWeek": lambda now, _: (_week(now), _week(now) + 7 * _DAY),
        "NextWeek": lambda now, _: (_week(now) + 7 * _DAY, _week(now) + 14 * _DAY),
        "LastMonth": lambda now, _: (_month(now, -1), _month(now)),
        "ThisMonth": lambda now, _: (_month(now), _month(now, 1)),
        "NextMonth": lambda now, _: (_month(now, 1), _month(now, 2)),
        "LastYear": lambda now, _: (_year(now, -1), _year(now)),
        "ThisYear": lambda now, _: (_year(now), _year(now, 1)),
        "NextYear": lambda now, _: (_year(now, 1), _year(now, 2)),
        "LastXHours": lambda now, x: (now - timedelta(hours=x), now),
        "NextXHours": lambda now, x: (now, now + timedelta(hours=x)),
        "LastXDays": lambda now, x: (_day(now) - x * _DAY, now),
        "NextXDays": lambda now, x: (now, _day(now) + (x + 1) * _DAY),
        "LastXWeeks": lambda now, x: (_day(now) - 7 * x * _DAY, now),
        "NextXWeeks": lambda now, x: (now, _day(now) + (7 * x + 1) * _DAY),
        "LastXMonths": lambda now, x: (_months_away(_day(now), -x), now),
        "NextXMonths": lambda now, x: (now, _months_away(_day(now), x) + _DAY),
        "LastXYears": lambda now, x: (_months_away(_day(now), -12 * x), now),
        "NextXYears": lambda now, x: (now, _months_away(_day(now), 12 * x) + _DAY),
        "OlderThanXMinutes": lambda now, x: (None, now - timedelta(minutes=x)),
        "OlderThanXHours": lambda now, x: (None, now - timedelta(hours=x)),
        "OlderThanXDays": lambda now, x: (None, _day(now) - x * _DAY),
        "OlderThanXWeeks": lambda now, x: (None, _day(now) - 7 * x * _DAY),
        "OlderThanXMonths": lambda now, x: (None, _months_away(_day(now), -x)),
        "OlderThanXYears": lambda now, x: (None, _months_away(_day(now), -12 * x)),
    }
)
_ON: Final = frozenset({"On", "OnOrAfter", "OnOrBefore", "NotOn"})
_IDS: Final = frozenset({"EqualUserId", "NotEqualUserId", "EqualBusinessId", "NotEqualBusinessId"})
_CHOICES: Final = frozenset({"ContainValues", "DoesNotContainValues"})
_LANGUAGE: Final = "EqualUserLanguage"

#: How many arguments each takes beside the property; None for any number.
ARITY: Final[Mapping[str, int | None]] = MappingProxyType(
    {
        **{name: int("X" in name) for name in _WINDOWS},
        **dict.fromkeys(_ON, 1),
        **dict.fromkeys(_IDS, 0),
        **dict.fromkeys(_CHOICES, None),
        _LANGUAGE: 0,
        **fiscal.ARITY,
        **hierarchies.ARITY,
    }
)


def is_negative(function: str) -> bool:
    """Whether it says what a value is not, so that the open question about nulls concerns it (2.3)."""
    return function.startswith(("Not", "DoesNot"))


def test(
    scope: Scope, table: str, column: Column, function: str, arguments: tuple[str, ...]
) -> Callable[[Any], bool]:
    """A test of a value that is there, in a column of that table."""
    if function in hierarchies.ARITY:
        return hierarchies.test(scope, table, column, function, arguments)
    if function == _LANGUAGE:
        return _language_test(scope, column)
    if function in _IDS:
        return _caller_test(scope, column, function)
    if function in _CHOICES:
        return _choices_test(column, function, arguments)
    if column.kind is not Kind.WHEN:
        raise bad_syntax(f"{function} needs a date and time property; '{column.name}' is none.")
    if function in _ON:
        return _on_test(function, arguments[0])
    now = datetime.fromtimestamp(scope.organization.sources.now(), UTC)
    numbers = tuple(_number(function, text) for text in arguments)
    try:
        if function in fiscal.ARITY:
            return fiscal.test(_calendar(scope), now, function, numbers)
        first, after = _WINDOWS[function](now, numbers[0] if numbers else 0)
    except (OverflowError, ValueError):
        raise bad_syntax(f"The value of {function} is out of range.") from None
    low = first.timestamp() if first else float("-inf")
    high = after.timestamp() if after else float("inf")
    return lambda value: low <= value < high


def _calendar(scope: Scope) -> fiscal.FiscalCalendar:
    settings = scope.organization.settings
    return fiscal.FiscalCalendar(*settings.fiscal_year_starts, settings.fiscal_periods)


def _number(function: str, text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MOST:
        raise bad_syntax(f"{function} needs a whole number above 0, not '{text[:40]}'.")
    return int(text)


def _on_test(function: str, text: str) -> Callable[[Any], bool]:
    when = utc_seconds(text)
    if when is None:
        raise bad_syntax(f"{function} needs a date, not '{text[:40]}'.")
    start = when - when % 86_400
    end = start + 86_400
    if function == "OnOrAfter":
        return lambda value: bool(value >= start)
    if function == "OnOrBefore":
        return lambda value: bool(value < end)
    return lambda value: (start <= value < end) == (function == "On")


def _caller_test(scope: Scope, column: Column, function: str) -> Callable[[Any], bool]:
    if column.kind not in GUIDS:
        raise bad_syntax(f"{function} needs a lookup property; '{column.name}' is none.")
    wanted = scope.user.user_id if "UserId" in function else _unit(scope)
    return lambda value: (value == wanted) != function.startswith("Not")


def _unit(scope: Scope) -> str:
    users = scope.organization.table("systemuser")
    position = users.position(scope.user.user_id)
    own = None if position is None else users.cell(position, "businessunitid")
    return str(own or scope.organization.business_unit_id)


def _language_test(scope: Scope, column: Column) -> Callable[[Any], bool]:
    if column.kind not in NUMERIC | OPTIONS:
        raise bad_syntax(f"{_LANGUAGE} needs a language code; '{column.name}' is none.")
    language = scope.organization.settings.language_code
    return lambda value: bool(value == language)


def _choices_test(column: Column, function: str, arguments: tuple[str, ...]) -> Callable[[Any], bool]:
    if column.kind is not Kind.CHOICES:
        raise bad_syntax(f"{function} needs a choices property; '{column.name}' is none.")
    wanted = frozenset(text.strip() for text in arguments)
    inside = function == "ContainValues"
    return lambda value: wanted.isdisjoint(str(value).split(",")) != inside
