"""Links: who they belong to, what scanners may do with them, and what a broken one says."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from assent.errors import Conflict, Retry, Unknown
from assent.policy.audience import EVERYBODY
from assent.policy.permission import LegalBasis
from assent.policy.sides import CATEGORIES
from assent.services import sends
from assent.services.access import operator
from assent.services.links import Invited, links, read_token
from assent.services.sends import Draft
from assent.store.opening import open_store
from tests.app.world import KEY

from .desk import EVENTS, NEWS, Desk, desk


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Desk]:
    """Somebody who agreed to mail."""
    async with desk(tmp_path) as found:
        yield found


async def a_send(at: Desk, category: int) -> int:
    """A send of a category, or of none."""
    draft = Draft("May", "Hello", "Text", category=category, audience=EVERYBODY)
    return (await sends.create(at.app, operator(at.account_id), draft)).send_id


@pytest.mark.parametrize("way", ["p", "u"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_opening_a_link_changes_nothing(at: Desk, way: str, method: str) -> None:
    """Design 5.8: mail scanners click links, and nobody is unsubscribed by that."""
    for send_id in (0, await a_send(at, NEWS)):
        reply = await at.call(method, f"{await at.link(way, send_id)}?stop=all&done=stop&from=page")
        assert 200 == reply.status
    assert [] == await at.recorded()


async def test_one_click_without_a_category_is_the_full_opt_out(at: Desk) -> None:
    """RFC 8058: one POST, no cookie, no redirect; the person is Withdrawn."""
    url, body = await at.link("u"), "List-Unsubscribe=One-Click"
    async with at.session.post(url, data=body, allow_redirects=False) as reply:
        assert 200 == reply.status
    assert LegalBasis.WITHDRAWN is (await at.contact()).basis
    (entry,) = await at.recorded()
    assert "one-click unsubscribe (English)" == entry.entry.personal["source"]


async def test_one_click_from_a_category_stops_that_category(at: Desk) -> None:
    """The mail named one list, and that one ends; the basis is not touched (S2)."""
    send_id = await a_send(at, EVENTS)
    await at.call("POST", await at.link("u", send_id), "List-Unsubscribe=One-Click")
    found = await at.contact()
    assert (LegalBasis.CONSENT, CATEGORIES & ~EVENTS) == (found.basis, found.value)
    (entry,) = await at.recorded()
    assert entry.entry.personal["source"].endswith(f"from send {send_id}")


async def test_one_click_from_an_archived_category_stops_all_mail(at: Desk) -> None:
    """A list that is gone cannot be left: the refusal is taken for all mail, never for none."""
    send_id = await a_send(at, EVENTS)
    await at.app.store.accounts.set_category_active(at.account_id, EVENTS, active=False)
    await at.call("POST", await at.link("u", send_id), "List-Unsubscribe=One-Click")
    assert LegalBasis.WITHDRAWN is (await at.contact()).basis


async def test_the_unsubscribe_page_has_one_button_for_what_the_mail_was(at: Desk) -> None:
    """GET shows what a POST would do; pressing it does that, and all mail can be stopped from there."""
    url = await at.link("u", await a_send(at, NEWS))
    page = await at.get(url)
    assert "Stop mail about “News”" in page.plain
    done = await at.post(f"{url}?from=page")
    assert "You will get no more mail about “News” from Meadow Ltd." in done.plain
    assert "Stop all marketing mail" in done.plain
    assert "unsubscribe page (English)" in (await at.recorded())[0].entry.personal["source"]
    await at.post(await at.link(), ("stop", "all"))
    assert LegalBasis.WITHDRAWN is (await at.contact()).basis


async def test_unsubscribing_twice_is_two_acts(at: Desk) -> None:
    """S3: the button always touches, as whoever unsubscribes again has spoken last (M3)."""
    url = await at.link("u", await a_send(at, NEWS))
    for _ in range(2):
        assert 200 == (await at.call("POST", url, "List-Unsubscribe=One-Click")).status
    assert [NEWS, NEWS] == [entry.entry.field for entry in await at.recorded()]


async def test_every_altered_or_shortened_link_says_what_to_do(at: Desk) -> None:
    """A page, not an error: 404, and nothing changed."""
    link = await at.link()
    token = link.rpartition("/")[2]
    broken = [
        token[:-1],
        token[:20],
        token[:-3] + "abc",
        "x",
        "A" * 5000,
        "%00",
        token + "x",
        token.replace(".", ""),
    ]
    for text in broken:
        for way, method in (("p", "GET"), ("p", "POST"), ("u", "GET"), ("u", "POST")):
            reply = await at.call(method, f"{at.url}/{way}/{text}")
            assert 404 == reply.status, text[:40]
            assert "This link does not work" in reply.plain
            assert "Open the link again from the mail itself" in reply.plain
    assert [] == await at.recorded()


async def test_no_letter_of_a_token_can_be_changed(at: Desk) -> None:
    """Each one altered gives a link of nobody."""
    token = (await links(at.app, at.account_id)).token(at.contact_id, 7)
    assert Invited(at.account_id, at.contact_id, 7) == await read_token(at.app, token)
    for place, letter in enumerate(token[:-1]):
        altered = token[:place] + ("B" if letter == "A" else "A") + token[place + 1 :]
        with pytest.raises(Unknown):
            await read_token(at.app, altered)


async def test_a_link_signed_by_one_account_opens_nothing_of_another(at: Desk) -> None:
    """Nothing crosses accounts: the key is the account's, and so is the contact."""
    other = await at.app.store.accounts.create("Brook Ltd")
    theirs = await links(at.app, other)
    forged = replace(theirs, account_id=at.account_id).token(at.contact_id)
    foreign = theirs.token(at.contact_id)
    for token in (forged, foreign):
        assert 404 == (await at.get(f"{at.url}/p/{token}")).status


