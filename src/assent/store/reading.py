"""Reads the ledger: whether its chain holds, what it says, and the state it leads to (P7)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Connection, Select, and_, bindparam, func, or_, select

from assent.errors import Bug, Unknown
from assent.ledger.chain import Break, ChainLink, Flaw, Leaf, Verified, verify
from assent.ledger.entries import Entry, State, read_entry, replay
from assent.ledger.seal import Position, Vault, unseal
from assent.store import manifests
from assent.store.columns import EPOCH
from assent.store.database import Database
from assent.store.journal import DESTROYED, wrapped_keys
from assent.store.marks import Marks
from assent.store.schema import accounts, ledger_entries, ledger_links

#: Links read per statement while verifying, and entries while replaying.
_PAGE = 500


def _recorded() -> Select[Any]:
    """Entries with the time of their link."""
    c = ledger_entries.c
    joined = and_(ledger_links.c.account_id == c.account_id, ledger_links.c.seq == c.seq)
    return (
        select(c.seq, c.position, ledger_links.c.at, c.contact_id, c.plain, c.sealed)
        .select_from(ledger_entries.join(ledger_links, joined))
        .where(c.account_id == bindparam("account_id"))
    )


def _after() -> Select[Any]:
    """Those behind a place, in order."""
    c, seq = ledger_entries.c, bindparam("seq", type_=BigInteger)
    beyond = or_(c.seq > seq, and_(c.seq == seq, c.position > bindparam("position")))
    ordered = _RECORDED.where(c.seq >= seq, beyond).order_by(c.seq, c.position)
    return ordered.limit(bindparam("limit"))


_RECORDED = _recorded()
_AFTER = _after()
_AFTER_OF = _AFTER.where(ledger_entries.c.contact_id == bindparam("contact_id"))


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry stands in its account's ledger; later entries have greater places."""

    seq: int = 0
    position: int = -1


@dataclass(frozen=True, slots=True)
class Recorded:
    """An entry with its place and time; `erased` tells that its personal part can never be read."""

    place: Place
    at: datetime
    entry: Entry
    erased: bool = False


@dataclass(frozen=True, slots=True)
class LedgerReader:
    """Reads the ledgers of one database."""

    database: Database
    vault: Vault

    async def verify(self, account_id: int) -> Verified:
        """Check an account's whole chain up to its head; tells the first break."""
        return await self.database.read(lambda c: verify_account(c, account_id))

    async def altered_manifests(self, account_id: int) -> tuple[int, list[int]]:
        """How many manifests the ledger knows, and the sends whose manifest is not as it was written."""
        marks = Marks(self.vault)
        return await self.database.read(lambda c: manifests.altered(c, account_id, marks))

    async def entries(
        self,
        account_id: int,
        *,
        contact: UUID | None = None,
        after: Place | None = None,
        limit: int = 1000,
    ) -> list[Recorded]:
        """Entries in order, of one contact or of all, from behind a place."""
        start = after or Place()
        return await self.database.read(lambda c: self._entries(c, account_id, contact, start, limit))

    async def newest(
        self,
        account_id: int,
        *,
        contact: UUID | None = None,
        before: Place | None = None,
        limit: int = 1000,
    ) -> list[Recorded]:
        """Entries from the newest back, of one contact or of all, from before a place."""
        return await self.database.read(lambda c: self._newest(c, account_id, contact, before, limit))

    async def replay(self, account_id: int) -> dict[UUID, State]:
        """The state of every contact the ledger leads to, whatever the tables say."""
        return await self.database.read(lambda c: self._replay(c, account_id))

    def _replay(self, connection: Connection, account_id: int) -> dict[UUID, State]:
        states: dict[UUID, State] = {}
        place = Place()
        while page := self._entries(connection, account_id, None, place, _PAGE):
            place = page[-1].place
            for recorded in page:
                contact_id = recorded.entry.contact_id
                if contact_id is None:
                    continue
                state = replay(states.get(contact_id), recorded.entry)
                if state is None:
                    states.pop(contact_id, None)
                else:
                    states[contact_id] = state
        return states

    def _entries(
        self, connection: Connection, account_id: int, contact: UUID | None, after: Place, limit: int
    ) -> list[Recorded]:
        asked = {"account_id": account_id, "seq": after.seq, "position": after.position, "limit": limit}
        if contact is None:
            rows = connection.execute(_AFTER, asked).all()
        else:
            rows = connection.execute(_AFTER_OF, {**asked, "contact_id": contact}).all()
        return self._opened(connection, account_id, rows)

    def _newest(
        self,
        connection: Connection,
        account_id: int,
        contact: UUID | None,
        before: Place | None,
        limit: int,
    ) -> list[Recorded]:
        c = ledger_entries.c
        statement = _RECORDED if contact is None else _RECORDED.where(c.contact_id == contact)
        if before is not None:
            earlier = or_(c.seq < before.seq, and_(c.seq == before.seq, c.position < before.position))
            statement = statement.where(c.seq <= before.seq, earlier)
        ordered = statement.order_by(c.seq.desc(), c.position.desc()).limit(limit)
        rows = connection.execute(ordered, {"account_id": account_id}).all()
        return self._opened(connection, account_id, rows)

    def _opened(self, connection: Connection, account_id: int, rows: Sequence[Any]) -> list[Recorded]:
        owners = {row.contact_id for row in rows if row.sealed is not None}
        wrapped = wrapped_keys(connection, account_id, owners)
        keys = {owner: self.vault.unwrap(key) for owner, key in wrapped.items() if key != DESTROYED}
        opened = []
        for seq, index, at, contact_id, plain, sealed in rows:
            personal, key = None, keys.get(contact_id)
            if sealed is not None and key is not None:
                personal = unseal(key, Position(account_id, seq, index), sealed)
            moment = EPOCH + timedelta(microseconds=at)
            erased = sealed is not None and key is None
            opened.append(Recorded(Place(seq, index), moment, read_entry(plain, personal), erased))
        return opened


