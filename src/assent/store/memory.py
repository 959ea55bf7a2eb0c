"""What the engine remembers, in the database: each call is one transaction."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, bindparam, select

from assent.errors import Unknown
from assent.policy.identity import AddressMarks
from assent.policy.plan import RowWrite
from assent.policy.sides import Link, LinkKey, Person
from assent.ports import (
    Candidate,
    Change,
    Clock,
    Join,
    NewContact,
    Notice,
    Settlement,
    Sighting,
    Standing,
    Written,
)
from assent.ports import Connection as CrmConnection
from assent.store import (
    candidates,
    claims,
    connection_rows,
    contact_rows,
    erasing,
    gone,
    link_rows,
    notices,
    pending,
    people,
    refusing,
    sightings,
    standings,
    ties,
)
from assent.store.births import FromRows
from assent.store.categories import active_mask
from assent.store.changes import Applying
from assent.store.counters import lock_account
from assent.store.database import Database
from assent.store.erased import Finishing
from assent.store.hearing import Hearing
from assent.store.joining import Joining
from assent.store.journal import Journal
from assent.store.marks import Marks
from assent.store.schema import accounts
from assent.store.settling import Settling
from assent.store.voiding import Voiding

_REVISION = select(accounts.c.revision).where(accounts.c.account_id == bindparam("account_id"))


@dataclass(frozen=True, slots=True)
class SqlMemory:
    """`ports.Memory` on a database. The meaning of each call is the port's.

    `holder` is our process on the list of those that work: what it holds falls free when it dies.
    """

    database: Database
    clock: Clock
    journal: Journal
    marking: Marks
    holder: str = ""

    async def revision(self, account_id: int) -> int:
        """The account's revision counter."""
        return await self.database.read(lambda c: _revision(c, account_id))

    async def connections(self, account_id: int) -> list[CrmConnection]:
        """The account's live connections."""
        return await self.database.read(lambda c: connection_rows.live(c, account_id))

    async def categories(self, account_id: int) -> int:
        """The mask of active categories."""
        return await self.database.read(lambda c: active_mask(c, account_id))

    async def claim(self, account_id: int, keys: Collection[UUID], owner: UUID, until: datetime) -> set[UUID]:
        """Take the per-contact guard of every key that is free or expired."""
        now, guard = self.clock.now(), claims.Guard(owner, until, self.holder)
        return await self.database.write(lambda c: claims.claim(c, account_id, keys, guard, now))

    async def renew(self, account_id: int, owner: UUID, until: datetime) -> set[UUID]:
        """Hold what `owner` took for longer; gives what it still holds."""
        return await self.database.write(lambda c: claims.renew(c, account_id, owner, until))

    async def release(self, account_id: int, owner: UUID) -> None:
        """Give back everything `owner` took."""
        await self.database.write(lambda c: claims.release(c, account_id, owner))

    async def people(self, account_id: int, contact_ids: Collection[UUID]) -> list[Person]:
        """The named contacts with all their links."""
        return await self.database.read(lambda c: people.people(c, account_id, contact_ids))

    async def standing(self, account_id: int, contact_ids: Collection[UUID]) -> list[Standing]:
        """What the hub holds of the named contacts, as the gate needs it."""
        reader = standings.Reader(self.marking)
        return await self.database.read(lambda c: reader.run(c, account_id, contact_ids))

    async def refusing(self, account_id: int, connection_id: int, fields: int) -> int:
        """How many rows refused any of these fields when they were last read there."""
        return await self.database.read(lambda c: refusing.size(c, account_id, connection_id, fields))

    async def count_refusing(self, account_id: int, connection_id: int, fields: int, rows: int) -> None:
        """Remember how many did."""
        await self.database.write(lambda c: refusing.remember(c, account_id, connection_id, fields, rows))

    async def holders(self, account_id: int, addresses: Collection[str]) -> dict[str, UUID]:
        """Which contact holds each normalised address."""
        return await self.database.read(lambda c: contact_rows.holders(c, account_id, addresses))

    async def linked(self, account_id: int, keys: Collection[LinkKey]) -> dict[LinkKey, UUID]:
        """Which contact each linked row belongs to."""
        return await self.database.read(lambda c: people.linked(c, account_id, keys))

    async def links(self, account_id: int, keys: Collection[LinkKey]) -> dict[LinkKey, Link]:
        """What is known of each linked row."""
        found = await self.database.read(lambda c: link_rows.links_at(c, account_id, keys))
        return {key: link for key, (_, link) in found.items()}

    async def marks(self, account_id: int, addresses: Collection[str]) -> dict[str, AddressMarks]:
        """What is remembered of normalised addresses."""
        return await self.database.read(lambda c: self.marking.of(c, account_id, addresses))

    async def see(self, account_id: int, seen: Sequence[Sighting]) -> set[LinkKey]:
        """Store sightings of linked rows; gives those that prove a restore."""
        now = self.clock.now()
        return await self.database.write(lambda c: sightings.see(c, account_id, seen, now))

    async def link(
        self,
        account_id: int,
        links: Mapping[LinkKey, UUID],
        seen: Sequence[Sighting],
        created: Sequence[Written] = (),
    ) -> None:
        """Tie rows to contacts."""
        linking = ties.Linking(self.journal, self.clock.now())
        await self.database.write(lambda c: linking.run(c, account_id, links, seen, created))

    async def unlink(self, account_id: int, keys: Collection[LinkKey], hold: str | None) -> list[UUID]:
        """Drop links whose rows are gone."""
        unlinking = ties.Unlinking(self.journal, self.clock.now())
        return await self.database.write(lambda c: unlinking.run(c, account_id, keys, hold))

    async def hear(self, account_id: int, told: Sequence[Notice]) -> None:
        """Count refusals told of rows after their links were dropped."""
        hearing = Hearing(Applying(self.journal, self.marking, self.clock.now()))
        await self.database.write(lambda c: hearing.run(c, account_id, told))

    async def create(self, account_id: int, new: Sequence[NewContact]) -> dict[LinkKey, UUID]:
        """Create contacts from rows and link them."""
        creating = FromRows(self.journal, self.marking, self.clock.now())
        return await self.database.write(lambda c: creating.run(c, account_id, new))

    async def split(self, account_id: int, new: Sequence[NewContact]) -> dict[LinkKey, UUID]:
        """Take rows from their contacts and give each one of its own."""
        unlinking = ties.Unlinking(self.journal, self.clock.now())
        creating = FromRows(self.journal, self.marking, self.clock.now())

        def work(connection: Connection) -> dict[LinkKey, UUID]:
            unlinking.run(connection, account_id, [item.source for item in new], None)
            return creating.run(connection, account_id, new)

        return await self.database.write(work)

    async def join(self, account_id: int, joins: Sequence[Join]) -> set[UUID]:
        """Join contacts to those that hold their rows' address."""
        now = self.clock.now()
        joining = Joining(Applying(self.journal, self.marking, now), ties.Linking(self.journal, now))
        return await self.database.write(lambda c: joining.run(c, account_id, joins))

    async def erasing(self, account_id: int) -> list[UUID]:
        """Contacts that are being erased."""
        return await self.database.read(lambda c: sorted(erasing.under_way(c, account_id)))

    async def erase(self, account_id: int, contact_ids: Collection[UUID]) -> set[UUID]:
        """Leave nothing of those whose rows refuse."""
        finishing = Finishing(self.journal, self.marking, self.clock.now())
        return await self.database.write(lambda c: finishing.run(c, account_id, contact_ids))

    async def pending(self, account_id: int, limit: int) -> list[UUID]:
        """Contacts whose sides moved since their bases, refusals first."""
        return await self.database.read(lambda c: pending.pending(c, account_id, limit))

    async def addressed(self, account_id: int, connection_id: int, after: int, limit: int) -> list[Candidate]:
        """Contacts that got their address above a revision, and whether they had a row in this connection."""
        return await self.database.read(
            lambda c: candidates.addressed(c, account_id, connection_id, after, limit)
        )

    async def hub_cursor(self, account_id: int, connection_id: int, revision: int) -> None:
        """Move the revision through which new addresses were considered."""
        await self.database.write(
            lambda c: connection_rows.change(c, account_id, connection_id, hub_cursor=revision)
        )

    async def blanks(self, account_id: int, connection_id: int, limit: int) -> list[UUID]:
        """Contacts with an active, settled row that lacks a value the hub has."""
        return await self.database.read(lambda c: candidates.blanks(c, account_id, connection_id, limit))

    async def intend(self, account_id: int, writes: Sequence[RowWrite]) -> None:
        """Remember row writes before they are sent."""
        intending = sightings.Intending(self.journal)
        await self.database.write(lambda c: intending.run(c, account_id, writes))

    async def apply(self, account_id: int, changes: Sequence[Change]) -> dict[UUID, int]:
        """Change contacts whose revision still stands."""
        applying = Applying(self.journal, self.marking, self.clock.now())
        return await self.database.write(lambda c: applying.run(c, account_id, changes))

    async def settle(
        self, account_id: int, settlements: Sequence[Settlement], written: Sequence[Written]
    ) -> set[UUID]:
        """Move bases by compare-and-set and record what was written."""
        settling = Settling(Hearing(Applying(self.journal, self.marking, self.clock.now())))
        return await self.database.write(lambda c: settling.run(c, account_id, settlements, written))

    async def post(self, account_id: int, posted: Sequence[Notice]) -> None:
        """Store notices durably."""
        now = self.clock.now()
        await self.database.write(lambda c: notices.post(c, account_id, posted, now))

    async def notices(self, account_id: int, limit: int) -> list[Notice]:
        """Waiting notices, refusals first."""
        return await self.database.read(lambda c: notices.waiting(c, account_id, limit))

    async def dismiss(self, account_id: int, notice_ids: Collection[int]) -> None:
        """End notices that no longer say anything."""
        now = self.clock.now()
        await self.database.write(lambda c: notices.dismiss(c, account_id, notice_ids, now))

    async def unseen(
        self, account_id: int, connection_id: int, before: datetime, limit: int
    ) -> list[LinkKey]:
        """Links of a connection not sighted since `before`."""
        return await self.database.read(
            lambda c: sightings.unseen(c, account_id, connection_id, before, limit)
        )

    async def newest(
        self, account_id: int, connection_id: int, before: datetime, limit: int
    ) -> dict[LinkKey, int]:
        """The linked rows of the highest versions there among those last read before a moment."""
        return await self.database.read(
            lambda c: sightings.newest(c, account_id, connection_id, before, limit)
        )

    async def lately_gone(self, account_id: int, connection_id: int, limit: int) -> dict[LinkKey, int]:
        """The rows that went last there, and the versions they had."""
        return await self.database.read(lambda c: gone.lately(c, account_id, connection_id, limit))

    async def token(self, account_id: int, connection_id: int) -> str | None:
        """The change token the next sweep starts from."""
        return await self.database.read(lambda c: connection_rows.token(c, account_id, connection_id))

    async def move_token(
        self, account_id: int, connection_id: int, token: str | None, *, onward: bool = False
    ) -> bool:
        """Move a connection's change token, `onward` only from another one; tells whether it moved."""

        def work(connection: Connection) -> bool:
            lock_account(connection, account_id)
            if onward and connection_rows.token(connection, account_id, connection_id) is None:
                return False
            connection_rows.change(connection, account_id, connection_id, token=token)
            return True

        return await self.database.write(work)

    async def void(self, account_id: int, connection_id: int, reason: str) -> None:
        """Void every base of a connection and its change token."""
        voiding = Voiding(Hearing(Applying(self.journal, self.marking, self.clock.now())))
        await self.database.write(lambda c: voiding.run(c, account_id, connection_id, reason))


def _revision(connection: Connection, account_id: int) -> int:
    revision: int | None = connection.execute(_REVISION, {"account_id": account_id}).scalar_one_or_none()
    if revision is None:
        raise Unknown(f"there is no account {account_id}")
    return revision
