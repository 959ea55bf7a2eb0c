"""The real clock and the real source of identifiers; tests and simulation bring their own."""

import asyncio
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
