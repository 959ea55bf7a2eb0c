"""Known bugs, planted by replacing one function of the product at a time, each for a judge to catch."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import assent.crm.contacts
import assent.crm.requests.contacts
import assent.crm.rows
import assent.engine.adopt
import assent.engine.forget
import assent.engine.notices
import assent.engine.outward
import assent.engine.placing
import assent.engine.presend
import assent.engine.reconcile
import assent.engine.sweep
import assent.policy.identity
import assent.policy.merge
import assent.policy.plan
import assent.policy.sightings
import assent.services.handing
import assent.services.importing
import assent.store.acts
import assent.store.handing
import assent.store.settling
import assent.store.sightings
from assent.crm.contacts import DataverseContacts
from assent.engine.run import Report
from assent.errors import AssentError, Retry
from assent.policy.merge import When
from assent.policy.permission import BulkEmail, LegalBasis
from assent.policy.plan import RowWrite
from assent.policy.sending import RecipientState
from assent.policy.sides import PERMISSION, Base, Contact, Link, LinkKey, Row
from assent.ports import Change
from assent.store.acts import Acting
from assent.store.journal import Journal
from assent.store.memory import SqlMemory
from assent.store.recipients import of_send
from assent.web.inbox import Inbox

from .faults import Fault
from .script import Move, Script, Step, step, tale


@dataclass(frozen=True, slots=True)
class Sabotage:
    """A planted bug: what it is, which judges are meant to notice, and how it is planted and taken out.

    `story` gives a history that may bring it to light, another one for each number.
    """

    name: str
    judges: frozenset[str]
    story: Callable[[int], Script]
    plant: Callable[[], AbstractContextManager[None]]


_ALL: list[Sabotage] = []


def _bug(
    name: str, story: Callable[[int], Script], *judges: str
) -> Callable[[Callable[[], Iterator[None]]], Callable[[], Iterator[None]]]:
    def keep(planting: Callable[[], Iterator[None]]) -> Callable[[], Iterator[None]]:
        _ALL.append(Sabotage(name, frozenset(judges), story, contextmanager(planting)))
        return planting

    return keep


_ANSWERS = frozenset({Fault.TIMEOUT_AFTER, Fault.RESET_AFTER})
_LINES = frozenset({Fault.RESET, Fault.SERVER_ERROR, Fault.TIMEOUT_BEFORE})
_NOTICES = frozenset({Fault.NOTICE_LOST})
_RESTORE = frozenset({Fault.RESTORED})


def _each(move: Move, gap_s: float, *, yes: bool = True) -> list[Step]:
    """The same for everybody, one after the other."""
    return [step(move, who, gap_s, yes=yes) for who in range(6)]


def planted() -> Sequence[Sabotage]:
    """Every planted bug."""
    return _ALL


@contextmanager
def _replaced(owner: Any, name: str, other: object) -> Iterator[None]:
    """Put another function in the place of one, for a while."""
    kept = owner.__dict__[name]
    setattr(owner, name, other)
    try:
        yield
    finally:
        setattr(owner, name, kept)


# --- the base -------------------------------------------------------------------------------------------


@_bug(
    "our own write comes back as a rep's act (T4)",
    tale(step(Move.BASIS, 3, other=1), step(Move.TAKE_BACK, 3, 40.0), step(Move.PHONE, 3, 40.0)),
    "granted",
    "nuance",
    "invented",
    "stillness",
    "agreement",
)
def echo() -> Iterator[None]:
    """Whatever a row says after it moved counts as an act on every column, our own writes too (M3)."""
    kept = assent.policy.sightings.acted_fields

    def acted_fields(link: Link, base: Base, row: Row) -> int:
        moved = row.version > base.crm_version and row.toggle is BulkEmail.ALLOW
        return kept(link, base, row) | (PERMISSION if moved else 0)

    with _replaced(assent.policy.sightings, "acted_fields", acted_fields):
        yield


@_bug(
    "an unconfirmed write of ours is taken for a rep's act (M4)",
    tale(step(Move.BASIS, 3, other=1), step(Move.TAKE_BACK, 3, 3.0), faults=_ANSWERS),
    "nuance",
    "invented",
    "refusal",
    "granted",
)
def own_write_unknown() -> Iterator[None]:
    """What we wrote and nobody confirmed counts as an act of the CRM's people."""

    def nobodys(*_: object) -> bool:
        return False

    with (
        _replaced(assent.policy.plan, "is_ours", nobodys),
        _replaced(assent.policy.sightings, "is_ours", nobodys),
    ):
        yield


