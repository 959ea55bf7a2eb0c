"""Files of contacts: understood, looked at, and applied whole or not at all."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from assent.errors import Conflict, Invalid, NotAllowed, Unknown
from assent.policy.audience import EVERYBODY
from assent.policy.identity import AddressMarks, Origin
from assent.policy.permission import LegalBasis
from assent.ports import Act, Evidence, NewPerson
from assent.services import contacts, exports, imports
from assent.services.access import Role, caller
from assent.services.importing import ImportOptions, ImportOutcome
from assent.store.desk_schema import imports as stored_imports
from assent.store.imports import KEPT, OPEN_LIMIT, data
from tests.app.world import HERSELF, office

from .hub import CONSENT, NEWS, NONE, WITHDRAWN, Desk, desk

FILE = """Email,First name,Last name,Legal basis,Evidence,News
new@x.example,Nora,Berg,Consent,Signed at the fair,No
ann@x.example,Anna,,Legitimate interest,Customer,
same@x.example,,,,,Yes
gone@x.example,Gunnar,,Consent,He asked again,Yes
no@x.example,,,,,Yes
"""
EXPECTED = {
    ImportOutcome.NEW: 1,
    ImportOutcome.CHANGED: 1,
    ImportOutcome.UNCHANGED: 1,
    ImportOutcome.KEPT_WITHDRAWN: 1,
    ImportOutcome.KEPT_NO: 1,
}


@pytest.fixture
async def at(tmp_path: Path, database_url: str) -> AsyncIterator[Desk]:
    """A desk on each kind of database in turn, with people the file is about."""
    given = "" if database_url.startswith("sqlite") else database_url
    async with office(tmp_path, database_url=given) as opened:
        at = await desk(opened.app, opened.woken)
        await at.add(
            NewPerson("ann@x.example", "Ann", "Lind", CONSENT),
            NewPerson("same@x.example"),
            NewPerson("gone@x.example", basis=WITHDRAWN),
            NewPerson("no@x.example", refused=NEWS),
        )
        yield at


async def uploaded(at: Desk, text: str = FILE) -> int:
    """Upload a file whose columns are all recognised."""
    view = await imports.upload(at.app, at.marketer, "C:\\lists\\fair.csv", text.encode())
    return view.import_id


async def state(at: Desk) -> dict[str, tuple[str, LegalBasis, int]]:
    """Everybody's name, basis and answer for News."""
    page = await contacts.search(at.app, at.marketer, EVERYBODY)
    return {i.email.partition("@")[0]: (i.first_name, i.basis, i.value & NEWS) for i in page.items}


async def test_so_many_files_wait_and_no_more(at: Desk) -> None:
    """Each is kept whole until it is applied or discarded; one that ended makes room."""
    numbers = [await uploaded(at) for _ in range(OPEN_LIMIT)]
    with pytest.raises(Conflict, match="Import or discard some"):
        await uploaded(at)
    await imports.discard(at.app, at.marketer, numbers[0])
    await uploaded(at)


async def test_a_file_is_looked_at_and_then_applied_as_it_was_looked_at(at: Desk) -> None:
    """New, changed, unchanged; Withdrawn and No are kept (I7); every contact's entry has its line."""
    number = await uploaded(at)
    before = await state(at)
    seen = await imports.preview(at.app, at.marketer, number)
    assert (EXPECTED, 5, 0) == (seen.counts, seen.row_count, seen.error_count)
    assert before == await state(at)
    assert ["new@x.example", "ann@x.example"] == [row.email for row in seen.sample[:2]]
    done = await imports.apply(at.app, at.marketer, number, seen.token)
    assert ("applied", EXPECTED) == (done.state, done.counts)
    assert {
        "new": ("Nora", CONSENT, 0),
        "ann": ("Anna", LegalBasis.LEGITIMATE_INTEREST, NEWS),
        "same": ("", NONE, NEWS),
        "gone": ("Gunnar", WITHDRAWN, NEWS),
        "no": ("", NONE, 0),
    } == await state(at)
    ann = await contacts.find(at.app, at.marketer, "ann@x.example")
    assert "Lind" == ann.last_name
    last = (await at.app.store.ledger.entries(at.account_id, contact=ann.contact_id))[-1].entry
    assert ("Customer", "fair.csv, line 3") == (last.personal["text"], last.personal["source"])
    assert at.woken


async def test_a_file_nobody_came_back_to_is_emptied_after_a_week(at: Desk) -> None:
    """It holds people's data for nothing; no other upload is needed for that, and a younger file stays."""
    left, fresh = await uploaded(at), await uploaded(at)
    week = {"created_at": at.app.clock.now() - KEPT - timedelta(minutes=1)}
    aged = update(stored_imports).where(stored_imports.c.import_id == left).values(**week)
    await at.app.store.database.write(lambda c: c.execute(aged).rowcount)
    await at.app.jobs.due()
    kept = {
        number: await at.app.store.database.read(lambda c, n=number: data(c, at.account_id, n))  # type: ignore[misc]
        for number in (left, fresh)
    }
    assert (None, True) == (kept[left], kept[fresh] is not None)
    assert "discarded" == (await imports.read(at.app, at.marketer, left)).state


