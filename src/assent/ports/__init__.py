"""The questions and orders the engine may utter, in domain words, all async.

Every call that reads or changes an account's data carries the account. Nothing here knows HTTP, SQL,
clocks or chance; production, tests and simulation implement the same protocols.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import NamedTuple, Protocol
from uuid import UUID

from assent.errors import AssentError
from assent.policy.identity import AddressMarks, Origin
from assent.policy.permission import AllowPolicy, LegalBasis
from assent.policy.plan import FieldChange, Request, RowWrite
from assent.policy.sides import Base, Contact, Link, LinkKey, Person, Row


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> datetime:
        """The present moment, in UTC."""

    async def sleep(self, seconds: float) -> None:
        """Wait; virtual clocks jump."""


class Ids(Protocol):
    """The only source of identity and chance."""

    def new(self) -> UUID:
        """A fresh identifier."""


class ActorKind(Enum):
    """Who may stand behind a change."""

    USER = "user"
    API_KEY = "api_key"
    CONTACT = "contact"  # through a preference-page token
    CONNECTION = "connection"  # a person in the CRM, seen through a connection
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a kind and an identifier that names nobody in clear."""

    kind: ActorKind
    ident: str


SYSTEM = Actor(ActorKind.SYSTEM, "assent")


# --- the CRM -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Organisation:
    """A Dataverse organisation and the application user we are in it."""

    organisation_id: UUID
    user_id: UUID
    name: str
    language: int
    token_days: int


@dataclass(frozen=True, slots=True)
class ChangePage:
    """A page of the change feed. `token` is set on the last page only."""

    rows: tuple[Row, ...]
    deleted: tuple[UUID, ...] = ()
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """What an active row says No to: categories, and `PERMISSION` where it says Do not allow."""

    row_id: UUID
    email: str | None
    refused: int


class Crm(Protocol):
    """The contacts of one connected organisation.

    Reads give sightings; writes name only the columns they change. Errors are of the tree in
    `assent.errors`; `Retry` from a write means that it is unknown whether it took effect.
    """

    async def organisation(self) -> Organisation:
        """Who and where we are; the first call of every run that writes (M7)."""

    def changes(self, token: str | None) -> AsyncIterator[ChangePage]:
        """Everything that changed since `token`, or every row without one.

        Raises TokenExpired when the token is no longer honoured: a full compare is due.
        """

    async def read(self, row_ids: Collection[UUID]) -> dict[UUID, Row]:
        """The named rows as they are now; a row that is absent from the answer does not exist."""

    async def bearing(self, addresses: Collection[str]) -> list[Row]:
        """Every row that bears one of the addresses, by the CRM's own comparison and spelling."""

    async def around(self, row_ids: Collection[UUID], addresses: Collection[str]) -> list[Row]:
        """The named rows that exist and every row bearing one of the addresses, in as few requests (G4)."""

    def refusing(self, fields: int) -> AsyncIterator[tuple[Refusal, ...]]:
        """Every active row that refuses any of the fields: Do not allow, or a category No (G4), in pages."""

    async def write(self, writes: Sequence[RowWrite]) -> dict[UUID, Row | AssentError]:
        """Carry out row writes; the answer holds, per row, a read-back or what went wrong.

        Writes with `if_version` are conditional and go one by one inside a batch; the rest refuse
        only and go in bulk (M6). VersionChanged means read again; RowRefused that this row alone
        was refused.
        """

    async def create(self, rows: Sequence[Row]) -> dict[UUID, Row | AssentError]:
        """Create rows under their given ids unless they exist; existing ones are read back (I5)."""


# --- memory ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sighting:
    """A row as read, with the moment and the hub revision *before* the request was sent.

    `hub_revision` is the account's revision counter then: a contact whose revision is not above it
    is proved to have coexisted with the row.
    """

    connection_id: int
    row: Row
    read_at: datetime
    hub_revision: int

    @property
    def key(self) -> LinkKey:
        """Which row it is of."""
        return LinkKey(self.connection_id, self.row.row_id)


