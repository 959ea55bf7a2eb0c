"""Erasing a person as the privacy officer does: looked at, asked for, waited for, and what is left (I6)."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from assent.errors import Conflict, Invalid, NotAllowed, Unknown
from assent.policy.audience import EVERYBODY
from assent.policy.bulk import BulkAction, BulkKind
from assent.policy.erasing import RowEnd
from assent.policy.permission import LegalBasis
from assent.ports import Evidence
from assent.services import bulk, connections, contacts, erasing, history, imports, ledger
from assent.services.access import Role, caller
from assent.services.contacts import ContactChange, NewContact
from assent.services.erasing import RowStep
from assent.services.importing import ImportOutcome
from tests.app.world import ADMIN, account, add
from tests.services.joined import Joined, joined

pytestmark = pytest.mark.thorough

ADA = "ada@person.example"
ASKED = Evidence("Please erase me", "letter of May 2")


@pytest.fixture
async def on(tmp_path: Path) -> AsyncIterator[Joined]:
    """A live connection, with Ada on both sides."""
    async with joined(tmp_path) as made:
        await made.live()
        yield made


async def ada(on: Joined, basis: LegalBasis = LegalBasis.CONSENT) -> UUID:
    """Somebody both sides know and agree on."""
    await on.rep.create({"emailaddress1": ADA, "firstname": "Ada"})
    (contact,) = await add(on.app, on.account_id, ADA, basis=basis)
    await on.app.sweep(on.account_id)
    return contact


async def test_a_preview_tells_what_would_happen_and_changes_nothing(on: Joined) -> None:
    """Which rows are written, and how many entries of the ledger nobody could read again."""
    contact = await ada(on)
    told = len(await on.app.store.ledger.entries(on.account_id))
    before = on.emulator.application.switches.journal.total
    found = await erasing.preview(on.app, on.me, contact)
    assert [(RowStep.WRITE, "Meadow")] == [(row.step, row.connection) for row in found.rows]
    assert (ADA, 1, (), None) == (found.email, found.sealed, found.joined, found.erasure_id)
    assert told == len(await on.app.store.ledger.entries(on.account_id))
    assert before == on.emulator.application.switches.journal.total


async def test_an_erasure_is_asked_for_carried_out_and_told(on: Joined) -> None:
    """Asked for once, woken for, refused in Dynamics, and gone; the list tells who asked and how it went."""
    contact = await ada(on)
    asked = await erasing.start(on.app, on.me, contact, ASKED)
    assert asked == await erasing.start(on.app, on.me, contact)
    assert ([RowEnd.WAITS], None) == ([row.end for row in asked.rows], asked.finished_at)
    assert asked.erasure_id == (await erasing.preview(on.app, on.me, contact)).erasure_id
    assert any(ident.startswith("drain") for ident in on.office.woken)
    view = await contacts.read(on.app, on.me, contact)
    assert ("erasing", True) == (view.hold, view.suppressed)
    await on.drain()
    done = await erasing.read(on.app, on.me, asked.erasure_id)
    assert [RowEnd.REFUSED] == [row.end for row in done.rows]
    assert done.finished_at is not None
    assert [done] == list((await erasing.all(on.app, on.me)).items)
    with pytest.raises(Unknown):
        await contacts.read(on.app, on.me, contact)
    with pytest.raises(Unknown):
        await contacts.find(on.app, on.me, ADA)
    with pytest.raises(Conflict, match="finished"):
        await erasing.go_on(on.app, on.me, asked.erasure_id)
    (row,) = await on.rep.bearing(ADA)
    assert True is row["donotbulkemail"]
    assert (await ledger.verify(on.app, on.me)).holds
    texts = [one.text for one in (await history.activity(on.app, on.me)).items]
    assert "erased the person" in texts[0]
    assert not any(ADA in text for text in texts)


async def test_while_somebody_is_erased_nobody_changes_them(on: Joined) -> None:
    """Neither by hand nor in bulk, out of a file, or by releasing the hold (I6)."""
    contact = await ada(on)
    (other,) = await add(on.app, on.account_id, "bo@person.example", basis=LegalBasis.CONSENT)
    await erasing.start(on.app, on.me, contact)
    for attempt in (
        contacts.change(on.app, on.me, contact, ContactChange(first_name="Adele")),
        contacts.release_hold(on.app, on.me, contact),
    ):
        with pytest.raises(Conflict, match="being erased"):
            await attempt
    action = BulkAction(BulkKind.SET_BASIS, basis=LegalBasis.WITHDRAWN)
    look = await bulk.preview(on.app, on.me, EVERYBODY, action)
    assert [other] == [one.contact_id for one in look.sample]
    file = f"Email,First name\n{ADA},Adele\nnew@person.example,New\n".encode()
    number = (await imports.upload(on.app, on.me, "people.csv", file)).import_id
    shown = await imports.preview(on.app, on.me, number)
    assert {ImportOutcome.BARRED: 1, ImportOutcome.NEW: 1} == dict(shown.counts)
    await imports.apply(on.app, on.me, number, shown.token)


async def test_nobody_creates_an_erased_address_again(on: Joined) -> None:
    """By hand, by program or out of a file; a rep's row stays a stranger (I6)."""
    contact = await ada(on)
    await erasing.start(on.app, on.me, contact)
    await on.drain()
    with pytest.raises(Invalid, match="erased"):
        await contacts.create(on.app, on.me, NewContact("ADA@person.example"))
    number = (await imports.upload(on.app, on.me, "people.csv", f"Email\n{ADA}\n".encode())).import_id
    shown = await imports.preview(on.app, on.me, number)
    assert {ImportOutcome.BARRED: 1} == dict(shown.counts)
    await on.rep.create({"emailaddress1": ADA})
    await on.app.sweep(on.account_id)
    with pytest.raises(Unknown):
        await contacts.find(on.app, on.me, ADA)


