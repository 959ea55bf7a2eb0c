"""Takes notices in: an answer waits for its commit, a commit serves everybody who waits."""

from collections.abc import Awaitable, Callable, Sequence

from assent.ports import Notice
from assent.services.together import Together

Post = Callable[[int, Sequence[Notice]], Awaitable[None]]
Wake = Callable[[int], Awaitable[None]]


class Inbox:
    """Stores notices durably, many at a time, and wakes the accounts they concern."""

    def __init__(self, post: Post, wake: Wake) -> None:
        async def store(account_id: int, brought: Sequence[Sequence[Notice]]) -> None:
            await post(account_id, [notice for notices in brought for notice in notices])

        self._together = Together(store, wake)

    async def put(self, account_id: int, notices: Sequence[Notice]) -> None:
        """Return once the notices are durable; from then on they block sends (M8)."""
        await self._together.add(account_id, notices)