async def test_an_import_ends_once_and_its_file_is_emptied(at: Desk) -> None:
    """Applied or discarded, it cannot be looked at, mapped, applied or discarded again."""
    first, second = await uploaded(at), await uploaded(at)
    seen = await imports.preview(at.app, at.marketer, first)
    await imports.apply(at.app, at.marketer, first, seen.token)
    assert "discarded" == (await imports.discard(at.app, at.marketer, second)).state
    for number in (first, second):
        for again in (
            imports.preview(at.app, at.marketer, number),
            imports.apply(at.app, at.marketer, number, seen.token),
            imports.discard(at.app, at.marketer, number),
            imports.choose_columns(at.app, at.marketer, number, {"Email": "email"}),
        ):
            with pytest.raises(Conflict):
                await again
        held = await at.app.store.database.read(lambda c, n=number: data(c, at.account_id, n))  # type: ignore[misc]
        assert held is None


async def test_a_file_at_rest_is_sealed(at: Desk) -> None:
    """Nobody reads people's addresses out of the database file."""
    number = await uploaded(at)
    held = await at.app.store.database.read(lambda c: data(c, at.account_id, number))
    assert held is not None
    assert b"x.example" not in held


async def test_nothing_is_imported_while_a_row_has_an_error(at: Desk) -> None:
    """Errors are told by line and column; the rest is imported only where that was chosen."""
    number = await uploaded(
        at, "Email,Legal basis,Evidence\nnew@x.example,Consent,Fair\nrubbish,,\nz@x.example,Maybe,\n"
    )
    seen = await imports.preview(at.app, at.marketer, number)
    assert [(3, "Email"), (4, "Legal basis")] == [(error.line, error.column) for error in seen.errors]
    assert {ImportOutcome.ERROR: 2, ImportOutcome.NEW: 1} == seen.counts
    with pytest.raises(Invalid, match="2 rows have errors"):
        await imports.apply(at.app, at.marketer, number, seen.token)
    assert "new" not in await state(at)
    ticked = ImportOptions(leave_out_errors=True)
    seen = await imports.preview(at.app, at.marketer, number, ticked)
    await imports.apply(at.app, at.marketer, number, seen.token, ticked)
    assert "new" in await state(at)


async def test_a_grant_without_evidence_is_an_error_of_its_row(at: Desk) -> None:
    """One evidence for the whole import may stand for all of them."""
    number = await uploaded(at, "Email,Legal basis\nnew@x.example,Consent\nout@x.example,Withdrawn\n")
    seen = await imports.preview(at.app, at.marketer, number)
    assert [(2, "Legal basis")] == [(error.line, error.column) for error in seen.errors]
    options = ImportOptions(evidence="All signed the list at the fair")
    seen = await imports.preview(at.app, at.marketer, number, options)
    assert 0 == seen.error_count
    await imports.apply(at.app, at.marketer, number, seen.token, options)
    view = await contacts.find(at.app, at.marketer, "new@x.example")
    (made,) = await at.app.store.ledger.entries(at.account_id, contact=view.contact_id)
    assert "All signed the list at the fair" == made.entry.personal["text"]
    assert WITHDRAWN is (await state(at))["out"][1]


async def test_an_import_is_not_applied_once_the_world_moved(at: Desk) -> None:
    """Somebody refused meanwhile, or other options: look again; nothing of it is taken."""
    number = await uploaded(at)
    seen = await imports.preview(at.app, at.marketer, number)
    with pytest.raises(Conflict):
        await imports.apply(at.app, at.marketer, number, seen.token, ImportOptions(create_rows=True))
    ann = await contacts.find(at.app, at.marketer, "ann@x.example")
    await at.app.act(at.account_id, HERSELF, [Act(ann.contact_id, WITHDRAWN)], Evidence())
    with pytest.raises(Conflict, match="look again"):
        await imports.apply(at.app, at.marketer, number, seen.token)
    assert "new" not in await state(at)


@pytest.mark.parametrize(("ticked", "origin"), [(False, Origin.BULK), (True, Origin.PERSON)])
async def test_rows_in_dynamics_are_made_only_when_ticked(at: Desk, ticked: bool, origin: Origin) -> None:
    """An import creates contacts here, and rows there only where its plan says so (I5)."""
    number = await uploaded(at)
    options = ImportOptions(create_rows=ticked)
    seen = await imports.preview(at.app, at.marketer, number, options)
    await imports.apply(at.app, at.marketer, number, seen.token, options)
    assert origin is (await contacts.find(at.app, at.marketer, "new@x.example")).origin


