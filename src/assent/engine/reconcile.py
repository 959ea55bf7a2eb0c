"""The one function every tier calls: bring these contacts, and all their rows, to what policy says.

    claim → read both sides → prove the reads coexisted → plan → brakes → remember the intent →
    write the hub (compare-and-set) → write the rows (conditional where it grants) → read back →
    move the bases (compare-and-set) → release

A trigger carries keys, never changes; it is always safe to lose, double, delay or reorder one.
Whatever could not be confirmed is named in the report's `again`, never assumed.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from assent.engine.forget import forget
from assent.engine.placing import place_rows
from assent.engine.run import Report, Run
from assent.engine.sighting import by_connection, see, sight
from assent.errors import AssentError, ReadAgain, Retry
from assent.policy.brakes import brake
from assent.policy.plan import Plan, RowWrite, plan_person, settle
from assent.policy.sides import Contact, Link, Person, Row
from assent.ports import Change, Settlement, Written

#: Longer than any step takes; a dead worker's claims fall free after it.
LEASE = timedelta(minutes=2)


async def reconcile(run: Run, contact_ids: Collection[UUID], *, fresh: bool = False) -> Report:
    """Bring contacts to agreement with all their rows, of all connections.

    With `fresh`, rows are read again even where a stored sighting would do (a notice said that they
    moved). Never two reconciles of one contact at once: what is claimed elsewhere is left for later.
    """
    owner = run.ids.new()
    until = run.clock.now() + LEASE
    mine = await run.memory.claim(run.account_id, contact_ids, owner, until)
    busy = frozenset(contact_ids) - mine
    try:
        report = await _reconcile(run, mine, fresh=fresh)
    finally:
        await run.memory.release(run.account_id, owner)
    return replace(report, again=report.again | busy, busy=busy)


@dataclass(frozen=True, slots=True)
class _Work:
    """A person on the way to agreement: as read, as planned, and the revision the hub now has."""

    person: Person
    plan: Plan
    revision: int

    @property
    def contact(self) -> Contact:
        """The contact as it stands after the hub was written."""
        return replace(self.plan.after, revision=self.revision)

    @property
    def hub_moved(self) -> bool:
        """Whether the hub was changed after the rows were read."""
        return self.revision != self.person.contact.revision


async def _reconcile(run: Run, contact_ids: Collection[UUID], *, fresh: bool) -> Report:
    people = await _look(run, contact_ids, fresh=fresh)
    placed = await place_rows(run, people)
    if placed.split or placed.move:
        people = await run.memory.people(run.account_id, contact_ids)
    proved = [person for person in people if _coexisted(person)]
    terms = replace(run.terms, taken=frozenset(placed.taken))
    plans = [(person, plan_person(person, terms)) for person in proved]
    stop = brake((plan for _, plan in plans), len(plans), run.brakes)
    if stop is not None:  # only grants wait for a person; refusals are never held up
        plans = [(person, plan) for person, plan in plans if not plan.grants]
    waiting = {p.contact.contact_id for p in proved} - {p.contact.contact_id for p, _ in plans}
    unproved = {p.contact.contact_id for p in people} - {p.contact.contact_id for p in proved}

    await run.memory.intend(run.account_id, [w for _, plan in plans for w in plan.writes])
    work, lost = await _write_hub(run, plans)
    results, read_at = await _write_rows(run, [w for item in work for w in item.plan.writes])
    reread, reread_at = await _prove(run, work, results)
    rows = {**results, **reread}
    settlements, written = _confirm(run, work, rows, max(read_at, reread_at))
    settled = await run.memory.settle(run.account_id, settlements, written)
    unsettled = {item.contact.contact_id for item in work if item.person.links} - settled
    return Report(
        looked=len(people),
        changed=sum(item.hub_moved for item in work),
        written=len(written),
        settled=len(settled),
        again=frozenset(unproved | lost | unsettled | waiting),
        braked=stop,
        failures=tuple((k, e) for k, e in rows.items() if isinstance(e, AssentError) and not _transient(e)),
    )


async def _look(run: Run, contact_ids: Collection[UUID], *, fresh: bool) -> list[Person]:
    """Load people and see to it that every row was read beside the contact's present revision."""
    people = await run.memory.people(run.account_id, contact_ids)
    stale = [
        link.key
        for person in people
        for link in person.links
        if fresh or link.row is None or link.read_revision < person.contact.revision
    ]
    if not stale:
        return people
    sightings, gone = await sight(run, stale)
    await see(run, sightings)
    if gone:
        await forget(run, gone)
    return await run.memory.people(run.account_id, contact_ids)


