"""The pages in a real browser: without JavaScript, on a phone, in the dark, and read aloud."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from assent.policy.permission import LegalBasis
from assent.policy.sides import CATEGORIES

from .desk import EVENTS, NEWS, Desk, desk

AXE = Path(__file__).parents[1] / "console/vendor/axe-4.14.1.min.js"
pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.thorough]

PHONE = {"width": 320, "height": 640}
DESK = {"width": 1280, "height": 900}

#: What is to be pressed and smaller than 24 by 24 pixels (WCAG 2.2, 2.5.8), or hangs over the edge.
SMALL = """() => [...document.querySelectorAll('a, button, input:not([type=hidden])')]
    .map(e => [e.outerHTML.slice(0, 60), e.getBoundingClientRect()])
    .filter(([_, box]) => box.width < 24 || box.height < 24 || box.right > innerWidth + 1)
    .map(([html]) => html)"""
WIDE = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest_asyncio.fixture(loop_scope="session")
async def at(tmp_path: Path) -> AsyncIterator[Desk]:
    """Somebody who agreed to mail."""
    async with desk(tmp_path) as found:
        await found.app.store.accounts.rename_category(
            found.account_id, NEWS, "News", "Once a month, no more."
        )
        yield found


async def test_everything_works_without_javascript_and_by_keyboard(browser: Any, at: Desk) -> None:
    """Space and Enter save; the opt-out, the question and the answer follow; going back is harmless."""
    context = await browser.new_context(java_script_enabled=False, viewport=PHONE, locale="en-GB")
    page = await context.new_page()
    await page.goto(await at.link())
    await page.get_by_label("News").focus()
    await page.keyboard.press("Space")
    await page.get_by_role("button", name="Save my choices").focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**done=1")
    assert "News: no, you will not get it any more." in await page.inner_text("[role=status]")
    assert CATEGORIES & ~NEWS == (await at.contact()).value
    await page.get_by_role("button", name="Stop all marketing mail").click()
    assert "All marketing mail is stopped." in await page.inner_text("[role=status]")
    await page.get_by_label("News").check()
    await page.get_by_role("button", name="Save my choices").click()
    assert "May Meadow Ltd write to you again?" == await page.inner_text("h1")
    await page.get_by_role("button", name="Yes, Meadow Ltd may write to me again").click()
    await page.wait_for_url("**done=resume")
    assert (LegalBasis.CONSENT, CATEGORIES) == ((await at.contact()).basis, (await at.contact()).value)
    count = len(await at.recorded())
    for _ in range(4):
        await page.go_back()
    await page.go_forward()
    assert count == len(await at.recorded())
    await context.close()


@pytest.mark.parametrize(("scheme", "view"), [("light", DESK), ("dark", PHONE)], ids=["light", "dark"])
async def test_no_page_keeps_anybody_out(browser: Any, at: Desk, scheme: str, view: dict[str, int]) -> None:
    """WCAG 2.2 AA as axe knows it, on every page, in every language; nothing too small or cut off."""
    context = await browser.new_context(color_scheme=scheme, viewport=view, bypass_csp=True)
    page, problems = await context.new_page(), []
    for basis in (LegalBasis.CONSENT, LegalBasis.WITHDRAWN):
        if basis is LegalBasis.WITHDRAWN:
            await at.post(await at.link(), ("stop", "all"))
        # Colours are the same in every language.
        for language in ("en", "sv", "de", "fr") if scheme == "light" else ("de",):
            for url in (await at.link(), await at.link("u"), f"{at.url}/p/broken"):
                await page.goto(f"{url}?lang={language}&done=ask.1.2.stop.late")
                await page.add_script_tag(path=str(AXE))
                tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
                found = await page.evaluate("tags => axe.run({runOnly: tags})", tags)
                problems += [(url, one["id"], one["nodes"][0]["html"]) for one in found["violations"]]
                assert [] == await page.evaluate(SMALL)
                assert not await page.evaluate(WIDE)
                if folder := os.environ.get("SCREENSHOTS"):
                    kind = url.split("/")[3] + ("x" if "broken" in url else "")
                    name = f"{scheme}-{view['width']}-{basis.name.lower()}-{language}-{kind}.png"
                    await page.screenshot(path=f"{folder}/{name}", full_page=True)
    assert [] == problems
    await context.close()


async def test_nothing_is_blocked_by_the_pages_own_policy(browser: Any, at: Desk) -> None:
    """The strict policy allows what the page needs, its style sheet and its forms, and no cookie is set."""
    context = await browser.new_context(viewport=DESK)
    page, told = await context.new_page(), []
    page.on("console", lambda message: told.append(message.text))
    await page.goto(await at.link())
    assert "rgb(255, 255, 255)" == await page.evaluate("getComputedStyle(document.body).backgroundColor")
    await page.get_by_label("Events").uncheck()
    await page.get_by_role("button", name="Save my choices").click()
    assert CATEGORIES & ~EVENTS == (await at.contact()).value
    assert [] == told
    assert [] == await context.cookies()
    await context.close()
