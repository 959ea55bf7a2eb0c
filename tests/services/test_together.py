"""One commit serves everybody who waits, and a wrong item keeps nobody else's from being stored."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise

from assent.errors import Conflict
from assent.services import together
from assent.services.together import Together


class Shelf:
    """Keeps what is stored, commit by commit; an item below zero is wrong."""

    def __init__(self) -> None:
        self.commits: list[list[int]] = []
        self.woken: list[float] = []

    async def store(self, account_id: int, items: Sequence[int]) -> None:
        """All or nothing, after a moment."""
        await asyncio.sleep(0.001)
        if min(items) < 0:
            raise Conflict("wrong")
        self.commits.append(list(items))

    async def wake(self, account_id: int) -> None:
        """Note when."""
        self.woken.append(asyncio.get_running_loop().time())


async def test_a_wrong_item_is_told_to_its_owner_alone() -> None:
    """Of a hundred at once the wrong ones raise, and exactly the others are stored, each once."""
    shelf = Shelf()
    held = Together(shelf.store, shelf.wake)
    items = [number if number % 10 else -number - 1 for number in range(100)]
    ends = await asyncio.gather(*(held.add(1, item) for item in items), return_exceptions=True)
    assert [item < 0 for item in items] == [isinstance(end, Conflict) for end in ends]
    assert [item for item in items if item > 0] == sorted(item for commit in shelf.commits for item in commit)


async def test_wakes_are_shared_and_one_follows_whatever_was_stored() -> None:
    """The first wakes at once, the others share one a moment later; none is stored after the last wake."""
    shelf = Shelf()
    held = Together(shelf.store, shelf.wake)
    for number in range(1, 8):
        await held.add(1, number)
    await asyncio.gather(*held.waking.values())
    assert 2 == len(shelf.woken)
    assert all(later - sooner >= together.BETWEEN_WAKES_S * 0.9 for sooner, later in pairwise(shelf.woken))


async def test_who_comes_one_by_one_shares_a_commit_too() -> None:
    """A steady stream of callers, each a millisecond behind the last, takes far fewer commits."""
    shelf = Shelf()
    held = Together(shelf.store, shelf.wake)

    async def later(number: int) -> None:
        await asyncio.sleep(number * 0.001)
        await held.add(1, number)

    await asyncio.gather(*(later(number) for number in range(1, 41)))
    assert list(range(1, 41)) == sorted(item for commit in shelf.commits for item in commit)
    assert len(shelf.commits) <= 20
