"""The check right before a send: catch up, read who refuses, reconcile, judge (tier 4, rule G4)."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from uuid import UUID

from assent.engine.adopt import NO_MARKS
from assent.engine.notices import deal
from assent.engine.pending import reconcile_all
from assent.engine.run import Report, Run
from assent.engine.sweep import catch_up
from assent.errors import AssentError, Retry
from assent.policy.address import normalise
from assent.policy.gate import Facts, Message, Reason, Verdict, judge
from assent.policy.identity import AddressMarks
from assent.policy.permission import BulkEmail
from assent.policy.sides import PERMISSION, LinkKey, Person, Row

#: Up to so many contacts their own rows cost fewer requests and less time than the set that refuses.
FEW = 200

UNKNOWN = Verdict(Reason.UNVERIFIED, "no such contact")


@dataclass(frozen=True, slots=True)
class Check:
    """The verdict on every contact asked about, and what the check rests on.

    `unreachable` names the connections that could not be caught up: everybody they might know of is
    unverified, and so left out (the gate fails closed).
    """

    verdicts: Mapping[UUID, Verdict]
    report: Report
    unreachable: Mapping[int, AssentError] = field(default_factory=dict)


@dataclass(slots=True)
class _Refusals:
    """Rows read directly because a feed may lag: what each refuses, by row and by address."""

    rows: dict[LinkKey, Row] = field(default_factory=dict)
    addresses: dict[str, list[Row]] = field(default_factory=dict)

    def add(self, connection_id: int, rows: Iterable[Row]) -> None:
        for row in rows:
            if not _refuses(row):
                continue
            self.rows[LinkKey(connection_id, row.row_id)] = row
            if (email := normalise(row.email)) is not None:
                self.addresses.setdefault(email, []).append(row)

    def on(self, person: Person) -> list[Row]:
        """Every refusing row linked to the contact or bearing its address."""
        linked = [self.rows[link.key] for link in person.links if link.key in self.rows]
        return linked + self.addresses.get(person.contact.email, [])


async def check(run: Run, contact_ids: Sequence[UUID], message: Message, *, few: int = FEW) -> Check:
    """Say of each contact whether this message may go to it now, and if not, why.

    An unknown id is an unverified contact. Works on any number at a time; the requests needed depend
    on what changed and, for more than a few contacts, on how many rows refuse, not on how many
    contacts are asked about.
    """
    refusals, report, unreachable = _Refusals(), Report(), _closed(run)
    for connection_id in run.crms:
        try:
            report += (await catch_up(run, connection_id)).report
        except AssentError as error:
            unreachable[connection_id] = error
    if not unreachable:
        try:
            # Few people wait neither for whatever else is due nor for who is at theirs right now: their
            # rows are read below, and the stricter of both sides counts.
            theirs = reconcile_all(run, contact_ids, patient=False) if len(contact_ids) <= few else deal(run)
            report += await theirs
        except AssentError as error:  # whose it was is not known, so nobody is verified
            unreachable = dict.fromkeys(run.crms, error)
    # After that, so that a grant the lines above wrote is not met by the refusal it replaced.
    asked = await run.memory.people(run.account_id, contact_ids) if len(contact_ids) <= few else None
    for connection_id in run.crms.keys() - unreachable.keys():
        try:
            async for rows in _maybe_refusing(run, connection_id, asked):
                refusals.add(connection_id, rows)
        except AssentError as error:
            unreachable[connection_id] = error
    # The hub last: what somebody said here while Dynamics was read counts too.
    people = await run.memory.people(run.account_id, contact_ids)
    read = None if asked is None else {link.key for person in asked for link in person.links}
    marks = await run.memory.marks(run.account_id, {p.contact.email for p in people})
    verdicts = dict.fromkeys(contact_ids, UNKNOWN)
    for person in people:
        known = read is None or all(link.key in read for link in person.links)
        remembered = marks.get(person.contact.email, NO_MARKS)
        facts = _facts(person, refusals, remembered, verified=known and not unreachable)
        verdicts[person.contact.contact_id] = judge(
            facts, message, categories=run.terms.categories, permission=PERMISSION
        )
    return Check(verdicts, report, unreachable)


async def _maybe_refusing(
    run: Run, connection_id: int, people: Sequence[Person] | None
) -> AsyncIterator[Iterable[Row]]:
    """Every row that could refuse for these people, or every row that refuses where none are given."""
    crm = run.crms[connection_id]
    if people is None:
        async for rows in crm.refusing():
            yield rows
        return
    linked = {link.key.row_id for p in people for link in p.links if link.key.connection_id == connection_id}
    if linked:
        yield (await crm.read(linked)).values()
    if people:
        yield await crm.bearing({person.contact.email for person in people})


def _refuses(row: Row) -> bool:
    """Whether an active row says no to anything; an inactive one's refusal was counted when seen (I4)."""
    return row.active and (row.toggle is BulkEmail.DO_NOT_ALLOW or bool(row.known & ~row.value))


def _closed(run: Run) -> dict[int, AssentError]:
    """Connections that are live but cannot be opened here: nothing they know can be verified."""
    return {
        connection_id: Retry("The connection could not be opened; see its page for the reason.")
        for connection_id in run.connections.keys() - run.crms.keys()
    }


def _facts(person: Person, refusals: _Refusals, marks: AddressMarks, *, verified: bool) -> Facts:
    """Gather what is known of one contact; the stricter of the hub and every row counts (G4).

    A row whose refusal a touched hub grant has just beaten was written by then and is no longer
    among the refusing ones, unless that write failed, and then the refusal holds.
    """
    contact, refusing = person.contact, refusals.on(person)
    return Facts(
        basis=contact.basis,
        value=contact.value,
        suppressed=marks.suppressed or marks.erased,
        blocked=reduce(or_, (link.refused for link in person.links), 0),
        crm_refuses=any(row.toggle is BulkEmail.DO_NOT_ALLOW for row in refusing),
        crm_unsubscribed=reduce(or_, (row.known & ~row.value for row in refusing), 0),
        hold=contact.hold,
        verified=verified,
    )
