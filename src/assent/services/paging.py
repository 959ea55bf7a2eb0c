"""Lists in pages: some items, and where the next page begins."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from assent.errors import Invalid

T = TypeVar("T")

#: The most items one page may have.
PAGE_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items in order, and the cursor behind the last; `next` is empty at the end."""

    items: tuple[T, ...]
    next: str = ""


def within_limit(limit: int) -> int:
    """Give a page size that may be asked for; raises Invalid for one that may not."""
    if not 1 <= limit <= PAGE_LIMIT:
        raise Invalid(f"A page has 1 to {PAGE_LIMIT} items.")
    return limit
