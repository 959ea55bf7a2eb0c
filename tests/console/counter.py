"""A served console with an account that can send, and people of every role who are signed in to it."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, DummyCookieJar
from lxml import html

from assent.app.application import listen
from assent.services import people
from assent.services.access import Caller, Role, operator
from assent.services.application import Application
from assent.web.sessions import cookie_name, csrf_token
from tests.services.mailroom import Mailroom, mailroom
from tests.web.listening import answering

NEWS, EVENTS = 1, 2


@dataclass(frozen=True)
class Shown:
    """A page as it came back, after any redirect."""

    status: int
    url: str
    headers: Mapping[str, str]
    body: str

    @property
    def words(self) -> str:
        """Everything there is to read, in one line."""
        return " ".join(" ".join(map(str, self.find("//body//text()"))).split())

    def find(self, path: str) -> list[Any]:
        """What an XPath finds."""
        found = html.fromstring(self.body).xpath(path)
        assert isinstance(found, list)
        return found


@dataclass
class Visitor:
    """Somebody who is signed in, without a browser around them."""

    http: ClientSession
    url: str
    cookie: str
    secret: str

    async def get(self, path: str, **headers: str) -> Shown:
        """Open a page."""
        return await self._ask("GET", path, headers, None)

    async def post(self, path: str, *fields: tuple[str, str], csrf: str | None = None, **more: str) -> Shown:
        """Send a form, with the token its page has."""
        token = csrf_token(self.secret) if csrf is None else csrf
        return await self._ask("POST", path, {}, [("csrf", token), *fields, *more.items()])

    async def _ask(
        self, method: str, path: str, headers: Mapping[str, str], data: list[tuple[str, str]] | None
    ) -> Shown:
        sent = {"cookie": f"{self.cookie}={self.secret}", "accept": "text/html", **headers}
        async with self.http.request(method, self.url + path, headers=sent, data=data) as answer:
            at = str(answer.url).removeprefix(self.url)
            return Shown(answer.status, at, dict(answer.headers), await answer.text())


@dataclass
class Counter:
    """The console, its account, and whoever asks."""

    room: Mailroom
    app: Application
    url: str
    http: ClientSession
    admin_token: str
    visitors: dict[Role, Visitor] = field(default_factory=dict)

    @property
    def operator(self) -> Caller:
        """Whoever sits at the machine."""
        return operator(self.room.account_id)

    async def as_(self, role: Role = Role.ADMIN) -> Visitor:
        """Somebody of a role."""
        if role not in self.visitors:
            name = f"{role.value}@meadow.example"
            invited = await people.invite(self.app, self.operator, name, f"Mx {role.value}", role)
            signed_in = await people.sign_in_once(self.app, invited.token)
            self.visitors[role] = Visitor(self.http, self.url, cookie_name(self.app), signed_in.secret)
        return self.visitors[role]


@asynccontextmanager
async def counter(folder: Path) -> AsyncIterator[Counter]:
    """Open it; nothing is carried out by itself."""
    async with mailroom(folder) as room, ClientSession(cookie_jar=DummyCookieJar()) as http:
        listener = listen("127.0.0.1", 0)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        settings = room.app.settings.model_copy(update={"public_url": address})
        app = replace(room.app, settings=settings, sink=room.sink)
        room.app, room.errands = app, replace_settings(room, app)
        token = await people.first_admin(app, room.account_id, "anna@meadow.example", "Anna Lind")
        async with answering(app, listener) as url:
            yield Counter(room, app, url, http, token)


def replace_settings(room: Mailroom, app: Application) -> Any:
    """The errands, with links that lead here."""
    return replace(room.errands, settings=app.settings)


def id_in(url: str) -> int:
    """The number a path ends in."""
    found = re.search(r"/(\d+)(\?|$)", url)
    assert found, url
    return int(found[1])
