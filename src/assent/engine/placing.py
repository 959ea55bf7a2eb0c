"""Rows whose address changed: with which contact they belong from now on (rule I3)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from assent.engine.adopt import NO_MARKS
from assent.engine.run import ROUNDS, Run
from assent.engine.sighting import see, sight
from assent.errors import Retry
from assent.policy.address import normalise
from assent.policy.identity import PLACEMENTS, EmailMove, Placement, follow_address, place
from assent.policy.joining import join
from assent.policy.sides import Hold, Link, LinkKey, Person
from assent.ports import Change, Join, NewContact


@dataclass(slots=True)
class Placed:
    """What to do about rows that changed their address, and the addresses nobody can move to.

    `together` names contacts one of which is about to leave the address the other is going to, but is
    not of this pass: both are due in one. `behind` names those whose address passes to another first.
    """

    split: list[NewContact] = field(default_factory=list)
    move: dict[LinkKey, UUID] = field(default_factory=dict)
    join: dict[UUID, UUID] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    together: frozenset[UUID] = frozenset()
    behind: frozenset[UUID] = frozenset()

    @property
    def moved(self) -> bool:
        """Whether rows are with other contacts now."""
        return bool(self.split or self.move or self.join)


async def place_rows(run: Run, people: Sequence[Person]) -> Placed:
    """Let rows leave a shared address, each for a contact of its own or the one that holds the new one.

    A row that leaves takes a copy of the permission with it; the merge that follows has no base, so
    the strictest holds. A whole contact joins the one that holds the new address where nothing
    speaks against it; else nothing moves, its refusals still count, and it is held until a person
    decides.
    """
    leaving = [
        (person, link, new)
        for person in people
        if person.contact.hold != Hold.ERASING.value  # its rows stay until they refuse (I6)
        for link in person.links
        if _leaves(person, link) and link.row is not None and (new := normalise(link.row.email)) is not None
    ]
    if not leaving:
        return Placed()
    placed = await _decided(run, leaving)
    if placed.split:
        await run.memory.split(run.account_id, placed.split)
    if placed.move:
        await run.memory.link(run.account_id, placed.move, [])
    if placed.join:
        placed.join, placed.together = await _join(run, placed.join, {p.contact.contact_id for p in people})
    return placed


async def _join(
    run: Run, wanted: Mapping[UUID, UUID], here: Collection[UUID]
) -> tuple[dict[UUID, UUID], frozenset[UUID]]:
    """Join contacts to those that hold their rows' address; gives those that did, and who is due in one pass.

    Judged on the final state of all their rows: each is read again first, for the other half of a
    swap may have happened since (I3). Where one of them cannot be read, nobody joins now.
    """
    done, together = dict[UUID, UUID](), set[UUID]()
    for _ in range(ROUNDS):
        people = await _read_again(run, {*wanted.keys(), *wanted.values()})
        joins = []
        for leaving in wanted.keys() & people.keys() - done.keys():
            person, other = people[leaving], people[wanted[leaving]]
            if wanted[leaving] not in here and any(_leaves(other, link) for link in other.links):
                together |= {leaving, wanted[leaving]}
            if (joined := join(person, other)) is not None:
                left = Change(person.contact, joined.left, ())
                taken_over = Change(other.contact, joined.holder, joined.changes)
                joins.append(Join(left, taken_over, tuple(link.key for link in person.links)))
        if not joins:
            break
        left_now = await run.memory.join(run.account_id, joins)
        done |= {leaving: wanted[leaving] for leaving in left_now}
    return done, frozenset(together)


def _leaves(person: Person, link: Link) -> bool:
    return follow_address(person.contact, link) in (EmailMove.HUB_FOLLOWS, EmailMove.CONFLICT)


async def _read_again(run: Run, contact_ids: Collection[UUID]) -> dict[UUID, Person]:
    """The people with every row as it is now; nobody where that cannot be had."""
    people = await run.memory.people(run.account_id, contact_ids)
    known = {link.key: link for person in people for link in person.links}
    if any(key.connection_id not in run.crms for key in known):
        return {}
    try:
        sightings, gone = await sight(run, known.keys())
    except Retry:
        return {}
    await see(run, sightings, known)
    if gone:
        return {}
    return {p.contact.contact_id: p for p in await run.memory.people(run.account_id, contact_ids)}


async def _decided(run: Run, leaving: Sequence[tuple[Person, Link, str]]) -> Placed:
    addresses = {new for _, _, new in leaving}
    holders = await run.memory.holders(run.account_id, addresses)
    marks = await run.memory.marks(run.account_id, addresses)
    placed, follows, free = Placed(), dict[UUID, str](), set[UUID]()
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
                free.add(contact_id)
            case Placement.JOIN if not marks.get(new, NO_MARKS).erased:
                placed.join[contact_id] = holder
            case _:
                placed.taken.add(new)
    heirs = _heirs(placed.join, _passing(placed.join, free))
    passed = _passing({one: placed.join[one] for one in heirs}, free)
    gone = {placed.join[one] for one in passed}
    placed.behind = frozenset(one for one, holder in placed.join.items() if holder in gone) - passed
    for contact_id in passed | placed.behind:
        del placed.join[contact_id]
    placed.taken |= {follows[contact_id] for contact_id in placed.join}  # for whoever cannot join
    return placed


def _passing(join: Mapping[UUID, UUID], free: Collection[UUID]) -> set[UUID]:
    """Who can have the address they go to after all: its holder leaves it in this pass, as in a swap (I3).

    A ring of people passes whole, and so does a row of them that ends at an address nobody holds.
    """
    passing = set(join)
    while blocked := {one for one in passing if join[one] not in passing and join[one] not in free}:
        passing -= blocked
    return passing


def _heirs(join: Mapping[UUID, UUID], passing: Collection[UUID]) -> set[UUID]:
    """One for each address that is passed on: whoever is in a ring with its holder, or the first."""
    heirs = dict[UUID, UUID]()
    for one in sorted(passing, key=lambda one: (not _in_ring(one, join), one)):
        heirs.setdefault(join[one], one)
    return set(heirs.values())


def _in_ring(contact_id: UUID, join: Mapping[UUID, UUID]) -> bool:
    seen, at = set[UUID](), contact_id
    while at in join and at not in seen:
        seen.add(at)
        at = join[at]
    return at == contact_id


def _own_contact(run: Run, person: Person, link: Link, email: str) -> NewContact:
    """A contact for a row that leaves, with a copy of the permission and no hold."""
    contact = replace(person.contact, contact_id=run.ids.new(), email=email, revision=0, hold=None)
    assert link.row is not None
    return NewContact(contact, link.key, link.row.first_name, link.row.last_name)
