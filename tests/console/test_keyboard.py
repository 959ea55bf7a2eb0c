"""The console by keyboard alone, and without a script."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from assent.policy.permission import LegalBasis
from assent.services import contacts
from tests.console.joined_console import Console, console

pytestmark = pytest.mark.thorough


#: Every control that can be seen; of radio buttons the one that is chosen, for arrows reach the others.
CONTROLS = """
  window.controls = [...document.querySelectorAll("a[href], button, input, select, textarea, summary")]
    .filter((one) => one.checkVisibility({visibilityProperty: true}) && !one.closest("[popover]:not(nav)"))
    .filter((one) => one.type !== "hidden" && !(one.type === "radio" && !one.checked));
  window.controls.length
"""


@pytest_asyncio.fixture(loop_scope="session")
async def at(tmp_path: Path) -> AsyncIterator[Console]:
    """A joined account."""
    async with console(tmp_path, contacts=5) as made:
        yield made


async def focused(page: Any) -> str:
    """What has the focus, in words."""
    script = "document.activeElement.innerText?.trim() || document.activeElement.getAttribute('aria-label')"
    return str(await page.evaluate(script))


async def test_the_first_stop_skips_to_the_page(at: Console, browser: Any) -> None:
    """Whoever uses a keyboard does not pass the menu on every page."""
    page = await at.page(browser)
    await page.goto("/contacts")
    await page.keyboard.press("Tab")
    assert "Skip to the page" == await focused(page)
    await page.keyboard.press("Enter")
    assert "main" == await page.evaluate("document.activeElement.id")


async def test_shortcuts_lead_everywhere_and_can_be_switched_off(at: Console, browser: Any) -> None:
    """`/` searches, `g c` goes to contacts, `?` lists them all; never while something is typed."""
    page = await at.page(browser)
    await page.goto("/")
    await page.keyboard.press("g")
    await page.keyboard.press("o")
    await page.wait_for_url("**/connections")
    await page.keyboard.press("/")
    await page.keyboard.type("g c?")
    assert page.url.endswith("/connections")
    assert "g c?" == await page.input_value("#everywhere")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/contacts?text=g+c%3F")
    await page.focus("#main")
    await page.keyboard.press("?")
    assert await page.is_visible("#shortcuts")
    await page.uncheck("[data-shortcuts-on]")
    await page.keyboard.press("Escape")
    assert not await page.is_visible("#shortcuts")
    await page.keyboard.press("?")
    assert not await page.is_visible("#shortcuts")
    assert [] == page.problems


@pytest.mark.parametrize("path", ["/", "/contacts", "/contacts/{contact}", "/connections/{connection}"])
async def test_every_control_is_reached_and_none_holds_the_focus(
    at: Console, browser: Any, path: str
) -> None:
    """Tab passes every control that can be seen, with a visible focus, and comes to an end."""
    page = await at.page(browser)
    await page.goto(path.format(contact=await at.contact(), connection=at.on.connection_id))
    expected, reached = await page.evaluate(CONTROLS), set[int]()
    for _ in range(expected + 20):
        await page.keyboard.press("Tab")
        number = await page.evaluate("window.controls.indexOf(document.activeElement)")
        if number < 0:
            continue
        outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert "none" != outline, await focused(page)
        reached.add(number)
    assert set(range(expected)) == reached


async def test_rules_explain_themselves_on_focus_and_escape_hides_them(at: Console, browser: Any) -> None:
    """What shows on hover shows on focus, and stays dismissed while the page renews itself (WCAG 1.4.13)."""
    contact = await at.contact()
    await contacts.change(at.on.app, at.on.me, contact, contacts.ContactChange(subscriptions={1: False}))
    await at.on.drain()
    page = await at.page(browser)
    await page.goto("/activity")
    await page.locator("button.rule-code").first.focus()
    tip = page.locator(".tip").first
    await tip.wait_for(state="visible")
    await page.keyboard.press("Escape")
    await tip.wait_for(state="hidden")
    async with page.expect_response(lambda answer: answer.url.endswith("/activity")):
        await page.evaluate("refresh(null)")
    await page.wait_for_function("!document.querySelector('.htmx-request')")
    await tip.wait_for(state="hidden")
    await page.locator("h1").first.click()
    await page.locator("button.rule-code").first.focus()
    await tip.wait_for(state="visible")


async def test_a_whole_story_by_keyboard(at: Console, browser: Any) -> None:
    """Find somebody, change their legal basis with evidence, turn a category off."""
    contact = await at.contact()
    page = await at.page(browser)
    await page.goto("/")
    await page.keyboard.press("/")
    await page.keyboard.type("bo.ek")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("a.whole")
    await page.focus("a.whole")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/contacts/{contact}")
    await page.focus("text=Change the legal basis")
    await page.keyboard.press("Enter")
    await page.focus("#f-basis")
    await page.keyboard.type("Contract")
    await page.focus("#f-evidence")
    await page.keyboard.type("Order 4711")
    await page.keyboard.press("Tab")
    await page.keyboard.type("web shop")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#notices .good")
    await page.focus("#sub-1")
    await page.keyboard.press("Space")
    await page.wait_for_selector("#sub-1[aria-checked=false]")
    view = await contacts.read(at.on.app, at.on.me, contact)
    assert LegalBasis.CONTRACT is view.basis
    assert [False, True] == [one.subscribed for one in view.subscriptions]
    assert "sub-1" == await page.evaluate("document.activeElement.id")
    assert [] == page.problems


async def test_everything_goes_without_a_script(at: Console, browser: Any) -> None:
    """Plain links and forms: search, change, confirm."""
    contact = await at.contact()
    page = await at.page(browser, java_script_enabled=False)
    await page.goto("/contacts")
    await page.fill("#text", "bo.ek")
    await page.press("#text", "Enter")
    await page.click("a.whole")
    await page.click("#sub-2")
    assert page.url.endswith(f"/contacts/{contact}?done=subscriptions")
    assert "saved" in await page.inner_text("#notices")
    await page.click("text=Change the legal basis")
    await page.select_option("#f-basis", "withdrawn")
    await page.click("text=Set the legal basis")
    assert "May not be mailed" in await page.inner_text("#verdict")
    await page.goto(f"/connections/{at.on.connection_id}")
    await page.click("text=Pause…")
    await page.click("#sure-pause >> text=Pause >> nth=-1")
    assert "Paused" in await page.inner_text("#state")
