"""Imports of contacts: a file is uploaded, understood, looked at, and then applied whole or not at all."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec
from sqlalchemy import Connection

from assent.errors import Conflict, Invalid
from assent.ports import Evidence
from assent.services.access import Caller, Right
from assent.services.application import Application
from assent.services.given import checked_evidence
from assent.services.import_views import (
    ImportPreview,
    ImportView,
    file_name,
    import_view,
    mapping_of,
    sampled,
    sheet_of,
    spelled,
)
from assent.services.importing import (
    Decided,
    File,
    ImportOptions,
    ImportOutcome,
    act_of,
    counts,
    decide,
)
from assent.services.paging import Page, within_limit
from assent.services.tables.limits import TableLimits
from assent.services.tables.mapping import ColumnMapping, choose, suggest
from assent.services.tables.plan import ImportPlan, RowError, plan_import
from assent.services.tables.reading import read_table
from assent.services.tables.words import Field
from assent.store import imports as stored
from assent.store.acts import Acting
from assent.store.counters import lock_account
from assent.store.hub import Adding
from assent.store.imports import APPLIED, DISCARDED, UPLOADED, Ended, StoredImport

#: One transaction takes this many rows at most: every other change waits for it.
LIMITS = TableLimits(rows=50_000)
SAMPLE = 20
DEFAULTS = ImportOptions()
_CREATES = frozenset({ImportOutcome.NEW, ImportOutcome.NEW_WITHDRAWN})


async def all(  # noqa: A001 - read as imports.all
    app: Application, caller: Caller, *, after: str = "", limit: int = 50
) -> Page[ImportView]:
    """The newest imports of the account, a page at a time."""
    caller.require(Right.BULK)
    size = within_limit(limit)
    if after and not (after.isascii() and after.isdecimal() and len(after) < 19):
        raise Invalid("This page cannot be continued; begin again with the first one.")
    before = int(after) if after else None
    found = await app.store.database.read(
        lambda c: stored.all_imports(c, caller.account_id, before, size + 1)
    )
    more = str(found[size - 1].import_id) if len(found) > size else ""
    return Page(tuple(map(import_view, found[:size])), more)


async def read(app: Application, caller: Caller, import_id: int) -> ImportView:
    """One import; raises Unknown."""
    caller.require(Right.BULK)
    return import_view(await app.store.database.read(lambda c: stored.read(c, caller.account_id, import_id)))


async def upload(app: Application, caller: Caller, name: str, data: bytes) -> ImportView:
    """Keep a file, sealed, and guess what its columns mean.

    Raises Invalid, in words, for what is no CSV, and Conflict where too many files wait to be applied.
    """
    caller.require(Right.BULK)
    table = await asyncio.to_thread(read_table, data, limits=LIMITS)
    mapping = suggest(table.header, await _categories(app, caller))
    item = StoredImport(
        import_id=0,
        name=file_name(name),
        sheet=sheet_of(table, mapping),
        state=UPLOADED,
        counts={},
        created_by=caller.name or caller.actor.kind.value,
        created_at=app.clock.now(),
        finished_at=None,
    )
    sealed = await asyncio.to_thread(app.store.accounts.vault.wrap, data)
    number = await app.store.database.write(lambda c: stored.add(c, caller.account_id, item, sealed))
    if number is None:
        raise Conflict(
            f"{stored.OPEN_LIMIT} uploaded files wait to be imported already, so this one was not kept. "
            "Import or discard some of them first."
        )
    return import_view(replace(item, import_id=number))


async def choose_columns(
    app: Application, caller: Caller, import_id: int, choices: Mapping[str, str]
) -> ImportView:
    """Say what columns mean, by label; those not named are not imported.

    Raises Invalid for a mapping with problems, Conflict for an import that ended, and Unknown.
    """
    caller.require(Right.BULK)
    categories = await _categories(app, caller)

    def work(connection: Connection) -> StoredImport:
        item = _open(connection, caller.account_id, import_id)
        mapping = choose(item.sheet.names, choices, categories)
        sheet = msgspec.structs.replace(item.sheet, meanings=spelled(mapping))
        stored.set_sheet(connection, caller.account_id, import_id, sheet)
        return replace(item, sheet=sheet)

    return import_view(await app.store.database.write(work))


async def preview(
    app: Application, caller: Caller, import_id: int, options: ImportOptions = DEFAULTS
) -> ImportPreview:
    """Tell what an import would do, without doing it. Raises Invalid, Conflict and Unknown."""
    caller.require(Right.BULK)
    item, plan = await _planned(app, caller, import_id, options)
    decided = await app.store.database.read(lambda c: _decided(app, c, caller.account_id, plan))
    return ImportPreview(
        row_count=plan.row_count,
        counts=counts(decided, plan.excluded),
        errors=plan.errors,
        error_count=plan.error_count,
        ignored=plan.ignored,
        notice=plan.notice,
        sample=tuple(sampled(one) for one in decided[:SAMPLE]),
        token=_token(caller.account_id, item, options, decided),
    )


async def apply(
    app: Application, caller: Caller, import_id: int, token: str, options: ImportOptions = DEFAULTS
) -> ImportView:
    """Do what a preview told in one transaction, all of it or nothing; the file is emptied then.

    Raises Conflict where it was applied already or is no longer what the preview with this token told,
    Invalid where rows have errors and were not ticked to be left out, and Unknown.
    """
    caller.require(Right.BULK)
    item, plan = await _planned(app, caller, import_id, options)
    if plan.error_count and not options.leave_out_errors:
        raise Invalid(
            f"{plan.excluded} rows have errors, so nothing was imported. Correct the file, or choose to "
            "leave those rows out."
        )

    def work(connection: Connection) -> StoredImport:
        lock_account(connection, caller.account_id)
        _open(connection, caller.account_id, import_id)
        decided = _decided(app, connection, caller.account_id, plan)
        if _token(caller.account_id, item, options, decided) != token:
            raise Conflict("Contacts changed since you looked. Nothing was imported; look again, then apply.")
        _carry_out(app, caller, connection, decided, File(item.name, options))
        found = {key.value: count for key, count in counts(decided, plan.excluded).items()}
        stored.end(connection, caller.account_id, import_id, Ended(APPLIED, found, app.clock.now()))
        return stored.read(connection, caller.account_id, import_id)

    done = await app.store.database.write(work)
    await app.work.wake(caller.account_id)
    return import_view(done)


async def discard(app: Application, caller: Caller, import_id: int) -> ImportView:
    """End an import without applying it; its file is emptied. Raises Conflict where it ended, and Unknown."""
    caller.require(Right.BULK)
    ended = Ended(DISCARDED, {}, app.clock.now())

    def work(connection: Connection) -> StoredImport:
        _open(connection, caller.account_id, import_id)
        stored.end(connection, caller.account_id, import_id, ended)
        return stored.read(connection, caller.account_id, import_id)

    return import_view(await app.store.database.write(work))


def _open(connection: Connection, account_id: int, import_id: int) -> StoredImport:
    item = stored.read(connection, account_id, import_id, lock=True)
    if item.state != UPLOADED:
        raise Conflict(f"This import was {item.state} already; upload the file again to import it anew.")
    return item


async def _planned(
    app: Application, caller: Caller, import_id: int, options: ImportOptions
) -> tuple[StoredImport, ImportPlan]:
    """Read the file again and plan it by the meanings of its columns."""
    checked_evidence(Evidence(options.evidence))
    categories = await _categories(app, caller)

    def work(connection: Connection) -> tuple[StoredImport, bytes | None]:
        item = stored.read(connection, caller.account_id, import_id)
        return item, stored.data(connection, caller.account_id, import_id)

    item, sealed = await app.store.database.read(work)
    if item.state != UPLOADED or sealed is None:
        raise Conflict(f"This import was {item.state} already; upload the file again to import it anew.")

    def plan() -> ImportPlan:
        table = read_table(app.store.accounts.vault.unwrap(sealed), limits=LIMITS)
        mapping = mapping_of(item.sheet)
        return _proven(plan_import(table, mapping, categories, LIMITS), mapping, File(item.name, options))

    return item, await asyncio.to_thread(plan)


def _proven(plan: ImportPlan, mapping: ColumnMapping, file: File) -> ImportPlan:
    """Turn grants without evidence into errors: a basis nobody can prove is none."""
    unproven = [row.line for row in plan.rows if file.unproven(row)]
    if not unproven:
        return plan
    label = next((c.label for c in mapping.columns if c.meaning.field is Field.BASIS), "")
    message = (
        "This legal basis needs evidence: fill in an evidence column, or give one evidence for the import."
    )
    lines = set(unproven)
    found = [*plan.errors, *(RowError(line, label, message) for line in unproven)]
    return replace(
        plan,
        rows=tuple(row for row in plan.rows if row.line not in lines),
        errors=tuple(sorted(found, key=_line)[: LIMITS.errors]),
        error_count=plan.error_count + len(unproven),
    )


def _line(error: RowError) -> int:
    return error.line


def _decided(app: Application, connection: Connection, account_id: int, plan: ImportPlan) -> list[Decided]:
    emails = [row.email for row in plan.rows]
    standing = stored.standing_at(connection, account_id, emails)
    marks = app.store.accounts.marking.of(connection, account_id, emails)
    return decide(plan.rows, standing, marks)


def _carry_out(
    app: Application, caller: Caller, connection: Connection, decided: Sequence[Decided], file: File
) -> None:
    memory, now = app.store.memory, app.clock.now()
    people = [file.person(item.row) for item in decided if item.outcome in _CREATES]
    nothing = Evidence()
    if people:
        adding = Adding(memory.journal, memory.marking, caller.actor, nothing, now)
        adding.run(connection, caller.account_id, people, [app.ids.new() for _ in people])
    acts = [act for item in decided if (act := act_of(item, file)) is not None]
    if acts:
        acting = Acting(memory.journal, memory.marking, caller.actor, nothing, now)
        acting.run(connection, caller.account_id, acts)


def _token(account_id: int, item: StoredImport, options: ImportOptions, decided: Sequence[Decided]) -> str:
    """A digest of everything the outcomes rest on: it is another one as soon as any of it moves."""
    asked = [account_id, item.import_id, list(item.sheet.meanings), msgspec.to_builtins(options)]
    digest = hashlib.sha256(msgspec.json.encode(asked))
    for one in decided:
        digest.update(b"%d %s;" % (one.row.line, one.outcome.value.encode()))
        if one.standing is not None:
            act = act_of(one, File(item.name, options))
            digest.update(
                b"" if act is None else b"%d %d" % (-1 if act.basis is None else act.basis, act.answered)
            )
    return digest.hexdigest()


async def _categories(app: Application, caller: Caller) -> dict[str, int]:
    categories = await app.store.accounts.categories(caller.account_id)
    return {category.name: category.bit for category in categories if category.active}
