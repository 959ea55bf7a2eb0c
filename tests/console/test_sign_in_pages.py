"""Signing in and out in the console, coming back to where one was, and errors that are pages."""

import pytest
import pytest_asyncio

from assent.errors import Unreachable
from assent.services import history, people
from assent.services.access import Role
from assent.web.sessions import cookie_name

from .counter import Counter, Shown, Visitor

PASSWORD = "four words in a row"


@pytest_asyncio.fixture(loop_scope="session")
async def nobody(at: Counter) -> Visitor:
    """Somebody who is not signed in."""
    return Visitor(at.http, at.url, cookie_name(at.app), "")


async def asked(at: Counter, method: str, path: str, **sent: object) -> tuple[int, dict[str, str]]:
    """A request whose redirect is looked at instead of followed."""
    async with at.http.request(method, at.url + path, allow_redirects=False, **sent) as answer:  # type: ignore[arg-type]
        return answer.status, {name.lower(): value for name, value in answer.headers.items()}


async def test_opening_a_link_uses_nothing_up(at: Counter) -> None:
    """Mail scanners open links; only the button signs in, once."""
    path = f"/sign-in/{at.admin_token}"
    for _ in range(3):
        assert 200 == (await asked(at, "GET", path))[0]
    status, headers = await asked(at, "POST", path)
    assert (303, "/settings/password?done=choose-password") == (status, headers["location"])
    assert "httponly" in headers["set-cookie"].lower()
    assert 401 == (await asked(at, "POST", path))[0]


async def test_a_password_signs_in_and_leads_back(at: Counter) -> None:
    """To a path of this server alone."""
    invited = await people.invite(at.app, at.operator, "eva@meadow.example", "Eva", Role.READER)
    signed_in = await people.sign_in_once(at.app, invited.token)
    await people.set_password(at.app, signed_in.caller, "", PASSWORD)
    given = {"email": "eva@meadow.example", "password": PASSWORD}
    for wanted, led in {
        "/contacts?text=bo": "/contacts?text=bo",
        "https://evil.example/": "/",
        "//evil.example": "/",
        "/\\evil.example": "/",
    }.items():
        status, headers = await asked(at, "POST", "/sign-in", data=given | {"next": wanted})
        assert (303, led) == (status, headers["location"])


async def test_a_wrong_password_is_told_without_saying_what_is_wrong(nobody: Visitor) -> None:
    """The address typed stays, the password does not."""
    page = await nobody.post("/sign-in", email="anna@meadow.example", password="wrong words here")
    assert 401 == page.status
    assert ["anna@meadow.example"] == page.find("//input[@name='email']/@value")
    assert "wrong words here" not in page.body


async def test_an_ended_session_leads_back_to_where_one_was(at: Counter, nobody: Visitor) -> None:
    """Pages by their address; htmx by its own header; a form is not sent twice."""
    page = await nobody.get("/contacts?text=bo")
    assert ["/contacts?text=bo"] == page.find("//input[@name='next']/@value")
    assert (303, "/sign-in") == ((await asked(at, "POST", "/categories"))[0], "/sign-in")
    status, headers = await asked(at, "GET", "/activity", headers={"hx-request": "true"})
    assert (401, "/sign-in") == (status, headers["hx-redirect"])
    for shown, led in {
        f"{at.url}/contacts?text=bo": "?next=/contacts%3Ftext%3Dbo",
        "//evil.example": "",
    }.items():
        sent = {"hx-request": "true", "hx-current-url": shown}
        assert f"/sign-in{led}" == (await asked(at, "GET", "/activity", headers=sent))[1]["hx-redirect"]


async def test_forms_of_other_sites_and_old_pages_change_nothing(at: Counter) -> None:
    """The token and the origin are both asked for."""
    admin = await at.as_()
    old = await admin.post("/categories", csrf="0" * 64, name="Foreign")
    assert (403, ["This page is too old"]) == (old.status, old.find("//h1/text()"))
    headers = {"cookie": f"{admin.cookie}={admin.secret}", "origin": "https://evil.example"}
    status, _ = await asked(at, "POST", "/categories", headers=headers, data={"name": "Foreign"})
    assert 403 == status
    assert "Foreign" not in (await admin.get("/categories")).words


async def test_signing_out_ends_the_session_for_good(at: Counter) -> None:
    """On both sides."""
    admin = await at.as_()
    assert "You are signed out." in (await admin.post("/sign-out")).words
    assert (await admin.get("/")).url.startswith("/sign-in")


async def test_pages_are_as_strict_as_they_can_be(at: Counter) -> None:
    """Nothing inline, nothing from elsewhere, nothing kept; files for good."""
    page = await (await at.as_()).get("/")
    assert "script-src 'self'; style-src 'self'" in page.headers["Content-Security-Policy"]
    assert "no-store" == page.headers["Cache-Control"]
    assert [] == page.find("//*[@style or starts-with(name(@*), 'on')]|//script[not(@src)]|//style")
    (sheet,) = page.find("//link[contains(@href, 'base.css')]/@href")
    status, headers = await asked(at, "GET", str(sheet))
    assert (200, True) == (status, "immutable" in headers["cache-control"])
    assert 404 == (await asked(at, "GET", "/static/x/..%2Frouting.py"))[0]


@pytest.mark.parametrize(
    ("error", "status", "title"),
    [
        (Unreachable("Dynamics did not answer"), 503, "Not at the moment"),
        (KeyError("x"), 500, "An error of ours"),
    ],
)
async def test_whatever_fails_is_a_page_in_the_frame(
    at: Counter, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, title: str
) -> None:
    """What happened and what to do, with the menu around it; for htmx a notice on the page that asked."""

    async def fails(*given: object, **named: object) -> None:
        raise error

    monkeypatch.setattr(history, "activity", fails)
    admin = await at.as_()
    page = await admin.get("/activity")
    assert (status, [title]) == (page.status, page.find("//h1/text()"))
    assert page.find("//nav")
    assert "Traceback" not in page.body
    part = await admin.get("/activity", **{"hx-request": "true"})
    assert "#notices" == part.headers["hx-retarget"]
    assert [] == part.find("//nav")


async def test_addresses_nobody_has_are_a_page_too(at: Counter, nobody: Visitor) -> None:
    """For people in the frame; for programs a problem document."""
    page = await (await at.as_()).get("/no/such/page")
    assert (404, ["Nothing here"]) == (page.status, page.find("//h1/text()"))
    assert (await nobody.get("/no/such/page")).url.startswith("/sign-in")
    status, headers = await asked(at, "GET", "/no/such/page", headers={"accept": "application/json"})
    assert (404, "application/problem+json") == (status, headers["content-type"])


@pytest.mark.parametrize(("theme", "kept"), [("dark", "dark"), ("light", "light"), ("loud", "system")])
async def test_the_look_is_kept_in_this_browser(at: Counter, theme: str, kept: str) -> None:
    """Only a look there is."""
    status, headers = await asked(at, "POST", "/theme", data={"theme": theme, "next": "/contacts"})
    assert (303, "/contacts") == (status, headers["location"])
    cookie = headers.get("set-cookie", "").partition(";")[0]
    admin = await at.as_()
    both = Visitor(admin.http, admin.url, f"{cookie}; {admin.cookie}", admin.secret)
    page: Shown = await both.get("/")
    assert [kept] == page.find("/html/@data-theme")