def _coexisted(person: Person) -> bool:
    """Whether every row was read while the contact already had the revision it has (M4)."""
    return all(
        link.row is not None and link.read_revision >= person.contact.revision for link in person.links
    )


async def _write_hub(run: Run, plans: Sequence[tuple[Person, Plan]]) -> tuple[list[_Work], set[UUID]]:
    """Apply what the CRM decided, by compare-and-set; a contact that moved meanwhile is dropped."""
    changes = [
        Change(plan.before, plan.after, plan.changes, plan.requests) for _, plan in plans if plan.moves_hub
    ]
    revisions = await run.memory.apply(run.account_id, changes) if changes else {}
    due = {change.before.contact_id for change in changes}
    lost = due - revisions.keys()
    work = [
        _Work(person, plan, revisions.get(person.contact.contact_id, person.contact.revision))
        for person, plan in plans
        if person.contact.contact_id not in lost
    ]
    return work, lost


async def _write_rows(run: Run, writes: Sequence[RowWrite]) -> tuple[dict[UUID, Row | AssentError], datetime]:
    """Write rows and read them back, refusals before grants, connection by connection.

    A connection that cannot be reached fails its own rows only; whether they were written is then
    unknown, and the stored intent keeps our own values from being taken for somebody's act (M4).
    """
    read_at = run.clock.now()
    results: dict[UUID, Row | AssentError] = {}
    for connection_id, crm in run.crms.items():
        mine = sorted(
            (w for w in writes if w.key.connection_id == connection_id),
            key=lambda w: w.if_version is not None,
        )
        if not mine:
            continue
        try:
            results.update(await crm.write(mine))
        except (Retry, ReadAgain) as error:
            results.update({w.key.row_id: error for w in mine})
    return results, read_at


async def _prove(
    run: Run, work: Iterable[_Work], results: Mapping[UUID, Row | AssentError]
) -> tuple[dict[UUID, Row], datetime]:
    """Read once more the unwritten rows of people whose hub side changed after they were read.

    Without it the base would claim that the hub's new value and the row's version stood side by
    side, which nobody saw (M4).
    """
    read_at = run.clock.now()
    keys = [
        link.key
        for item in work
        if item.hub_moved
        for link in item.person.links
        if link.key.row_id not in results
    ]
    rows: dict[UUID, Row] = {}
    for connection_id, row_ids in by_connection(keys).items():
        if (crm := run.crms.get(connection_id)) is not None:
            rows.update(await crm.read(row_ids))
    return rows, read_at


def _confirm(
    run: Run, work: Iterable[_Work], rows: Mapping[UUID, Row | AssentError], read_at: datetime
) -> tuple[list[Settlement], list[Written]]:
    """Tell which people are proved to agree on every row, and what was written on the way there."""
    settlements: list[Settlement] = []
    written: list[Written] = []
    for item in work:
        contact, plan = item.contact, item.plan
        written += [
            Written(contact.contact_id, write, row.version)
            for write in plan.writes
            if isinstance(row := rows.get(write.key.row_id), Row)
        ]
        agreed = [_agreed(run, item, link, rows.get(link.key.row_id), read_at) for link in item.person.links]
        if all(agreed):
            settlements += [s for s in agreed if s is not None]
    return settlements, written


def _agreed(
    run: Run, item: _Work, link: Link, result: Row | AssentError | None, read_at: datetime
) -> Settlement | None:
    """The settlement of one link, or None while its row does not say what the contact says."""
    if isinstance(result, AssentError):
        return None
    row = result or (None if item.hub_moved else link.row)
    if row is None:
        return None
    base = settle(item.contact, replace(link, row=row), run.terms.categories)
    if base is None:
        return None
    return Settlement(
        key=link.key,
        contact_id=item.contact.contact_id,
        hub_revision=item.revision,
        old_base_version=None if link.base is None else link.base.crm_version,
        row=row,
        base=base,
        read_at=read_at if result is not None else link.read_at or read_at,
    )


def _transient(error: AssentError) -> bool:
    return isinstance(error, Retry | ReadAgain)
