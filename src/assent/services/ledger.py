"""The ledger as it is: verified, read entry by entry, exported, and asked what it says of a contact."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import msgspec

from assent.errors import Invalid, Unknown
from assent.ledger.entries import Scalar, State, replay
from assent.policy.permission import LegalBasis
from assent.services.access import Caller, Right
from assent.services.application import Application
from assent.services.paging import Page, within_limit
from assent.store.reading import Place, Recorded

#: Entries read at a time while exporting or replaying.
STEP = 500


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether the chain and every manifest hold; `broken` says in words what does not, else it is empty.

    `broken_seq` is the first link that does not hold. Manifests are only looked at where all of them do.
    """

    holds: bool
    links: int
    entries: int
    manifests: int
    head: str
    broken: str
    broken_seq: int | None


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One change as it is written down; `personal` is empty where there was nothing, or it was erased."""

    seq: int
    position: int
    at: datetime
    kind: str
    actor_kind: str
    actor: str
    contact_id: UUID | None
    connection_id: int | None
    row_id: UUID | None
    fields: int
    old: Mapping[str, Scalar]
    new: Mapping[str, Scalar]
    rule: str
    erased: bool
    personal: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Explained:
    """What the ledger says a contact was at a moment, and the entries that made it so.

    `unsubscribed` names the active categories it said No to. `because` holds the newest entry that
    changed the permission, the subscriptions, and the hold.
    """

    contact_id: UUID
    at: datetime
    basis: LegalBasis
    unsubscribed: tuple[str, ...]
    hold: str | None
    email: str | None
    because: tuple[LedgerEntry, ...]


async def verify(app: Application, caller: Caller) -> Verification:
    """Check the whole chain from its first link to its head, and every manifest it names."""
    caller.require(Right.LEDGER)
    found = await app.store.ledger.verify(caller.account_id)
    broken, known, altered = found.broken, 0, list[int]()
    if broken is None:
        known, altered = await app.store.ledger.altered_manifests(caller.account_id)
    said = "" if broken is None else f"At link {broken.seq}: {broken.flaw.value}."
    if altered:
        sends = ", ".join(map(str, altered))
        said = f"Not as it was written and signed: the manifest of send {sends}."
    return Verification(
        holds=not said,
        links=found.links,
        entries=found.entries,
        manifests=known,
        head=found.head.hex(),
        broken=said,
        broken_seq=None if broken is None else broken.seq,
    )


async def entries(
    app: Application,
    caller: Caller,
    *,
    contact_id: UUID | None = None,
    after: str = "",
    limit: int = 100,
) -> Page[LedgerEntry]:
    """Entries in their order, of one contact or of all; raises Invalid for a cursor that is none."""
    caller.require(Right.LEDGER)
    limit, place = within_limit(limit), _place(after)
    found = await app.store.ledger.entries(
        caller.account_id, contact=contact_id, after=place, limit=limit + 1
    )
    items = tuple(_entry(recorded) for recorded in found[:limit])
    return Page(items, f"{items[-1].seq}.{items[-1].position}" if len(found) > limit else "")


def export(app: Application, caller: Caller) -> AsyncIterator[bytes]:
    """Every entry as one line of JSON, in order; memory stays flat however long the ledger is."""
    caller.require(Right.LEDGER)
    return _lines(app, caller.account_id)


async def _lines(app: Application, account_id: int) -> AsyncIterator[bytes]:
    place = Place()
    while page := await app.store.ledger.entries(account_id, after=place, limit=STEP):
        place = page[-1].place
        yield b"".join(msgspec.json.encode(_entry(recorded)) + b"\n" for recorded in page)


async def explain(
    app: Application, caller: Caller, contact_id: UUID, *, at: datetime | None = None
) -> Explained:
    """What the ledger says of a contact, now or at a moment; raises Unknown where it did not exist then."""
    caller.require(Right.LEDGER)
    moment = at or app.clock.now()
    if moment.tzinfo is None:
        raise Invalid("Say in which time zone this moment is, such as 2026-01-31T12:00:00Z.")
    state: State | None = None
    newest: dict[str, Recorded] = {}
    place = Place()
    while page := await app.store.ledger.entries(
        caller.account_id, contact=contact_id, after=place, limit=STEP
    ):
        place = page[-1].place
        for recorded in page:
            if recorded.at <= moment:
                state = replay(state, recorded.entry)
                newest |= {name: recorded for name in ("basis", "value", "hold") if _moved(recorded, name)}
    if state is None:
        raise Unknown("this account had no such contact at that moment")
    categories = await app.store.accounts.categories(caller.account_id)
    because = sorted({r.place: r for r in newest.values()}.items(), key=lambda p: (p[0].seq, p[0].position))
    return Explained(
        contact_id=contact_id,
        at=moment,
        basis=state.basis,
        unsubscribed=tuple(c.name for c in categories if c.active and not state.value & c.bit),
        hold=state.hold,
        email=state.email,
        because=tuple(_entry(recorded) for _, recorded in because),
    )


def _moved(recorded: Recorded, name: str) -> bool:
    """Whether an entry says something about a field of its contact in the hub."""
    return name in recorded.entry.new and recorded.entry.place is None


def _entry(recorded: Recorded) -> LedgerEntry:
    entry = recorded.entry
    return LedgerEntry(
        seq=recorded.place.seq,
        position=recorded.place.position,
        at=recorded.at,
        kind=entry.kind,
        actor_kind=entry.actor_kind,
        actor=entry.actor,
        contact_id=entry.contact_id,
        connection_id=None if entry.place is None else entry.place.connection_id,
        row_id=None if entry.place is None else entry.place.row_id,
        fields=entry.field,
        old=entry.old,
        new=entry.new,
        rule=entry.rule,
        personal=entry.personal,
        erased=recorded.erased,
    )


def _place(after: str) -> Place:
    if not after:
        return Place()
    seq, dot, position = after.partition(".")
    if not dot or not all(part.isascii() and part.isdigit() and len(part) <= 18 for part in (seq, position)):
        raise Invalid("This is not a place in the ledger; begin without one.")
    return Place(int(seq), int(position))
