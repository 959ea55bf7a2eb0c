"""Erasing a person (GDPR art. 17): looked at first, refused everywhere, then gone but for a hash (I6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from uuid import UUID

from sqlalchemy import Connection

from assent.errors import Conflict, Invalid
from assent.ledger.entries import ERASING, Entry
from assent.policy.erasing import RowEnd
from assent.policy.permission import BulkEmail
from assent.policy.sides import Link
from assent.ports import Evidence
from assent.services.access import Caller, Right
from assent.services.application import Application
from assent.services.contact_views import record_url
from assent.services.given import proven
from assent.services.paging import Page, within_limit
from assent.services.sentences import who
from assent.store import erasing as stored
from assent.store.erased import standing_rows
from assent.store.erasing import Beginning, ErasedRow, Erasure
from assent.store.joins import joined_to
from assent.store.known_names import Known, known_to, labels
from assent.store.people import people
from assent.store.reading import sealed_entries
from assent.store.whole import Place, places, whole

NO_EVIDENCE = Evidence()


class RowStep(Enum):
    """What an erasure would do to a row."""

    WRITE = "write"
    READ = "read"
    LIST = "list"
    WAIT = "wait"


STEP_WORDS: Mapping[RowStep, str] = {
    RowStep.WRITE: "Do not allow is written, and read back.",
    RowStep.READ: "It says Do not allow already; it is read once more.",
    RowStep.LIST: "It is inactive, so nothing is written to it. It is listed, to be seen to in Dynamics.",
    RowStep.WAIT: "Its connection is not live. The erasure waits for that, or for you to go on without it.",
}

END_WORDS: Mapping[RowEnd, str] = {
    RowEnd.REFUSED: "It says Do not allow.",
    RowEnd.INACTIVE: "It is inactive, so nothing is written to it. Set Do not allow if it is ever activated.",
    RowEnd.DELETED: "It was deleted in Dynamics.",
    RowEnd.WAITS: "Do not allow is not written and read back yet.",
    RowEnd.UNCONFIRMED: "It could not be reached. Set Do not allow there by hand.",
}


@dataclass(frozen=True, slots=True)
class RowToErase:
    """A row in Dynamics, what would be done to it, and that in words."""

    connection_id: int
    connection: str
    row_id: UUID
    url: str
    step: RowStep
    words: str


@dataclass(frozen=True, slots=True)
class Relative:
    """Another contact that was joined to this one: the same person, but erased on its own."""

    contact_id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class ErasurePreview:
    """What erasing a contact would do, without doing it.

    `sealed` counts the ledger's entries whose personal part could never be read again; `erasure_id`
    is that of an erasure which is under way already.
    """

    contact_id: UUID
    name: str
    email: str
    rows: tuple[RowToErase, ...]
    joined: tuple[Relative, ...]
    sealed: int
    erasure_id: int | None


@dataclass(frozen=True, slots=True)
class RowErased:
    """A row in Dynamics, how it stands or stood at the end, and that in words."""

    connection_id: int
    connection: str
    row_id: UUID
    url: str
    end: RowEnd
    words: str

    @property
    def to_see_to(self) -> bool:
        """Whether somebody must look after it in Dynamics."""
        return self.end in (RowEnd.INACTIVE, RowEnd.UNCONFIRMED)


@dataclass(frozen=True, slots=True)
class ErasureView:
    """An erasure; `finished_at` is None while rows are waited for. Nothing personal is in it.

    `patient` tells that it waits for rows that cannot be reached.
    """

    erasure_id: int
    contact_id: UUID
    by: str
    asked_at: datetime
    finished_at: datetime | None
    patient: bool
    rows: tuple[RowErased, ...]


async def preview(app: Application, caller: Caller, contact_id: UUID) -> ErasurePreview:
    """Tell what erasing a contact would write, list and destroy, without doing it. Raises Unknown."""
    caller.require(Right.ERASE)
    account_id, marks = caller.account_id, app.store.accounts.marking

    def work(connection: Connection) -> ErasurePreview:
        found = whole(connection, account_id, contact_id, marks)
        relatives = joined_to(connection, account_id, contact_id)
        names = labels(connection, account_id, relatives)
        running = stored.under_way(connection, account_id, [contact_id]).get(contact_id)
        details = found.details
        return ErasurePreview(
            contact_id=contact_id,
            name=f"{details.first_name} {details.last_name}".strip() or details.shown_email,
            email=details.shown_email,
            rows=tuple(_to_erase(link, found.places) for link in found.person.links),
            joined=tuple(Relative(one, names.get(one, "")) for one in relatives),
            sealed=sealed_entries(connection, account_id, contact_id),
            erasure_id=None if running is None else running.erasure_id,
        )

    return await app.store.database.read(work)


async def start(
    app: Application, caller: Caller, contact_id: UUID, evidence: Evidence = NO_EVIDENCE
) -> ErasureView:
    """Erase a person: from now on no mail reaches them and nobody can bring the address back.

    The refusal is written to every row first; it goes on after a crash, and waits for organisations that do
    not answer. Asked for again, the answer is the erasure that is under way. Raises Unknown.
    """
    caller.require(Right.ERASE)
    memory = app.store.memory
    proof = proven(None, evidence)
    beginning = Beginning(memory.journal, memory.marking, caller.actor, proof, app.clock.now())
    number = await app.store.database.write(lambda c: beginning.run(c, caller.account_id, contact_id))
    await app.work.wake(caller.account_id)
    return await read(app, caller, number)


async def all(  # noqa: A001 - read as erasing.all
    app: Application, caller: Caller, *, after: str = "", limit: int = 50
) -> Page[ErasureView]:
    """The newest erasures of the account, a page at a time. Raises Invalid for a foreign cursor."""
    caller.require(Right.ERASE)
    size = within_limit(limit)
    if after and not (after.isascii() and after.isdecimal() and len(after) < 19):
        raise Invalid("This page cannot be continued; begin again with the first one.")
    before = int(after) if after else None

    def work(connection: Connection) -> Page[ErasureView]:
        found = stored.newest(connection, caller.account_id, before, size + 1)
        views = _views(connection, caller.account_id, found[:size])
        return Page(views, str(found[size - 1].erasure_id) if len(found) > size else "")

    return await app.store.database.read(work)


async def read(app: Application, caller: Caller, erasure_id: int) -> ErasureView:
    """One erasure, with how each row stands now or stood at its end; raises Unknown."""
    caller.require(Right.ERASE)

    def work(connection: Connection) -> ErasureView:
        found = stored.read(connection, caller.account_id, erasure_id)
        return _views(connection, caller.account_id, [found])[0]

    return await app.store.database.read(work)


async def go_on(app: Application, caller: Caller, erasure_id: int) -> ErasureView:
    """Finish without the rows that wait: they are listed as not reached. Raises Unknown, and Conflict
    where it is finished.
    """
    caller.require(Right.ERASE)
    if (await read(app, caller, erasure_id)).finished_at is not None:
        raise Conflict("This erasure is finished already; nothing of the person is left.")
    await app.store.database.write(lambda c: stored.go_on_without(c, caller.account_id, erasure_id))
    await app.work.wake(caller.account_id)
    return await read(app, caller, erasure_id)


def _to_erase(link: Link, known: Mapping[int, Place]) -> RowToErase:
    place = _place(known, link.key.connection_id)
    step = _step(link, live=place.live)
    url = record_url(place.url, link.key.row_id)
    return RowToErase(place.connection_id, place.name, link.key.row_id, url, step, STEP_WORDS[step])


def _step(link: Link, *, live: bool) -> RowStep:
    if not live:
        return RowStep.WAIT
    if link.row is not None and link.row.toggle is BulkEmail.DO_NOT_ALLOW:
        return RowStep.READ
    return RowStep.WRITE if link.row is None or link.row.active else RowStep.LIST


def _views(connection: Connection, account_id: int, found: list[Erasure]) -> tuple[ErasureView, ...]:
    known, named = places(connection, account_id), known_to(connection, account_id, list(map(_asked, found)))
    open_ = {one.contact_id for one in found if one.finished_at is None}
    standing = {
        person.contact.contact_id: tuple(standing_rows(connection, account_id, person))
        for person in people(connection, account_id, open_)
    }
    return tuple(_view(one, standing.get(one.contact_id, one.rows), known, named) for one in found)


def _view(
    erasure: Erasure, rows: tuple[ErasedRow, ...], known: Mapping[int, Place], named: Known
) -> ErasureView:
    return ErasureView(
        erasure_id=erasure.erasure_id,
        contact_id=erasure.contact_id,
        by=who(_asked(erasure), named),
        asked_at=erasure.asked_at,
        finished_at=erasure.finished_at,
        patient=erasure.patient,
        rows=tuple(_erased(row, _place(known, row.connection_id)) for row in rows),
    )


def _asked(erasure: Erasure) -> Entry:
    """The entry that was made of it, as far as it tells who asked."""
    return Entry(ERASING, erasure.actor.kind.value, erasure.actor.ident)


def _erased(row: ErasedRow, place: Place) -> RowErased:
    url = record_url(place.url, row.row_id)
    return RowErased(row.connection_id, place.name, row.row_id, url, row.end, END_WORDS[row.end])


def _place(known: Mapping[int, Place], connection_id: int) -> Place:
    return known.get(connection_id, Place(connection_id, "", "", live=False))
