"""What unconditional refusals of ours may have hidden from us, and what notices still tell of it (M8)."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select

from assent.policy.refusing import LateWord
from assent.policy.sides import LinkKey
from assent.ports import Notice, Settlement
from assent.store.batches import by_connection
from assent.store.link_rows import AT_ROWS, update_links
from assent.store.schema import links

_OVER = select(
    links.c.contact_id,
    links.c.row_id,
    links.c.over_after,
    links.c.over_version,
    links.c.over_fields,
    links.c.over_at,
).where(AT_ROWS, links.c.over_at.is_not(None))


def remember(
    connection: Connection, account_id: int, settlements: Sequence[Settlement], now: datetime
) -> None:
    """Note between which versions rows were written over: nobody read what was saved there."""
    over: list[tuple[LinkKey, dict[str, object]]] = [
        (
            s.key,
            {
                "over_after": s.over.after,
                "over_version": s.row.version,
                "over_fields": s.over.fields,
                "over_at": now,
            },
        )
        for s in settlements
        if s.over is not None
    ]
    update_links(connection, account_id, over)


def hidden(connection: Connection, account_id: int, notices: Sequence[Notice]) -> dict[UUID, list[LateWord]]:
    """The refusals among what notices tell that a write of ours replaced, by the contact they count for."""
    told: dict[LinkKey, list[Notice]] = defaultdict(list)
    for notice in notices:
        if notice.refused:
            told[LinkKey(notice.connection_id, notice.row_id)].append(notice)
    words: dict[UUID, list[LateWord]] = defaultdict(list)
    for connection_id, row_ids in by_connection(told):
        asked = {"account_id": account_id, "connection_id": connection_id, "row_ids": row_ids}
        for contact_id, row_id, after, version, fields, at in connection.execute(_OVER, asked).all():
            key = LinkKey(connection_id, row_id)
            words[contact_id] += [
                LateWord(key, refused, at, "M8")
                for notice in told[key]
                if after < notice.version < version and (refused := notice.refused & fields)
            ]
    return {contact_id: theirs for contact_id, theirs in words.items() if theirs}