async def test_remembered_refusals_and_erasures_are_kept(at: Desk) -> None:
    """A new contact at a Withdrawn address starts Withdrawn (I3); an erased one is not made (I6)."""
    marks, now = at.app.store.accounts.marking, at.app.clock.now()

    def remember(connection: object) -> None:
        marks.add(connection, at.account_id, ["left@x.example"], AddressMarks(refused=True), now)  # type: ignore[arg-type]
        marks.add(connection, at.account_id, ["erased@x.example"], AddressMarks(erased=True), now)  # type: ignore[arg-type]

    await at.app.store.database.write(remember)
    number = await uploaded(at, "Email,Legal basis,Evidence\nleft@x.example,Consent,x\nerased@x.example,,\n")
    seen = await imports.preview(at.app, at.marketer, number)
    assert {ImportOutcome.NEW_WITHDRAWN: 1, ImportOutcome.BARRED: 1} == seen.counts
    await imports.apply(at.app, at.marketer, number, seen.token)
    found = await state(at)
    assert (WITHDRAWN, False) == (found["left"][1], "erased" in found)


async def test_columns_are_chosen_by_people_where_names_do_not_tell(at: Desk) -> None:
    """The guess may be incomplete; the choice is kept; an archived category is no column."""
    number = await uploaded(at, "Kontakt;Ev\nnew@x.example;No\n")
    view = await imports.read(at.app, at.marketer, number)
    assert view.problems
    with pytest.raises(Invalid):
        await imports.preview(at.app, at.marketer, number)
    with pytest.raises(Invalid):
        await imports.choose_columns(at.app, at.marketer, number, {"Kontakt": "email", "Ev": "category:Nope"})
    choices = {"Kontakt": "email", "Ev": "category:Events"}
    view = await imports.choose_columns(at.app, at.marketer, number, choices)
    assert ["email", "category:Events"] == [column.meaning for column in view.columns]
    assert () == view.problems
    seen = await imports.preview(at.app, at.marketer, number)
    await imports.apply(at.app, at.marketer, number, seen.token)
    found = await contacts.find(at.app, at.marketer, "new@x.example")
    assert [True, False] == [s.subscribed for s in found.subscriptions]


@pytest.mark.parametrize("rubbish", [b"", b"PK\x03\x04rest", b"\x00\x01", b'Email\n"open', b"\n\n"])
async def test_what_is_no_table_is_refused_in_words(at: Desk, rubbish: bytes) -> None:
    """Nothing is kept of it."""
    with pytest.raises(Invalid):
        await imports.upload(at.app, at.marketer, "x.csv", rubbish)
    assert () == (await imports.all(at.app, at.marketer)).items


async def test_rights_and_foreign_imports(at: Desk) -> None:
    """Support and readers import nothing; another account's file does not exist."""
    number = await uploaded(at)
    stranger = caller(await at.app.store.accounts.create("Other"), at.admin.actor, Role.ADMIN)
    for refused in (
        imports.read(at.app, stranger, number),
        imports.preview(at.app, stranger, number),
        imports.apply(at.app, stranger, number, ""),
        imports.discard(at.app, stranger, number),
        imports.choose_columns(at.app, stranger, number, {}),
    ):
        with pytest.raises(Unknown):
            await refused
    for role in (Role.SUPPORT, Role.PRIVACY, Role.READER):
        with pytest.raises(NotAllowed):
            await imports.upload(at.app, at.as_(role), "x.csv", FILE.encode())
    assert "uploaded" == (await imports.read(at.app, at.marketer, number)).state


async def test_the_newest_imports_come_first_in_pages(at: Desk) -> None:
    """Each once, to the first one."""
    numbers = [await uploaded(at) for _ in range(3)]
    first = await imports.all(at.app, at.marketer, limit=2)
    rest = await imports.all(at.app, at.marketer, after=first.next, limit=2)
    assert numbers[::-1] == [view.import_id for view in (*first.items, *rest.items)]
    assert "" == rest.next
    with pytest.raises(Invalid):
        await imports.all(at.app, at.marketer, after="x")


async def test_an_export_is_imported_unchanged(at: Desk) -> None:
    """What was written is what stands: nobody is changed, and refusals need no evidence to be kept."""
    written = b"".join([chunk async for chunk in exports.export(at.app, at.admin, EVERYBODY)])
    view = await imports.upload(at.app, at.marketer, "export.csv", written)
    seen = await imports.preview(at.app, at.marketer, view.import_id, ImportOptions(evidence="as exported"))
    assert {ImportOutcome.UNCHANGED: 4} == seen.counts
    with pytest.raises(NotAllowed):
        await anext(aiter(exports.export(at.app, at.as_(Role.READER), EVERYBODY)))
