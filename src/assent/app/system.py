"""The real clock and the real source of identifiers; tests and simulation bring their own."""

import asyncio
import gc
from datetime import UTC, datetime
from uuid import UUID, uuid4


class SystemClock:
    """Time as the machine tells it, in UTC."""

    def now(self) -> datetime:
        """The present moment."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait for real."""
        await asyncio.sleep(seconds)


class RandomIds:
    """Identifiers nobody can guess."""

    def new(self) -> UUID:
        """A fresh one."""
        return uuid4()


def stand_still() -> None:
    """Take everything made so far for permanent: said once, when a process that runs for long is complete.

    The garbage collector then looks through what comes and goes, no longer through the program itself,
    which took it half the time of a large check.
    """
    gc.collect()
    gc.freeze()
