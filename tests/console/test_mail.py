"""Test mail in the console: what the demo's mail server kept, each mail with its way out."""

from dataclasses import replace

from assent.app.application import serving
from assent.policy.permission import LegalBasis
from assent.services import people, sends
from assent.services.access import Role, operator
from assent.services.drafts import Draft
from assent.web.sessions import cookie_name

from .counter import NEWS, Counter, Visitor

PAGE = "<html><head><title>x</title></head><body><p>Dear {{ first_name }}</p></body></html>"


async def sent(at: Counter, html: str = "") -> None:
    """Send a mail to everybody who may get it."""
    await at.room.people("ada@example.com", "bea@example.com")
    await at.room.people("cia@example.com", basis=LegalBasis.WITHDRAWN)
    send = await sends.create(at.app, at.operator, Draft("May", "News for May", "Text", html, NEWS))
    await sends.start(at.app, at.operator, send.send_id, send.revision)
    await at.room.ended(send.send_id)


async def test_every_mail_is_there_and_leads_to_the_way_out(at: Counter) -> None:
    """The link of the header and the person's own page work from where they are read."""
    marketer = await at.as_(Role.MARKETER)
    assert "No mail yet" in (await marketer.get("/mail")).words
    await sent(at)
    found = await marketer.get("/mail")
    assert {"ada@example.com", "bea@example.com"} == set(found.find("//table//a/text()"))
    page = await marketer.get(found.find("//table//a/@href")[0])
    assert ["News for May"] == page.find("//h1/text()")
    way_out = page.find("//div[@class='head-acts']/a/@href")[0]
    assert way_out.startswith(f"{at.url}/u/")
    own_page = page.find("//*[@class='letter-text']//a/@href")[0]
    assert own_page.startswith(f"{at.url}/p/")
    for address in (way_out, own_page):
        assert 200 == (await marketer.get(address.removeprefix(at.url))).status


async def test_mails_are_found_by_address(at: Counter) -> None:
    """Whoever got none is not there, and the page says why that may be."""
    await sent(at)
    admin = await at.as_()
    assert ["bea@example.com"] == (await admin.get("/mail?to=BEA%40")).find("//table//a/text()")
    assert "Whoever was left out of a send got none." in (await admin.get("/mail?to=cia")).words


async def test_html_is_shown_where_it_can_do_nothing(at: Counter) -> None:
    """In a frame without scripts, under a policy of its own; what it links to opens elsewhere."""
    await sent(at, PAGE)
    admin = await at.as_()
    page = await admin.get("/mail/1")
    (frame,) = page.find("//iframe")
    assert "allow-scripts" not in frame.get("sandbox")
    shown = await admin.get(frame.get("src"))
    assert shown.headers["Content-Security-Policy"].startswith("sandbox ")
    assert '<head><base target="_blank"><title>' in shown.body
    assert "Dear Alice" in shown.body


async def test_only_who_may_send_reads_them_and_only_of_their_own_account(at: Counter) -> None:
    """Who reads a mail could follow the person's own links."""
    await sent(at)
    assert 403 == (await (await at.as_(Role.READER)).get("/mail")).status
    assert [] == (await (await at.as_(Role.READER)).get("/sends")).find("//nav//a[@href='/mail']")
    other = await at.app.store.accounts.create("Other Ltd")
    invited = await people.invite(at.app, operator(other), "x@other.example", "X", Role.ADMIN)
    secret = (await people.sign_in_once(at.app, invited.token)).secret
    theirs = Visitor(at.http, at.url, cookie_name(at.app), secret)
    assert [] == (await theirs.get("/mail")).find("//table//a")
    for path in ("/mail/1", "/mail/1/html", "/mail/999", "/mail/x"):
        assert 404 == (await theirs.get(path)).status


async def test_a_server_that_delivers_has_no_such_page(at: Counter) -> None:
    """Where mail goes to real people, nothing of it is shown, nor named in the menu."""
    admin = await at.as_()
    settings = at.app.settings.model_copy(update={"port": 0})
    async with serving(replace(at.app, settings=settings, sink=None)) as url:
        real = replace(admin, url=url)
        assert 404 == (await real.get("/mail")).status
        assert [] == (await real.get("/sends")).find("//nav//a[@href='/mail']")
