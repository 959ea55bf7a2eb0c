"""Fiscal years and periods (Fiscal date and older than datetime query operators)."""

from datetime import UTC, datetime

import pytest

from dataverse_emulator.query import fiscal
from dataverse_emulator.query.fiscal import FiscalCalendar

NOW = datetime(2025, 10, 9, 8, 53, 20, tzinfo=UTC)
QUARTERS = FiscalCalendar(1, 1, 4)
BRITISH = FiscalCalendar(4, 6, 12)


def holds(calendar: FiscalCalendar, function: str, day: str, *numbers: int) -> bool:
    """Whether the function finds the first moment of a day."""
    moment = datetime.fromisoformat(day).replace(tzinfo=UTC)
    return fiscal.test(calendar, NOW, function, numbers)(moment.timestamp())


@pytest.mark.parametrize(
    ("calendar", "function", "numbers", "first", "after"),
    [
        (QUARTERS, "ThisFiscalPeriod", (), "2025-10-01", "2026-01-01"),
        (QUARTERS, "LastFiscalPeriod", (), "2025-07-01", "2025-10-01"),
        (QUARTERS, "NextFiscalPeriod", (), "2026-01-01", "2026-04-01"),
        (QUARTERS, "LastXFiscalPeriods", (5,), "2024-07-01", "2025-10-01"),
        (QUARTERS, "NextXFiscalPeriods", (2,), "2026-01-01", "2026-07-01"),
        (QUARTERS, "ThisFiscalYear", (), "2025-01-01", "2026-01-01"),
        (QUARTERS, "LastXFiscalYears", (2,), "2023-01-01", "2025-01-01"),
        (QUARTERS, "InFiscalPeriodAndYear", (2, 2024), "2024-04-01", "2024-07-01"),
        (BRITISH, "ThisFiscalYear", (), "2025-04-06", "2026-04-06"),
        (BRITISH, "NextFiscalYear", (), "2026-04-06", "2027-04-06"),
        (BRITISH, "ThisFiscalPeriod", (), "2025-10-06", "2025-11-06"),
        (BRITISH, "InFiscalYear", (2024,), "2024-04-06", "2025-04-06"),
        (FiscalCalendar(1, 1, 13), "InFiscalPeriodAndYear", (2, 2025), "2025-01-29", "2025-02-26"),
        (FiscalCalendar(1, 1, 13), "InFiscalPeriodAndYear", (13, 2025), "2025-12-03", "2026-01-01"),
    ],
)
def test_spans(
    calendar: FiscalCalendar, function: str, numbers: tuple[int, ...], first: str, after: str
) -> None:
    """A span holds its first day and not the one after its last, whatever the calendar."""
    start, end = datetime.fromisoformat(first), datetime.fromisoformat(after)
    days = [datetime.fromordinal(day.toordinal() + more) for day in (start, end) for more in (-1, 0)]
    found = [holds(calendar, function, day.isoformat(), *numbers) for day in days]
    assert found == [False, True, True, False]


def test_open_spans_and_recurring_periods() -> None:
    """Some reach for ever in one direction, one comes back every year."""
    assert holds(QUARTERS, "InOrAfterFiscalPeriodAndYear", "2099-01-01", 2, 2025)
    assert not holds(QUARTERS, "InOrAfterFiscalPeriodAndYear", "2025-03-31", 2, 2025)
    assert holds(QUARTERS, "InOrBeforeFiscalPeriodAndYear", "2025-06-30", 2, 2025)
    assert not holds(QUARTERS, "InOrBeforeFiscalPeriodAndYear", "2025-07-01", 2, 2025)
    assert [holds(BRITISH, "InFiscalPeriod", f"{year}-04-07", 1) for year in (2001, 2025)] == [True, True]