@dataclass(frozen=True, slots=True)
class Notice:
    """A fast-lane fact from a webhook: which row moved and which fields it reported refused (M8).

    `version` is the row's version as far as the notice tells, else 0.
    """

    connection_id: int
    row_id: UUID
    operation: str
    version: int
    refused: int
    received_at: datetime
    notice_id: int = 0


@dataclass(frozen=True, slots=True)
class Connection:
    """One account joined to one Dynamics organisation, as the engine needs it.

    `made` is the mask of categories whose column exists there: others cannot be read or written yet.
    `user_id` is who we are there, once that is known.
    """

    account_id: int
    connection_id: int
    organisation_id: UUID | None
    allow: AllowPolicy
    create_in_hub: bool = True
    create_in_crm: bool = True
    create_from_others: bool = False
    hold_deleted: bool = True
    honour_no_email: bool = False
    live: bool = False
    paused: bool = False
    hub_cursor: int = 0
    made: int = 0
    user_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A new state of one hub contact, to be applied if its revision is still `before.revision`."""

    before: Contact
    after: Contact
    fields: tuple[FieldChange, ...]
    requests: tuple[Request, ...] = ()


@dataclass(frozen=True, slots=True)
class NewContact:
    """A contact to create from a CRM row; `source` is that row."""

    contact: Contact
    source: LinkKey
    first_name: str = ""
    last_name: str = ""


@dataclass(frozen=True, slots=True)
class Join:
    """A contact whose rows go to the one that holds their address: all of it happens or nothing (I3)."""

    leaving: Change
    holder: Change
    rows: tuple[LinkKey, ...]


@dataclass(frozen=True, slots=True)
class Overwritten:
    """What a refusal written without a condition may have hidden (M8).

    Namely refusals of these `fields`, saved since the version the row was last read at.
    """

    after: int
    fields: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """A link whose base may move from the version it had to the one both sides confirmed."""

    key: LinkKey
    contact_id: UUID
    hub_revision: int
    old_base_version: int | None
    row: Row
    base: Base
    read_at: datetime
    over: Overwritten | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A row write that took effect, for the ledger: what we changed in the CRM and by which rule."""

    contact_id: UUID
    write: RowWrite
    version: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A contact that may be due a CRM row; `addressed` is the revision that gave it its address.

    `had_row` says that it has a row in the connection asked about, or had one.
    """

    contact: Contact
    origin: Origin
    addressed: int
    first_name: str = ""
    last_name: str = ""
    had_row: bool = False


#: Stands for the contact where an address is asked about that nobody holds.
STRANGER = UUID(int=0)


class Standing(NamedTuple):
    """What the hub holds of one contact right now, as the gate needs it.

    `blocked` are the fields that waiting notices report refused (M8); `rows` are the linked ones, each
    as connection and the bytes of its id. `no_email` tells that one of them said no to any email when it
    was last read, in a connection that honours it (G3).
    """

    contact_id: UUID
    email: str
    basis: LegalBasis
    value: int
    hold: str | None
    suppressed: bool
    blocked: int
    rows: tuple[tuple[int, bytes], ...]
    no_email: bool = False


class Memory(Protocol):
    """What the engine remembers between and during reconciles: both sides, bases, intents."""

    async def revision(self, account_id: int) -> int:
        """The account's revision counter: every hub change is above every earlier one."""

    async def connections(self, account_id: int) -> list[Connection]:
        """The account's live connections."""

    async def categories(self, account_id: int) -> int:
        """The mask of active categories."""

    async def claim(self, account_id: int, keys: Collection[UUID], owner: UUID, until: datetime) -> set[UUID]:
        """Take the per-contact guard; the answer holds the keys now owned, the rest are busy."""

    async def renew(self, account_id: int, owner: UUID, until: datetime) -> set[UUID]:
        """Hold what `owner` took for longer; the answer holds the keys nobody else took meanwhile."""

    async def release(self, account_id: int, owner: UUID) -> None:
        """Give back everything `owner` took."""

    async def people(self, account_id: int, contact_ids: Collection[UUID]) -> list[Person]:
        """The named contacts with all their links, sightings, bases and waiting notices."""

    async def standing(self, account_id: int, contact_ids: Collection[UUID]) -> list[Standing]:
        """What the hub holds of the named contacts; absent ones are not of this account."""

    async def refusing(self, account_id: int, connection_id: int, fields: int) -> int:
        """How many rows refused any of these fields when they were last read there, or an estimate."""

    async def count_refusing(self, account_id: int, connection_id: int, fields: int, rows: int) -> None:
        """Remember how many did, so that the next check can tell which way of asking is cheapest."""

    async def holders(self, account_id: int, addresses: Collection[str]) -> dict[str, UUID]:
        """Which contact holds each normalised address."""

    async def linked(self, account_id: int, keys: Collection[LinkKey]) -> dict[LinkKey, UUID]:
        """Which contact each linked row belongs to."""

    async def links(self, account_id: int, keys: Collection[LinkKey]) -> dict[LinkKey, Link]:
        """What is known of each linked row."""

    async def marks(self, account_id: int, addresses: Collection[str]) -> dict[str, AddressMarks]:
        """What is remembered of addresses; absent means nothing."""

    async def see(self, account_id: int, sightings: Sequence[Sighting]) -> set[LinkKey]:
        """Store sightings of linked rows; one at or below the stored version is no news (T4).

        Gives the rows whose sighting proves a restore (M7): those were not stored.
        """

    async def link(
        self,
        account_id: int,
        links: Mapping[LinkKey, UUID],
        sightings: Sequence[Sighting],
        created: Sequence[Written] = (),
    ) -> None:
        """Tie rows to contacts, with their first sightings and no base.

        `created` names those we made ourselves: each is told the ledger once, by the same transaction.
        """

    async def unlink(self, account_id: int, keys: Collection[LinkKey], hold: str | None) -> list[UUID]:
        """Drop links whose rows are gone; their contacts, which are returned, are held if `hold` is given."""

    async def hear(self, account_id: int, told: Sequence[Notice]) -> None:
        """Count refusals told of rows after their links were dropped, with the contacts they had (I4)."""

    async def create(self, account_id: int, new: Sequence[NewContact]) -> dict[LinkKey, UUID]:
        """Create contacts from rows and link them; an address taken meanwhile links to its holder."""

    async def split(self, account_id: int, new: Sequence[NewContact]) -> dict[LinkKey, UUID]:
        """Take rows from their contacts and give each a contact of its own, in one transaction (I3)."""

    async def join(self, account_id: int, joins: Sequence[Join]) -> set[UUID]:
        """Join contacts to others, each if neither moved meanwhile; gives those that left (I3)."""

    async def erasing(self, account_id: int) -> list[UUID]:
        """Contacts somebody asked to be erased, and who still are there (I6)."""

    async def erase(self, account_id: int, contact_ids: Collection[UUID]) -> set[UUID]:
        """Leave nothing of those among them whose rows all refuse, as last proved; gives them (I6).

        Also of one with rows that could not be reached, where a person decided not to wait for them.
        """

    async def pending(self, account_id: int, limit: int) -> list[UUID]:
        """Contacts whose sides moved since their bases, refusals first. Derived, never queued."""

    async def addressed(self, account_id: int, connection_id: int, after: int, limit: int) -> list[Candidate]:
        """Contacts that got their address after revision `after`, in that order.

        Being created or moving makes a row due, no other act does (I5).

        A contact whose row was deleted there counts as having had one: it is never created again (I4).
        The origin of a contact born in another connection is `OTHER_CONNECTION` (I8).
        """

    async def hub_cursor(self, account_id: int, connection_id: int, revision: int) -> None:
        """Move the revision through which missing CRM rows were considered."""

    async def blanks(self, account_id: int, connection_id: int, limit: int) -> list[UUID]:
        """Contacts with an active, settled row that lacks a value the hub has: the backfill's work (T6)."""

    async def intend(self, account_id: int, writes: Sequence[RowWrite]) -> None:
        """Remember row writes before they are sent (M4)."""

    async def apply(self, account_id: int, changes: Sequence[Change]) -> dict[UUID, int]:
        """Change contacts whose revision still stands; gives the new revision of each changed one.

        Each change is in the ledger by the same transaction.
        """

    async def settle(
        self, account_id: int, settlements: Sequence[Settlement], written: Sequence[Written]
    ) -> set[UUID]:
        """Move bases by compare-and-set and record what was written; gives the contacts that settled.

        A person's bases move together or not at all (M4). Waiting notices at or below the settled
        versions end (M8).
        """

    async def post(self, account_id: int, notices: Sequence[Notice]) -> None:
        """Store notices durably; from then on they block sends (M8)."""

    async def notices(self, account_id: int, limit: int) -> list[Notice]:
        """Waiting notices, refusals first."""

    async def dismiss(self, account_id: int, notice_ids: Collection[int]) -> None:
        """End notices that no longer say anything: their row was read and decided, or is unknown."""

    async def unseen(
        self, account_id: int, connection_id: int, before: datetime, limit: int
    ) -> list[LinkKey]:
        """Links not sighted since `before`: what a full compare did not meet, to be looked up by key."""

    async def newest(
        self, account_id: int, connection_id: int, before: datetime, limit: int
    ) -> Mapping[LinkKey, int]:
        """The linked rows of the highest versions among those last read before a moment, with these."""

    async def lately_gone(self, account_id: int, connection_id: int, limit: int) -> Mapping[LinkKey, int]:
        """The rows that went last there and are with nobody, and the versions they had (M7)."""

    async def void(self, account_id: int, connection_id: int, reason: str) -> None:
        """Void every base of a connection and its change token: a restore or a copy (M7)."""

    async def token(self, account_id: int, connection_id: int) -> str | None:
        """The change token a connection's next sweep starts from, or None for a full compare."""

    async def move_token(
        self, account_id: int, connection_id: int, token: str | None, *, onward: bool = False
    ) -> bool:
        """Move a connection's change token; only after every page it covers was stored.

        `onward` moves it only from another token, anybody's: one that was voided meanwhile stays so.
        Tells whether it moved.
        """


