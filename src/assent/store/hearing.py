"""Counts refusals that are known of a row and cannot be read there any more (I4, M8)."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import Connection, select, update

from assent.policy.refusing import LateWord, hear
from assent.policy.sides import LinkKey
from assent.ports import Change
from assent.store.among import among_guids
from assent.store.batches import by_connection
from assent.store.changes import Applying
from assent.store.contact_rows import acts_of, contacts_at
from assent.store.counters import lock_account
from assent.store.schema import gone_rows


@dataclass(frozen=True, slots=True)
class Hearing:
    """Counts what rows refused before they went, or were put back."""

    applying: Applying

    def run(self, connection: Connection, account_id: int, refused: Mapping[LinkKey, int]) -> None:
        """Store the refusals with the contacts the rows belonged to; rows nobody knew are passed over.

        Whatever was heard of a row, or refused already when it went, is heard once: a consent given
        since is newer than everything that can still be told of it.
        """
        lock_account(connection, account_id)
        words: dict[UUID, list[LateWord]] = defaultdict(list)
        for connection_id, row_ids in by_connection(refused):
            for row_id, contact_id, unheard, gone_at in connection.execute(
                select(
                    gone_rows.c.row_id, gone_rows.c.contact_id, gone_rows.c.unheard, gone_rows.c.gone_at
                ).where(
                    gone_rows.c.account_id == account_id,
                    gone_rows.c.connection_id == connection_id,
                    among_guids(gone_rows.c.row_id, row_ids),
                )
            ).all():
                key = LinkKey(connection_id, row_id)
                if news := refused[key] & unheard:
                    words[contact_id].append(LateWord(key, news, gone_at))
        for word in (
            word for contact_id in self.count(connection, account_id, words) for word in words[contact_id]
        ):
            connection.execute(
                update(gone_rows)
                .where(
                    gone_rows.c.account_id == account_id,
                    gone_rows.c.connection_id == word.key.connection_id,
                    gone_rows.c.row_id == word.key.row_id,
                )
                .values(unheard=gone_rows.c.unheard.bitwise_and(~word.refused))
            )

    def count(
        self, connection: Connection, account_id: int, words: Mapping[UUID, Sequence[LateWord]]
    ) -> Collection[UUID]:
        """Store what contacts' rows refused as acts of theirs; gives the contacts that are there."""
        standing = contacts_at(connection, account_id, words, lock=True)
        acted = acts_of(connection, account_id, words)
        changes = []
        for contact_id, contact in standing.items():
            contact = replace(contact, acted=acted.get(contact_id, {}))
            after, fields = hear(contact, words[contact_id])
            if fields:
                changes.append(Change(contact, after, fields))
        if changes:
            self.applying.run(connection, account_id, changes)
        return standing.keys()