@_bug(
    "only values are compared, never who touched what (M3)",
    tale(step(Move.TOGGLE, 3), step(Move.OPT_OUT, 3, 0.05)),
    "refusal",
)
def value_only_base() -> Iterator[None]:
    """The style of most sync products: a value that is as it was means that nothing happened."""
    kept = SqlMemory.people

    async def people(self: SqlMemory, account_id: int, contact_ids: Collection[UUID]) -> Any:
        return [
            replace(p, links=tuple(replace(k, hub_touched=0, crm_touched=0, same_at=None) for k in p.links))
            for p in await kept(self, account_id, contact_ids)
        ]

    with _replaced(SqlMemory, "people", people):
        yield


@_bug(
    "a base is set before the write is confirmed (M4)",
    tale(step(Move.SWEEP), step(Move.BASIS, 3, 20.0), faults=_LINES, harshness=5),
    "refusal",
    "agreement",
    "granted",
)
def base_before_confirmation() -> Iterator[None]:
    """Whatever became of a write, the base says that it took effect."""
    kept = assent.engine.reconcile._write_rows

    async def write_rows(run: Any, writes: Sequence[RowWrite]) -> Any:
        people = await run.memory.people(run.account_id, await _owners(run, writes))
        rows = {link.key: link.row for person in people for link in person.links}
        answers = await kept(run, writes)
        for write in writes:
            found, row = answers.get(write.key), rows.get(write.key)
            if found is not None and isinstance(found.row, AssentError) and row is not None:
                answers[write.key] = replace(found, row=_as_written(row, write))
        return answers

    with _replaced(assent.engine.reconcile, "_write_rows", write_rows):
        yield


@_bug(
    "a time-out is taken for success (M6)",
    tale(step(Move.SWEEP), step(Move.BASIS, 3, 20.0), faults=_LINES, harshness=5),
    "refusal",
    "agreement",
    "granted",
)
def swallowed_timeout() -> Iterator[None]:
    """Where no answer came, the row is believed to say what was written."""
    kept = DataverseContacts.write

    async def write(self: DataverseContacts, writes: Sequence[RowWrite]) -> dict[UUID, Row | AssentError]:
        done = await kept(self, writes)
        for one in writes:
            if isinstance(done.get(one.key.row_id), Retry):
                there = await self.read([one.key.row_id])
                if one.key.row_id in there:
                    done[one.key.row_id] = _as_written(there[one.key.row_id], one)
        return done

    with _replaced(DataverseContacts, "write", write):
        yield


@_bug(
    "a base is set at whatever revision the hub has by then (M4)",
    tale(
        step(Move.SWEEP),
        step(Move.BULK, 0, 40.0),
        *_each(Move.OPT_OUT, 0.3),
        slowness=10,
        faults=_NOTICES,
        harshness=3,
    ),
    "refusal",
    "agreement",
)
def hasty_base() -> Iterator[None]:
    """An act of the last moment is covered by a base that never saw it."""
    kept = SqlMemory.settle

    async def settle(self: SqlMemory, account_id: int, settlements: Any, written: Any) -> Any:
        people = await self.people(account_id, {s.contact_id for s in settlements})
        now = {p.contact.contact_id: p.contact.revision for p in people}
        hasty = [
            replace(s, hub_revision=at, base=replace(s.base, hub_revision=at))
            for s in settlements
            if (at := now.get(s.contact_id)) is not None
        ]
        return await kept(self, account_id, hasty, written)

    with _replaced(SqlMemory, "settle", settle):
        yield


@_bug(
    "a restore is taken for reps allowing again (M7)",
    tale(step(Move.BACKUP), step(Move.OPT_OUT, 0, 1.0), step(Move.RESTORE, 0, 20.0), faults=_RESTORE),
    "refusal",
    "agreement",
)
def restore_for_allow() -> Iterator[None]:
    """An older row, or a feed that went back, is ordinary news."""

    def never(*_: object, **__: object) -> bool:
        return False

    with (
        _replaced(assent.store.sightings, "proves_restore", never),
        _replaced(assent.crm.requests.contacts, "went_back", never),
    ):
        yield


# --- writing --------------------------------------------------------------------------------------------


@_bug(
    "grants are written over whatever stands (M6)",
    tale(step(Move.BASIS, 3), step(Move.DITHER, 3, 4.0), slowness=50),
    "refusal",
    "agreement",
)
def blind_grants() -> Iterator[None]:
    """Every write is conditional on the version that stands, which is no condition."""
    kept = DataverseContacts.write

    async def write(self: DataverseContacts, writes: Sequence[RowWrite]) -> dict[UUID, Row | AssentError]:
        there = await self.read([one.key.row_id for one in writes])
        blind = [
            replace(one, if_version=there[one.key.row_id].version)
            if one.if_version is not None and one.key.row_id in there
            else one
            for one in writes
        ]
        return await kept(self, blind)

    with _replaced(DataverseContacts, "write", write):
        yield


