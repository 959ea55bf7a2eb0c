"""Rows whose address changed: with which contact they belong from now on (rule I3)."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from assent.engine.adopt import NO_MARKS
from assent.engine.run import Run
from assent.policy.address import normalise
from assent.policy.identity import PLACEMENTS, EmailMove, Placement, follow_address, place
from assent.policy.sides import Link, LinkKey, Person
from assent.ports import NewContact


@dataclass(slots=True)
class Placed:
    """What to do about rows that changed their address, and the addresses nobody can move to."""

    split: list[NewContact] = field(default_factory=list)
    move: dict[LinkKey, UUID] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)


async def place_rows(run: Run, people: Sequence[Person]) -> Placed:
    """Let rows leave a shared address, each for a contact of its own or the one that holds the new one.

    A row that leaves takes a copy of the permission with it; the merge that follows has no base, so
    the strictest holds. Where a whole contact would have to join another, nothing moves: its
    refusals still count, and it is held until a person decides.
    """
    leaving = [
        (person, link, new)
        for person in people
        for link in person.links
        if follow_address(person.contact, link) in (EmailMove.HUB_FOLLOWS, EmailMove.CONFLICT)
        and link.row is not None
        and (new := normalise(link.row.email)) is not None
    ]
    if not leaving:
        return Placed()
    placed = await _decided(run, leaving)
    if placed.split:
        await run.memory.split(run.account_id, placed.split)
    if placed.move:
        await run.memory.link(run.account_id, placed.move, [])
    return placed


async def _decided(run: Run, leaving: Sequence[tuple[Person, Link, str]]) -> Placed:
    addresses = {new for _, _, new in leaving}
    holders = await run.memory.holders(run.account_id, addresses)
    marks = await run.memory.marks(run.account_id, addresses)
    placed, follows = Placed(), dict[UUID, str]()
    for person, link, new in leaving:
        contact_id = person.contact.contact_id
        holder = holders.get(new, contact_id)
        others = [other for other in person.links if other is not link]
        placement = place(person.contact, link, others, taken=holder != contact_id)
        # Rows that part for different addresses: the contact follows one, the others leave it.
        if placement in (Placement.STAY, Placement.JOIN) and follows.setdefault(contact_id, new) != new:
            placement = PLACEMENTS[True, holder != contact_id]
        match placement:
            case Placement.SPLIT if not marks.get(new, NO_MARKS).erased:
                placed.split.append(_own_contact(run, person, link, new))
            case Placement.MOVE:
                placed.move[link.key] = holder
            case Placement.STAY if not marks.get(new, NO_MARKS).erased:
                pass
            case _:
                placed.taken.add(new)
    return placed


def _own_contact(run: Run, person: Person, link: Link, email: str) -> NewContact:
    """A contact for a row that leaves, with a copy of the permission and no hold."""
    contact = replace(person.contact, contact_id=run.ids.new(), email=email, revision=0, hold=None)
    assert link.row is not None
    return NewContact(contact, link.key, link.row.first_name, link.row.last_name)
