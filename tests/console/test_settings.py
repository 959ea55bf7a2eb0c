"""Settings in the console: people and their links, keys, outgoing webhooks, one's own password."""

import pytest

from assent.errors import Forbidden
from assent.services import outgoing, people
from assent.services.access import Role

from .counter import Counter

PASSWORD = "four words in a row"

#: What may be wrong with an invitation, and what is said then.
WRONG_INVITATIONS: tuple[tuple[dict[str, str], str], ...] = (
    ({"email": "nobody"}, "no email address"),
    ({"name": ""}, "A name has"),
    ({"role": "king"}, "Choose a role"),
    ({"email": "anna@meadow.example"}, "already"),
)


async def test_an_invited_person_gets_in_by_their_link_once(at: Counter) -> None:
    """The link is shown this once, works once, and is not to be seen again."""
    admin = await at.as_()
    page = await admin.post("/settings/people", name="Bo Ek", email="Bo@Meadow.example", role="support")
    (url,) = page.find("//code[@id='link']/text()")
    assert url.startswith(f"{at.url}/sign-in/")
    listed = await admin.get("/settings/people")
    assert "Bo Ek bo@meadow.example has not signed in yet Support Invited" in listed.words
    assert url not in listed.body
    await people.sign_in_once(at.app, url.rpartition("/")[2])
    assert "No password yet" in (await admin.get("/settings/people")).words


async def test_an_invitation_that_cannot_be_is_told_with_what_was_typed(at: Counter) -> None:
    """Nothing typed is lost, and nobody is invited."""
    admin = await at.as_()
    for fields, said in WRONG_INVITATIONS:
        sent = {"name": "Bo Ek", "email": "bo@meadow.example", "role": "support", **fields}
        page = await admin.post("/settings/people", **sent)
        assert page.status in (400, 409)
        assert said in " ".join(page.find("//*[@role='alert']//text()"))
        assert [sent["name"]] == page.find("//input[@name='name']/@value")
    assert 2 == len(await people.users(at.app, at.operator))


async def test_a_person_is_changed_kept_out_and_let_in_again(at: Counter) -> None:
    """A disabled person is signed out at once; a new link ends what opened the door before."""
    admin, support = await at.as_(), await at.as_(Role.SUPPORT)
    (user,) = [u for u in await people.users(at.app, at.operator) if u.role is Role.SUPPORT]
    address = f"/settings/people/{user.user_id}"
    assert "/settings/people?done=user" == (await admin.post(address, name="Bo", role="reader")).url
    assert ("Bo", Role.READER) == ((u := await people.user(at.app, at.operator, user.user_id)).name, u.role)
    await admin.post(f"{address}/disable")
    assert "Disabled" in (await admin.get("/settings/people")).words
    assert "/sign-in" in (await support.get("/categories")).url
    assert 409 == (await admin.post(f"{address}/link")).status
    await admin.post(f"{address}/enable")
    assert 1 == len((await admin.post(f"{address}/link")).find("//code[@id='link']"))


async def test_the_last_admin_stays(at: Counter) -> None:
    """The page says so, and nothing changes."""
    admin = await at.as_()
    users = await people.users(at.app, at.operator)
    (other,) = [one for one in users if one.email == "anna@meadow.example"]
    (me,) = [one for one in users if one.role is Role.ADMIN and one is not other]
    await admin.post(f"/settings/people/{other.user_id}/disable")
    for path, fields in (("", {"name": me.name, "role": "reader"}), ("/disable", {})):
        page = await admin.post(f"/settings/people/{me.user_id}{path}", **fields)
        assert 409 == page.status
        assert "the last admin" in " ".join(page.find("//*[@role='alert']//text()"))


async def test_a_key_is_shown_once_works_and_is_revoked(at: Counter) -> None:
    """Only its first characters are kept to be seen."""
    admin = await at.as_()
    page = await admin.post("/settings/keys", name="Sign-up form", role="marketer")
    (secret,) = page.find("//code[@id='key']/text()")
    assert Role.MARKETER is (await people.key_holder(at.app, secret)).role
    listed = await admin.get("/settings/keys")
    assert secret not in listed.body
    assert f"Sign-up form {secret[:10]}… · Marketer" in listed.words
    (action,) = listed.find("//form[contains(@action,'/revoke')]/@action")
    assert "/settings/keys?done=revoked" == (await admin.post(action)).url
    with pytest.raises(Forbidden):
        await people.key_holder(at.app, secret)
    assert 400 == (await admin.post("/settings/keys", name="", role="marketer")).status


