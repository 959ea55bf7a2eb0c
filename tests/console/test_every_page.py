"""Every page: nothing axe objects to (WCAG 2.2 AA), nothing runs off a phone, dark is dark."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from assent.services import connections, erasing, forms, sends
from assent.services.access import operator
from assent.services.drafts import Draft
from assent.services.setup_pauses import Choice
from tests.console.joined_console import AXE, LOOKS, Console, console
from tests.services.test_setting_up import without_details

pytestmark = pytest.mark.thorough

PAGES = (
    *("/", "/attention", "/attention?aside=yes", "/activity", "/nothing-here"),
    *("/contacts", "/contacts?text=zzz", "/contacts?held=yes&basis=consent", "/contacts/new"),
    *("/contacts/{contact}", "/contacts/{contact}/verdict", "/contacts/bulk?basis=consent"),
    *("/contacts/{contact}/erase", "/erasures", "/erasures/{erasure}", "/contacts/{erased}"),
    *("/contacts/imports", "/categories", "/categories/1", "/sends", "/sends/new", "/sends/{send}"),
    *("/connections", "/connections/new", "/connections/{connection}", "/connections/{connection}/settings"),
    *("/connections/{connection}/findings", "/connections/{connection}/remove"),
    *("/ledger", "/ledger/verified", "/settings/password", "/settings/people", "/settings/keys"),
    *("/settings/webhooks", "/settings/pages", "/sign-in/some-token"),
)


@pytest_asyncio.fixture(loop_scope="session")
async def at(tmp_path: Path) -> AsyncIterator[Console]:
    """An account with some of everything."""
    async with console(tmp_path, contacts=25) as made:
        yield made


async def brightness(page: Any) -> float:
    """How bright the ground of a page is, from 0 to 1."""
    text = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    return sum(float(part) for part in text[text.index("(") + 1 : -1].split(",")[:3]) / 765


async def violations(page: Any) -> list[str]:
    """What axe objects to, as far as somebody must know to mend it."""
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found = await page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{one['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("look", LOOKS)
async def test_every_page_can_be_used_by_everybody(at: Console, browser: Any, look: str) -> None:
    """axe finds no violation, nothing is wider than the screen, no policy is broken, no script fails."""
    contact, me = await at.contact(), operator(at.on.account_id)
    await forms.create(at.on.app, me, "Footer", "Write to me", 1)
    send = await sends.create(at.on.app, me, Draft("May", "News", "Hello"))
    erased = await at.contact("erased@example.com")
    erasure = (await erasing.start(at.on.app, me, erased)).erasure_id
    named = {"contact": contact, "send": send.send_id, "connection": at.on.connection_id}
    named |= {"erased": erased, "erasure": erasure}
    page, wrong = await at.page(browser, **LOOKS[look]), []
    for path in PAGES:
        address = path.format(**named)
        answer = await page.goto(address)
        wrong += [f"{path}: {one}" for one in await violations(page)]
        wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
        wrong += [f"{path}: runs off the screen"] if wide else []
        wrong += [f"{path}: {answer.status}"] if answer.status not in (200, 404) else []
        assert (await brightness(page) < 0.5) == ("dark" in look), path
    assert [] == wrong
    assert [] == page.problems


async def test_the_sign_in_page_too(at: Console, browser: Any) -> None:
    """Also with an error on it."""
    page = await browser.new_page(base_url=at.url, viewport={"width": 360, "height": 740})
    await page.goto("/contacts?text=bo")
    assert page.url.endswith("/sign-in?next=/contacts%3Ftext%3Dbo")
    assert [] == await violations(page)
    await page.fill("#email", "nobody@example.com")
    await page.fill("#password", "four wrong words here")
    await page.click("button:has-text('Sign in')")
    await page.wait_for_selector("[role=alert]")
    assert "nobody@example.com" == await page.input_value("#email")
    assert [] == await violations(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_what_opens_on_a_page_too(at: Console, browser: Any, scheme: str) -> None:
    """Menus, the list of shortcuts, a question before something is done, a rule's explanation."""
    page = await at.page(browser, viewport={"width": 360, "height": 740}, color_scheme=scheme)
    await page.goto(f"/connections/{at.on.connection_id}")
    for opens, shown in {"Menu": "#menu", "Anna Lind": "#me", "Pause…": "#sure-pause"}.items():
        await page.get_by_role("button", name=opens).click()
        assert await page.is_visible(shown)
        assert [] == await violations(page), opens
        await page.keyboard.press("Escape")
        assert not await page.is_visible(shown)
    await page.keyboard.press("?")
    assert [] == await violations(page)
    await page.keyboard.press("Escape")
    assert [] == page.problems


async def test_a_plan_and_a_pause_can_be_read_by_everybody(tmp_path: Path, browser: Any) -> None:
    """With everything on them opened, on a phone: the plan before setup, then a form that needs a person."""
    async with console(tmp_path, contacts=3, live=False) as at:
        await without_details(at.on)
        await connections.set_up(at.on.app, at.on.me, at.on.connection_id)
        page = await at.page(browser, viewport={"width": 360, "height": 740})
        for reason, choice in (("approval", Choice.APPROVE), ("tab_not_found", Choice.SKIP)):
            assert {"paused": reason} == await at.on.errand()
            await page.goto(f"/connections/{at.on.connection_id}")
            await page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            assert [] == await violations(page)
            assert not await page.evaluate("document.documentElement.scrollWidth > innerWidth"), reason
            await at.on.decide(choice)
        assert [] == page.problems
