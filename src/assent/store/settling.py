"""Moves bases by compare-and-set: one person's together or not at all (M4)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from assent.ledger.entries import Entry
from assent.policy.sides import Contact, Link, LinkKey
from assent.policy.sightings import untold
from assent.ports import Settlement, Written
from assent.store import notices, overwriting, row_writes
from assent.store.contact_rows import contacts_at
from assent.store.counters import lock_account
from assent.store.hearing import Hearing
from assent.store.link_rows import (
    INTENT_NAMES,
    base_values,
    links_at,
    links_of,
    sighting_values,
    update_links,
)
from assent.store.pending import mark


@dataclass(frozen=True, slots=True)
class Settling:
    """Settles people whose both sides were confirmed, and records what was written meanwhile."""

    hearing: Hearing

    @property
    def now(self) -> datetime:
        """The moment of settling."""
        return self.hearing.applying.now

    def run(
        self,
        connection: Connection,
        account_id: int,
        settlements: Sequence[Settlement],
        written: Sequence[Written],
    ) -> set[UUID]:
        """Settle whoever still stands as read; gives them. Writes are recorded either way."""
        if not settlements and not written:
            return set()
        lock_account(connection, account_id)
        people: dict[UUID, list[Settlement]] = defaultdict(list)
        for settlement in settlements:
            people[settlement.contact_id].append(settlement)
        standing = contacts_at(connection, account_id, people, lock=True)
        links = links_of(connection, account_id, people, lock=True)
        settled = {
            contact_id
            for contact_id, theirs in people.items()
            if _stands(standing.get(contact_id), links.get(contact_id, {}), theirs)
        }
        moved = [s for contact_id, theirs in people.items() if contact_id in settled for s in theirs]
        before = {s.key: links[s.contact_id][s.key] for s in moved}
        update_links(connection, account_id, [(s.key, _settled(s, before[s.key])) for s in moved])
        overwriting.remember(connection, account_id, moved, self.now)
        entries = [row_writes.written(w) for w in written] + _recovered(moved, before, written)
        self.hearing.applying.journal.append(connection, account_id, entries)
        _tell(connection, account_id, [w for w in written if w.contact_id not in settled])
        self._end_notices(connection, account_id, moved)
        mark(connection, account_id, settled, self.now)
        return settled

    def _end_notices(self, connection: Connection, account_id: int, moved: Sequence[Settlement]) -> None:
        """End what was waiting and was read and decided by now; what our own write hid counts (M8)."""
        by_key = {settlement.key: settlement for settlement in moved}
        ended = []
        for notice in notices.waiting_for(connection, account_id, by_key):
            settlement = by_key[LinkKey(notice.connection_id, notice.row_id)]
            if notice.received_at <= settlement.read_at and notice.version <= settlement.row.version:
                ended.append(notice)
        if words := overwriting.hidden(connection, account_id, ended):
            self.hearing.count(connection, account_id, words)
        notices.end(connection, account_id, [notice.notice_id for notice in ended])


def _stands(contact: Contact | None, links: Mapping[LinkKey, Link], theirs: Sequence[Settlement]) -> bool:
    """Whether a person is still as the settlements read them, and all their links are covered."""
    if contact is None or {s.key for s in theirs} != links.keys() or len(theirs) != len(links):
        return False
    return all(
        settlement.hub_revision == contact.revision and _link_stands(links[settlement.key], settlement)
        for settlement in theirs
    )


def _link_stands(link: Link, settlement: Settlement) -> bool:
    base_version = None if link.base is None else link.base.crm_version
    newer = link.row is not None and link.row.version > settlement.row.version
    return base_version == settlement.old_base_version and not newer


def _settled(settlement: Settlement, before: Link) -> dict[str, object]:
    return {
        **sighting_values(settlement.row),
        **base_values(settlement.base),
        "hub_touched": 0,
        "crm_touched": 0,
        "same_at": settlement.read_at,
        "read_at": settlement.read_at,
        "read_revision": max(before.read_revision, settlement.hub_revision),
        **dict.fromkeys(INTENT_NAMES, 0),
        "toggled_by": None,
    }


def _recovered(
    moved: Sequence[Settlement], before: Mapping[LinkKey, Link], written: Sequence[Written]
) -> list[Entry]:
    """Writes of runs that died before they could tell, now that their rows were read (P7)."""
    ours = {item.write.key: item.write.touched for item in written}
    return [
        row_writes.recovered(s.contact_id, before[s.key], s.row, lost)
        for s in moved
        if before[s.key].intended and (lost := untold(before[s.key], s.row) & ~ours.get(s.key, 0))
    ]


def _tell(connection: Connection, account_id: int, written: Sequence[Written]) -> None:
    """Remember that the ledger knows of these writes, though their intents stay open."""
    touched = {item.write.key: item.write.touched for item in written}
    standing = links_at(connection, account_id, touched, lock=True)
    told: list[tuple[LinkKey, dict[str, object]]] = [
        (key, {"told": link.told | (link.intended & touched[key])})
        for key, (_, link) in standing.items()
        if link.intended & touched[key] & ~link.told
    ]
    update_links(connection, account_id, told)