@_bug(
    "two workers write one contact, and nobody compares (section 3)",
    tale(step(Move.SWEEP), *_each(Move.TICK_BOX, 0.2, yes=False), *_each(Move.OPT_OUT, 0.3), slowness=10),
    "refusal",
    "agreement",
    "ledger",
)
def two_workers() -> Iterator[None]:
    """No guard per contact, and the hub is written over whatever its revision is."""
    kept = SqlMemory.apply

    async def claim(
        self: SqlMemory, account_id: int, keys: Collection[UUID], owner: UUID, until: Any
    ) -> set[UUID]:
        return set(keys)

    async def apply(self: SqlMemory, account_id: int, changes: Sequence[Change]) -> dict[UUID, int]:
        people = await self.people(account_id, {c.before.contact_id for c in changes})
        now = {p.contact.contact_id: p.contact.revision for p in people}
        blind = [
            replace(c, before=replace(c.before, revision=now.get(c.before.contact_id, c.before.revision)))
            for c in changes
        ]
        return await kept(self, account_id, blind)

    with _replaced(SqlMemory, "claim", claim), _replaced(SqlMemory, "apply", apply):
        yield


@_bug(
    "only the first organisation is written (I2)",
    tale(step(Move.OPT_OUT, 0), sites=2),
    "agreement",
    "refusal",
)
def one_connection() -> Iterator[None]:
    """The result does not go to every row of the person."""
    kept = assent.engine.reconcile._write_rows

    async def write_rows(run: Any, writes: Sequence[RowWrite]) -> Any:
        return await kept(run, [w for w in writes if w.key.connection_id == 1])

    with _replaced(assent.engine.reconcile, "_write_rows", write_rows):
        yield


@_bug(
    "a create that is tried again makes another row (I5)",
    tale(
        step(Move.HUB_NEW, 0, other=6),
        step(Move.CRASH, 0, 0.2),
        faults=_NOTICES | {Fault.CRASH},
        harshness=3,
    ),
    "doubled",
)
def created_twice() -> Iterator[None]:
    """Rows get chance ids instead of derived ones."""

    def chance(account_id: int, contact_id: UUID) -> UUID:
        return uuid4()

    with (
        _replaced(assent.engine.outward, "row_id_for", chance),
        _replaced(assent.engine.outward, "_link_bearing", _nobody),
    ):
        yield


# --- reading --------------------------------------------------------------------------------------------


@_bug(
    "the cursor moves over what was not stored (cursors)",
    tale(step(Move.TOGGLE, 0, yes=False), faults=_NOTICES),
    "refusal",
    "agreement",
    "prompt",
)
def cursor_moved_early() -> Iterator[None]:
    """A page that could not be stored is passed over."""
    kept = assent.engine.sweep._store_page

    async def store_page(run: Any, connection: Any, page: Any, stamp: Any, *, create: bool) -> Report:
        try:
            return await kept(run, connection, replace(page, rows=page.rows[:-1]), stamp, create=create)
        except AssentError:
            return Report()

    with _replaced(assent.engine.sweep, "_store_page", store_page):
        yield


@_bug(
    "null is read as No (T6)",
    tale(step(Move.CLEAR, 0)),
    "invented",
    "agreement",
)
def null_is_no() -> Iterator[None]:
    """An empty column refuses."""
    kept = assent.crm.rows._answers

    def answers(record: dict[str, object], columns: Any) -> tuple[int, int, int]:
        _, value, unread = kept(record, columns)
        everything = 0
        for column in columns.categories:
            everything |= column.bit
        return everything & ~unread, value, unread

    with _replaced(assent.crm.rows, "_answers", answers):
        yield


@_bug(
    "notices are dropped as doubles by what they say (section 3)",
    tale(*(step(Move.TOGGLE, 0, 20.0, yes=yes) for yes in (False, True, False))),
    "prompt",
)
def dedupe_by_payload() -> Iterator[None]:
    """Who refuses, allows and refuses again is told of once."""
    kept, seen = Inbox.put, set[object]()

    async def put(self: Inbox, account_id: int, notices: Sequence[Any]) -> None:
        fresh = [n for n in notices if (n.row_id, n.operation, n.refused) not in seen]
        seen.update((n.row_id, n.operation, n.refused) for n in notices)
        await kept(self, account_id, fresh)

    with _replaced(Inbox, "put", put):
        yield