def sealed_entries(connection: Connection, account_id: int, contact_id: UUID) -> int:
    """How many entries of a contact have a personal part."""
    c = ledger_entries.c
    theirs = (c.account_id == account_id, c.contact_id == contact_id, c.sealed.is_not(None))
    return int(connection.execute(select(func.count()).where(*theirs)).scalar_one())


def verify_account(connection: Connection, account_id: int) -> Verified:
    """Check an account's chain as it stands in this transaction; raises Unknown."""
    head = connection.execute(
        select(accounts.c.ledger_seq, accounts.c.ledger_digest).where(accounts.c.account_id == account_id)
    ).first()
    if head is None:
        raise Unknown(f"there is no account {account_id}")
    misplaced: list[Break] = []
    found = verify(_links(connection, account_id, misplaced), head_seq=head[0], head_digest=head[1])
    if misplaced and (found.broken is None or misplaced[0].seq <= found.broken.seq):
        return Verified(found.links, found.entries, found.head, misplaced[0])
    return found


def _links(connection: Connection, account_id: int, misplaced: list[Break]) -> Iterator[ChainLink]:
    """Yield the stored links in order, noting the first entry that contradicts its own columns."""
    t, seq = ledger_links.c, 0
    while True:
        page = connection.execute(
            select(t.seq, t.at, t.entries, t.previous, t.digest)
            .where(t.account_id == account_id, t.seq > seq)
            .order_by(t.seq)
            .limit(_PAGE)
        ).all()
        if not page:
            return
        leaves = _leaves(connection, account_id, seq + 1, page[-1].seq, misplaced)
        for seq, at, count, previous, digest in page:
            yield ChainLink(
                account_id, seq, at, count, bytes(previous), bytes(digest), tuple(leaves.pop(seq, ()))
            )
        if leaves and not misplaced:
            misplaced.append(Break(min(leaves), Flaw.MISSING))


def _leaves(
    connection: Connection, account_id: int, first: int, last: int, misplaced: list[Break]
) -> dict[int, list[Leaf]]:
    t = ledger_entries.c
    statement = (
        select(t.seq, t.position, t.contact_id, t.plain, t.sealed)
        .where(t.account_id == account_id, t.seq >= first, t.seq <= last)
        .order_by(t.seq, t.position)
    )
    leaves: dict[int, list[Leaf]] = {}
    for seq, position, contact_id, plain, sealed in connection.execute(statement).all():
        held = leaves.setdefault(seq, [])
        if not misplaced and (position != len(held) or _owner(plain) != contact_id):
            misplaced.append(Break(seq, Flaw.ENTRY, position))
        held.append(Leaf(bytes(plain), None if sealed is None else bytes(sealed)))
    return leaves


def _owner(plain: bytes) -> UUID | None:
    """Whose entry the bytes say it is; bytes that say nothing belong to nobody."""
    try:
        return read_entry(bytes(plain)).contact_id
    except Bug:
        return None
