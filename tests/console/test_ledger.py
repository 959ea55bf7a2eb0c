"""The ledger in the console: verified in words, browsed, and taken away as a file."""

import json

from sqlalchemy import update

from assent.services.access import Role
from assent.store.schema import ledger_entries

from .counter import Counter


async def test_a_ledger_that_holds_is_said_to_hold(at: Counter) -> None:
    """P7: how many entries, in how many links, and the head to keep."""
    await at.room.people("ada@example.com", "bea@example.com")
    privacy = await at.as_(Role.PRIVACY)
    assert "Verify now" in (await privacy.get("/ledger")).words
    page = await privacy.get("/ledger/verified")
    assert "The chain holds. 2 entries in 1 link are exactly as they were written" in page.words
    assert [64] == [len(one) for one in page.find("//dd/code/text()")]


async def test_an_entry_that_was_altered_is_found_and_said(at: Counter) -> None:
    """P7: whoever writes to the database directly is noticed, and the page says from where on."""
    await at.room.people("ada@example.com")
    await at.room.people("bea@example.com")
    await at.app.store.database.write(
        lambda c: c.execute(update(ledger_entries).where(ledger_entries.c.seq == 2).values(plain=b"{}"))
    )
    page = await (await at.as_()).get("/ledger/verified")
    assert 200 == page.status
    assert "The chain is broken. At link 2" in page.words
    assert "Everything before link 2 is as it was written" in page.words


async def test_entries_are_read_in_words_from_the_newest_to_the_first(at: Counter) -> None:
    """Each of them once, over all pages."""
    await at.room.people(*(f"p{number}@example.com" for number in range(120)))
    admin, seen = await at.as_(), 0
    page = await admin.get("/ledger")
    while True:
        found = page.find("//ol[@class='feed']/li")
        assert all("created the contact with the legal basis Consent" in one.text_content() for one in found)
        seen += len(found)
        onwards = page.find("//nav[@class='pager']//a[@rel='next']/@href")
        if not onwards:
            break
        page = await admin.get(onwards[0])
    assert 120 == seen
    assert "This is where it begins." in page.words
    assert 400 == (await admin.get("/ledger?after=nonsense")).status


async def test_it_is_taken_away_line_by_line(at: Counter) -> None:
    """A file of JSON lines, one for each entry."""
    await at.room.people("ada@example.com", "bea@example.com")
    file = await (await at.as_(Role.PRIVACY)).get("/ledger/export")
    assert 'attachment; filename="assent-ledger-' in file.headers["Content-Disposition"]
    assert ["contact.created"] * 2 == [json.loads(line)["kind"] for line in file.body.splitlines()]


async def test_only_who_may_read_evidence_opens_it(at: Counter) -> None:
    """The menu does not name it, and the services refuse."""
    for role in (Role.MARKETER, Role.READER):
        visitor = await at.as_(role)
        assert [] == (await visitor.get("/categories")).find("//nav//a[@href='/ledger']")
        for path in ("/ledger", "/ledger/verified", "/ledger/export"):
            assert 403 == (await visitor.get(path)).status