async def test_rotating_the_installations_key_kills_no_link(at: Desk) -> None:
    """The signing key comes from the account's own, which a new installation key only wraps anew."""
    token = (await links(at.app, at.account_id)).token(at.contact_id)
    newest = Fernet.generate_key().decode()
    url = at.app.settings.store_url
    rotated = await open_store(url, clock=at.app.clock, ids=at.app.ids, keys=[newest, KEY])
    try:
        found = await read_token(replace(at.app, store=rotated), token)
        assert Invited(at.account_id, at.contact_id) == found
    finally:
        rotated.close()
    assert SecretStr(KEY) == at.app.settings.secret_key


async def test_a_link_outlives_a_new_address(at: Desk) -> None:
    """It belongs to the person, not to the address."""
    from assent.ports import Act
    from tests.app.world import ADMIN, FORM

    link = await at.link()
    await at.app.act(at.account_id, ADMIN, [Act(at.contact_id, email="alice@other.example")], FORM)
    assert "a•••@other.example" in (await at.get(link)).plain


async def test_the_page_is_private(at: Desk) -> None:
    """No index, no referrer, no cache, no cookie, no script, nothing from elsewhere."""
    for url in (await at.link(), await at.link("u"), f"{at.url}/p/x"):
        page = await at.get(url)
        assert "no-referrer" == page.headers["referrer-policy"]
        assert "noindex, nofollow" == page.headers["x-robots-tag"]
        assert "no-store" == page.headers["cache-control"]
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
        assert "set-cookie" not in page.headers
        assert "<script" not in page.text
        assert "style=" not in page.text
    assert 200 == (await at.get(f"{at.url}/p/assets/style.css")).status


@pytest.mark.parametrize(
    ("error", "status"), [(Retry("busy"), 503), (Conflict("no"), 409), (KeyError("x"), 500)]
)
async def test_whatever_fails_is_a_page_in_words(
    at: Desk, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    """People from a mail see no document of a program, and nothing of what went wrong inside."""

    async def fails(*given: object) -> None:
        raise error

    monkeypatch.setattr("assent.services.preferences.page", fails)
    reply = await at.get(await at.link())
    assert (status, "text/html; charset=utf-8") == (reply.status, reply.headers["content-type"])
    assert "Please try again in a moment" in reply.plain
