"""Ties rows to contacts and away from them (I3, I4)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, delete

from assent.errors import Unknown
from assent.ledger import entries as ledger
from assent.ledger.entries import Entry
from assent.policy.sides import Contact, Hold, Link, LinkKey, Row
from assent.ports import SYSTEM, Sighting, Written
from assent.store import gone, row_writes
from assent.store.among import among_guids
from assent.store.batches import by_connection
from assent.store.contact_rows import contacts_at, update_contacts
from assent.store.counters import lock_account, take_revisions
from assent.store.dialects import insert
from assent.store.journal import Journal
from assent.store.link_rows import base_values, links_at, sighting_values
from assent.store.pending import mark
from assent.store.schema import former_links, links
from assent.store.sightings import folded, store_links


@dataclass(frozen=True, slots=True)
class Linking:
    """Ties rows to contacts, without a base."""

    journal: Journal
    now: datetime

    def run(
        self,
        connection: Connection,
        account_id: int,
        wanted: Mapping[LinkKey, UUID],
        sightings: Sequence[Sighting],
        created: Sequence[Written] = (),
    ) -> None:
        """Tie each row to its contact; a row that was with another contact moves, and is recorded.

        Those we created are recorded in the same transaction, unless they were tied before.
        A row already with its contact keeps its base. Raises Unknown for a contact of another account.
        """
        lock_account(connection, account_id)
        left = {owner for owner, _ in links_at(connection, account_id, wanted).values()}
        known = contacts_at(connection, account_id, {*wanted.values(), *left}, lock=True)
        if not known.keys() >= set(wanted.values()):
            raise Unknown("a row cannot be linked to a contact this account does not have")
        standing = links_at(connection, account_id, wanted, lock=True)
        kept = {key: link for key, (owner, link) in standing.items() if wanted[key] == owner}
        fresh = {key: _untied(standing.get(key), key) for key in wanted if key not in kept}
        moved = sorted(fresh.keys() & standing.keys(), key=_order)
        _drop(connection, account_id, {key: standing[key][0] for key in moved})
        tied = folded(fresh, sightings)
        insert_links(connection, account_id, [(wanted[key], link) for key, link in tied.items()])
        store_links(connection, account_id, kept, folded(kept, sightings))
        entries = [_moved(key, standing[key][0], wanted[key]) for key in moved]
        told = standing.keys() | gone.known(connection, account_id, {item.write.key for item in created})
        entries += [row_writes.written(item) for item in created if item.write.key not in told]
        self.journal.append(connection, account_id, entries)
        mark(connection, account_id, known, self.now)


@dataclass(frozen=True, slots=True)
class Unlinking:
    """Drops links whose rows are gone, and holds their contacts where that is asked for."""

    journal: Journal
    now: datetime

    def run(
        self, connection: Connection, account_id: int, keys: Collection[LinkKey], hold: str | None
    ) -> list[UUID]:
        """Drop the links; bases go, refusals stay (I4). Gives the contacts they belonged to."""
        lock_account(connection, account_id)
        standing = links_at(connection, account_id, keys)
        owners = contacts_at(connection, account_id, {owner for owner, _ in standing.values()}, lock=True)
        standing = links_at(connection, account_id, keys, lock=True)
        _drop(connection, account_id, {key: owner for key, (owner, _) in standing.items()})
        theirs = {key: (owners[owner], link) for key, (owner, link) in standing.items()}
        gone.remember(connection, account_id, theirs, self.now)
        entries = [_unlinked(key, owner) for key, (owner, _) in sorted(standing.items(), key=_by_key)]
        if hold is not None:
            entries += self._hold(connection, account_id, list(owners.values()), hold)
        self.journal.append(connection, account_id, entries)
        mark(connection, account_id, owners, self.now)
        return list(owners)

    def _hold(
        self, connection: Connection, account_id: int, owners: Sequence[Contact], hold: str
    ) -> list[Entry]:
        """Hold contacts for a new reason; it replaces an older one, which the lost row outdates.

        Somebody who is being erased goes on being erased (I6).
        """
        moving = [contact for contact in owners if contact.hold not in (hold, Hold.ERASING.value)]
        revisions = take_revisions(connection, account_id, len(moving)) if moving else range(0)
        update_contacts(
            connection,
            account_id,
            [
                (contact.contact_id, {"hold": hold, "revision": revision, "updated_at": self.now})
                for contact, revision in zip(moving, revisions, strict=True)
            ],
        )
        return [held(contact.contact_id, contact.hold, hold, "I4") for contact in moving]


def held(contact_id: UUID, old: str | None, new: str | None, rule: str) -> Entry:
    """Say that the sync set or lifted a hold."""
    return Entry(
        kind=ledger.HELD,
        actor_kind=SYSTEM.kind.value,
        actor=SYSTEM.ident,
        contact_id=contact_id,
        old={"hold": old},
        new={"hold": new},
        rule=rule,
    )


def insert_links(connection: Connection, account_id: int, ties: Sequence[tuple[UUID, Link]]) -> None:
    """Add links that do not exist yet."""
    if not ties:
        return
    empty = dict.fromkeys(sighting_values(Row(UUID(int=0), 0)))
    rows = [
        {
            "account_id": account_id,
            "contact_id": contact_id,
            "connection_id": link.key.connection_id,
            "row_id": link.key.row_id,
            "same_at": link.same_at,
            "toggled_by": link.toggled_by,
            "read_at": link.read_at,
            "read_revision": link.read_revision,
            **(empty if link.row is None else sighting_values(link.row)),
            **base_values(link.base),
        }
        for contact_id, link in ties
    ]
    connection.execute(links.insert(), rows)


def _order(key: LinkKey) -> tuple[int, UUID]:
    return key.connection_id, key.row_id


def _by_key(item: tuple[LinkKey, object]) -> tuple[int, UUID]:
    return _order(item[0])


def _untied(standing: tuple[UUID, Link] | None, key: LinkKey) -> Link:
    """A link without a base; what was last seen of the row stays known."""
    if standing is None:
        return Link(key, None)
    was = standing[1]
    return Link(key, was.row, read_at=was.read_at, read_revision=was.read_revision)


def _drop(connection: Connection, account_id: int, owners: Mapping[LinkKey, UUID]) -> None:
    """Delete links, and remember that their contacts had a row there (I4)."""
    if not owners:
        return
    for connection_id, row_ids in by_connection(owners):
        connection.execute(
            delete(links).where(
                links.c.account_id == account_id,
                links.c.connection_id == connection_id,
                among_guids(links.c.row_id, row_ids),
            )
        )
    had = {(owner, key.connection_id) for key, owner in owners.items()}
    connection.execute(
        insert(former_links).on_conflict_do_nothing(),
        [
            {"account_id": account_id, "contact_id": owner, "connection_id": connection_id}
            for owner, connection_id in sorted(had)
        ],
    )
    # What the sync wrote for a row that is gone now stands as an act: nothing else remembers it (I4).
    forgotten = sorted(set(owners.values()))
    update_contacts(connection, account_id, [(owner, {"synced": 0}) for owner in forgotten])


def _moved(key: LinkKey, was: UUID, contact_id: UUID) -> Entry:
    return Entry(
        kind=ledger.MOVED,
        actor_kind=SYSTEM.kind.value,
        actor=SYSTEM.ident,
        contact_id=contact_id,
        place=key,
        old={"contact": str(was)},
        new={"contact": str(contact_id)},
        rule="I3",
    )


def _unlinked(key: LinkKey, contact_id: UUID) -> Entry:
    return Entry(
        kind=ledger.UNLINKED,
        actor_kind=SYSTEM.kind.value,
        actor=SYSTEM.ident,
        contact_id=contact_id,
        place=key,
        rule="I4",
    )