@_bug(
    "notices are answered and forgotten (M8)",
    tale(step(Move.TOGGLE, 0, yes=False)),
    "prompt",
)
def notices_forgotten() -> Iterator[None]:
    """The webhook says yes before anything is stored."""

    async def post(self: SqlMemory, account_id: int, notices: Sequence[Any]) -> None:
        """Store nothing."""

    with _replaced(SqlMemory, "post", post):
        yield


@_bug(
    "a block is never lifted (M8)",
    tale(step(Move.TOGGLE, 0, yes=False), step(Move.BASIS, 0, 20.0)),
    "passable",
)
def block_never_lifted() -> Iterator[None]:
    """Whoever was once blocked by a notice stays so."""

    def end_notices(*_: object) -> None:
        """End nothing."""

    with _replaced(assent.store.settling, "_end_notices", end_notices):
        yield


# --- deciding -------------------------------------------------------------------------------------------


@_bug(
    "where the order is not known, Yes wins (M2)",
    tale(step(Move.TOGGLE, 3), step(Move.OPT_OUT, 3, 0.05)),
    "refusal",
)
def grants_win() -> Iterator[None]:
    """Whoever granted is taken at their word."""

    def after(self: When, other: When) -> bool:
        return True

    with _replaced(When, "proved_after", after):
        yield


@_bug(
    "the clocks are taken for one (M2)",
    tale(step(Move.BASIS, 0), step(Move.TOGGLE, 0, 1.0, yes=False), slowness=50, skew=-4.5),
    "refusal",
)
def skew_ignored() -> Iterator[None]:
    """modifiedon is compared as if the organisation had our clock."""
    kept = assent.policy.merge.crm_when

    def crm_when(*, old_value_seen_at: Any, modified_at: Any, skew: timedelta) -> When:
        return kept(old_value_seen_at=old_value_seen_at, modified_at=modified_at, skew=timedelta(seconds=-1))

    with _replaced(assent.policy.plan, "crm_when", crm_when):
        yield


@_bug(
    "an act that repeats what stands is no act (M3)",
    tale(step(Move.TOGGLE, 3), step(Move.OPT_OUT, 3, 0.05)),
    "refusal",
)
def repeats_do_not_count() -> Iterator[None]:
    """Only a changed value marks the hub's side as touched."""
    kept = Acting._touch

    def touch(self: Acting, connection: Any, account_id: int, acted: Sequence[Any]) -> None:
        moved = [a for a in acted if (a.before.basis, a.before.value) != (a.after.basis, a.after.value)]
        kept(self, connection, account_id, moved)

    with _replaced(Acting, "_touch", touch):
        yield


@_bug(
    "an Allow that merely stands is Consent (T5)",
    tale(step(Move.ROW_NEW, 0, other=6, yes=False)),
    "invented",
    "nuance",
)
def default_allow_grants() -> Iterator[None]:
    """A new row's default lifts None."""
    kept = assent.policy.identity.contact_from_row

    def contact_from_row(row: Row, *given: Any, **named: Any) -> Any:
        made = kept(row, *given, **named)
        if isinstance(made, Contact) and row.toggle is BulkEmail.ALLOW and made.basis is LegalBasis.NONE:
            return replace(made, basis=LegalBasis.CONSENT)
        return made

    with _replaced(assent.engine.adopt, "contact_from_row", contact_from_row):
        yield


@_bug(
    "a real Allow always is Consent, whatever was chosen (T3)",
    tale(step(Move.ANSWER_CATEGORY, 1, yes=False)),
    "nuance",
)
def nuance_lost() -> Iterator[None]:
    """Whenever rows were read, a positive basis comes back as Consent."""
    kept = assent.policy.plan.plan_person

    def plan_person(person: Any, terms: Any) -> Any:
        plan = kept(person, terms)
        if plan.writes and plan.after.basis.positive:
            change = assent.policy.plan.FieldChange(
                PERMISSION, int(plan.before.basis), int(LegalBasis.CONSENT), "T3", None
            )
            if plan.before.basis is not LegalBasis.CONSENT:
                after = replace(plan.after, basis=LegalBasis.CONSENT)
                return replace(plan, after=after, changes=(*plan.changes, change))
        return plan

    with _replaced(assent.engine.reconcile, "plan_person", plan_person):
        yield


# --- identity -------------------------------------------------------------------------------------------


