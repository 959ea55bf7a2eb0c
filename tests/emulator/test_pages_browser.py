"""A sales rep at work in a real browser, where one is installed."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientSession

from dataverse_emulator import Organization, RunningEmulator, create_organization, running
from dataverse_emulator.state import column_definitions
from dataverse_emulator.state.columns import Column, Kind

from .api import Api
from .pages import LIST, cell, form_of, published

pytestmark = pytest.mark.thorough
BULK = "[data-column=donotbulkemail]"


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Any, emulator: RunningEmulator) -> AsyncIterator[Any]:
    """A page of the emulator, on which no script fails and nothing is blocked."""
    context = await browser.new_context(base_url=emulator.url, viewport={"width": 1280, "height": 900})
    found, problems = await context.new_page(), list[str]()
    found.set_default_timeout(10_000)
    found.on("pageerror", lambda error: problems.append(str(error)))
    found.on("console", lambda message: problems.append(message.text) if "Policy" in message.text else None)
    yield found
    assert problems == []
    await context.close()


async def status(page: Any, kind: str) -> str:
    """What the page says, once it says something of that kind."""
    await page.wait_for_selector(f"#status.{kind}")
    return str(await page.inner_text("#status"))


async def test_saving_sends_only_what_changed(page: Any, api: Api) -> None:
    """A toggle in the Details tab, saved under the rep's own name; the name stays for the next visit."""
    key = await api.add(firstname="Bo", lastname="Ek", emailaddress1="bo@example.com")
    sent = []
    page.on("request", lambda request: sent.append(request) if "/api/" in request.url else None)
    await page.goto(LIST)
    await page.click("text=Bo Ek")
    await page.fill("#rep", "rep-omar")
    await page.click("text=Details")
    assert await page.inner_text(".facts .tag >> nth=0") == "Allow"
    await page.check(BULK)
    await page.click("#save")
    assert await status(page, "good") == "Saved as rep-omar."
    assert [(one.method, one.post_data, one.headers["if-match"]) for one in sent] == [
        ("PATCH", '{"donotbulkemail":true}', "*")
    ]
    row = (await api.get(f"contacts({key})", Prefer='odata.include-annotations="*"')).json
    assert row["donotbulkemail"] is True
    assert row["_modifiedby_value@OData.Community.Display.V1.FormattedValue"] == "rep-omar"
    assert await page.inner_text(".facts .tag >> nth=0") == "Do Not Allow"
    await page.click("#save")
    await page.wait_for_selector("#status:has-text('Nothing has changed')")
    await page.reload()
    assert await page.input_value("#rep") == "rep-omar"
    assert await page.is_visible(BULK)  # the tab is remembered, too
    assert await page.is_checked(BULK)


async def test_changes_of_others_appear(page: Any, api: Api) -> None:
    """Untouched fields follow the row and are highlighted; an edit of the rep is kept."""
    key = await api.add(lastname="Ek", jobtitle="Buyer")
    await page.goto(f"{LIST}/{key}")
    await page.fill("[data-column=jobtitle]", "Director")
    change = {"donotbulkemail": True, "jobtitle": "CEO", "emailaddress1": "new@example.com"}
    await api.user("sync").patch(f"contacts({key})", change)
    said = await status(page, "news")
    assert (
        said
        == "sync changed Email, Bulk Email. sync changed Job Title too; your edit is kept until you save."
    )
    assert await page.input_value("[data-column=emailaddress1]") == "new@example.com"
    assert await page.input_value("[data-column=jobtitle]") == "Director"
    assert await page.is_checked(BULK)
    assert await page.locator(".field.changed").count() == 2
    assert await page.locator("[role=tab].news").inner_text() == "Details"
    await page.click("#save")
    await status(page, "good")
    assert (await api.get(f"contacts({key})")).json["jobtitle"] == "Director"
    requests = (await api.get(f"{api.url}/emulator/requests")).json["by_path"]
    assert requests["/api/data/v9.2/contacts({id})"] == 3  # sync's, the save, and this test's own look
    await api.delete(f"contacts({key})")
    assert await status(page, "bad") == "This contact was deleted."
    assert await page.is_disabled("#save")


async def test_never_set_toggles(page: Any, api: Api, organization: Organization) -> None:
    """A toggle without a value says so, and can be set to either."""
    key = await api.add(lastname="Ek")
    words = {0: "Unsubscribed", 1: "Subscribed"}
    column = Column(
        "asn_news", Kind.BOOLEAN, "asn_News", 1, "News", default=False, options=words, custom=True
    )
    column_definitions.add(organization, "contact", column)
    await published(api, form_of(cell("asn_news") + cell("asn_news").replace("cell-", "again-")))
    await page.goto(f"{LIST}/{key}")
    boxes, said = page.locator("[data-column=asn_news]"), page.locator(".words")
    assert await said.all_inner_texts() == ["Not set", "Not set"]
    await boxes.first.check()
    assert await said.all_inner_texts() == ["Subscribed", "Subscribed"]
    await boxes.last.uncheck()
    assert await said.all_inner_texts() == ["Unsubscribed", "Unsubscribed"]
    await page.click("#save")
    await status(page, "good")
    assert (await api.get(f"contacts({key})")).json["asn_news"] is False


