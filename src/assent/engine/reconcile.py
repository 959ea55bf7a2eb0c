"""The one function every tier calls: bring these contacts, and all their rows, to what policy says.

    claim → read both sides → prove the reads coexisted → plan → brakes → remember the intent →
    write the hub (compare-and-set) → write the rows (conditional where it grants) → read back →
    move the bases (compare-and-set) → release

A trigger carries keys, never changes; it is always safe to lose, double, delay or reorder one.
Whatever could not be confirmed is named in the report's `again`, never assumed.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from assent.engine.forget import forget
from assent.engine.placing import place_rows
from assent.engine.run import Report, Run
from assent.engine.sighting import by_connection, see, sight
from assent.errors import AssentError, ReadAgain, Retry
from assent.policy.brakes import Braked, brake
from assent.policy.plan import Plan, RowWrite, plan_person, settle
from assent.policy.refusing import refusals
from assent.policy.sides import Contact, Hold, Link, LinkKey, Person, Row
from assent.policy.sightings import overtaken_by
from assent.ports import Change, Settlement, Written

#: Longer than any step takes; a dead worker's claims fall free after it.
LEASE = timedelta(minutes=2)


async def reconcile(run: Run, contact_ids: Collection[UUID], *, fresh: bool = False) -> Report:
    """Bring contacts to agreement with all their rows, of all connections.

    With `fresh`, rows are read again even where a stored sighting would do (a notice said that they
    moved). Never two reconciles of one contact at once: what is claimed elsewhere is left for later.
    """
    async with claimed(run, contact_ids) as mine:
        busy = frozenset(contact_ids) - mine
        report = await _reconcile(run, mine, fresh=fresh)
    return replace(report, again=report.again | busy, busy=busy)


@asynccontextmanager
async def claimed(run: Run, contact_ids: Collection[UUID]) -> AsyncIterator[set[UUID]]:
    """Hold contacts while the block runs: gives those that nobody else works on."""
    owner = run.ids.new()
    mine = await run.memory.claim(run.account_id, contact_ids, owner, run.clock.now() + LEASE)
    try:
        yield mine
    finally:
        await run.memory.release(run.account_id, owner)


@dataclass(frozen=True, slots=True)
class _Work:
    """A person on the way to agreement: as read, as planned, and as the hub stands once written."""

    person: Person
    plan: Plan
    contact: Contact

    @property
    def hub_moved(self) -> bool:
        """Whether the hub was changed after the rows were read."""
        return self.contact.revision != self.person.contact.revision


async def _reconcile(run: Run, contact_ids: Collection[UUID], *, fresh: bool) -> Report:
    people, looks, run, errors = await _look(run, contact_ids, fresh=fresh)
    placed = await place_rows(run, people)
    if placed.moved:
        people = await _people(run, contact_ids, looks)
    planned = _plan(run, people, frozenset(placed.taken))
    plans = planned.plans

    await run.memory.intend(run.account_id, [w for _, plan in plans for w in plan.writes])
    work, lost = await _write_hub(run, plans)
    results = await _write_rows(run, [w for item in work for w in item.plan.writes])
    results |= await _prove(run, work, results)
    settlements, written = _confirm(run, work, results)
    settled = await run.memory.settle(run.account_id, settlements, written)
    if errors:
        raise errors[0]
    unsettled = {item.contact.contact_id for item in work if item.person.links} - settled
    return Report(
        looked=len(people),
        changed=sum(item.hub_moved for item in work),
        written=len(written),
        settled=len(settled),
        again=frozenset(planned.again | lost | unsettled | placed.together),
        braked=planned.stop,
        failures=tuple(
            (key.row_id, answer.row)
            for key, answer in results.items()
            if isinstance(answer.row, AssentError) and not _transient(answer.row)
        ),
    )


@dataclass(frozen=True, slots=True)
class _Looks:
    """What was known of rows when the last reading began, and which rows it read."""

    known: Mapping[LinkKey, int]
    read: frozenset[LinkKey]

    def proved(self, person: Person) -> Person:
        """The person, with every sighting counted as none that a refusal elsewhere may have overtaken."""
        links = [
            link
            if all(self._followed(link, other) for other in overtaken_by(link, person))
            else _unread(link)
            for link in person.links
        ]
        return replace(person, links=tuple(links))

    def _followed(self, link: Link, other: Link) -> bool:
        """Whether a row was read after what another says now was known."""
        seen = other.row is not None and self.known.get(other.key) == other.row.version
        return seen and link.key in self.read


def _unread(link: Link) -> Link:
    return replace(link, read_revision=-1)


async def _look(
    run: Run, contact_ids: Collection[UUID], *, fresh: bool
) -> tuple[list[Person], _Looks, Run, list[AssentError]]:
    """Load people and see to it that every row was read beside the contact's present revision.

    And after whatever another row of that person may have refused anew. Gives the run without the
    organisations that did not answer, and what they said instead.
    """
    people, errors = await run.memory.people(run.account_id, contact_ids), list[AssentError]()
    known = {link.key: link.row.version for person in people for link in person.links if link.row}
    stale = [
        link.key
        for person in people
        for link in person.links
        if fresh or link.row is None or _outdated(person.contact, link) or overtaken_by(link, person)
    ]
    if not stale:
        return people, _Looks(known, frozenset()), run, errors
    read = set[LinkKey]()
    for connection_id, row_ids in by_connection(stale).items():
        try:
            sightings, gone = await sight(run, [LinkKey(connection_id, row_id) for row_id in row_ids])
        except Retry as error:
            errors.append(error)
            run = run.without(connection_id)
            continue
        read |= {LinkKey(connection_id, sighting.row.row_id) for sighting in sightings}
        await see(run, sightings)
        if gone:
            await forget(run, gone)
    looks = _Looks(known, frozenset(read))
    return await _people(run, contact_ids, looks), looks, run, errors


async def _people(run: Run, contact_ids: Collection[UUID], looks: _Looks) -> list[Person]:
    return [looks.proved(person) for person in await run.memory.people(run.account_id, contact_ids)]


def _outdated(contact: Contact, link: Link) -> bool:
    """Whether a row was read before the contact moved; who is being erased is let go on fresh reads (I6)."""
    return link.read_revision < contact.revision or contact.hold == Hold.ERASING.value


def _coexisted(person: Person) -> bool:
    """Whether every row was read while the contact already had the revision it has (M4)."""
    return all(
        link.row is not None and link.read_revision >= person.contact.revision for link in person.links
    )


def _within_reach(run: Run, person: Person) -> Person | None:
    """The person with the rows of organisations that answer; None where a row could still be read.

    An organisation that is down keeps no refusal from the others' rows.
    """
    near = replace(person, links=tuple(link for link in person.links if link.key.connection_id in run.crms))
    return near if near.links and _coexisted(near) else None


@dataclass(frozen=True, slots=True)
class _Planned:
    """Who may be written now and with what; `again` names those whose plan cannot end here."""

    plans: Sequence[tuple[Person, Plan]]
    again: frozenset[UUID]
    stop: Braked | None


def _plan(run: Run, people: Sequence[Person], taken: frozenset[str]) -> _Planned:
    """Decide everybody. Where a brake stops grants, or not every row was read, refusals go ahead alone."""
    terms = replace(run.terms, taken=taken)
    plans = [(person, plan_person(person, terms)) for person in people if _coexisted(person)]
    again = {p.contact.contact_id for p in people} - {p.contact.contact_id for p, _ in plans}
    stop = brake((plan for _, plan in plans), len(plans), run.brakes)
    if stop is not None:  # only grants wait for a person; refusals are never held up
        again |= {plan.before.contact_id for _, plan in plans if plan.grants}
        plans = [(person, refusals(plan) if plan.grants else plan) for person, plan in plans]
    for person in people:
        if not _coexisted(person) and (near := _within_reach(run, person)) is not None:
            plans.append((person, refusals(plan_person(near, terms))))
    blocked = _kept(people, plans) & {plan.after.email for _, plan in plans if _moves_address(plan)}
    if blocked:  # whoever was to leave stays for now: decide without counting on it, so that nothing is lost
        return _plan(run, people, taken | blocked)
    return _Planned(plans, frozenset(again), stop)


def _kept(people: Sequence[Person], plans: Sequence[tuple[Person, Plan]]) -> set[str]:
    """The addresses that their holders keep by these plans."""
    return {p.contact.email for p in people} - {p.before.email for _, p in plans if _moves_address(p)}


def _moves_address(plan: Plan) -> bool:
    return plan.after.email != plan.before.email


async def _write_hub(run: Run, plans: Sequence[tuple[Person, Plan]]) -> tuple[list[_Work], set[UUID]]:
    """Apply what the CRM decided, by compare-and-set; a contact that moved meanwhile is dropped."""
    changes = [
        Change(plan.before, plan.after, plan.changes, plan.requests) for _, plan in plans if plan.moves_hub
    ]
    revisions = await run.memory.apply(run.account_id, changes) if changes else {}
    due = {change.before.contact_id for change in changes}
    lost = due - revisions.keys()
    work = [
        _Work(person, plan, _standing(plan, revisions.get(person.contact.contact_id)))
        for person, plan in plans
        if person.contact.contact_id not in lost
    ]
    return work, lost


def _standing(plan: Plan, revision: int | None) -> Contact:
    if revision is None or revision == plan.after.revision:
        return plan.after
    return replace(plan.after, revision=revision)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a row was found to hold, or what went wrong, by a request that began at `read_at`.

    A notice that came later may tell of something this answer does not show (M8).
    """

    row: Row | AssentError
    read_at: datetime