@_bug(
    "a deleted row's last refusal is not heard (I4)",
    tale(step(Move.TOGGLE, 0, yes=False), step(Move.DELETE, 0)),
    "refusal",
)
def pre_image_ignored() -> Iterator[None]:
    """The link goes, and what its row said goes with it."""

    def nothing(*_: object) -> None:
        return None

    async def unheard(*_: object) -> None:
        """Hear nothing."""

    with (
        _replaced(assent.engine.forget, "_last_words", nothing),
        _replaced(assent.engine.notices, "_hear", unheard),
    ):
        yield


@_bug(
    "a merged row's refusal is not handed over (I4)",
    tale(step(Move.TOGGLE, 1, yes=False), step(Move.MERGE, 0, 20.0, other=1)),
    "refusal",
)
def merge_not_handed_over() -> Iterator[None]:
    """The survivor keeps its own permission, and the merged row its own contact."""
    with _replaced(assent.engine.adopt, "_hand_over", _nobody):
        yield


@_bug(
    "an import overwrites Withdrawn (I7)",
    tale(step(Move.IMPORT, 3, other=3)),
    "identity",
    "invented",
)
def import_overwrites() -> Iterator[None]:
    """A file is believed more than the person."""

    def imported_basis(current: LegalBasis, incoming: LegalBasis | None) -> LegalBasis:
        return current if incoming is None else incoming

    with _replaced(assent.services.importing, "imported_basis", imported_basis):
        yield


# --- sending --------------------------------------------------------------------------------------------


@_bug(
    "the gate lets through what it could not verify (G4)",
    tale(step(Move.TOGGLE, 0, yes=False), step(Move.CHECK, 0), faults=_LINES | _NOTICES, harshness=5),
    "gate",
    "mails",
)
def gate_fails_open() -> Iterator[None]:
    """Trouble with Dynamics counts as nobody refusing."""
    kept = assent.engine.presend._facts

    def facts(*given: Any, verified: bool) -> Any:
        return kept(*given, verified=True)

    with _replaced(assent.engine.presend, "_facts", facts):
        yield


@_bug(
    "a send looks once and never again (P1)",
    tale(step(Move.SEND), step(Move.OPT_OUT, 0, 1.5)),
    "mails",
)
def stale_look() -> Iterator[None]:
    """What was known when the batch was taken is good for an hour."""
    with _replaced(assent.services.handing, "LOOK_GOOD_FOR", timedelta(hours=1)):
        yield


@_bug(
    "mails whose end is not known are sent again (P6)",
    tale(step(Move.SEND), step(Move.CRASH, 0, 0.4), faults=frozenset({Fault.CRASH})),
    "mails",
)
def mails_repeated() -> Iterator[None]:
    """Whoever was being handed over as the process died comes first the next time."""

    def orphans(connection: Any, account_id: int, send_id: int) -> int:
        mine = of_send(account_id, send_id, RecipientState.HANDING)
        return assent.store.handing._restate(connection, mine, RecipientState.WAITING)

    with _replaced(assent.store.handing, "orphans", orphans):
        yield


# --- proof ----------------------------------------------------------------------------------------------


@_bug(
    "what the sync decides is not written down (P7)",
    tale(step(Move.TOGGLE, 0, yes=False)),
    "ledger",
)
def ledger_gaps() -> Iterator[None]:
    """Only people's own acts are in the ledger."""
    kept = Journal.append

    def append(self: Journal, connection: Any, account_id: int, entries: Sequence[Any]) -> Any:
        return kept(self, connection, account_id, [e for e in entries if e.actor_kind != "connection"])

    with _replaced(Journal, "append", append):
        yield


@_bug(
    "acts are written down twice (P6)",
    tale(step(Move.OPT_OUT, 0)),
    "ledger",
)
def ledger_doubles() -> Iterator[None]:
    """Every act of a contact has two entries."""
    kept = Journal.append

    def append(self: Journal, connection: Any, account_id: int, entries: Sequence[Any]) -> Any:
        return kept(
            self, connection, account_id, [*entries, *(e for e in entries if e.actor_kind == "contact")]
        )

    with _replaced(Journal, "append", append):
        yield


async def _nobody(*_: object) -> frozenset[UUID]:
    return frozenset()


async def _owners(run: Any, writes: Sequence[RowWrite]) -> set[UUID]:
    linked: Mapping[LinkKey, UUID] = await run.memory.linked(run.account_id, {w.key for w in writes})
    return set(linked.values())


def _as_written(row: Row, write: RowWrite) -> Row:
    """The row as a write would have left it."""
    return replace(
        row,
        toggle=row.toggle if write.toggle is None else write.toggle,
        known=row.known | write.fields,
        value=(row.value & ~write.fields) | (write.value & write.fields),
        email=row.email if write.email is None else write.email,
    )
