"""Voids what is known of a whole connection after a restore or a copy (M7)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, and_, select, update

from assent.ledger import entries as ledger
from assent.ledger.entries import Entry
from assent.policy.sides import Row
from assent.ports import SYSTEM
from assent.store.connection_rows import change
from assent.store.counters import lock_account
from assent.store.journal import Journal
from assent.store.link_rows import base_values, sighting_values
from assent.store.pending import mark
from assent.store.schema import links


@dataclass(frozen=True, slots=True)
class Voiding:
    """Empties every base and sighting of a connection, and its change token."""

    journal: Journal
    now: datetime

    def run(self, connection: Connection, account_id: int, connection_id: int, reason: str) -> None:
        """Void, in one statement however many links there are; the ledger keeps the reason.

        Sightings go too: a restored row has a lower version, which would be no news beside the old
        one (T4).
        """
        lock_account(connection, account_id)
        change(connection, account_id, connection_id, token=None)
        theirs = and_(links.c.account_id == account_id, links.c.connection_id == connection_id)
        connection.execute(
            update(links)
            .where(theirs)
            .values(
                **dict.fromkeys(sighting_values(Row(UUID(int=0), 0))),
                **base_values(None),
                hub_touched=0,
                crm_touched=0,
                same_at=None,
                read_at=None,
                read_revision=0,
                intended=0,
                intended_value=0,
                told=0,
                toggled_by=None,
            )
        )
        entry = Entry(
            kind=ledger.VOIDED,
            actor_kind=SYSTEM.kind.value,
            actor=SYSTEM.ident,
            new={"connection": connection_id, "reason": reason},
            rule="M7",
        )
        self.journal.append(connection, account_id, [entry])
        owners = select(links.c.contact_id).where(theirs).distinct()
        mark(connection, account_id, list(connection.execute(owners).scalars()), self.now)
