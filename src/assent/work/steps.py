"""How a step of durable work is tried again, and which failures are worth it."""

import structlog
from dbos import StepOptions

from assent.errors import AssentError, ReadAgain, Retry

log = structlog.get_logger()


def step(name: str) -> StepOptions:
    """A step that is tried again for half a minute; the next tick takes over from there."""
    return {
        "name": name,
        "retries_allowed": True,
        "interval_seconds": 0.5,
        "backoff_rate": 2.0,
        "max_attempts": 6,
        "should_retry": _worth_repeating,
    }


def _worth_repeating(error: BaseException) -> bool:
    log.warning("step_failed", error=type(error).__name__, exc_info=not isinstance(error, AssentError))
    return isinstance(error, Retry | ReadAgain)
