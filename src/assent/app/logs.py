"""What is logged, and how: events by name with plain facts; never anything personal."""

import logging
import sys

import structlog


def configure(*, verbose: bool) -> None:
    """Log warnings to stderr, or everything from INFO up; other libraries only their errors.

    Names of events are ours; ids of rows and connections are logged, addresses never.
    """
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"], drop_missing=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO if verbose else logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    logging.getLogger("azure").setLevel(logging.CRITICAL)  # it repeats what the error says
