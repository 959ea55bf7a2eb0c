"""Uploaded files between their preview and their end, and the contacts their rows are about."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, func, select, update

from assent.errors import Unknown
from assent.policy.permission import LegalBasis
from assent.store.among import among_texts
from assent.store.batches import chunked
from assent.store.counters import lock_account, take_numbers
from assent.store.desk_schema import imports
from assent.store.schema import contacts

UPLOADED, APPLIED, DISCARDED = "uploaded", "applied", "discarded"
#: A file nobody came back to is emptied: it holds people's data for nothing.
KEPT = timedelta(days=7)
#: How many files of one account may wait: each may be tens of megabytes.
OPEN_LIMIT = 20


class Sheet(msgspec.Struct, frozen=True):
    """What is known of a file without opening it: its columns with their meanings, and its rows."""

    names: tuple[str, ...]
    meanings: tuple[str, ...]
    rows: int
    notice: str = ""


@dataclass(frozen=True, slots=True)
class StoredImport:
    """A file that was uploaded; `counts` tells by outcome what applying it did."""

    import_id: int
    name: str
    sheet: Sheet
    state: str
    counts: Mapping[str, int]
    created_by: str
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """The contact that holds the address of a row."""

    contact_id: UUID
    basis: LegalBasis
    value: int
    first_name: str
    last_name: str


_COLUMNS = (
    imports.c.import_id,
    imports.c.name,
    imports.c.mapping,
    imports.c.state,
    imports.c.counts,
    imports.c.created_by,
    imports.c.created_at,
    imports.c.finished_at,
)


def add(connection: Connection, account_id: int, stored: StoredImport, data: bytes) -> int | None:
    """Keep a file, sealed. Gives its number; None where too many wait already."""
    lock_account(connection, account_id)
    waiting = (imports.c.account_id == account_id, imports.c.state == UPLOADED)
    if connection.execute(select(func.count()).where(*waiting)).scalar_one() >= OPEN_LIMIT:
        return None
    number = take_numbers(connection, account_id, "import")[0]
    connection.execute(
        imports.insert().values(
            account_id=account_id,
            import_id=number,
            name=stored.name,
            data=data,
            mapping=msgspec.json.encode(stored.sheet).decode(),
            state=UPLOADED,
            created_by=stored.created_by,
            created_at=stored.created_at,
        )
    )
    return number


def all_imports(
    connection: Connection, account_id: int, before: int | None, limit: int
) -> list[StoredImport]:
    """The newest imports, from before a number back."""
    statement = select(*_COLUMNS).where(imports.c.account_id == account_id)
    if before is not None:
        statement = statement.where(imports.c.import_id < before)
    rows = connection.execute(statement.order_by(imports.c.import_id.desc()).limit(limit)).all()
    return list(map(_stored, rows))


def read(connection: Connection, account_id: int, import_id: int, *, lock: bool = False) -> StoredImport:
    """One import without its data; raises Unknown."""
    statement = select(*_COLUMNS).where(_at(account_id, import_id))
    row = connection.execute(statement.with_for_update() if lock else statement).first()
    if row is None:
        raise unknown()
    return _stored(row)


def data(connection: Connection, account_id: int, import_id: int) -> bytes | None:
    """A file as it was sealed; None once it ended."""
    sealed: bytes | None = connection.execute(
        select(imports.c.data).where(_at(account_id, import_id))
    ).scalar_one_or_none()
    return sealed


def set_sheet(connection: Connection, account_id: int, import_id: int, sheet: Sheet) -> None:
    """Store what the columns mean."""
    mapping = msgspec.json.encode(sheet).decode()
    connection.execute(update(imports).where(_at(account_id, import_id)).values(mapping=mapping))


@dataclass(frozen=True, slots=True)
class Ended:
    """How an import ended."""

    state: str
    counts: Mapping[str, int]
    at: datetime


def end(connection: Connection, account_id: int, import_id: int, ended: Ended) -> None:
    """End an import and empty its file."""
    counts = msgspec.json.encode(dict(ended.counts)).decode()
    values = {"state": ended.state, "counts": counts, "data": None, "finished_at": ended.at}
    connection.execute(update(imports).where(_at(account_id, import_id)).values(**values))


def forget(connection: Connection, now: datetime) -> None:
    """Empty the files of every account that nobody came back to."""
    forgotten = and_(imports.c.state == UPLOADED, imports.c.created_at < now - KEPT)
    ended = {"state": DISCARDED, "data": None, "finished_at": now}
    connection.execute(update(imports).where(forgotten).values(**ended))


def standing_at(connection: Connection, account_id: int, emails: Collection[str]) -> dict[str, Standing]:
    """The contacts that hold addresses; free ones are absent."""
    found: dict[str, Standing] = {}
    c = contacts.c
    for piece in chunked(emails):
        statement = select(c.email, c.contact_id, c.basis, c.value, c.first_name, c.last_name).where(
            c.account_id == account_id, among_texts(c.email, piece)
        )
        found.update((row[0], Standing(*row[1:])) for row in connection.execute(statement))
    return found


def unknown() -> Unknown:
    """What is said of an import another account may have."""
    return Unknown("this account has no such import")


def _at(account_id: int, import_id: int) -> ColumnElement[bool]:
    return and_(imports.c.account_id == account_id, imports.c.import_id == import_id)


def _stored(row: Any) -> StoredImport:
    return StoredImport(
        import_id=row.import_id,
        name=row.name,
        sheet=msgspec.json.decode(row.mapping, type=Sheet),
        state=row.state,
        counts=msgspec.json.decode(row.counts, type=dict[str, int]),
        created_by=row.created_by,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )
