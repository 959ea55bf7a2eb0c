"""What happened to contacts, in plain words, from the ledger: of one contact, or of the whole account."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from assent.errors import Invalid, Unknown
from assent.services.access import Caller, Right
from assent.services.application import Application
from assent.services.paging import Page, within_limit
from assent.services.sentences import rule_of, sentence, who
from assent.store.contact_rows import contacts_at
from assent.store.known_names import Known, known_to
from assent.store.reading import Place, Recorded

#: What the ledger seals of an act that is its evidence.
EVIDENCE = ("text", "source", "ip")


@dataclass(frozen=True, slots=True)
class Happening:
    """One entry of the ledger in words. `place` is where it stands, to go on from.

    `contact` is what to call the person it is about, empty where it is about nobody. `evidence` and
    `details` (addresses and names, old and new) are None for callers who may not read them;
    `erased` tells that they can never be read again.
    """

    place: str
    at: datetime
    kind: str
    who: str
    text: str
    rule: str
    contact_id: UUID | None
    contact: str
    connection_id: int | None
    evidence: Mapping[str, str] | None
    details: Mapping[str, str] | None
    erased: bool


async def history(
    app: Application, caller: Caller, contact_id: UUID, *, after: str = "", limit: int = 50
) -> Page[Happening]:
    """What happened to one contact, the newest first; raises Unknown for a contact of another account."""
    caller.require(Right.READ)
    account_id = caller.account_id
    if not await app.store.database.read(lambda c: contacts_at(c, account_id, [contact_id])):
        raise Unknown("this account has no such contact")
    return await _back(app, caller, contact_id, after, within_limit(limit))


async def activity(
    app: Application, caller: Caller, *, after: str = "", limit: int = 50, latest: bool = True
) -> Page[Happening]:
    """What happened in the account: the newest first, or with `latest=False` in order from a place on.

    In order, `next` is the place of the last one given, or `after` where nothing came: ask again with
    it to follow what happens.
    """
    caller.require(Right.READ)
    size = within_limit(limit)
    if latest:
        return await _back(app, caller, None, after, size)
    start = read_place(after) if after else Place()
    found = await app.store.ledger.entries(caller.account_id, after=start, limit=size)
    happenings = await _told(app, caller, found)
    return Page(happenings, happenings[-1].place if happenings else after)


async def now(app: Application, caller: Caller) -> str:
    """The place of the newest entry: where to begin following from; empty while there is none."""
    caller.require(Right.READ)
    newest = await app.store.ledger.newest(caller.account_id, limit=1)
    return write_place(newest[0].place) if newest else ""


async def _back(
    app: Application, caller: Caller, contact_id: UUID | None, after: str, size: int
) -> Page[Happening]:
    before = read_place(after) if after else None
    found = await app.store.ledger.newest(
        caller.account_id, contact=contact_id, before=before, limit=size + 1
    )
    happenings = await _told(app, caller, found[:size])
    return Page(happenings, happenings[-1].place if len(found) > size else "")


async def _told(app: Application, caller: Caller, found: Sequence[Recorded]) -> tuple[Happening, ...]:
    entries = [recorded.entry for recorded in found]
    known = await app.store.database.read(lambda c: known_to(c, caller.account_id, entries))
    may = caller.may(Right.LEDGER)
    return tuple(_happening(recorded, known, may=may) for recorded in found)


def _happening(recorded: Recorded, known: Known, *, may: bool) -> Happening:
    entry = recorded.entry
    proof = {name: value for name, value in entry.personal.items() if name in EVIDENCE}
    details = {name: value for name, value in entry.personal.items() if name not in EVIDENCE}
    row = entry.place or entry.cause
    return Happening(
        place=write_place(recorded.place),
        at=recorded.at,
        kind=entry.kind,
        who=who(entry, known),
        text=sentence(entry, known),
        rule=rule_of(entry),
        contact_id=entry.contact_id,
        contact="" if entry.contact_id is None else known.contacts.get(entry.contact_id, ""),
        connection_id=None if row is None else row.connection_id,
        evidence=proof if may else None,
        details=details if may else None,
        erased=recorded.erased,
    )


def write_place(place: Place) -> str:
    """A place as a cursor."""
    return f"{place.seq}.{place.position}"


def read_place(text: str) -> Place:
    """Read a cursor; raises Invalid for one that is none."""
    seq, _, position = text.partition(".")
    if not (seq.isascii() and seq.isdecimal() and position.isascii() and position.isdecimal()):
        raise Invalid("This page cannot be continued; begin again with the first one.")
    if len(seq) > 18 or len(position) > 9:
        raise Invalid("This page cannot be continued; begin again with the first one.")
    return Place(int(seq), int(position))
