"""CRM rows met by any trigger: known ones are sighted, new ones linked or given a contact (I1-I5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from uuid import UUID

from assent.engine.forget import last_words
from assent.engine.run import ROUNDS, Report, Run
from assent.engine.sighting import NOTHING_KNOWN, Stamp, see, stamped
from assent.errors import ReadAgain
from assent.policy.address import normalise
from assent.policy.identity import (
    LIFECYCLE,
    AddressMarks,
    LinkState,
    NotCreated,
    RowAction,
    contact_from_row,
    row_id_for,
    seen,
    strictest,
)
from assent.policy.permission import BulkEmail
from assent.policy.plan import FieldChange, RowWrite
from assent.policy.sides import PERMISSION, Contact, Link, LinkKey, Person, Row, bits
from assent.ports import Change, NewContact, Written

NO_MARKS = AddressMarks()


@dataclass(frozen=True, slots=True)
class Met:
    """What became of a page of rows: contacts to reconcile, and rows that stay without one."""

    contacts: frozenset[UUID]
    strangers: tuple[tuple[LinkKey, NotCreated], ...] = ()
    created: int = 0

    @property
    def report(self) -> Report:
        """What this adds to a run's report."""
        return Report(created=self.created)


@dataclass(frozen=True, slots=True)
class _Legacy:
    """A merged row's link, the contact it is with, and the survivor's contact it goes to."""

    key: LinkKey
    owner: UUID
    heir: UUID


async def meet(
    run: Run,
    connection_id: int,
    rows: Sequence[Row],
    stamp: Stamp,
    *,
    create: bool,
    known: Mapping[LinkKey, Link] = NOTHING_KNOWN,
) -> Met:
    """Store sightings of linked rows; link or create contacts for the rest.

    `create` is off during the first sync, which links by address and creates nothing unless its
    plan ticks it (M5). Safe to repeat: a page met twice changes nothing the second time. `known` is what
    was known of rows before they were read one by one (M7).
    """
    keys = {LinkKey(connection_id, row.row_id): row for row in rows}
    linked = await run.memory.linked(run.account_id, keys.keys())
    ours = [row for key, row in keys.items() if key in linked]
    await see(run, stamped(connection_id, ours, *stamp), known)
    new = {key: row for key, row in keys.items() if key not in linked}
    adopted = await _adopt(run, connection_id, new, stamp, create=create)
    heirs = await _hand_over(run, connection_id, rows)
    return Met(frozenset(linked.values()) | adopted.contacts | heirs, adopted.strangers, adopted.created)


async def _adopt(
    run: Run, connection_id: int, new: Mapping[LinkKey, Row], stamp: Stamp, *, create: bool
) -> Met:
    """Link rows never seen to the contact that holds their address, or create one for them (I5)."""
    addresses = {key: email for key, row in new.items() if (email := normalise(row.email)) is not None}
    holders = await run.memory.holders(run.account_id, set(addresses.values()))
    marks = await run.memory.marks(run.account_id, set(addresses.values()))
    links = {key: holders[email] for key, email in addresses.items() if email in holders}
    switched_on = create and run.connections[connection_id].create_in_hub
    fresh: list[NewContact] = []
    strangers: list[tuple[LinkKey, NotCreated]] = []
    for key, row in new.items():
        if key in links:
            continue
        born = _born(run, row, marks.get(addresses.get(key, ""), NO_MARKS), switched_on=switched_on)
        if isinstance(born, Contact):
            fresh.append(NewContact(born, key, row.first_name, row.last_name))
        else:
            strangers.append((key, born))
    if links:
        rows = [new[key] for key in links]
        made = created_rows(run, connection_id, rows, links)
        await run.memory.link(run.account_id, links, stamped(connection_id, rows, *stamp), made)
    born_here = await run.memory.create(run.account_id, fresh) if fresh else {}
    if born_here:
        await see(run, stamped(connection_id, [new[key] for key in born_here], *stamp))
    owners = frozenset(links.values()) | frozenset(born_here.values())
    return Met(owners, tuple(strangers), len(born_here))


def created_rows(
    run: Run, connection_id: int, rows: Sequence[Row], links: Mapping[LinkKey, UUID]
) -> list[Written]:
    """What the ledger is told of rows we created, known by their derived ids (I5, P7).

    Also of those whose run died before it could say so: every column they were given.
    """
    found: list[Written] = []
    for row in rows:
        key = LinkKey(connection_id, row.row_id)
        if row.row_id == row_id_for(run.account_id, links[key]):
            toggle = None if row.toggle is BulkEmail.NULL else row.toggle
            found.append(
                Written(links[key], RowWrite(key, toggle, row.known, row.value, row.email), row.version)
            )
    return found


