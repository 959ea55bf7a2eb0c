"""The console's session calls the API too: with its cookie, from its own pages only."""

from collections.abc import Mapping

import pytest

from assent.services import people
from assent.services.access import Role, operator
from assent.services.people import SignedIn
from assent.web.sessions import csrf_token, local_path

from .served import Answer, Served

pytestmark = pytest.mark.asyncio(loop_scope="module")

COOKIE = "assent-session"
NEW_KEY = {"name": "Shop", "role": "reader"}
_made = iter(range(1000))


async def signed_in(served: Served, role: Role = Role.ADMIN) -> SignedIn:
    """Somebody new who is signed in."""
    email = f"user{next(_made)}@team.example"
    invited = await people.invite(served.app, operator(served.account_id), email, "Somebody", role)
    return await people.sign_in_once(served.app, invited.token)


async def call(
    served: Served, method: str, path: str, secret: str, headers: Mapping[str, str], body: object = None
) -> Answer:
    """Call as a browser would, with a cookie."""
    sent = {"cookie": f"{COOKIE}={secret}", **headers}
    return await served.call(method, path, body, key=None, headers=sent)


async def test_a_session_calls_with_the_rights_of_its_user(served: Served) -> None:
    """Reading needs the cookie, changing the token as well."""
    one = await signed_in(served, Role.SUPPORT)
    told = (await call(served, "GET", "/me", one.secret, {})).json()
    assert ("user", "support") == (told["kind"], told["role"])
    token = {"x-csrf-token": csrf_token(one.secret)}
    (await call(served, "POST", "/keys", one.secret, token, NEW_KEY)).problem(403)
    admin = await signed_in(served)
    token = {"x-csrf-token": csrf_token(admin.secret)}
    assert 201 == (await call(served, "POST", "/keys", admin.secret, token, NEW_KEY)).status


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-csrf-token": ""},
        {"x-csrf-token": "x" * 64},
        {"x-csrf-token": "é"},
        {"x-csrf-token": "other session's"},
        {"x-csrf-token": "right", "origin": "https://evil.example"},
        {"x-csrf-token": "right", "origin": "null"},
        {"x-csrf-token": "right", "sec-fetch-site": "cross-site"},
        {"x-csrf-token": "right", "sec-fetch-site": "same-site"},
    ],
    ids=str,
)
async def test_a_request_another_site_could_send_is_refused(served: Served, headers: dict[str, str]) -> None:
    """Without this session's token, or from another origin, even a sibling; nothing is changed."""
    one, other = await signed_in(served), await signed_in(served)
    tokens = {"right": csrf_token(one.secret), "other session's": csrf_token(other.secret)}
    sent = {name: tokens.get(value, value) for name, value in headers.items()}
    before = len(await people.keys(served.app, one.caller))
    (await call(served, "POST", "/keys", one.secret, sent, NEW_KEY)).problem(403)
    assert before == len(await people.keys(served.app, one.caller))


async def test_our_own_pages_are_let_through(served: Served) -> None:
    """Whichever way the browser says so."""
    one = await signed_in(served)
    token = {"x-csrf-token": csrf_token(one.secret)}
    for origin in ({"origin": served.url}, {"sec-fetch-site": "same-origin"}):
        assert 201 == (await call(served, "POST", "/keys", one.secret, {**token, **origin}, NEW_KEY)).status


async def test_a_form_of_an_ended_session_is_worth_nothing(served: Served) -> None:
    """Replayed after signing out it is 401; under a new session its token is the wrong one."""
    one = await signed_in(served)
    token = {"x-csrf-token": csrf_token(one.secret)}
    await people.sign_out(served.app, one.secret)
    (await call(served, "POST", "/keys", one.secret, token, NEW_KEY)).problem(401)
    again = await signed_in(served)
    (await call(served, "POST", "/keys", again.secret, token, NEW_KEY)).problem(403)


@pytest.mark.parametrize("secret", ["", "x", "x" * 4000, "a;b", '"', "%00"])
async def test_forged_cookies_are_nobodys(served: Served, secret: str) -> None:
    """401, whatever they look like."""
    (await call(served, "GET", "/me", secret, {})).problem(401)


async def test_the_cookie_of_a_disabled_user_is_nobodys(served: Served) -> None:
    """From that moment on."""
    one = await signed_in(served)
    admin = operator(served.account_id)
    user_id = (await people.me(served.app, one.caller)).user_id
    await signed_in(served)  # so that an admin is left
    await people.change_user(served.app, admin, user_id, disabled=True)
    (await call(served, "GET", "/me", one.secret, {})).problem(401)


async def test_a_key_needs_no_token_and_wins_over_a_cookie(served: Served) -> None:
    """What a browser adds by itself does not change who calls."""
    one = await signed_in(served)
    answer = await served.call(
        "GET", "/me", key=served.keys[Role.READER], headers={"cookie": f"{COOKIE}={one.secret}"}
    )
    assert ("api_key", "reader") == (answer.json()["kind"], answer.json()["role"])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("/contacts?text=a", "/contacts?text=a"),
        ("", "/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("\\\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/ok\r\nSet-Cookie: a=b", "/"),
        ("/\t/evil.example", "/"),
        ("contacts", "/"),
        ("http://[", "/"),
    ],
)
async def test_signing_in_leads_to_a_page_of_ours(given: str, expected: str) -> None:
    """Never to another site, whatever the address asked for."""
    assert expected == local_path(given)
