"""Lets a contact's rows join the contact that holds their address, in one transaction (I3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection

from assent.ports import Change, Join
from assent.store.changes import Applying
from assent.store.contact_rows import contacts_at
from assent.store.counters import lock_account
from assent.store.ties import Linking


@dataclass(frozen=True, slots=True)
class Joining:
    """Changes both contacts and moves the rows; the ledger has every step, so that it can be undone."""

    applying: Applying
    linking: Linking

    def run(self, connection: Connection, account_id: int, joins: Sequence[Join]) -> set[UUID]:
        """Join whoever still stands, a contact once; gives the contacts that left."""
        lock_account(connection, account_id)
        ids = {change.before.contact_id for j in joins for change in (j.leaving, j.holder)}
        standing = {k: c.revision for k, c in contacts_at(connection, account_id, ids, lock=True).items()}
        fit: list[Join] = []
        for one in joins:
            if all(_stands(change, standing) for change in (one.leaving, one.holder)):
                standing.pop(one.leaving.before.contact_id)
                standing.pop(one.holder.before.contact_id)
                fit.append(one)
        self.applying.run(connection, account_id, [c for one in fit for c in (one.leaving, one.holder)])
        rows = {key: one.holder.before.contact_id for one in fit for key in one.rows}
        if rows:
            self.linking.run(connection, account_id, rows, [])
        return {one.leaving.before.contact_id for one in fit}


def _stands(change: Change, standing: dict[UUID, int]) -> bool:
    return standing.get(change.before.contact_id) == change.before.revision
