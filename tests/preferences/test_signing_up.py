"""Signing up by a form: nothing without the mail's confirmation, once, with its evidence (I6)."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import ClientSession
from starlette.applications import Starlette

from assent.errors import Unknown
from assent.mail.smtp import Mailer
from assent.policy.identity import AddressMarks
from assent.policy.permission import LegalBasis
from assent.ports import ActorKind, Evidence
from assent.services import contacts, erasing, forms
from assent.services.contact_views import ContactView
from assent.services.delivering import mail_server
from assent.services.sign_ups import TO_AN_ADDRESS, SignUpErrands
from assent.web.preferences.routes import preference_routes
from assent.web.preferences.signing_up import sign_up_routes
from tests.services.mailroom import EVENTS, NEWS, Mailroom, mailroom
from tests.web.listening import listening

TEXT = "Write to me about <boats>. I can stop it at any time."


@dataclass
class Street:
    """A form on the street, the mail server, and somebody with a browser."""

    at: Mailroom
    errands: SignUpErrands
    session: ClientSession
    url: str
    form: forms.FormView

    @property
    def action(self) -> str:
        """Where the form is sent to."""
        return self.url + self.form.url.removeprefix("https://meadow.example")

    async def fill_in(self, email: str, **more: str) -> tuple[int, str]:
        """Send the form; gives what is answered."""
        async with self.session.post(self.action, data={"email": email, **more}) as reply:
            return reply.status, await reply.text()

    async def confirmations(self, email: str) -> list[str]:
        """Send what mails are owed; gives the links that came, the newest first."""
        for account_id, number in await self.errands.owed():
            await self.errands.perform(account_id, number)
        found = [re.search(r"/c/\S+", mail.text) for mail in self.at.sink.messages(email)]
        return [self.url + one[0] for one in found if one]

    async def confirm(self, link: str) -> tuple[int, str]:
        """Press the button of the mail's page; the person's own page is not followed to its address."""
        async with self.session.post(link, allow_redirects=False) as reply:
            return reply.status, reply.headers.get("location", "")

    async def contact(self, email: str) -> ContactView:
        """The contact of an address."""
        return await contacts.find(self.at.app, self.at.admin, email)

    async def known(self) -> int:
        """How many contacts there are."""
        return (await self.at.app.store.accounts.figures(self.at.account_id)).contacts


@asynccontextmanager
async def street(folder: Path, database_url: str = "") -> AsyncIterator[Street]:
    """An account with a form for news and events."""
    async with mailroom(folder, database_url=database_url) as at, ClientSession() as session:
        form = await forms.create(at.app, at.admin, "Footer", TEXT, NEWS | EVENTS)
        server = mail_server(at.app.settings)
        assert server is not None
        routes = [*preference_routes(at.app), *sign_up_routes(at.app)]
        async with Mailer(server) as mailer, listening(Starlette(routes=routes)) as url:
            errands = SignUpErrands(at.app.store, at.app.settings, at.clock, at.app.ids, mailer)
            yield Street(at, errands, session, url, form)


@pytest.fixture
async def on(tmp_path: Path) -> AsyncIterator[Street]:
    """Such a street."""
    async with street(tmp_path) as found:
        yield found


async def test_nothing_happens_until_the_mails_button_is_pressed(on: Street) -> None:
    """Double opt-in: no contact before, looking changes nothing; pressed, it is consent with its proof."""
    status, page = await on.fill_in("New@x.example", first_name="Nina", on="1")
    assert (200, 0) == (status, await on.known())
    assert "Look into your mailbox" in page
    (link,) = await on.confirmations("New@x.example")
    await on.session.head(link)
    async with on.session.get(link) as reply:
        shown = await reply.text()
    assert (0, True) == (await on.known(), "&lt;boats&gt;" in shown)
    status, where = await on.confirm(link)
    assert (303, True) == (status, where.startswith("https://meadow.example/p/"))
    view = await on.contact("new@x.example")
    assert (LegalBasis.CONSENT, "Nina") == (view.basis, view.first_name)
    assert {"News": True, "Events": False} == {one.name: one.subscribed for one in view.subscriptions}
    (entry,) = await on.at.app.store.ledger.entries(on.at.account_id, contact=view.contact_id)
    proof = entry.entry.personal
    assert (ActorKind.CONTACT.value, "sign-up") == (entry.entry.actor_kind, entry.entry.actor)
    assert TEXT in proof["text"]
    assert "[x] News" in proof["text"]
    assert "confirmed by mail" in proof["text"]
    assert "127.0.0.1" == proof["ip"]
    assert "Footer" in proof["source"]


async def test_a_confirmation_works_once_and_for_a_week(on: Street) -> None:
    """Single use: after a later refusal the old mail gives no permission back; what grants runs out."""
    await on.fill_in("a@x.example")
    (link,) = await on.confirmations("a@x.example")
    assert 303 == (await on.confirm(link))[0]
    view = await on.contact("a@x.example")
    withdrawn = contacts.ContactChange(basis=LegalBasis.WITHDRAWN)
    await contacts.change(on.at.app, on.at.admin, view.contact_id, withdrawn)
    assert 404 == (await on.confirm(link))[0]
    assert LegalBasis.WITHDRAWN is (await on.contact("a@x.example")).basis
    await on.fill_in("late@x.example")
    (late,) = await on.confirmations("late@x.example")
    on.at.clock.ahead += timedelta(days=8)
    assert 404 == (await on.confirm(late))[0]
    assert 1 == await on.known()


async def test_tampered_truncated_and_foreign_tokens_do_nothing(on: Street) -> None:
    """A page says that the link does not work; nobody is created."""
    await on.fill_in("a@x.example")
    (link,) = await on.confirmations("a@x.example")
    base, _, token = link.rpartition("/")
    form_token = on.action.rpartition("/")[2]
    for wrong in (token[:-1], token[:20], "B" + token[1:], form_token, "x" * 500, "%00", "."):
        assert 404 == (await on.confirm(f"{base}/{wrong}"))[0]
        async with on.session.post(f"{on.url}/s/{wrong}x", data={"email": "b@x.example"}) as reply:
            assert 404 == reply.status
    assert 0 == await on.known()


async def test_no_answer_tells_who_is_known_refused_erased_or_suppressed(on: Street) -> None:
    """No enumeration: the same page for everybody; addresses that take no mail get none (G3)."""
    await on.at.people("known@x.example")
    await on.at.people("no@x.example", basis=LegalBasis.WITHDRAWN)
    marking, now = on.at.app.store.accounts.marking, on.at.clock.now()
    await on.at.app.store.accounts.suppress(on.at.account_id, ["bounced@x.example"])
    await on.at.app.store.database.write(
        lambda c: marking.add(c, on.at.account_id, ["erased@x.example"], AddressMarks(erased=True), now)
    )
    names = ("known", "no", "bounced", "erased", "stranger")
    answers = [await on.fill_in(f"{name}@x.example") for name in names]
    assert 1 == len(set(answers))
    got = [name for name in names if await on.confirmations(f"{name}@x.example")]
    assert ["known", "no", "erased", "stranger"] == got


async def test_only_a_confirmed_sign_up_lifts_an_erased_persons_bar(on: Street) -> None:
    """I6: erased for real; nobody else can create them, their own confirmation can."""
    (contact_id,) = await on.at.people("gone@x.example")
    await erasing.start(on.at.app, on.at.admin, contact_id, Evidence("asked by letter", "letter"))
    await on.at.app.jobs.drain(on.at.account_id)
    with pytest.raises(Unknown):
        await contacts.read(on.at.app, on.at.admin, contact_id)
    with pytest.raises(Exception, match="erased"):
        await on.at.people("gone@x.example")
    await on.fill_in("gone@x.example")
    (link,) = await on.confirmations("gone@x.example")
    assert 303 == (await on.confirm(link))[0]
    view = await on.contact("gone@x.example")
    assert (LegalBasis.CONSENT, False) == (view.basis, view.suppressed)
    assert view.contact_id != contact_id


async def test_a_flood_reaches_nobodys_mailbox(on: Street) -> None:
    """One address gets a few mails a day, a place may send so many forms; robots fill in what nobody sees."""
    for _ in range(TO_AN_ADDRESS + 4):
        await on.fill_in("victim@x.example")
    assert TO_AN_ADDRESS == len(await on.confirmations("victim@x.example"))
    assert 200 == (await on.fill_in("robot@x.example", website="buy"))[0]
    assert [] == await on.confirmations("robot@x.example")
    statuses = [(await on.fill_in(f"p{number}@x.example"))[0] for number in range(20)]
    assert 429 == statuses[-1]


@pytest.mark.parametrize(
    "email", ["", "none", "a@b@c", "a@x.example\r\nBcc: b@x.example", "x" * 400 + "@x.example"]
)
async def test_what_is_no_address_is_said_and_nothing_is_kept(on: Street, email: str) -> None:
    """Header injection and rubbish: a page that says what is wrong, no mail."""
    status, page = await on.fill_in(email)
    assert (400, True) == (status, "no email address" in page)
    assert [] == await on.errands.owed()


async def test_a_closed_form_takes_nobody_in(on: Street) -> None:
    """Wherever its snippet still stands."""
    await forms.set_active(on.at.app, on.at.admin, on.form.form_id, active=False)
    assert 404 == (await on.fill_in("a@x.example"))[0]


async def test_the_snippet_is_the_form_and_nothing_in_it_runs(on: Street) -> None:
    """Plain HTML: what the account wrote is text in it, and every category can be ticked."""
    assert f'action="{on.form.url}"' in on.form.snippet
    assert "&lt;boats&gt;" in on.form.snippet
    assert ["1", "2"] == re.findall(r'name="on" value="(\d+)"', on.form.snippet)
    assert "<script" not in on.form.snippet


@pytest.mark.thorough
async def test_signing_up_is_the_same_on_both_databases(database_url: str, tmp_path: Path) -> None:
    """SQLite and PostgreSQL: form, mail, one confirmation, and an erasure's bar that is lifted."""
    async with street(tmp_path, database_url) as on:
        marking, now = on.at.app.store.accounts.marking, on.at.clock.now()
        barred = AddressMarks(erased=True, refused=True)
        await on.at.app.store.database.write(
            lambda c: marking.add(c, on.at.account_id, ["gone@x.example"], barred, now)
        )
        await on.fill_in("gone@x.example", on="1")
        (link,) = await on.confirmations("gone@x.example")
        assert [303, 404] == [(await on.confirm(link))[0] for _ in range(2)]
        view = await on.contact("gone@x.example")
        assert (LegalBasis.CONSENT, False) == (view.basis, view.suppressed)