def _born(run: Run, row: Row, marks: AddressMarks, *, switched_on: bool) -> Contact | NotCreated:
    if LIFECYCLE[LinkState.NONE, seen(row)] is not RowAction.ADOPT:
        return NotCreated.INACTIVE
    return contact_from_row(row, run.ids.new(), marks=marks, switched_on=switched_on)


async def _hand_over(run: Run, connection_id: int, rows: Sequence[Row]) -> frozenset[UUID]:
    """A merged row's person is the survivor's: its link moves there, the strictest of both holds (I4).

    Dynamics keeps the survivor's own toggle, so a refusal on the merged row would be lost without
    this. Gives the survivors' contacts. Once moved, the link is the survivor's: nothing is inherited
    twice. It moves only after what it inherits was stored: a survivor who acted meanwhile is read
    again. Raises ReadAgain for one who never stands still; its page is then met again.
    """
    heirs = {
        LinkKey(connection_id, row.row_id): LinkKey(connection_id, row.merged_into)
        for row in rows
        if row.merged_into is not None
    }
    given: frozenset[UUID] = frozenset()
    for _ in range(ROUNDS):
        if not (legacies := await _legacies(run, heirs)):
            return given
        given |= await _inherit(run, legacies)
    raise ReadAgain(
        "A merged contact's refusals could not be handed to the surviving one, which was changed each "
        "time. Nothing is lost; the next sweep tries again."
    )


async def _legacies(run: Run, heirs: Mapping[LinkKey, LinkKey]) -> list[_Legacy]:
    """The merged rows whose link is not yet with the survivor's contact."""
    if not heirs:
        return []
    owners = await run.memory.linked(run.account_id, {*heirs.keys(), *heirs.values()})
    return [
        _Legacy(old, owners[old], owners[new])
        for old, new in heirs.items()
        if old in owners and new in owners and owners[old] != owners[new]
    ]


async def _inherit(run: Run, legacies: Sequence[_Legacy]) -> frozenset[UUID]:
    """Store what survivors inherit and move the links of those where that held; gives the survivors.

    What a merged row's own contact has not heard yet is stored first, and the rest left to the next round.
    """
    ids = {contact_id for legacy in legacies for contact_id in (legacy.owner, legacy.heir)}
    people = {p.contact.contact_id: p for p in await run.memory.people(run.account_id, ids)}
    legacies = [one for one in legacies if {one.owner, one.heir} <= people.keys()]  # else erased meanwhile
    if unheard := _unheard(run, people, legacies):
        await run.memory.apply(run.account_id, unheard)
        return frozenset()
    left: dict[UUID, list[tuple[Contact, LinkKey]]] = {}
    for legacy in sorted(legacies, key=str):
        left.setdefault(legacy.heir, []).append((people[legacy.owner].contact, legacy.key))
    changes = [
        change
        for heir, merged in left.items()
        if (change := _inherited(people[heir].contact, merged)) is not None
    ]
    stored = await run.memory.apply(run.account_id, changes) if changes else {}
    lost = {change.before.contact_id for change in changes} - stored.keys()
    moving = {legacy.key: legacy.heir for legacy in legacies if legacy.heir not in lost}
    if moving:
        await run.memory.link(run.account_id, moving, [])
    return frozenset(moving.values())


def _unheard(run: Run, people: Mapping[UUID, Person], legacies: Sequence[_Legacy]) -> list[Change]:
    """What merged rows refused that is news to their own contacts: these have the address it was said of."""
    going = {legacy.key for legacy in legacies}
    owners = dict.fromkeys(legacy.owner for legacy in legacies)
    found = [last_words(run, people[owner], going) for owner in owners]
    return [change for change in found if change is not None]


def _inherited(heir: Contact, merged: Sequence[tuple[Contact, LinkKey]]) -> Change | None:
    """The refusals a survivor takes over from every row merged into it; a grant is never inherited."""
    after, changes = heir, list[FieldChange]()
    for contact, cause in merged:
        both = strictest(after, contact)
        if both.basis.positive and not after.basis.positive:
            both = replace(both, basis=after.basis)
        if both.basis is not after.basis:
            changes.append(FieldChange(PERMISSION, int(after.basis), int(both.basis), "I4", cause))
        changes += [FieldChange(field, 1, 0, "I4", cause) for field in bits(both.value ^ after.value)]
        after = both
    moved = reduce(or_, (change.field for change in changes), 0)
    # Taking a refusal over is an act of the person it came from, not the sync's own write (M3).
    after = replace(after, synced=after.synced & ~moved)
    return Change(heir, after, tuple(changes)) if changes else None