async def test_a_webhook_is_added_pinged_rotated_and_removed(at: Counter) -> None:
    """Its secret is shown once each time; a ping tells how it was answered."""
    admin = await at.as_()
    page = await admin.post("/settings/webhooks", url="http://127.0.0.1:9/nobody", description="Nobody")
    (first,) = page.find("//code[@id='secret']/text()")
    assert first.startswith("whsec_")
    (one,) = await outgoing.endpoints(at.app, at.operator)
    address = f"/settings/webhooks/{one.endpoint_id}"
    assert first not in (await admin.get(address)).body
    assert "The test event was not taken" in (await admin.post(f"{address}/ping")).words
    (second,) = (await admin.post(f"{address}/rotate")).find("//code[@id='secret']/text()")
    assert first != second
    changed = await admin.post(address, url="https://example.com/hooks", description="Warehouse")
    assert "Switched off" in changed.words
    assert "/settings/webhooks?done=removed" == (await admin.post(f"{address}/remove")).url
    assert "Nobody is told yet" in (await admin.get("/settings/webhooks")).words
    assert 404 == (await admin.get(address)).status


async def test_a_webhook_that_cannot_be_is_told_with_what_was_typed(at: Counter) -> None:
    """Expected is an https address."""
    admin = await at.as_()
    for url in ("ftp://example.com", "example.com", "", "https://"):
        page = await admin.post("/settings/webhooks", url=url, description="Kept")
        assert (400, ["Kept"]) == (page.status, page.find("//input[@name='description']/@value"))
    assert [] == await outgoing.endpoints(at.app, at.operator)


async def test_a_password_is_chosen_and_changed(at: Counter) -> None:
    """The session goes on; a wrong old one changes nothing and does not sign anybody out."""
    reader = await at.as_(Role.READER)
    assert "/settings/password" == (await reader.get("/settings")).url
    assert [] == (await reader.get("/settings/password")).find("//input[@name='old']")
    assert "/settings/password?done=password" == (await reader.post("/settings/password", new=PASSWORD)).url
    page = await reader.post("/settings/password", old="wrong", new="other words in a row")
    assert 403 == page.status
    assert "The old password is not right" in page.words
    assert 400 == (await reader.post("/settings/password", old=PASSWORD, new="short")).status
    assert PASSWORD not in page.body
    assert 200 == (await reader.get("/settings/password")).status
    await people.sign_in(at.app, "reader@meadow.example", PASSWORD, "192.0.2.1")


async def test_only_admins_manage_people_keys_and_webhooks(at: Counter) -> None:
    """Everybody else has a password to set and sees no more; the services refuse."""
    for role in (Role.SUPPORT, Role.MARKETER, Role.PRIVACY, Role.READER):
        visitor = await at.as_(role)
        tabs = (await visitor.get("/settings/password")).find("//nav[@class='tabs']//a/@href")
        own = ["/settings/pages"] if role is Role.MARKETER else []
        assert [*own, "/settings/password"] == tabs
        for path in ("people", "keys", "webhooks"):
            assert 403 == (await visitor.get(f"/settings/{path}")).status
            assert 403 == (await visitor.post(f"/settings/{path}", name="x", role="admin", url="x")).status


async def test_what_is_not_there_says_so(at: Counter) -> None:
    """A page in words, never an error of ours."""
    admin = await at.as_()
    for path in ("people/x", "people/00000000-0000-4000-8000-000000000000", "webhooks/7", "webhooks/x"):
        assert 404 == (await admin.get(f"/settings/{path}")).status, path


async def test_a_marketer_makes_a_sign_up_form_and_gives_the_pages_a_look(at: Counter) -> None:
    """The snippet stands on the page to be copied; what is wrong is told, with what was typed."""
    marketer = await at.as_(Role.MARKETER)
    page = await marketer.post("/settings/pages/forms", name="Footer", text="Write to <me>", category="1")
    assert "Write to &lt;me&gt;" in "".join(page.find("//pre[starts-with(@id, 'snippet-')]/text()"))
    assert 200 == (await marketer.post("/settings/pages/forms/1/close")).status
    assert "Closed" in (await marketer.get("/settings/pages")).words
    assert 200 == (await marketer.post("/settings/pages/forms/1/open")).status
    look = {
        "shown_name": "Acme",
        "logo_url": "https://cdn.example/l.svg",
        "coloured": "yes",
        "colour": "#112233",
    }
    assert "/settings/pages?done=saved" == (await marketer.post("/settings/pages", **look)).url
    wrong = await marketer.post("/settings/pages", shown_name="Acme", logo_url="http://cdn.example/l.svg")
    assert (400, True) == (wrong.status, "begins with https://" in wrong.words)
    again = await marketer.post("/settings/pages/forms", name="Typed before", text="")
    assert ["Typed before"] == again.find("//input[@id='f-name']/@value")
