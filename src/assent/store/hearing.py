"""Counts refusals that are known of a row and cannot be read there any more (I4, M8)."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from operator import or_
from uuid import UUID

from sqlalchemy import Connection, bindparam, select, update

from assent.policy.refusing import LateWord, hear
from assent.policy.sides import CATEGORIES, PERMISSION, Contact, LinkKey
from assent.ports import SYSTEM, Change, Notice
from assent.store.among import among_guids
from assent.store.batches import by_connection
from assent.store.changes import Applying
from assent.store.contact_rows import acts_of, contacts_at, record_heard, update_contacts
from assent.store.counters import lock_account, take_revisions
from assent.store.link_rows import touch_hub
from assent.store.pending import mark
from assent.store.schema import gone_rows

_HEARD = (
    update(gone_rows)
    .where(
        gone_rows.c.account_id == bindparam("at_account"),
        gone_rows.c.connection_id == bindparam("at_connection"),
        gone_rows.c.row_id == bindparam("at_row"),
    )
    .values(unheard=bindparam("now_unheard"), seen=bindparam("now_seen"))
)


@dataclass(frozen=True, slots=True)
class Hearing:
    """Counts what rows refused before they went, or were put back."""

    applying: Applying

    def run(self, connection: Connection, account_id: int, told: Sequence[Notice]) -> None:
        """Store the refusals with the contacts the rows belonged to; rows nobody knew are passed over.

        What was read of a row before it went, and refused by its contact then, is old, and the rest is heard
        once: a consent given since is newer than everything that can still be told of it.
        """
        lock_account(connection, account_id)
        rows = _gone(connection, account_id, [LinkKey(n.connection_id, n.row_id) for n in told])
        words: dict[UUID, list[LateWord]] = defaultdict(list)
        for notice in told:
            row = rows.get(key := LinkKey(notice.connection_id, notice.row_id))
            if row is not None and (news := notice.refused & row.news(notice.version)):
                words[row.contact_id].append(LateWord(key, news, row.gone_at))
                rows[key] = row.heard(news, notice.version)
        standing = self.count(connection, account_id, words)
        _remember(connection, account_id, [row for row in rows.values() if row.contact_id in standing])

    def count(
        self, connection: Connection, account_id: int, words: Mapping[UUID, Sequence[LateWord]]
    ) -> Collection[UUID]:
        """Store what contacts' rows refused as acts of theirs; gives the contacts that are there."""
        standing = contacts_at(connection, account_id, words, lock=True)
        acted = acts_of(connection, account_id, words)
        changes, heard = list[Change](), list[tuple[Contact, Contact]]()
        for contact_id, contact in standing.items():
            contact = replace(contact, acted=acted.get(contact_id, {}))
            after, fields = hear(contact, words[contact_id])
            if fields:
                changes.append(Change(contact, after, fields))
            if after.acted != contact.acted:
                heard.append((contact, after))
        if changes:
            self.applying.run(connection, account_id, changes)
        self._touch(connection, account_id, heard, {change.before.contact_id for change in changes})
        return standing.keys()

    def _touch(
        self,
        connection: Connection,
        account_id: int,
        heard: Sequence[tuple[Contact, Contact]],
        moved: Collection[UUID],
    ) -> None:
        """Nobody settles beside what was heard without having weighed it, even if it changed nothing."""
        still = [after.contact_id for _, after in heard if after.contact_id not in moved]
        if still:
            revisions = take_revisions(connection, account_id, len(still))
            values: list[tuple[UUID, dict[str, object]]] = [
                (contact_id, {"revision": revision})
                for contact_id, revision in zip(still, revisions, strict=True)
            ]
            update_contacts(connection, account_id, values)
        record_heard(connection, account_id, heard, SYSTEM)
        touch_hub(
            connection,
            account_id,
            {
                after.contact_id: reduce(
                    or_, (f for f, at in after.acted.items() if before.acted.get(f) != at)
                )
                for before, after in heard
            },
        )
        mark(connection, account_id, still, self.applying.now)


@dataclass(frozen=True, slots=True)
class _Gone:
    """A row that is gone, whose it was, and what can still be news of it."""

    key: LinkKey
    contact_id: UUID
    unheard: int
    gone_at: datetime
    seen: int | None

    def news(self, version: int) -> int:
        """The fields whose refusal at a version is news."""
        return self.unheard if self.seen is None or version <= self.seen else PERMISSION | CATEGORIES

    def heard(self, refused: int, version: int) -> "_Gone":
        """The row once a refusal at a version was heard."""
        seen = None if self.seen is None else max(self.seen, version)
        return replace(self, unheard=self.unheard & ~refused, seen=seen)


def _gone(connection: Connection, account_id: int, keys: Collection[LinkKey]) -> dict[LinkKey, _Gone]:
    found: dict[LinkKey, _Gone] = {}
    g = gone_rows.c
    for connection_id, row_ids in by_connection(keys):
        statement = select(g.row_id, g.contact_id, g.unheard, g.gone_at, g.seen).where(
            g.account_id == account_id, g.connection_id == connection_id, among_guids(g.row_id, row_ids)
        )
        for row_id, *rest in connection.execute(statement).all():
            key = LinkKey(connection_id, row_id)
            found[key] = _Gone(key, *rest)
    return found


def _remember(connection: Connection, account_id: int, rows: Sequence[_Gone]) -> None:
    if rows:
        connection.execute(
            _HEARD,
            [
                {
                    "at_account": account_id,
                    "at_connection": row.key.connection_id,
                    "at_row": row.key.row_id,
                    "now_unheard": row.unheard,
                    "now_seen": row.seen,
                }
                for row in rows
            ],
        )
