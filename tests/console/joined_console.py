"""A served console whose account is joined to an emulated organisation, and a browser that is signed in."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from aiohttp import ClientSession, DummyCookieJar

from assent.app.application import listen, serving
from assent.policy.permission import LegalBasis
from assent.services import people
from assent.services.access import Role
from assent.web.sessions import cookie_name
from tests.app.world import add
from tests.services.joined import Joined, joined

from .counter import Visitor

AXE = Path(__file__).parent / "vendor" / "axe-4.14.1.min.js"

#: What the pages are looked at with, different in everything: what is wrong in one colour scheme or at one
#: width shows in one of them.
LOOKS: Mapping[str, Mapping[str, Any]] = {
    "desk, light": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "phone, dark": {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"},
}


@dataclass
class Console:
    """The console, what it is joined to, and an admin who is signed in."""

    on: Joined
    url: str
    admin: Visitor

    async def contact(self, email: str = "bo.ek@example.com") -> UUID:
        """A contact with consent."""
        (made,) = await add(self.on.app, self.on.account_id, email, basis=LegalBasis.CONSENT)
        return made

    async def as_(self, role: Role) -> Visitor:
        """Somebody of a role who is signed in."""
        app = self.on.app
        name = f"{role.value}@meadow.example"
        invited = await people.invite(app, self.on.me, name, f"Mx {role.value}", role)
        signed_in = await people.sign_in_once(app, invited.token)
        return replace(self.admin, secret=signed_in.secret)

    async def page(self, browser: Any, **look: Any) -> Any:
        """A page of a browser in which the admin is signed in; its problems are kept on it."""
        context = await browser.new_context(base_url=self.url, **look)
        cookie = {"name": self.admin.cookie, "value": self.admin.secret, "url": self.url}
        await context.add_cookies([cookie])
        page = await context.new_page()
        page.set_default_timeout(15_000)
        page.problems = []
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.on("console", lambda message: _note(page, message))
        return page


@asynccontextmanager
async def console(folder: Path, *, contacts: int = 0, live: bool = True) -> AsyncIterator[Console]:
    """Open it; durable work is noted, not run."""
    async with joined(folder, contacts=contacts) as on, ClientSession(cookie_jar=DummyCookieJar()) as http:
        listener = listen("127.0.0.1", 0)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        on.office.app = replace(on.app, settings=on.app.settings.model_copy(update={"public_url": address}))
        if live:
            await on.live()
        token = await people.first_admin(on.app, on.account_id, "anna@meadow.example", "Anna Lind")
        signed_in = await people.sign_in_once(on.app, token)
        async with serving(on.app, listener) as url:
            yield Console(on, url, Visitor(http, url, cookie_name(on.app), signed_in.secret))


def _note(page: Any, message: Any) -> None:
    """Errors, but for the browser's own note that a page was an error page."""
    if message.type == "error" and "Failed to load resource" not in message.text:
        page.problems.append(message.text)
