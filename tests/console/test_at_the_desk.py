"""Categories, sends, mail and settings in a real browser: by keyboard, by hand, live, without scripts."""

from collections.abc import Mapping
from typing import Any

import pytest

from assent.services import categories, people, sends
from assent.services.access import Role
from assent.services.drafts import Draft

from .counter import NEWS, Counter
from .joined_console import AXE, LOOKS

pytestmark = pytest.mark.thorough

HTML = "<html><head><style>p{color:#063}</style></head><body><p>Hello {{ first_name }}</p></body></html>"


async def page_of(browser: Any, at: Counter, role: Role = Role.ADMIN, **look: Any) -> Any:
    """A page in which somebody is signed in; nothing on it may be blocked or fail."""
    visitor = await at.as_(role)
    context = await browser.new_context(base_url=at.url, **look)
    await context.add_cookies([{"name": visitor.cookie, "value": visitor.secret, "url": at.url}])
    page = await context.new_page()
    page.set_default_timeout(15_000)
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("console", lambda said: page.problems.append(said.text) if said.type == "error" else None)
    return page


async def order(at: Counter) -> list[str]:
    """The names of the categories in their order."""
    return [one.name for one in await categories.all(at.app, at.operator)]


async def some_of_everything(at: Counter) -> dict[str, str]:
    """Sends in several states, mails, people, keys and webhooks; gives the paths to look at."""
    await at.room.people("ada@example.com", "bea@example.com")
    done = await sends.create(at.app, at.operator, Draft("May", "Hello", "Text", HTML, NEWS))
    await sends.start(at.app, at.operator, done.send_id, done.revision)
    await at.room.ended(done.send_id)
    running = await sends.create(at.app, at.operator, Draft("June", "Hello", "Text", "", NEWS))
    await sends.start(at.app, at.operator, running.send_id, running.revision)
    draft = await sends.create(at.app, at.operator, Draft("July", "Hello", "Text", HTML, NEWS))
    (user, *_) = await people.users(at.app, at.operator)
    await (await at.as_()).post("/settings/webhooks", url="http://127.0.0.1:9/none", description="None")
    await people.make_key(at.app, at.operator, "Sign-up form", Role.MARKETER)
    return {
        "done": f"/sends/{done.send_id}",
        "running": f"/sends/{running.send_id}?state=waiting",
        "draft": f"/sends/{draft.send_id}?look=yes",
        "edit": f"/sends/{draft.send_id}/edit",
        "list": "/sends",
        "mails": "/mail",
        "mail": "/mail/1",
        "person": f"/settings/people/{user.user_id}",
        "keys": "/settings/keys",
        "webhook": "/settings/webhooks/1",
    }


@pytest.mark.parametrize("look", LOOKS)
async def test_pages_with_something_on_them_keep_nobody_out(at: Counter, browser: Any, look: str) -> None:
    """axe finds no violation, nothing runs off a phone, no policy is broken (WCAG 2.2 AA)."""
    paths, wrong = await some_of_everything(at), list[str]()
    page = await page_of(browser, at, **LOOKS[look])
    for name, path in paths.items():
        await page.goto(path)
        await page.evaluate(AXE.read_text(encoding="utf-8"))
        found: Mapping[str, Any] = await page.evaluate("axe.run({resultTypes: ['violations']})")
        wrong += [f"{name}: {one['id']} {one['nodes'][0]['html'][:150]}" for one in found["violations"]]
        wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
        wrong += [f"{name}: runs off the screen"] if wide else []
    assert [] == wrong
    assert [] == page.problems


async def test_order_is_changed_by_keyboard_and_by_hand(at: Counter, browser: Any) -> None:
    """The focus stays on the button that was pressed, and what was done is said; dragging does the same."""
    await categories.create(at.app, at.operator, "Offers")
    page = await page_of(browser, at)
    await page.goto("/categories")
    await page.focus("#down-1")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#notices >> text=The order is saved.")
    assert ["Events", "News", "Offers"] == await order(at)
    assert "down-1" == await page.evaluate("document.activeElement.id")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#order li:nth-child(3)[data-sort='1']")
    assert ["Events", "Offers", "News"] == await order(at)
    grip = await page.locator("#category-1 .grip").bounding_box()
    top = await page.locator("#category-2").bounding_box()
    await page.mouse.move(grip["x"] + 5, grip["y"] + 5)
    await page.mouse.down()
    for y in (top["y"] + 60, top["y"] + 30, top["y"] + 4):
        await page.mouse.move(grip["x"] + 5, y)
    async with page.expect_response("**/categories?done=reordered"):
        await page.mouse.up()
    assert ["News", "Events", "Offers"] == await order(at)
    assert [] == page.problems


