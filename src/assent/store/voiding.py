"""Voids what is known of a whole connection after a restore or a copy (M7)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, and_, bindparam, select, text, update

from assent.ledger import entries as ledger
from assent.ledger.entries import Entry
from assent.policy.refusing import LateWord, unheard
from assent.policy.sides import Link, LinkKey, Row
from assent.ports import SYSTEM, Notice
from assent.store import gone
from assent.store.batches import chunked
from assent.store.connection_rows import change
from assent.store.counters import lock_account
from assent.store.hearing import Hearing
from assent.store.link_rows import INTENT_NAMES, base_values, links_of, sighting_values
from assent.store.notices import end, waiting_for
from assent.store.pending import mark
from assent.store.schema import contacts, links

#: Contacts with a row in a connection whose sides moved, or of whom notices wait.
_WAITING = (
    select(links.c.contact_id)
    .join(
        contacts,
        and_(contacts.c.account_id == links.c.account_id, contacts.c.contact_id == links.c.contact_id),
    )
    .where(
        links.c.account_id == bindparam("account_id"),
        links.c.connection_id == bindparam("connection_id"),
        text("pending > 0"),
    )
    .distinct()
)


@dataclass(frozen=True, slots=True)
class Voiding:
    """Empties every base and sighting of a connection, and its change token."""

    hearing: Hearing

    def run(self, connection: Connection, account_id: int, connection_id: int, reason: str) -> None:
        """Void, in one statement however many links there are; the ledger keeps the reason.

        Sightings go too: a restored row has a lower version, which would be no news beside the old
        one (T4). What rows were known to refuse, and nobody merged yet, counts first.
        """
        lock_account(connection, account_id)
        self._hear(connection, account_id, connection_id)
        change(connection, account_id, connection_id, token=None)
        gone.forget_versions(connection, account_id, connection_id)
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
                **dict.fromkeys(INTENT_NAMES, 0),
                toggled_by=None,
                over_at=None,
            )
        )
        entry = Entry(
            kind=ledger.VOIDED,
            actor_kind=SYSTEM.kind.value,
            actor=SYSTEM.ident,
            new={"connection": connection_id, "reason": reason},
            rule="M7",
        )
        applying = self.hearing.applying
        applying.journal.append(connection, account_id, [entry])
        owners = select(links.c.contact_id).where(theirs).distinct()
        mark(connection, account_id, list(connection.execute(owners).scalars()), applying.now)

    def _hear(self, connection: Connection, account_id: int, connection_id: int) -> None:
        """Count refusals seen and not merged yet, and those only notices told of: the rows lost them.

        Such a notice ends: its version may never come again.
        """
        asked = {"account_id": account_id, "connection_id": connection_id}
        for piece in chunked(list(connection.execute(_WAITING, asked).scalars())):
            known = {
                key: (contact_id, link)
                for contact_id, theirs in links_of(connection, account_id, piece).items()
                for key, link in theirs.items()
                if key.connection_id == connection_id
            }
            words: dict[UUID, list[LateWord]] = defaultdict(list)
            for key, (contact_id, link) in known.items():
                if link.read_at is not None and (refused := unheard(link)):
                    words[contact_id].append(LateWord(key, refused, link.read_at, "M8"))
            lost = _unread(waiting_for(connection, account_id, known), known)
            for key, notice in lost:
                if notice.refused:
                    words[known[key][0]].append(LateWord(key, notice.refused, notice.received_at, "M8"))
            self.hearing.count(connection, account_id, words)
            end(connection, account_id, [notice.notice_id for _, notice in lost])


def _unread(
    waiting: Sequence[Notice], known: Mapping[LinkKey, tuple[UUID, Link]]
) -> list[tuple[LinkKey, Notice]]:
    """Notices that tell of versions nobody has read."""
    return [
        (key, notice)
        for notice in waiting
        if (row := known[key := LinkKey(notice.connection_id, notice.row_id)][1].row) is None
        or notice.version > row.version
    ]
