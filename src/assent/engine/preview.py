"""What setup would make, and what the first sync would do to whom, by the very rules it will follow (M5)."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from uuid import UUID

from assent.engine.run import STEP, Run
from assent.engine.setup import placed_forms
from assent.engine.setup_terms import Setup, fingerprint
from assent.errors import Paused
from assent.policy.address import normalise
from assent.policy.plan import Plan, plan_person
from assent.policy.sides import Link, LinkKey, Person, Row
from assent.ports import Crm
from assent.ports.setup import Action, Component

#: Rows to a page and to a write request.
PAGE, CHUNK = 5_000, 1_000

#: What an organisation of no special kind takes, in seconds: a row written, a page read, a column made, a
#: table made, a publish. Only a row has a published sample (100 rows in 2 to 3 s); the rest is rough
#: experience.
ROW_S, PAGE_S, COLUMN_S, TABLE_S, PUBLISH_S = 0.025, 1.0, 10.0, 20.0, 60.0

#: Requests and execution seconds an organisation grants one user each second (5.1), and the rows a day (5.2).
REQUESTS_PER_S, EXECUTION_PER_S, ROWS_A_DAY = 20.0, 4.0, 500_000

#: Gives the contact table with those of the wanted columns that exist.
Reader = Callable[[Collection[str]], Crm]


class Outcome(Enum):
    """What the first sync does with one row; a contact's rows share theirs."""

    AGREES = "agrees"
    REFUSAL_COMES = "refusal_comes"  # Dynamics refuses: the hub's contact is Withdrawn, or No
    REFUSAL_GOES = "refusal_goes"  # the hub refuses: the row is written
    REFUSALS_CROSS = "refusals_cross"  # each refuses something the other allows
    HELD = "held"  # the contact is held until a person looks
    NO_CONTACT = "no_contact"  # nobody here has the address; nobody is created
    NO_ADDRESS = "no_address"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One row, whom it will be linked to, and what happens; `blank` when it will be filled (T6)."""

    row_id: UUID
    contact_id: UUID | None
    email: str | None = field(repr=False)
    outcome: Outcome
    written: bool = False
    blank: bool = False


@dataclass(slots=True)
class Foresight:
    """The first sync in figures."""

    rows: int = 0
    contacts: set[UUID] = field(default_factory=set)
    outcomes: dict[str, int] = field(default_factory=lambda: dict.fromkeys((o.value for o in Outcome), 0))
    refusals: int = 0
    filled: int = 0

    def count(self, one: Foreseen) -> None:
        """Count a row."""
        self.rows += 1
        self.outcomes[one.outcome.value] += 1
        self.refusals += one.written
        self.filled += one.blank
        if one.contact_id is not None:
            self.contacts.add(one.contact_id)

    def figures(self, making_s: float) -> dict[str, object]:
        """Counts, writes, hours and the share of a day's requests on a real organisation.

        `making_s` is what its new parts take.
        """
        writes = self.refusals + self.filled
        pages = -(-self.rows // PAGE) + 1
        requests = pages + 2 * -(-writes // CHUNK)
        busy = max(requests / REQUESTS_PER_S, (writes * ROW_S + pages * PAGE_S) / EXECUTION_PER_S)
        seconds = busy + making_s + PUBLISH_S
        return {
            "rows": self.rows,
            "contacts_linked": len(self.contacts),
            "outcomes": self.outcomes,
            "refusals_written": self.refusals,
            "blanks_filled": self.filled,
            "requests": requests,
            "hours": round(seconds / 3600, 2),
            "share_of_day": round((pages + writes) / ROWS_A_DAY, 4),
        }


async def preview(setup: Setup, run: Run, *, url: str, reader: Reader) -> Mapping[str, object]:
    """Everything setup would create or change, and what the first sync would do; nothing is written."""
    columns = await setup.journal.columns(setup.connection_id)
    components = await setup.schema.components(columns, await setup.catalogue(), url)
    foresight = Foresight()
    async for one in foresee(run, setup.connection_id, reader(existing(components))):
        foresight.count(one)
    takes = {"column": COLUMN_S, "table": TABLE_S}
    making_s = sum(takes.get(part.kind, 0.0) for part in components if part.action is Action.CREATE)
    return {
        "fingerprint": fingerprint(columns),
        "components": [
            {"kind": p.kind, "name": p.name, "action": p.action.value, "before": p.before, "after": p.after}
            for p in components
        ],
        **await _forms(setup, run),
        "first_sync": foresight.figures(making_s),
    }


def existing(components: Sequence[Component]) -> list[str]:
    """The columns that are there already."""
    return [part.name for part in components if part.kind == "column" and part.action is not Action.CREATE]


async def _forms(setup: Setup, run: Run) -> dict[str, object]:
    """The edits of each form, or why a person will be asked."""
    columns = await setup.journal.columns(setup.connection_id)
    try:
        found = await placed_forms(setup, columns, setup.schema.language)
    except Paused as pause:
        return {
            "forms": [],
            "will_ask": {"reason": pause.reason, "message": str(pause), "evidence": pause.evidence},
        }
    return {
        "forms": [
            {"form": form.name, "form_id": str(form.form_id), "changes": list(placed.changes)}
            for form, placed in found
        ]
    }


async def foresee(run: Run, connection_id: int, crm: Crm) -> AsyncIterator[Foreseen]:
    """Say for every row of an organisation what the first sync would do, in two passes.

    The rows of known contacts are kept until all are read: a contact's rows are decided together (I2).
    """
    rows: dict[UUID, list[Row]] = {}
    async for page in crm.changes(None):
        owners = await _owners(run, connection_id, page.rows)
        for row in page.rows:
            if row.row_id in owners:
                rows.setdefault(owners[row.row_id], []).append(row)
            else:
                yield Foreseen(row.row_id, None, row.email, _alone(row))
    ids = sorted(rows)
    for start in range(0, len(ids), STEP):
        for person in await run.memory.people(run.account_id, ids[start : start + STEP]):
            for one in _decided(run, connection_id, person, rows[person.contact.contact_id]):
                yield one


async def _owners(run: Run, connection_id: int, rows: Sequence[Row]) -> dict[UUID, UUID]:
    """The contact each row belongs to, by link or by address (I1)."""
    keys = {LinkKey(connection_id, row.row_id): row for row in rows}
    linked = await run.memory.linked(run.account_id, keys)
    addresses = {row.row_id: email for row in rows if (email := normalise(row.email)) is not None}
    holders = await run.memory.holders(run.account_id, set(addresses.values()))
    by_address = {row_id: holders[email] for row_id, email in addresses.items() if email in holders}
    return by_address | {key.row_id: contact for key, contact in linked.items()}


def _alone(row: Row) -> Outcome:
    if normalise(row.email) is None:
        return Outcome.NO_ADDRESS
    return Outcome.NO_CONTACT if row.active else Outcome.INACTIVE


def _decided(run: Run, connection_id: int, person: Person, rows: Sequence[Row]) -> list[Foreseen]:
    """What becomes of one contact's rows, decided as the sync will, without a base (M5)."""
    met = {LinkKey(connection_id, row.row_id): row for row in rows}
    others = [link for link in person.links if link.key not in met]
    links = (*others, *(Link(key, row) for key, row in met.items()))
    whole = Person(person.contact, links)
    plan = plan_person(whole, run.terms)
    written = {write.key: write for write in plan.writes}
    filled = plan_person(whole, replace(run.terms, fill=True))
    blank = {write.key for write in filled.writes if write != written.get(write.key)}
    outcome = _outcome(plan)
    return [
        Foreseen(row.row_id, person.contact.contact_id, row.email, outcome, key in written, key in blank)
        for key, row in met.items()
    ]


def _outcome(plan: Plan) -> Outcome:
    if plan.after.hold != plan.before.hold:
        return Outcome.HELD
    match bool(plan.changes), bool(plan.writes):
        case True, True:
            return Outcome.REFUSALS_CROSS
        case True, False:
            return Outcome.REFUSAL_COMES
        case False, True:
            return Outcome.REFUSAL_GOES
        case _:
            return Outcome.AGREES
