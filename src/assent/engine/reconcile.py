"""The one function every tier calls: bring these contacts, and all their rows, to what policy says.

    claim → read both sides → prove the reads coexisted → plan → brakes → remember the intent →
    write the hub (compare-and-set) → write the rows (conditional where it grants) → read back →
    move the bases (compare-and-set) → release

A trigger carries keys, never changes; it is always safe to lose, double, delay or reorder one.
Whatever could not be confirmed is named in the report's `again`, never assumed.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from assent.engine.claiming import Claims, claimed
from assent.engine.looking import coexisted, look, people_seen
from assent.engine.placing import place_rows
from assent.engine.run import Report, Run
from assent.engine.sighting import by_connection
from assent.errors import AssentError, ReadAgain, Retry
from assent.policy.brakes import Braked, brake
from assent.policy.plan import Plan, RowWrite, plan_person, settle
from assent.policy.refusing import refusals
from assent.policy.sides import CATEGORIES, PERMISSION, Contact, Link, LinkKey, Person, Row
from assent.ports import Change, Overwritten, Settlement, Written


async def reconcile(run: Run, contact_ids: Collection[UUID], *, fresh: bool = False) -> Report:
    """Bring contacts to agreement with all their rows, of all connections.

    With `fresh`, rows are read again even where a stored sighting would do (a notice said that they
    moved). Never two reconciles of one contact at once: what is claimed elsewhere is left for later.
    """
    async with claimed(run, contact_ids) as claims:
        busy = frozenset(contact_ids) - claims.mine
        report = await _reconcile(run, claims, fresh=fresh)
    return replace(report, again=report.again | busy, busy=busy)


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


async def _reconcile(run: Run, claims: Claims, *, fresh: bool) -> Report:
    people, looks, run, errors = await look(run, claims.mine, fresh=fresh)
    placed = await place_rows(run, people)
    if placed.moved:
        people = await people_seen(run, claims.mine, looks)
    planned = _plan(run, people, frozenset(placed.taken), placed.behind)
    plans = planned.plans

    await run.memory.intend(run.account_id, [w for _, plan in plans for w in plan.writes])
    work, lost = await _write_hub(run, plans)
    results = await _write_rows(run, claims, work)
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


def _within_reach(run: Run, person: Person) -> Person | None:
    """The person with the rows of organisations that answer; None where a row could still be read.

    An organisation that is down keeps no refusal from the others' rows.
    """
    near = replace(person, links=tuple(link for link in person.links if link.key.connection_id in run.crms))
    return near if near.links and coexisted(near) else None


@dataclass(frozen=True, slots=True)
class _Planned:
    """Who may be written now and with what; `again` names those whose plan cannot end here."""

    plans: Sequence[tuple[Person, Plan]]
    again: frozenset[UUID]
    stop: Braked | None


def _plan(run: Run, people: Sequence[Person], taken: frozenset[str], behind: Collection[UUID]) -> _Planned:
    """Decide everybody.

    Where a brake stops grants, not every row was read, or another gets the address first, refusals go
    ahead alone.
    """
    terms = replace(run.terms, taken=taken)
    plans = [(person, plan_person(person, terms)) for person in people if coexisted(person)]
    again = {p.contact.contact_id for p in people} - {p.contact.contact_id for p, _ in plans} | {*behind}
    plans = [(p, refusals(plan) if p.contact.contact_id in behind else plan) for p, plan in plans]
    stop = brake((plan for _, plan in plans), len(plans), run.brakes)
    if stop is not None:  # only grants wait for a person; refusals are never held up
        again |= {plan.before.contact_id for _, plan in plans if plan.grants}
        plans = [(person, refusals(plan) if plan.grants else plan) for person, plan in plans]
    for person in people:
        if not coexisted(person) and (near := _within_reach(run, person)) is not None:
            plans.append((person, refusals(plan_person(near, terms))))
    blocked = _kept(people, plans) & {plan.after.email for _, plan in plans if _moves_address(plan)}
    if blocked:  # whoever was to leave stays for now: decide without counting on it, so that nothing is lost
        return _plan(run, people, taken | blocked, behind)
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


async def _write_rows(run: Run, claims: Claims, work: Sequence[_Work]) -> _Answers:
    """Write rows and read them back, refusals before grants, connection by connection.

    A connection that cannot be reached fails its own rows only; whether they were written is then
    unknown, and the stored intent keeps our own values from being taken for somebody's act (M4). Who was
    taken over meanwhile is not written any more: whoever has them now settled without this write.
    """
    answers: _Answers = {}
    for connection_id, crm in run.crms.items():
        due = _due(work, connection_id)
        if not due:
            continue
        still = await claims.still(run)
        mine = [write for contact_id, write in due if contact_id in still]
        if not mine:
            continue
        read_at = run.clock.now()
        try:
            rows = await crm.write(mine)
        except (Retry, ReadAgain) as error:
            rows = dict.fromkeys((w.key.row_id for w in mine), error)
        answers |= {LinkKey(connection_id, row_id): _Answer(row, read_at) for row_id, row in rows.items()}
    return answers


def _due(work: Sequence[_Work], connection_id: int) -> list[tuple[UUID, RowWrite]]:
    """The writes to one organisation with whose they are, refusals first."""
    due = [(w.contact.contact_id, write) for w in work for write in w.plan.writes]
    due = [(contact_id, write) for contact_id, write in due if write.key.connection_id == connection_id]
    return sorted(due, key=lambda one: one[1].if_version is not None)


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
        if not coexisted(item.person):
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
    if not row.active and (link.row is None or row.version != link.row.version):
        return None  # put to sleep since the plan was made, which has not counted what it refused before (I4)
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
        over=_over(item, link),
    )


def _over(item: _Work, link: Link) -> Overwritten | None:
    """What was written over a row without a condition: no look tells what that replaced (M6, M8)."""
    for write in item.plan.writes:
        if write.key == link.key and write.if_version is None and link.row is not None:
            return Overwritten(link.row.version, write.touched & (PERMISSION | CATEGORIES))
    return None


def _transient(error: AssentError) -> bool:
    return isinstance(error, Retry | ReadAgain)