_Answers = dict[LinkKey, _Answer]


async def _write_rows(run: Run, writes: Sequence[RowWrite]) -> _Answers:
    """Write rows and read them back, refusals before grants, connection by connection.

    A connection that cannot be reached fails its own rows only; whether they were written is then
    unknown, and the stored intent keeps our own values from being taken for somebody's act (M4).
    """
    answers: _Answers = {}
    for connection_id, crm in run.crms.items():
        mine = sorted(
            (w for w in writes if w.key.connection_id == connection_id),
            key=lambda w: w.if_version is not None,
        )
        if not mine:
            continue
        read_at = run.clock.now()
        try:
            rows = await crm.write(mine)
        except (Retry, ReadAgain) as error:
            rows = dict.fromkeys((w.key.row_id for w in mine), error)
        answers |= {LinkKey(connection_id, row_id): _Answer(row, read_at) for row_id, row in rows.items()}
    return answers


async def _prove(run: Run, work: Iterable[_Work], answers: _Answers) -> _Answers:
    """Read once more the unwritten rows of people whose hub side changed after they were read.

    Without it the base would claim that the hub's new value and the row's version stood side by
    side, which nobody saw (M4).
    """
    keys = [
        link.key for item in work if item.hub_moved for link in item.person.links if link.key not in answers
    ]
    reread: _Answers = {}
    for connection_id, row_ids in by_connection(keys).items():
        if (crm := run.crms.get(connection_id)) is not None:
            read_at = run.clock.now()
            rows: Mapping[UUID, Row | AssentError]
            try:
                rows = await crm.read(row_ids)
            except (Retry, ReadAgain) as error:
                rows = dict.fromkeys(row_ids, error)
            reread |= {LinkKey(connection_id, row_id): _Answer(row, read_at) for row_id, row in rows.items()}
    return reread


