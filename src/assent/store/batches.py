"""Cuts long lists of keys into pieces a statement can carry."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from operator import attrgetter
from typing import TypeVar
from uuid import UUID

from assent.policy.sides import LinkKey

T = TypeVar("T")

#: Values per statement: below SQLite's and PostgreSQL's limits, and few enough to plan quickly.
STATEMENT_KEYS = 900


def chunked(items: Collection[T]) -> Iterator[Sequence[T]]:
    """Cut into pieces of at most `STATEMENT_KEYS`, in order."""
    iterator = iter(items)
    while piece := list(islice(iterator, STATEMENT_KEYS)):
        yield piece


def in_order(ids: Iterable[UUID]) -> list[UUID]:
    """Sort identifiers without doubles, as every writer does before it locks."""
    return sorted(set(ids), key=attrgetter("int"))


def by_connection(keys: Collection[LinkKey]) -> Iterator[tuple[int, Sequence[UUID]]]:
    """Cut row keys into pieces that share a connection, in a fixed order."""
    grouped: dict[int, set[UUID]] = defaultdict(set)
    for key in keys:
        grouped[key.connection_id].add(key.row_id)
    for connection_id in sorted(grouped):
        for piece in chunked(in_order(grouped[connection_id])):
            yield connection_id, piece
