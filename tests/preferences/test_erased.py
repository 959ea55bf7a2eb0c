"""The link of somebody who was erased: it still stops mail, and changes nothing (rule I6)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from assent.store.erased import Finishing
from assent.store.erasing import Beginning
from tests.app.world import ADMIN, FORM

from .desk import NEWS, Desk, desk


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Desk]:
    """Somebody who agreed to mail."""
    async with desk(tmp_path) as found:
        yield found


async def erase(at: Desk, *, whole: bool) -> None:
    """Ask for the person to be erased, and let it end."""
    memory = at.app.store.memory
    beginning = Beginning(memory.journal, memory.marking, ADMIN, FORM, at.app.clock.now())
    await memory.database.write(lambda c: beginning.run(c, at.account_id, at.contact_id))
    if whole:
        finishing = Finishing(memory.journal, memory.marking, at.app.clock.now())
        gone = await memory.database.write(lambda c: finishing.run(c, at.account_id, [at.contact_id]))
        assert {at.contact_id} == gone


@pytest.mark.parametrize("whole", [False, True], ids=["being erased", "erased"])
async def test_an_erased_persons_links_answer_and_change_nothing(at: Desk, whole: bool) -> None:
    """One click has what it asked for, no page asks for a choice, and no permission is given (I6, P8)."""
    page = await at.get(await at.link())
    await erase(at, whole=whole)
    told = len(await at.recorded())
    replies = [
        await at.get(await at.link()),
        await at.get(await at.link("u")),
        await at.call("POST", await at.link("u"), "List-Unsubscribe=One-Click"),
        await at.choose(page, NEWS, were_on=()),
        await at.post(await at.link(), ("revision", page.revision), ("resume", "yes")),
    ]
    assert [200] * len(replies) == [reply.status for reply in replies]
    assert all("No mail is sent to you" in reply.plain for reply in replies)
    assert not any("lice" in reply.plain for reply in replies)
    assert told == len(await at.recorded())


@pytest.mark.parametrize("language", ["de", "fr", "sv"])
async def test_it_is_said_in_every_language(at: Desk, language: str) -> None:
    """Whoever follows an old link reads it in theirs."""
    await erase(at, whole=True)
    page = await at.get(await at.link(), language)
    assert (200, language) == (page.status, page.headers["content-language"])
    assert "No mail" not in page.plain
