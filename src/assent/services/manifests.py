"""Manifests of sends: closed when everybody was checked, and taken away as CSV or JSON."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

import msgspec

from assent.errors import Unknown
from assent.ledger.manifest import Line
from assent.policy.gate import Reason
from assent.policy.sending import WHY
from assent.ports import Clock
from assent.services.access import Caller, Right
from assent.services.application import Application
from assent.services.tables.writing import write_lines
from assent.store import manifests as stored
from assent.store import recipients as listed
from assent.store.columns import EPOCH
from assent.store.manifests import Closing, Manifest
from assent.store.opening import Store
from assent.store.recipients import Taken

#: Lines with the people they are about.
Pages = AsyncIterator[tuple[list[Line], Mapping[UUID, Taken]]]

_HEADS = ("Contact", "Email", "Outcome", "Reason", "Why", "Detail", "Proved as of")


class Form(Enum):
    """What a manifest may be taken away as."""

    CSV = "csv"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class File:
    """Something to take away, written while it is read."""

    name: str
    media_type: str
    content: AsyncIterator[bytes]


async def close_manifest(store: Store, clock: Clock, account_id: int, send_id: int) -> bool:
    """Write down what was decided about everybody, and let the send go on; tells whether it does."""
    database = store.database
    await database.write(lambda c: stored.begin(c, account_id, send_id))
    part, last = 0, await database.write(lambda c: stored.write_part(c, account_id, send_id, 0, None))
    while last is not None:
        part, after = part + 1, last
        last = await database.write(
            lambda c: stored.write_part(c, account_id, send_id, part, after)  # noqa: B023 - awaited here
        )
    closing = Closing(store.memory.journal, store.accounts.marking, clock.now())
    return await database.write(lambda c: closing.run(c, account_id, send_id))


async def manifest(app: Application, caller: Caller, send_id: int) -> Manifest:
    """What was decided, in sums, with its signature; raises Unknown where there is none yet."""
    caller.require(Right.READ)
    return await app.store.database.read(lambda c: stored.read(c, caller.account_id, send_id))


async def has_one(app: Application, caller: Caller, send_id: int) -> bool:
    """Whether a send has its manifest."""
    try:
        await manifest(app, caller, send_id)
    except Unknown:
        return False
    return True


async def file(app: Application, caller: Caller, send_id: int, form: Form) -> File:
    """Every line with the address the contact has now, or none where the person was erased.

    As JSON it holds the header as it was signed, and the signature. Raises Unknown where there is none yet.
    """
    caller.require(Right.EXPORT)
    found = await app.store.database.read(lambda c: stored.read(c, caller.account_id, send_id))
    pages = _pages(app, caller.account_id, send_id)
    name = f"send-{send_id}-manifest.{form.value}"
    if form is Form.JSON:
        return File(name, "application/json", _document(found, pages))
    return File(name, "text/csv; charset=utf-8", write_lines(_HEADS, _rows(pages)))


async def _rows(pages: Pages) -> AsyncIterator[Sequence[Sequence[str]]]:
    async for lines, people in pages:
        yield [_cells(line, people) for line in lines]


async def _document(found: Manifest, pages: Pages) -> AsyncIterator[bytes]:
    signed = {"digest": found.digest.hex(), "signature": found.signature.hex()}
    before = msgspec.json.encode({"manifest": found.header, **signed})[:-1] + b',"recipients":['
    async for lines, people in pages:
        yield before + b",\n".join(msgspec.json.encode(_plain(line, people)) for line in lines)
        before = b",\n"
    yield b"]}\n"


async def _pages(app: Application, account_id: int, send_id: int) -> Pages:
    number = 0
    while True:
        now = number
        lines = await app.store.database.read(lambda c: stored.part(c, account_id, send_id, now))  # noqa: B023
        if not lines:
            return
        ids = [line.contact_id for line in lines]
        yield lines, await app.store.database.read(lambda c: listed.named(c, account_id, ids))  # noqa: B023
        number += 1


def _plain(line: Line, people: Mapping[UUID, Taken]) -> dict[str, object]:
    person = people.get(line.contact_id)
    return {
        "contact_id": line.contact_id,
        "email": person.email if person else None,
        "outcome": line.outcome,
        "reason": line.reason,
        "detail": line.detail,
        "proved_at": None if line.proved_at is None else moment(line.proved_at),
    }


def _cells(line: Line, people: Mapping[UUID, Taken]) -> Sequence[str]:
    person, at = people.get(line.contact_id), None if line.proved_at is None else moment(line.proved_at)
    email, why = person.email if person else "", WHY[Reason(line.reason)]
    said = (str(line.contact_id), email, line.outcome, line.reason, why, line.detail)
    return (*said, f"{at:%Y-%m-%d %H:%M:%SZ}" if at else "")


def moment(at: int) -> datetime:
    """The moment so many microseconds after 1970."""
    return EPOCH + timedelta(microseconds=at)
