"""Appends to the ledger inside the transaction of the change itself: one chain link for each."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, bindparam, select, update

from assent.errors import Unknown
from assent.ledger.chain import Leaf, link_digest
from assent.ledger.entries import Entry, personal_bytes, plain_bytes
from assent.ledger.seal import Position, Vault
from assent.ports import Clock
from assent.store.among import among_guids
from assent.store.batches import chunked
from assent.store.columns import microseconds
from assent.store.dialects import insert
from assent.store.schema import accounts, contact_keys, ledger_entries, ledger_links

#: What stands where an erased person's key was.
DESTROYED = b""

_HEAD = (
    select(accounts.c.ledger_seq, accounts.c.ledger_digest)
    .where(accounts.c.account_id == bindparam("account_id"))
    .with_for_update()
)
_MOVE_HEAD = update(accounts).where(accounts.c.account_id == bindparam("at_account"))
_LINK, _ENTRY, _KEY = ledger_links.insert(), ledger_entries.insert(), contact_keys.insert()
_KEYS = select(contact_keys.c.contact_id, contact_keys.c.wrapped).where(
    contact_keys.c.account_id == bindparam("account_id"),
    among_guids(contact_keys.c.contact_id, bindparam("owners")),
)


@dataclass(frozen=True, slots=True)
class Journal:
    """Writes entries under the account's chain; personal parts are sealed under their person's key."""

    clock: Clock
    vault: Vault

    def append(self, connection: Connection, account_id: int, entries: Sequence[Entry]) -> None:
        """Append one link with these entries; nothing to say appends nothing. Once per transaction."""
        if not entries:
            return
        head = connection.execute(_HEAD, {"account_id": account_id}).first()
        if head is None:
            raise Unknown(f"there is no account {account_id}")
        seq, previous = head[0] + 1, head[1]
        at = microseconds(self.clock.now())
        leaves = self._leaves(connection, account_id, seq, entries)
        digest = link_digest(previous, account_id, seq, at, leaves)
        link = {
            "account_id": account_id,
            "seq": seq,
            "at": at,
            "entries": len(leaves),
            "previous": previous,
            "digest": digest,
        }
        connection.execute(_LINK, link)
        connection.execute(
            _ENTRY,
            [
                {
                    "account_id": account_id,
                    "seq": seq,
                    "position": position,
                    "contact_id": entry.contact_id,
                    "plain": leaf.plain,
                    "sealed": leaf.sealed,
                }
                for position, (entry, leaf) in enumerate(zip(entries, leaves, strict=True))
            ],
        )
        moved = {"ledger_seq": seq, "ledger_digest": digest}
        connection.execute(_MOVE_HEAD, {"at_account": account_id, **moved})

    def _leaves(
        self, connection: Connection, account_id: int, seq: int, entries: Sequence[Entry]
    ) -> list[Leaf]:
        owners = {entry.contact_id for entry in entries if entry.personal and entry.contact_id is not None}
        keys = self._keys(connection, account_id, owners)
        leaves = []
        for index, entry in enumerate(entries):
            sealed, personal = None, personal_bytes(entry)
            key = None if entry.contact_id is None else keys.get(entry.contact_id)
            if personal is not None and key is not None:
                sealed = self.vault.seal(key, Position(account_id, seq, index), personal)
            leaves.append(Leaf(plain_bytes(entry), sealed))
        return leaves

    def _keys(self, connection: Connection, account_id: int, owners: Collection[UUID]) -> dict[UUID, bytes]:
        """Read people's keys, and make those that do not exist yet; the erased have none (I6)."""
        wrapped = wrapped_keys(connection, account_id, owners)
        keys = {owner: self.vault.unwrap(key) for owner, key in wrapped.items() if key != DESTROYED}
        fresh = {owner: self.vault.new_key() for owner in owners if owner not in wrapped}
        if fresh:
            rows = [
                {"account_id": account_id, "contact_id": owner, "wrapped": self.vault.wrap(key)}
                for owner, key in fresh.items()
            ]
            connection.execute(_KEY, rows)
        return keys | fresh


def wrapped_keys(connection: Connection, account_id: int, owners: Collection[UUID]) -> dict[UUID, bytes]:
    """Read people's keys as they are stored; an erased person's is `DESTROYED`."""
    found: dict[UUID, bytes] = {}
    for piece in chunked(owners):
        asked = {"account_id": account_id, "owners": piece}
        found.update((owner, bytes(wrapped)) for owner, wrapped in connection.execute(_KEYS, asked))
    return found


def destroy_keys(connection: Connection, account_id: int, owners: Collection[UUID]) -> None:
    """Make everything personal the ledger holds of people unreadable for good (I6).

    What is left says that there was a key, so that none is ever made again for them.
    """
    statement = insert(contact_keys)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["account_id", "contact_id"], set_={"wrapped": statement.excluded.wrapped}
        ),
        [{"account_id": account_id, "contact_id": owner, "wrapped": DESTROYED} for owner in sorted(owners)],
    )