async def test_a_paused_connection_is_waited_for_or_gone_on_without(on: Joined) -> None:
    """What waits is said; whoever decides to go on gets the row named (I6)."""
    contact = await ada(on)
    await connections.pause(on.app, on.me, on.connection_id)
    assert [RowStep.WAIT] == [row.step for row in (await erasing.preview(on.app, on.me, contact)).rows]
    number = (await erasing.start(on.app, on.me, contact)).erasure_id
    await on.drain()
    waits = await erasing.read(on.app, on.me, number)
    assert ([RowEnd.WAITS], None, True) == ([row.end for row in waits.rows], waits.finished_at, waits.patient)
    await erasing.go_on(on.app, on.me, number)
    await on.drain()
    done = await erasing.read(on.app, on.me, number)
    assert [(RowEnd.UNCONFIRMED, True)] == [(row.end, row.to_see_to) for row in done.rows]
    assert "by hand" in done.rows[0].words
    with pytest.raises(Unknown):
        await contacts.read(on.app, on.me, contact)
    await connections.resume(on.app, on.me, on.connection_id)
    await on.app.sweep(on.account_id)
    with pytest.raises(Unknown):
        await contacts.find(on.app, on.me, ADA)


async def test_lists_go_on_page_by_page(on: Joined) -> None:
    """The newest first, every erasure once; a foreign cursor is told so."""
    people = await add(on.app, on.account_id, *(f"p{n}@x.example" for n in range(5)), basis=LegalBasis.NONE)
    numbers = [(await erasing.start(on.app, on.me, contact)).erasure_id for contact in people]
    first = await erasing.all(on.app, on.me, limit=3)
    rest = await erasing.all(on.app, on.me, after=first.next, limit=3)
    assert numbers[::-1] == [one.erasure_id for one in first.items + rest.items]
    assert "" == rest.next
    with pytest.raises(Invalid):
        await erasing.all(on.app, on.me, after="x")


async def test_only_who_may_erases_and_only_their_own(on: Joined) -> None:
    """Admins and privacy officers; what belongs to another account does not exist (P8)."""
    contact = await ada(on)
    number = (await erasing.start(on.app, on.me, contact)).erasure_id
    stranger = caller(await account(on.app, "Other"), ADMIN, Role.ADMIN)
    for role in (Role.SUPPORT, Role.MARKETER, Role.READER):
        with pytest.raises(NotAllowed, match="erase a person"):
            await erasing.preview(on.app, caller(on.account_id, ADMIN, role), contact)
    privacy = caller(on.account_id, ADMIN, Role.PRIVACY)
    assert number == (await erasing.read(on.app, privacy, number)).erasure_id
    for attempt in (
        erasing.preview(on.app, stranger, contact),
        erasing.start(on.app, stranger, contact),
        erasing.read(on.app, stranger, number),
        erasing.go_on(on.app, stranger, number),
    ):
        with pytest.raises(Unknown):
            await attempt
    assert () == (await erasing.all(on.app, stranger)).items