def _confirm(run: Run, work: Iterable[_Work], answers: _Answers) -> tuple[list[Settlement], list[Written]]:
    """Tell which people are proved to agree on every row, and what was written on the way there."""
    settlements: list[Settlement] = []
    written: list[Written] = []
    for item in work:
        contact, plan = item.contact, item.plan
        written += [
            Written(contact.contact_id, write, answer.row.version)
            for write in plan.writes
            if (answer := answers.get(write.key)) is not None and isinstance(answer.row, Row)
        ]
        if not _coexisted(item.person):
            continue
        agreed = [_agreed(run, item, link, answers.get(link.key)) for link in item.person.links]
        if all(agreed):
            settlements += [s for s in agreed if s is not None]
    return settlements, written


def _agreed(run: Run, item: _Work, link: Link, answer: _Answer | None) -> Settlement | None:
    """The settlement of one link, or None while its row does not say what the contact says."""
    if answer is None:
        row, read_at = None if item.hub_moved else link.row, link.read_at
    else:
        row, read_at = None if isinstance(answer.row, AssentError) else answer.row, answer.read_at
    if row is None or read_at is None:
        return None
    seen = link if row is link.row else replace(link, row=row)
    base = settle(item.contact, seen, run.terms.categories)
    if base is None:
        return None
    return Settlement(
        key=link.key,
        contact_id=item.contact.contact_id,
        hub_revision=item.contact.revision,
        old_base_version=None if link.base is None else link.base.crm_version,
        row=row,
        base=base,
        read_at=read_at,
    )


def _transient(error: AssentError) -> bool:
    return isinstance(error, Retry | ReadAgain)