async def test_a_send_goes_from_an_idea_to_mails_live(at: Counter, browser: Any) -> None:
    """Counted while it is chosen, previewed by itself, started after a question, followed as it goes."""
    await at.room.people("ada@example.com", "bea@example.com")
    await at.room.people("fia@example.com", refused=NEWS)
    page = await page_of(browser, at, Role.MARKETER)
    await page.goto("/sends/new?category=1")
    assert "3" == await page.inner_text("#matched b")
    await page.fill("#f-text", "fia")
    await page.wait_for_selector("#matched b:text-is('1')")
    await page.fill("#f-text", "")
    await page.check("input[name=yes][value='1']")
    await page.wait_for_selector("#matched b:text-is('2')")
    await page.uncheck("input[name=yes][value='1']")
    await page.fill("#f-subject", "Hello {{ first_name }}")
    await page.click("text=Save and preview")
    await page.wait_for_selector("text=would get it now")
    assert "Hello Alice" in await page.inner_text(".letter-subject")
    await page.click("text=Start…")
    await page.click("#sure-start >> text=Start >> nth=-1")
    await page.wait_for_selector("#progress >> text=Everybody is checked")
    (send,) = (await sends.sends(at.app, at.operator)).items
    await at.room.ended(send.send_id)
    await page.wait_for_selector("#progress >> text=It is done")
    await page.wait_for_selector("#left >> text=Unsubscribed")
    assert ["ada@example.com", "bea@example.com"] == at.room.arrived()
    await page.goto("/mail")
    await page.click("table a >> nth=0")
    async with page.context.expect_page() as opened:
        await page.click("text=Unsubscribe as they would")
    way_out = await opened.value
    await way_out.wait_for_selector("form button")
    assert [] == page.problems


async def test_a_mail_shows_its_own_looks_and_runs_nothing(at: Counter, browser: Any) -> None:
    """Its styles are its own; its scripts and pictures from elsewhere are not loaded."""
    evil = HTML.replace("</body>", "<script>parent.document.title='x'</script><img src='/theme'></body>")
    send = await sends.create(at.app, at.operator, Draft("May", "Hi", "", evil, NEWS))
    page = await page_of(browser, at)
    asked = list[str]()
    page.on("requestfinished", lambda request: asked.append(request.url))
    await page.goto(f"/sends/{send.send_id}?look=yes")
    frame = page.frame_locator("iframe.letter-frame")
    assert "rgb(0, 102, 51)" == await frame.locator("p >> nth=0").evaluate("p => getComputedStyle(p).color")
    assert "May · Assent" == await page.title()
    assert not [url for url in asked if url.endswith("/theme")]


async def test_everything_works_without_scripts(at: Counter, browser: Any) -> None:
    """Categories are put in order, a send is looked at and the ledger verified by plain forms and links."""
    await at.room.people("ada@example.com")
    page = await page_of(browser, at, java_script_enabled=False)
    await page.goto("/categories")
    await page.click("#down-1")
    assert ["Events", "News"] == await order(at)
    assert "The order is saved." in await page.inner_text("#notices")
    await page.goto("/sends/new")
    await page.fill("#f-subject", "Hello")
    await page.click("text=Save and preview")
    await page.click("text=look now")
    await page.click("text=Start…")
    await page.click("#sure-start >> text=Start >> nth=-1")
    assert "Started." in await page.inner_text("#notices")
    await page.goto("/ledger")
    await page.click("text=Verify now")
    assert "The chain holds." in await page.inner_text("#verified")


async def test_a_secret_is_copied_and_a_link_opens_the_door(at: Counter, browser: Any) -> None:
    """An invited person signs in by the link, in a browser of their own, and is asked for a password."""
    page = await page_of(browser, at, permissions=["clipboard-read", "clipboard-write"])
    await page.goto("/settings/people")
    await page.fill("#f-name", "Bo Ek")
    await page.fill("#f-email", "bo@meadow.example")
    await page.check("input[name=role][value=reader]")
    await page.click("text=Make the invitation")
    url = await page.inner_text("#link")
    await page.click("text=Copy")
    assert url == await page.evaluate("navigator.clipboard.readText()")
    theirs = await (await browser.new_context()).new_page()
    await theirs.goto(url)
    await theirs.click("main button")
    assert theirs.url.endswith("/settings/password?done=choose-password")
    await theirs.fill("#f-new", "four words in a row")
    await theirs.click("text=Set password")
    await theirs.wait_for_selector("text=Your password is set.")
    assert [] == page.problems