# --- people in the hub -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Evidence:
    """What proves an act; sealed under the contact's key in the ledger."""

    text: str = ""
    source: str = ""
    ip: str = ""


@dataclass(frozen=True, slots=True)
class NewPerson:
    """A contact somebody creates in the hub."""

    email: str
    first_name: str = ""
    last_name: str = ""
    basis: LegalBasis = LegalBasis.NONE
    refused: int = 0
    origin: Origin = Origin.PERSON
    evidence: Evidence | None = None  # replaces the one given for all together


@dataclass(frozen=True, slots=True)
class Act:
    """What a person (or their software) sets on one contact; None and an empty mask leave alone.

    An act that repeats a value is still an act (M3). `answered` names the categories set, `value`
    their answers. Names are the hub's own and no party to the sync. With `revision` the act is for the
    contact as it was then. `evidence` replaces the one given for all acts together.
    """

    contact_id: UUID
    basis: LegalBasis | None = None
    answered: int = 0
    value: int = 0
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    revision: int | None = None
    evidence: Evidence | None = None


class Hub(Protocol):
    """Acts of people in the hub. Each marks what it touches on every link and is one ledger entry."""

    async def add(
        self, account_id: int, actor: Actor, people: Sequence[NewPerson], evidence: Evidence
    ) -> list[UUID]:
        """Create contacts; raises Invalid for an address that is malformed or barred, Conflict for a
        taken one.
        """

    async def act(self, account_id: int, actor: Actor, acts: Sequence[Act], evidence: Evidence) -> None:
        """Record acts on contacts, all or none.

        Raises Unknown for a contact of another account, Conflict for one that moved since the act's
        revision and for an address that is taken, and Invalid for what may not be.
        """
