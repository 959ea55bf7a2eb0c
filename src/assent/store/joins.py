"""What the ledger tells of joins: who is with whom, which rows went over, what was taken over (I3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, select

from assent.ledger import entries as ledger
from assent.ledger.entries import Entry, read_entry
from assent.policy.permission import LegalBasis
from assent.policy.sides import CATEGORIES, PERMISSION, Contact, Hold, LinkKey
from assent.ports import Act
from assent.store.contact_rows import contacts_at
from assent.store.schema import ledger_entries


@dataclass(frozen=True, slots=True)
class Join:
    """A join that stands: the contact that left, the one that has its rows, and what that one took over.

    `unmoved` holds what the holder had before in every field it took over and nobody acted on or
    changed since.
    """

    left: UUID
    holder: UUID
    rows: tuple[LinkKey, ...]
    unmoved: Mapping[int, int]


def join_of(connection: Connection, account_id: int, contact_id: UUID) -> Join | None:
    """The newest join of a contact to another, where the ledger tells of one."""
    mine = _entries(connection, account_id, contact_id)
    held = [seq for seq, entry in mine if _left(entry)]
    if not held:
        return None
    # The rows went over by the next link of the same transaction.
    moved = [
        entry
        for entry in _at(connection, account_id, held[-1] + 1)
        if entry.kind == ledger.MOVED and entry.old.get("contact") == str(contact_id)
    ]
    if not moved or moved[0].contact_id is None:
        return None
    holder = moved[0].contact_id
    theirs = _entries(connection, account_id, holder)
    rows = tuple(entry.place for entry in moved if entry.place is not None)
    return Join(contact_id, holder, rows, _unmoved(theirs, held[-1]))


def joined_to(connection: Connection, account_id: int, holder: UUID) -> list[UUID]:
    """The contacts whose rows a contact has, by a join that was not taken apart."""
    came = {
        UUID(str(entry.old["contact"]))
        for _, entry in _entries(connection, account_id, holder)
        if entry.kind == ledger.MOVED and entry.old.get("contact")
    }
    standing = contacts_at(connection, account_id, came)
    away = [one for one, contact in standing.items() if contact.hold == Hold.JOINED.value]
    joins = {one: join_of(connection, account_id, one) for one in away}
    return sorted(one for one, join in joins.items() if join is not None and join.holder == holder)


def passed_on(
    connection: Connection, account_id: int, acts: Sequence[Act], standing: dict[UUID, Contact]
) -> list[Act]:
    """What joined people refuse themselves, as acts on the contacts that have their rows now (I3).

    An old link of theirs still names the contact they left; the refusal goes with the person. The
    contacts acted on are added to `standing`.
    """
    found: list[Act] = []
    due = list(acts)
    while due:
        act = due.pop()
        contact, refused = standing.get(act.contact_id), act.answered & ~act.value
        withdrawn = LegalBasis.WITHDRAWN if act.basis is LegalBasis.WITHDRAWN else None
        if contact is None or contact.hold != Hold.JOINED.value or not (refused or withdrawn):
            continue
        join = join_of(connection, account_id, act.contact_id)
        theirs = {} if join is None else contacts_at(connection, account_id, [join.holder], lock=True)
        if join is None or join.holder not in theirs or theirs[join.holder].hold == Hold.ERASING.value:
            continue
        standing.setdefault(join.holder, theirs[join.holder])
        found.append(Act(join.holder, basis=withdrawn, answered=refused, evidence=act.evidence))
        due.append(found[-1])
    return found


def _left(entry: Entry) -> bool:
    return entry.kind == ledger.HELD and entry.new.get("hold") == Hold.JOINED.value


def _unmoved(theirs: list[tuple[int, Entry]], joined_at: int) -> dict[int, int]:
    """What the holder had before, by each field that the join alone moved."""
    since, had = 0, dict[int, int]()
    for seq, entry in theirs:
        moves = entry.kind in (ledger.ACTED, ledger.CHANGED, ledger.PARTED)
        if seq > joined_at and moves:
            since |= entry.field
        if seq == joined_at and entry.kind == ledger.CHANGED:
            field = entry.field
            old = entry.old.get("basis") if field == PERMISSION else entry.old.get("value")
            if isinstance(old, int) and field & (PERMISSION | CATEGORIES):
                had[field] = old
    return {field: old for field, old in had.items() if not field & since}


def _entries(connection: Connection, account_id: int, contact_id: UUID) -> list[tuple[int, Entry]]:
    """What was written down of a contact, in order, without what is sealed."""
    e = ledger_entries.c
    statement = (
        select(e.seq, e.plain)
        .where(e.account_id == account_id, e.contact_id == contact_id)
        .order_by(e.seq, e.position)
    )
    return [(seq, read_entry(bytes(plain))) for seq, plain in connection.execute(statement)]


def _at(connection: Connection, account_id: int, seq: int) -> list[Entry]:
    e = ledger_entries.c
    statement = select(e.plain).where(e.account_id == account_id, e.seq == seq).order_by(e.position)
    return [read_entry(bytes(plain)) for plain in connection.execute(statement).scalars()]
