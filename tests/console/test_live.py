"""Open pages show what happens without being loaded again."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from assent.services import connections, contacts, people
from assent.services.connections import Changed
from assent.services.setup_pauses import Choice
from assent.web.console import live
from tests.console.joined_console import Console, console
from tests.services.test_setting_up import without_details

pytestmark = pytest.mark.thorough


@pytest_asyncio.fixture(loop_scope="session")
async def at(tmp_path: Path) -> AsyncIterator[Console]:
    """A joined account that is not set up yet."""
    async with console(tmp_path, contacts=3, live=False) as made:
        yield made


async def opened(at: Console, browser: Any, path: str) -> Any:
    """A page that listens."""
    page = await at.page(browser)
    await page.goto(path)
    await page.wait_for_selector("[data-streaming]")
    await page.evaluate("window.still = 'here'")
    return page


async def test_what_happens_shows_on_every_open_page(at: Console, browser: Any) -> None:
    """A change by anybody, seen on the activity page and on the contact's, without a reload."""
    contact = await at.contact()
    feed, person = await opened(at, browser, "/activity"), await opened(at, browser, f"/contacts/{contact}")
    await person.focus("#sub-1")
    await contacts.change(at.on.app, at.on.me, contact, contacts.ContactChange(subscriptions={2: False}))
    await feed.wait_for_selector("#feed >> text=unsubscribed from Events")
    await person.wait_for_selector("#history >> text=unsubscribed from Events")
    for page in (feed, person):
        assert "here" == await page.evaluate("window.still")
        assert [] == page.problems
    assert "sub-1" == await person.evaluate("document.activeElement.id")


async def test_setup_shows_step_by_step(at: Console, browser: Any) -> None:
    """From not set up to live, with every step done, once the plan was read and approved."""
    page = await opened(at, browser, f"/connections/{at.on.connection_id}")
    assert "Not set up" in await page.inner_text("#state")
    await page.click("button:has-text('Run setup')")
    await page.wait_for_selector("#notices .good")
    await page.wait_for_selector("[data-streaming]")
    await at.on.errand()
    await page.click("form.choice:has([value=approve]) button")
    await page.wait_for_selector("[data-streaming]")
    await at.on.errand()
    await page.wait_for_selector("#state >> text=Live")
    assert await page.locator("#steps .step.done").count() == await page.locator("#steps .step").count()
    assert [] == page.problems


async def test_a_decision_shows_by_itself_and_is_not_disturbed(at: Console, browser: Any) -> None:
    """The plan, then the form's question: no reload; what is picked stays while other things happen."""
    await without_details(at.on)
    await connections.set_up(at.on.app, at.on.me, at.on.connection_id)
    page = await opened(at, browser, f"/connections/{at.on.connection_id}")
    assert 0 == await page.locator("#pause").count()
    await at.on.errand()
    await page.wait_for_selector("#pause >> text=Read the plan")
    await at.on.decide(Choice.APPROVE)
    await at.on.errand()
    await page.wait_for_selector("#pause select#tab")
    await page.select_option("select#tab", index=1)
    picked = await page.input_value("select#tab")
    await connections.change(at.on.app, at.on.me, at.on.connection_id, Changed(create_in_hub=False))
    await page.wait_for_timeout(2_500)
    assert picked == await page.input_value("select#tab")
    await at.on.decide(Choice.SKIP)
    await at.on.errand()
    await page.wait_for_selector("#state >> text=Live")
    await page.wait_for_selector("#pause", state="detached")
    assert ("here", []) == (await page.evaluate("window.still"), page.problems)


async def test_a_stream_ends_when_the_session_does(
    at: Console, browser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is signed out elsewhere sees nothing more, and is led to the sign-in page."""
    monkeypatch.setattr(live, "TICK", 1.0)
    page = await opened(at, browser, "/activity")
    await people.sign_out(at.on.app, at.admin.secret)
    await page.wait_for_url("**/sign-in?next=/activity")


async def test_a_connection_that_needs_somebody_shows_on_the_first_page(at: Console, browser: Any) -> None:
    """The sentence changes by itself."""
    page = await opened(at, browser, "/")
    await at.on.live()
    await page.wait_for_selector("#glance >> text=Both systems agree")
    await connections.pause(at.on.app, at.on.me, at.on.connection_id)
    await page.wait_for_selector("#glance >> text=Something needs you")
