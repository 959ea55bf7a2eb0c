"""Bugs in what is written down (P6, P7)."""

from collections.abc import Iterator, Sequence
from typing import Any

from assent.store.journal import Journal

from ..script import Move, step, tale
from .planting import bug, replaced


@bug(
    "what the sync decides is not written down (P7)",
    tale(step(Move.TOGGLE, 0, yes=False)),
    "ledger",
)
def ledger_gaps() -> Iterator[None]:
    """Only people's own acts are in the ledger."""
    kept = Journal.append

    def append(self: Journal, connection: Any, account_id: int, entries: Sequence[Any]) -> Any:
        return kept(self, connection, account_id, [e for e in entries if e.actor_kind != "connection"])

    with replaced(Journal, "append", append):
        yield


@bug(
    "acts are written down twice (P6)",
    tale(step(Move.OPT_OUT, 0)),
    "ledger",
)
def ledger_doubles() -> Iterator[None]:
    """Every act of a contact has two entries."""
    kept = Journal.append

    def append(self: Journal, connection: Any, account_id: int, entries: Sequence[Any]) -> Any:
        return kept(
            self, connection, account_id, [*entries, *(e for e in entries if e.actor_kind == "contact")]
        )

    with replaced(Journal, "append", append):
        yield
