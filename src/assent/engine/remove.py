"""Taking setup back: what it made goes, in an order in which nothing refers to what is gone (design 5.2)."""

from assent.ports.setup import Component, CrmRemoval


async def remove(removal: CrmRemoval) -> list[Component]:
    """Remove every part; gives those that had to stay. Ended anywhere, a second call goes on.

    Webhooks go first, so that nobody is told of what follows; forms and views before the columns they
    show. The solution stays as long as a column or the table does: it tells which are ours.
    """
    await removal.remove_webhooks()
    left = await removal.clear_forms()
    await removal.remove_views()
    await removal.publish()
    parts = await removal.remove_columns() + await removal.remove_catalogue()
    if parts:
        return left + parts
    return left + await removal.remove_solution()
