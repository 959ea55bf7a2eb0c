"""CRM rows met by any trigger: known ones are sighted, new ones linked or given a contact (I1-I5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from assent.engine.run import Report, Run
from assent.engine.sighting import Stamp, see, stamped
from assent.policy.address import normalise
from assent.policy.identity import (
    LIFECYCLE,
    AddressMarks,
    LinkState,
    NotCreated,
    RowAction,
    contact_from_row,
    seen,
    strictest,
)
from assent.policy.plan import FieldChange
from assent.policy.sides import PERMISSION, Contact, LinkKey, Row, bits
from assent.ports import Change, NewContact

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


async def meet(run: Run, connection_id: int, rows: Sequence[Row], stamp: Stamp, *, create: bool) -> Met:
    """Store sightings of linked rows; link or create contacts for the rest.

    `create` is off during the first sync, which links by address and creates nothing unless its
    plan ticks it (M5). Safe to repeat: a page met twice changes nothing the second time.
    """
    keys = {LinkKey(connection_id, row.row_id): row for row in rows}
    linked = await run.memory.linked(run.account_id, keys.keys())
    known = [row for key, row in keys.items() if key in linked]
    await see(run, stamped(connection_id, known, *stamp))
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
        sightings = stamped(connection_id, [new[key] for key in links], *stamp)
        await run.memory.link(run.account_id, links, sightings)
    made = await run.memory.create(run.account_id, fresh) if fresh else {}
    if made:
        sightings = stamped(connection_id, [new[key] for key in made], *stamp)
        await see(run, sightings)
    return Met(frozenset(links.values()) | frozenset(made.values()), tuple(strangers), len(made))


def _born(run: Run, row: Row, marks: AddressMarks, *, switched_on: bool) -> Contact | NotCreated:
    if LIFECYCLE[LinkState.NONE, seen(row)] is not RowAction.ADOPT:
        return NotCreated.INACTIVE
    return contact_from_row(row, run.ids.new(), marks=marks, switched_on=switched_on)


async def _hand_over(run: Run, connection_id: int, rows: Sequence[Row]) -> frozenset[UUID]:
    """A merged row's person is the survivor's: its link moves there, the strictest of both holds (I4).

    Dynamics keeps the survivor's own toggle, so a refusal on the merged row would be lost without
    this. Gives the survivors' contacts. Once moved, the link is the survivor's: nothing is inherited
    twice.
    """
    heirs = {
        LinkKey(connection_id, row.row_id): LinkKey(connection_id, row.merged_into)
        for row in rows
        if row.merged_into is not None
    }
    if not heirs:
        return frozenset()
    owners = await run.memory.linked(run.account_id, {*heirs.keys(), *heirs.values()})
    pairs = {
        (owners[old], owners[new], old)
        for old, new in heirs.items()
        if old in owners and new in owners and owners[old] != owners[new]
    }
    ids = {contact_id for old, new, _ in pairs for contact_id in (old, new)}
    people = {p.contact.contact_id: p.contact for p in await run.memory.people(run.account_id, ids)}
    changes = [
        change
        for old, new, key in sorted(pairs, key=str)
        if (change := _inherited(people[new], people[old], key)) is not None
    ]
    if changes:
        await run.memory.apply(run.account_id, changes)
    await run.memory.link(run.account_id, {key: new for _, new, key in pairs}, [])
    return frozenset(new for _, new, _ in pairs)


def _inherited(heir: Contact, merged: Contact, cause: LinkKey) -> Change | None:
    """The refusals a survivor takes over; a grant is never inherited."""
    after = strictest(heir, merged)
    if after.basis.positive and not heir.basis.positive:
        return None
    fields = [] if after.basis is heir.basis else [PERMISSION]
    fields += list(bits(after.value ^ heir.value))
    changes = tuple(
        FieldChange(f, int(heir.basis), int(after.basis), "I4", cause)
        if f == PERMISSION
        else FieldChange(f, 1, 0, "I4", cause)
        for f in fields
    )
    return Change(heir, after, changes) if changes else None
