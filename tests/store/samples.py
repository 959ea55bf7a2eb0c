"""A small town to test in: one account, two connections, a clock and identifiers that repeat."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

from cryptography.fernet import Fernet

from assent.policy.permission import BulkEmail, LegalBasis
from assent.policy.plan import settle
from assent.policy.sides import CATEGORIES, Contact, LinkKey, Person, Row
from assent.ports import Act, Actor, ActorKind, Evidence, NewPerson, Settlement, Sighting
from assent.store.opening import Store, open_store
from assent.store.organisations import NewConnection

NEWS, EVENTS = 1, 2
ALLOW, DENY = BulkEmail.ALLOW, BulkEmail.DO_NOT_ALLOW
CONSENT, WITHDRAWN, NONE = LegalBasis.CONSENT, LegalBasis.WITHDRAWN, LegalBasis.NONE
MARKETER = Actor(ActorKind.USER, "7")
HERSELF = Actor(ActorKind.CONTACT, "token")
FORM = Evidence(text="Yes, send me news", source="form 3", ip="192.0.2.7")
NO_EVIDENCE = Evidence()


@dataclass(slots=True)
class TestClock:
    """Time that moves a millisecond whenever somebody looks."""

    __test__ = False
    moment: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        """The next millisecond."""
        self.moment += timedelta(milliseconds=1)
        return self.moment

    async def sleep(self, seconds: float) -> None:
        """Jump."""
        self.moment += timedelta(seconds=seconds)


@dataclass(slots=True)
class TestIds:
    """Identifiers in order."""

    __test__ = False
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def new(self) -> UUID:
        """The next identifier."""
        return UUID(int=next(self.numbers))


@dataclass(slots=True)
class Town:
    """An open store with one account, the categories News and Events, and two live connections."""

    store: Store
    clock: TestClock
    ids: TestIds
    account_id: int
    north: int
    south: int
    webhook_key: str

    async def add(self, *emails: str, basis: LegalBasis = CONSENT, refused: int = 0) -> list[UUID]:
        """Let a marketer create contacts."""
        people = [NewPerson(email, basis=basis, refused=refused) for email in emails]
        return await self.store.hub.add(self.account_id, MARKETER, people, FORM)

    async def act(
        self,
        contact_id: UUID,
        basis: LegalBasis | None = None,
        *,
        answered: int = 0,
        value: int = 0,
        email: str | None = None,
        actor: Actor = MARKETER,
    ) -> None:
        """Let somebody set something on one contact."""
        act = Act(contact_id, basis, answered, value, email)
        await self.store.hub.act(self.account_id, actor, [act], NO_EVIDENCE)

    async def sighting(self, row: Row, *, at: int | None = None) -> Sighting:
        """See a row now."""
        revision = await self.store.memory.revision(self.account_id)
        return Sighting(at or self.north, row, self.clock.now(), revision)

    async def see(self, row: Row, *, at: int | None = None) -> set[LinkKey]:
        """Store a sighting of a row; gives it where it proves a restore."""
        return await self.store.memory.see(self.account_id, [await self.sighting(row, at=at)])

    async def link(self, contact_id: UUID, row: Row, *, at: int | None = None) -> LinkKey:
        """Tie a row, just seen, to a contact."""
        key = LinkKey(at or self.north, row.row_id)
        await self.store.memory.link(self.account_id, {key: contact_id}, [await self.sighting(row, at=at)])
        return key

    async def person(self, contact_id: UUID) -> Person:
        """Read one person."""
        (person,) = await self.store.memory.people(self.account_id, [contact_id])
        return person

    async def contact(self, contact_id: UUID) -> Contact:
        """Read one contact."""
        return (await self.person(contact_id)).contact

    async def pending(self) -> list[UUID]:
        """Read what is pending."""
        return await self.store.memory.pending(self.account_id, 10_000)

    async def settle(self, *contact_ids: UUID) -> set[UUID]:
        """Settle people whose rows, as last seen, agree with them."""
        people = await self.store.memory.people(self.account_id, contact_ids)
        settlements = [s for person in people for s in settlements_of(person)]
        return await self.store.memory.settle(self.account_id, settlements, [])

    async def settled(self, email: str) -> tuple[UUID, LinkKey, Row]:
        """Make a consenting contact with one row, settled."""
        (contact_id,) = await self.add(email)
        row = Row(self.ids.new(), 5, email, ALLOW, known=NEWS | EVENTS, value=NEWS | EVENTS)
        key = await self.link(contact_id, row)
        assert await self.settle(contact_id) == {contact_id}
        return contact_id, key, row


def settlements_of(person: Person) -> list[Settlement]:
    """The settlements a person is due; none unless every row agrees."""
    found = []
    for link in person.links:
        base = settle(person.contact, link, NEWS | EVENTS)
        if base is None or link.row is None or link.read_at is None:
            return []
        old = None if link.base is None else link.base.crm_version
        found.append(
            Settlement(
                key=link.key,
                contact_id=person.contact.contact_id,
                hub_revision=person.contact.revision,
                old_base_version=old,
                row=link.row,
                base=base,
                read_at=link.read_at,
            )
        )
    return found


def waits(person: Person) -> bool:
    """The definition of pending, but for waiting notices: some side moved since its base."""
    return any(
        link.base is None
        or (link.row is not None and link.row.version > link.base.crm_version)
        or person.contact.revision > link.base.hub_revision
        or bool(link.hub_touched | link.crm_touched)
        for link in person.links
    )


async def build_town(url: str, *, inline: bool = False, key: bytes | None = None) -> Town:
    """Open a store and settle a town in it."""
    clock, ids = TestClock(), TestIds()
    store = await open_store(url, clock=clock, ids=ids, keys=[key or Fernet.generate_key()], inline=inline)
    account_id = await store.accounts.create("Meadow Ltd")
    await store.accounts.add_category(account_id, "News", schema_name="asn_News")
    await store.accounts.add_category(account_id, "Events", schema_name="asn_Events")
    made = [await store.accounts.connect(account_id, new_connection(name)) for name in ("north", "south")]
    for added in made:
        await store.accounts.set_live(account_id, added.connection_id, live=True)
    north, south = (added.connection_id for added in made)
    return Town(store, clock, ids, account_id, north, south, made[0].webhook_key)


def new_connection(name: str) -> NewConnection:
    """What an admin would type."""
    return NewConnection(name, f"https://{name}.crm.example", "tenant", "client", f"secret of {name}")


ALL_YES = CATEGORIES
