"""The day's freshness as a drawing: one bar per hour, made on the server, readable as a table too."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from assent.services.health import Hour
from assent.web.console.words import duration, plural

WIDTH, HEIGHT, LEFT, BOTTOM = 720, 180, 72, 22
_STEP = (WIDTH - LEFT) / 24
_MARKS = (0.1, 1.0, 10.0, 60.0, 600.0, 3600.0, 86400.0)


@dataclass(frozen=True, slots=True)
class Bar:
    """One hour: where its bar stands, and what it says. `height` is 0 where nothing was measured."""

    at: datetime
    x: float
    y: float
    width: float
    height: float
    count: int
    said: str
    labelled: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line across, at a time span people know."""

    y: float
    said: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A day of freshness on a logarithmic scale."""

    bars: tuple[Bar, ...]
    lines: tuple[Line, ...]

    @property
    def empty(self) -> bool:
        """Whether nothing was measured."""
        return not any(bar.count for bar in self.bars)


def chart(hours: Sequence[Hour]) -> Chart:
    """Draw the hours."""
    slowest = max((hour.p95 for hour in hours if hour.p95 is not None), default=1.0)
    top = next((mark for mark in _MARKS if mark >= slowest), _MARKS[-1])
    ceiling = max(top, 1.0)
    bars = tuple(_bar(number, hour, ceiling) for number, hour in enumerate(hours))
    lines = tuple(Line(_y(mark, ceiling), _span(mark)) for mark in _MARKS if mark <= ceiling)
    return Chart(bars, lines)


def _bar(number: int, hour: Hour, ceiling: float) -> Bar:
    y = _y(hour.p95, ceiling) if hour.p95 is not None else HEIGHT - BOTTOM
    said = "nothing to carry over"
    if hour.p95 is not None:
        said = f"{plural(hour.count, 'refusal')} in effect on both sides, 95 % within {duration(hour.p95)}"
    return Bar(
        at=hour.at,
        x=round(LEFT + number * _STEP + 3, 1),
        y=round(y, 1),
        width=round(_STEP - 6, 1),
        height=round(HEIGHT - BOTTOM - y, 1),
        count=hour.count,
        said=said,
        labelled=hour.at.hour % 6 == 0,
    )


def _y(seconds: float, ceiling: float) -> float:
    """From 10 ms at the bottom to the ceiling at the top."""
    lowest = math.log10(0.01)
    share = (math.log10(min(max(seconds, 0.012), ceiling)) - lowest) / (math.log10(ceiling) - lowest)
    return round(HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - 12), 1)


def _span(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds:g} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h"
