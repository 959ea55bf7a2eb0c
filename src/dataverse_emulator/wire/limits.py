"""Service protection: requests, execution time and concurrency per user in a sliding window (5.1)."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from dataverse_emulator.state.problems import Problem, Refusal

WINDOW_S: Final = 300.0


@dataclass(frozen=True, slots=True)
class Limits:
    """The three documented limits (None switches one off) and the degree of parallelism advised."""

    requests: int | None = 6000
    execution_ms: int | None = 1_200_000
    concurrent: int | None = 52
    dop_hint: int = 48


@dataclass(slots=True)
class _Usage:
    """What one user did in the window: times and costs, oldest first."""

    moments: deque[tuple[float, float]] = field(default_factory=deque)
    spent_ms: float = 0.0
    running: int = 0
    refused_in_a_row: int = 0


class Protection:
    """Counts, and refuses with the documented codes, texts and a growing Retry-After."""

    def __init__(self, now: Callable[[], float], limits: Limits) -> None:
        self.limits = limits
        self._now = now
        self._usage: dict[str, _Usage] = {}

    def enter(self, user_id: str) -> tuple[Refusal, int] | None:
        """Let a request in (then `leave` must follow), or say why not and how long to wait."""
        usage = self._usage.setdefault(user_id, _Usage())
        self._slide(usage)
        refused = self._exceeded(usage)
        if refused is not None:
            usage.refused_in_a_row += 1
            return refused
        usage.refused_in_a_row = 0
        usage.running += 1
        return None

    def leave(self, user_id: str, execution_ms: float) -> None:
        """A request is over; its time counts from now."""
        usage = self._usage[user_id]
        usage.running -= 1
        usage.moments.append((self._now(), execution_ms))
        usage.spent_ms += execution_ms

    def headers(self, user_id: str) -> dict[str, str]:
        """The diagnostic headers, with their thousands separators (1.3, 5.1)."""
        usage, limits = self._usage.get(user_id, _Usage()), self.limits
        found = {"x-ms-dop-hint": str(limits.dop_hint)}
        if limits.requests is not None:
            burst = max(0, limits.requests - len(usage.moments) - usage.running)
            found["x-ms-ratelimit-burst-remaining-xrm-requests"] = str(burst)
        if limits.execution_ms is not None:
            seconds = max(0.0, (limits.execution_ms - usage.spent_ms) / 1000)
            found["x-ms-ratelimit-time-remaining-xrm-requests"] = f"{seconds:,.2f}"
        return found

    def _slide(self, usage: _Usage) -> None:
        oldest = self._now() - WINDOW_S
        while usage.moments and usage.moments[0][0] <= oldest:
            usage.spent_ms -= usage.moments.popleft()[1]
        if not usage.moments:
            usage.spent_ms = 0.0

    def _exceeded(self, usage: _Usage) -> tuple[Refusal, int] | None:
        limits = self.limits
        if limits.concurrent is not None and usage.running >= limits.concurrent:
            text = f"Number of concurrent requests exceeded the limit of {limits.concurrent}."
            return Refusal(Problem.TOO_MANY_AT_ONCE, text), 2
        if limits.requests is not None and len(usage.moments) + usage.running >= limits.requests:
            text = (
                f"Number of requests exceeded the limit of {limits.requests} over time window of 300 seconds."
            )
            return Refusal(Problem.TOO_MANY_REQUESTS, text), self._wait(usage)
        if limits.execution_ms is not None and usage.spent_ms >= limits.execution_ms:
            text = (
                f"Combined execution time of incoming requests exceeded limit of {limits.execution_ms:,} "
                "milliseconds over time window of 300 seconds. Decrease number of concurrent requests or "
                "reduce the duration of requests and try again later."
            )
            return Refusal(Problem.TOO_MUCH_TIME, text), self._wait(usage)
        return None

    def _wait(self, usage: _Usage) -> int:
        """Until the oldest request leaves the window, and longer while the caller keeps pushing."""
        oldest = usage.moments[0][0] if usage.moments else self._now()
        until_room = max(1.0, oldest + WINDOW_S - self._now())
        return int(min(WINDOW_S, until_room + usage.refused_in_a_row)) or 1
