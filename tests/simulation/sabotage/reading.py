"""Bugs in how feeds, rows and notices are read (cursors, M8, T6)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import assent.crm.rows
import assent.engine.sweep
import assent.store.settling
from assent.engine.run import Report
from assent.errors import AssentError
from assent.store.memory import SqlMemory
from assent.web.inbox import Inbox

from ..script import Move, step, tale
from .planting import NOTICES, bug, replaced


@bug(
    "the cursor moves over what was not stored (cursors)",
    tale(step(Move.TOGGLE, 0, yes=False), faults=NOTICES),
    "refusal",
    "agreement",
    "prompt",
)
def cursor_moved_early() -> Iterator[None]:
    """A page that could not be stored is passed over."""
    kept = assent.engine.sweep._store_page

    async def store_page(run: Any, connection: Any, page: Any, stamp: Any, *, create: bool) -> Report:
        try:
            return await kept(run, connection, replace(page, rows=page.rows[:-1]), stamp, create=create)
        except AssentError:
            return Report()

    with replaced(assent.engine.sweep, "_store_page", store_page):
        yield


@bug(
    "null is read as No (T6)",
    tale(step(Move.CLEAR, 0)),
    "invented",
    "agreement",
)
def null_is_no() -> Iterator[None]:
    """An empty column refuses."""
    kept = assent.crm.rows._answers

    def answers(record: dict[str, object], columns: Any) -> tuple[int, int, int]:
        _, value, unread = kept(record, columns)
        everything = 0
        for column in columns.categories:
            everything |= column.bit
        return everything & ~unread, value, unread

    with replaced(assent.crm.rows, "_answers", answers):
        yield


@bug(
    "notices are dropped as doubles by what they say (section 3)",
    tale(*(step(Move.TOGGLE, 0, 20.0, yes=yes) for yes in (False, True, False))),
    "prompt",
)
def dedupe_by_payload() -> Iterator[None]:
    """Who refuses, allows and refuses again is told of once."""
    kept, seen = Inbox.put, set[object]()

    async def put(self: Inbox, account_id: int, notices: Sequence[Any]) -> None:
        fresh = [n for n in notices if (n.row_id, n.operation, n.refused) not in seen]
        seen.update((n.row_id, n.operation, n.refused) for n in notices)
        await kept(self, account_id, fresh)

    with replaced(Inbox, "put", put):
        yield


@bug(
    "notices are answered and forgotten (M8)",
    tale(step(Move.TOGGLE, 0, yes=False)),
    "prompt",
)
def notices_forgotten() -> Iterator[None]:
    """The webhook says yes before anything is stored."""

    async def post(self: SqlMemory, account_id: int, notices: Sequence[Any]) -> None:
        """Store nothing."""

    with replaced(SqlMemory, "post", post):
        yield


@bug(
    "a block is never lifted (M8)",
    tale(step(Move.TOGGLE, 0, yes=False), step(Move.BASIS, 0, 20.0)),
    "passable",
)
def block_never_lifted() -> Iterator[None]:
    """Whoever was once blocked by a notice stays so."""

    def end_notices(*_: object) -> None:
        """End nothing."""

    with replaced(assent.store.settling.Settling, "_end_notices", end_notices):
        yield
