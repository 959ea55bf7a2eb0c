"""Takes sightings into links, and intents to write beside them (M3, M4, T4)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, or_, select

from assent.ledger.entries import Entry
from assent.policy.plan import RowWrite
from assent.policy.sides import Link, LinkKey
from assent.policy.sightings import absorb, intend, proves_restore, untold
from assent.ports import Notice, Sighting
from assent.store.counters import lock_account
from assent.store.journal import Journal
from assent.store.link_rows import INTENT_NAMES, guard, links_at, sighting_values, update_links
from assent.store.notices import waiting_for
from assent.store.pending import mark
from assent.store.row_writes import recovered
from assent.store.schema import links

_OF_CONNECTION = and_(
    links.c.account_id == bindparam("account_id"), links.c.connection_id == bindparam("connection_id")
)
_NEWEST = (
    select(links.c.row_id, links.c.version)
    .where(_OF_CONNECTION, links.c.version.is_not(None), links.c.read_at < bindparam("before"))
    .order_by(links.c.version.desc(), links.c.row_id)
    .limit(bindparam("limit"))
)
_UNSEEN = (
    select(links.c.row_id)
    .where(_OF_CONNECTION, or_(links.c.read_at.is_(None), links.c.read_at < bindparam("before")))
    .order_by(links.c.row_id)
    .limit(bindparam("limit"))
)


def see(
    connection: Connection, account_id: int, sightings: Sequence[Sighting], now: datetime
) -> set[LinkKey]:
    """Store sightings of linked rows; those of other rows, and old ones, are no news (T4).

    Gives the rows that prove a restore, whose sightings were left out (M7): those below their base, or
    below what a notice told of them before they were read.
    """
    keys = {sighting.key for sighting in sightings}
    guard(connection, account_id, keys)
    found = links_at(connection, account_id, keys, lock=True)
    before = {key: link for key, (_, link) in found.items()}
    told: dict[LinkKey, list[Notice]] = defaultdict(list)
    for notice in waiting_for(connection, account_id, before):
        told[LinkKey(notice.connection_id, notice.row_id)].append(notice)
    restored = {
        key
        for s in sightings
        if (link := before.get(key := s.key)) is not None
        and (proves_restore(link, s.row, read_at=s.read_at) or any(_undone(n, s) for n in told[key]))
    }
    after = folded(before, [s for s in sightings if s.key not in restored])
    store_links(connection, account_id, before, after)
    mark(connection, account_id, {contact_id for contact_id, _ in found.values()}, now)
    return restored


@dataclass(frozen=True, slots=True)
class Intending:
    """Remembers what writes will set, beside what earlier unfinished ones may have set (M4)."""

    journal: Journal

    def run(self, connection: Connection, account_id: int, writes: Sequence[RowWrite]) -> None:
        """Remember; what an earlier intent brought about and nobody told is written down first (P7)."""
        lock_account(connection, account_id)
        keys = {write.key for write in writes}
        guard(connection, account_id, keys)
        standing = links_at(connection, account_id, keys, lock=True)
        after = {key: link for key, (_, link) in standing.items()}
        entries: list[Entry] = []
        for write in writes:
            if (link := after.get(write.key)) is None:
                continue
            if link.row is not None and (lost := untold(link, link.row) & write.touched):
                entries.append(recovered(standing[write.key][0], link, link.row, lost))
            after[write.key] = intend(link, write.touched, write.granted)
        changes: list[tuple[LinkKey, dict[str, object]]] = [
            (key, {name: getattr(link, name) for name in INTENT_NAMES}) for key, link in after.items()
        ]
        update_links(connection, account_id, changes)
        self.journal.append(connection, account_id, entries)


def newest(
    connection: Connection, account_id: int, connection_id: int, before: datetime, limit: int
) -> dict[LinkKey, int]:
    """The linked rows of the highest versions in one connection, of those last read before; by index."""
    asked = {"account_id": account_id, "connection_id": connection_id, "before": before, "limit": limit}
    return {LinkKey(connection_id, row.row_id): row.version for row in connection.execute(_NEWEST, asked)}


def unseen(
    connection: Connection, account_id: int, connection_id: int, before: datetime, limit: int
) -> list[LinkKey]:
    """Links of a connection not sighted since `before`."""
    asked = {"account_id": account_id, "connection_id": connection_id, "before": before, "limit": limit}
    return [LinkKey(connection_id, row_id) for row_id in connection.execute(_UNSEEN, asked).scalars()]


def _undone(notice: Notice, sighting: Sighting) -> bool:
    """Whether a row read after a notice came is older than what the notice told of it."""
    return notice.received_at <= sighting.read_at and notice.version > sighting.row.version


def folded(before: Mapping[LinkKey, Link], sightings: Sequence[Sighting]) -> dict[LinkKey, Link]:
    """Take sightings into links in the order given; those of other rows are left out."""
    after = dict(before)
    for sighting in sightings:
        key = sighting.key
        if key in after:
            after[key] = absorb(
                after[key],
                sighting.row,
                read_at=sighting.read_at,
                read_revision=sighting.hub_revision,
            )
    return after


def store_links(
    connection: Connection, account_id: int, before: Mapping[LinkKey, Link], after: Mapping[LinkKey, Link]
) -> None:
    """Write the links that moved; those that only were read again cost little."""
    reread: list[tuple[LinkKey, dict[str, object]]] = []
    moved: list[tuple[LinkKey, dict[str, object]]] = []
    for key, link in after.items():
        if link is before[key]:
            continue
        values: dict[str, object] = {
            "crm_touched": link.crm_touched,
            "same_at": link.same_at,
            "toggled_by": link.toggled_by,
            "read_at": link.read_at,
            "read_revision": link.read_revision,
        }
        if link.row is None or link.row == before[key].row:
            reread.append((key, values))
        else:
            moved.append((key, values | sighting_values(link.row)))
    update_links(connection, account_id, reread)
    update_links(connection, account_id, moved)
