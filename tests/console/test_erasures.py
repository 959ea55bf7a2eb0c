"""Erasing a person at the desk, and a join taken apart there (rules I6, I3)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from assent.policy.permission import LegalBasis
from assent.services import connections, contacts
from assent.services.access import Role
from tests.app.world import add
from tests.console.joined_console import Console, console

pytestmark = pytest.mark.thorough

BO, CIA = "bo.ek@example.com", "cia@example.com"


@pytest_asyncio.fixture(loop_scope="session")
async def at(tmp_path: Path) -> AsyncIterator[Console]:
    """A live console."""
    async with console(tmp_path) as made:
        yield made


async def test_a_privacy_officer_looks_and_then_erases(at: Console) -> None:
    """The preview says what is written and destroyed; the page of the erasure how it went (I6)."""
    privacy = await at.as_(Role.PRIVACY)
    await at.on.rep.create({"emailaddress1": BO})
    contact = await at.contact(BO)
    await at.on.app.sweep(at.on.account_id)
    page = await privacy.get(f"/contacts/{contact}")
    (link,) = page.find(f"//a[@href='/contacts/{contact}/erase']/@href")
    look = await privacy.get(str(link))
    assert "Do not allow is written, and read back." in look.words
    assert "The key of 1 entry in the ledger is destroyed" in look.words
    begun = await privacy.post(str(link), evidence="Please erase me", source="letter")
    assert begun.url.startswith("/erasures/1")
    assert "No mail reaches the person any more" in begun.words
    held = await privacy.get(f"/contacts/{contact}")
    assert "is being erased" in held.words
    assert [] == held.find("//form[contains(@action, '/basis') or contains(@action, '/release')]")
    await at.on.drain()
    done = await privacy.get("/erasures/1")
    assert "Nothing is left of the person here" in done.words
    assert BO not in done.body
    assert 404 == (await privacy.get(f"/contacts/{contact}")).status
    assert "Erasure 1" in (await privacy.get("/erasures")).words
    activity = await privacy.get("/activity")
    assert "erased the person" in activity.words


async def test_what_waits_can_be_gone_on_without(at: Console) -> None:
    """One button, asked once more; the row is named for whoever sees to it (I6)."""
    await at.on.rep.create({"emailaddress1": BO})
    contact = await at.contact(BO)
    await at.on.app.sweep(at.on.account_id)
    await connections.pause(at.on.app, at.on.me, at.on.connection_id)
    await at.admin.post(f"/contacts/{contact}/erase")
    await at.on.drain()
    waits = await at.admin.get("/erasures/1")
    assert "Do not allow is not written and read back yet." in waits.words
    await at.admin.post("/erasures/1/go-on")
    await at.on.drain()
    assert "Set Do not allow there by hand." in (await at.admin.get("/erasures/1")).words
    assert 409 == (await at.admin.post("/erasures/1/go-on")).status


async def test_erasing_is_not_for_everybody(at: Console) -> None:
    """No button, no page, no form for roles that may not; what cannot be is told in words (P8)."""
    contact = await at.contact(BO)
    support = await at.as_(Role.SUPPORT)
    assert [] == (await support.get(f"/contacts/{contact}")).find("//a[contains(@href, 'eras')]")
    for path in (f"/contacts/{contact}/erase", "/erasures", "/erasures/1"):
        assert 403 == (await support.get(path)).status
    assert 403 == (await support.post(f"/contacts/{contact}/erase")).status
    for path in ("/contacts/nobody/erase", "/erasures/99", "/erasures/x"):
        assert 404 == (await at.admin.get(path)).status
    wrong = await at.admin.post(f"/contacts/{contact}/erase", evidence="x" * 3000)
    assert 400 == wrong.status
    assert "at most" in wrong.words
    assert None is (await contacts.read(at.on.app, at.on.me, contact)).hold


async def test_a_join_is_taken_apart_with_a_button(at: Console) -> None:
    """It says to whom the contact was joined, and what taking it apart means (I3)."""
    row = await at.on.rep.create({"emailaddress1": BO})
    await at.on.rep.create({"emailaddress1": CIA})
    bo, cia = await add(at.on.app, at.on.account_id, BO, CIA, basis=LegalBasis.CONSENT)
    await at.on.app.sweep(at.on.account_id)
    await at.on.rep.save(row, {"emailaddress1": CIA})
    await at.on.app.sweep(at.on.account_id)
    page = await at.admin.get(f"/contacts/{bo}")
    assert "This contact was joined to" in page.words
    assert [f"/contacts/{cia}"] == page.find("//section[@aria-labelledby='hold']//a/@href")
    apart = await at.admin.post(f"/contacts/{bo}/part")
    assert "Taken apart." in apart.words
    assert "was joined to" not in apart.words
    assert 409 == (await at.admin.post(f"/contacts/{bo}/part")).status