async def test_a_new_contact(page: Any, api: Api) -> None:
    """Created with what was entered, then shown with its own address."""
    await page.goto(LIST)
    await page.click("text=New contact")
    await page.click("#save")
    await page.wait_for_selector("#status:has-text('Enter a name')")
    await page.fill("[data-column=lastname]", "Ek")
    await page.click("text=Details")
    await page.check(BULK)
    await page.click("#save")
    assert await status(page, "good") == "Created as rep-anna."
    assert await page.inner_text("h1") == "Ek"
    rows = (await api.get("contacts?$select=lastname,donotbulkemail,followemail")).value
    assert [(row["lastname"], row["donotbulkemail"], row["followemail"]) for row in rows] == [
        ("Ek", True, True)
    ]
    assert str(page.url).partition("#")[0].endswith(rows[0]["contactid"])


async def test_inactive_contacts_are_read_only(page: Any, api: Api) -> None:
    """Until they are activated again, as in the real thing."""
    key = await api.add(lastname="Ek")
    await page.goto(f"{LIST}/{key}")
    await page.click("#state")
    assert await status(page, "good") == "Deactivated as rep-anna."
    assert (await api.get(f"contacts({key})")).json["statecode"] == 1
    assert await page.is_disabled("[data-column=jobtitle]")
    assert await page.is_disabled("#save")
    await page.click("#state")
    await page.wait_for_selector("#state:text-is('Deactivate')")
    assert await page.is_enabled("[data-column=jobtitle]")


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        (
            {"next": 1, "status": 429, "retry_after_s": 7},
            "Not saved: too many requests. Wait 7 s, then save again.",
        ),
        ({"next": 1, "status": 503}, "Not saved: the service is unavailable. Save again in a moment."),
        ({"next": 1, "status": 500}, "Not saved: The emulator was told to fail this request. (500)"),
        ({"lose_answers": 9}, "No answer came, so the change may or may not have been saved."),
    ],
)
async def test_problems_are_told_in_words(page: Any, api: Api, faults: dict[str, int], words: str) -> None:
    """The edit stays on the page, and saving again works."""
    key = await api.add(lastname="Ek")
    await page.goto(f"{LIST}/{key}")
    await page.fill("[data-column=jobtitle]", "CEO")
    await api.put(f"{api.url}/emulator/faults", faults)
    await page.click("#save")
    assert (await status(page, "bad")).startswith(words)
    assert await page.input_value("[data-column=jobtitle]") == "CEO"
    await api.put(f"{api.url}/emulator/faults", {"next": 0, "lose_answers": 0})
    await page.fill("[data-column=jobtitle]", "CFO")
    await page.click("#save")
    await status(page, "good")
    assert (await api.get(f"contacts({key})")).json["jobtitle"] == "CFO"


async def test_names_that_cannot_be_sent(page: Any, api: Api) -> None:
    """A rep's name goes into a header."""
    key = await api.add(lastname="Ek")
    await page.goto(f"{LIST}/{key}")
    await page.fill("#rep", "Łukasz")
    await page.fill("[data-column=jobtitle]", "CEO")
    await page.click("#save")
    assert "plain letters" in await status(page, "bad")


async def test_strict_emulators_refuse_names(browser: Any) -> None:
    """401 in words."""
    async with running(create_organization(contacts=1, strict=True)) as emulator:
        key = str(next(emulator.organization.table("contact").rows())["contactid"])
        page = await browser.new_page()
        await page.goto(f"{emulator.url}{LIST}/{key}")
        await page.fill("[data-column=jobtitle]", "x")
        await page.click("#save")
        assert await status(page, "bad") == "Not saved: the emulator does not accept “rep-anna” as a user."
        await page.close()


async def test_keyboard_alone(page: Any, api: Api) -> None:
    """Arrow keys change tabs, space a toggle, Enter saves."""
    key = await api.add(lastname="Ek")
    await page.goto(f"{LIST}/{key}")
    await page.focus("[role=tab][aria-selected=true]")
    await page.keyboard.press("ArrowRight")
    assert await page.inner_text("[role=tab][aria-selected=true]") == "Details"
    for _ in range(20):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.dataset.column") == "donotbulkemail":
            break
    await page.keyboard.press("Space")
    await page.keyboard.press("Enter")
    assert await status(page, "good") == "Saved as rep-anna."
    assert (await api.get(f"contacts({key})")).json["donotbulkemail"] is True


@pytest.fixture
def luminance() -> Callable[[str], float]:
    """How bright an `rgb(…)` is, roughly."""
    return lambda text: sum(float(part) for part in text[text.index("(") + 1 : -1].split(",")[:3]) / 765


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_narrow_screens_and_colour_schemes(
    browser: Any, scheme: str, luminance: Callable[[str], float]
) -> None:
    """Nothing runs off a screen 360 pixels wide, and dark is dark."""
    async with running(create_organization(contacts=40)) as emulator, ClientSession():
        key = str(next(emulator.organization.table("contact").rows())["contactid"])
        context = await browser.new_context(viewport={"width": 360, "height": 740}, color_scheme=scheme)
        page = await context.new_page()
        for path in (LIST, f"{LIST}?search=zzz", f"{LIST}/new", f"{LIST}/{key}", f"{LIST}/{key}#tab=1"):
            await page.goto(f"{emulator.url}{path}")
            assert await page.evaluate("document.documentElement.scrollWidth") == 360, path
            ground = await page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert (luminance(ground) > 0.5) == (scheme == "light")
        await context.close()
