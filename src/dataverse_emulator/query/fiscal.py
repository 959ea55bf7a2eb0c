"""The query functions on fiscal years and periods (Fiscal date and older than datetime query operators).

A fiscal year goes by the calendar year in which it begins.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from dataverse_emulator.state.problems import bad_syntax

#: From the period of now and the numbers given to the first period inside and the first after (None: open).
Span = Callable[["FiscalCalendar", int, tuple[int, ...]], tuple[int | None, int | None]]


@dataclass(frozen=True, slots=True)
class FiscalCalendar:
    """When fiscal years begin and how many periods each has: months of equal number, or 13 of four weeks.

    Periods are numbered through all years, which makes "the last five" a subtraction.
    """

    month: int
    day: int
    periods: int

    def begin(self, number: int) -> datetime:
        """The first moment of a period."""
        year, index = divmod(number, self.periods)
        start = datetime(year, self.month, self.day, tzinfo=UTC)
        if 12 % self.periods:
            return start + timedelta(weeks=4 * index)
        months = self.month - 1 + 12 // self.periods * index
        return start.replace(year=year + months // 12, month=months % 12 + 1)

    def period(self, moment: datetime) -> int:
        """The number of the period a moment belongs to."""
        first = self.first(moment.year)
        while self.begin(first) > moment:
            first -= self.periods
        return max(n for n in range(first, first + self.periods) if self.begin(n) <= moment)

    def first(self, year: int) -> int:
        """The number of the first period of a fiscal year."""
        return year * self.periods

    def numbered(self, year: int, period: int) -> int:
        """The number of the period that people call by a year and a number from 1."""
        if not 1 <= period <= self.periods:
            raise bad_syntax(f"A fiscal year has the periods 1 to {self.periods}, not {period}.")
        return self.first(year) + period - 1


def _years(calendar: FiscalCalendar, now: int, begin: int, end: int) -> tuple[int, int]:
    this = now - now % calendar.periods
    return this + begin * calendar.periods, this + end * calendar.periods


_SPANS: Final[Mapping[str, Span]] = MappingProxyType(
    {
        "ThisFiscalPeriod": lambda _c, now, _: (now, now + 1),
        "LastFiscalPeriod": lambda _c, now, _: (now - 1, now),
        "NextFiscalPeriod": lambda _c, now, _: (now + 1, now + 2),
        "LastXFiscalPeriods": lambda _c, now, x: (now - x[0], now),
        "NextXFiscalPeriods": lambda _c, now, x: (now + 1, now + 1 + x[0]),
        "ThisFiscalYear": lambda c, now, _: _years(c, now, 0, 1),
        "LastFiscalYear": lambda c, now, _: _years(c, now, -1, 0),
        "NextFiscalYear": lambda c, now, _: _years(c, now, 1, 2),
        "LastXFiscalYears": lambda c, now, x: _years(c, now, -x[0], 0),
        "NextXFiscalYears": lambda c, now, x: _years(c, now, 1, 1 + x[0]),
        "InFiscalYear": lambda c, _now, x: (c.first(x[0]), c.first(x[0] + 1)),
        "InFiscalPeriodAndYear": lambda c, _now, x: (c.numbered(x[1], x[0]), c.numbered(x[1], x[0]) + 1),
        "InOrAfterFiscalPeriodAndYear": lambda c, _now, x: (c.numbered(x[1], x[0]), None),
        "InOrBeforeFiscalPeriodAndYear": lambda c, _now, x: (None, c.numbered(x[1], x[0]) + 1),
    }
)
#: The same period of whatever year.
_RECURRING: Final = "InFiscalPeriod"

#: How many numbers each takes beside the property.
ARITY: Final[Mapping[str, int]] = MappingProxyType(
    {
        **{name: 2 if name.endswith("AndYear") else int("X" in name) for name in _SPANS},
        "InFiscalYear": 1,
        _RECURRING: 1,
    }
)


def test(
    calendar: FiscalCalendar, now: datetime, function: str, numbers: tuple[int, ...]
) -> Callable[[Any], bool]:
    """A test of a moment that is there, in seconds."""
    if function == _RECURRING:
        wanted = calendar.numbered(0, numbers[0])
        return lambda value: calendar.period(datetime.fromtimestamp(value, UTC)) % calendar.periods == wanted
    first, after = _SPANS[function](calendar, calendar.period(now), numbers)
    low = float("-inf") if first is None else calendar.begin(first).timestamp()
    high = float("inf") if after is None else calendar.begin(after).timestamp()
    return lambda value: low <= value < high
