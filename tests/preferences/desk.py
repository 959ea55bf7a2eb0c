"""A served preference page of one contact, with a form that is filled in as a browser would."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from urllib.parse import urlencode
from uuid import UUID

from aiohttp import ClientSession
from starlette.applications import Starlette

from assent.policy.permission import LegalBasis
from assent.policy.sides import Contact
from assent.ports import NewPerson
from assent.services.application import Application
from assent.services.links import links
from assent.store.reading import Recorded
from assent.web.preferences.routes import preference_routes
from tests.app.world import ADMIN, FORM, account, office, person
from tests.web.listening import listening

NEWS, EVENTS = 1, 2


@dataclass(frozen=True)
class Shown:
    """A page as it came."""

    status: int
    headers: Mapping[str, str]
    text: str
    url: str

    @property
    def revision(self) -> str:
        """What the page gives back with every form."""
        found = re.search(r'name="revision" value="(\d+)"', self.text)
        assert found is not None
        return found[1]

    @property
    def plain(self) -> str:
        """What is read on it."""
        return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", self.text)))


@dataclass
class Desk:
    """One contact of one account, and the browser of that person."""

    app: Application
    url: str
    session: ClientSession
    account_id: int
    contact_id: UUID
    woken: list[str]

    async def link(self, way: str = "p", send_id: int = 0) -> str:
        """The person's link."""
        made = await links(self.app, self.account_id)
        return f"{self.url}/{way}/{made.token(self.contact_id, send_id)}"

    async def get(self, url: str, language: str = "en") -> Shown:
        """Open a page."""
        return await self.call("GET", url, headers={"accept-language": language})

    async def post(self, url: str, *pairs: tuple[str, object]) -> Shown:
        """Send a form, and follow where it leads."""
        data = urlencode([(name, str(value)) for name, value in pairs])
        form = {"content-type": "application/x-www-form-urlencoded", "accept-language": "en"}
        return await self.call("POST", url, data, form)

    async def call(
        self, method: str, url: str, data: str | None = None, headers: Mapping[str, str] | None = None
    ) -> Shown:
        """Any request."""
        async with self.session.request(method, url, data=data, headers=headers) as reply:
            found = {name.lower(): value for name, value in reply.headers.items()}
            return Shown(reply.status, found, await reply.text(), str(reply.url))

    async def choose(self, page: Shown, *ticked: int, were_on: tuple[int, ...] = (NEWS, EVENTS)) -> Shown:
        """Press "Save my choices" on a page with these boxes ticked."""
        pairs: list[tuple[str, object]] = [("revision", page.revision)]
        pairs += [("shown", number) for number in (NEWS, EVENTS)]
        pairs += [("were_on", number) for number in were_on]
        return await self.post(await self.link(), *pairs, *(("on", number) for number in ticked))

    async def contact(self) -> Contact:
        """The person as the hub has them."""
        return (await person(self.app, self.account_id, self.contact_id)).contact

    async def recorded(self) -> list[Recorded]:
        """The ledger's entries about the person, without their creation."""
        return (await self.app.store.ledger.entries(self.account_id, contact=self.contact_id))[1:]


@asynccontextmanager
async def desk(
    folder: Path, basis: LegalBasis = LegalBasis.CONSENT, email: str = "Alice@Example.com"
) -> AsyncIterator[Desk]:
    """Serve the pages of an account with one contact."""
    async with office(folder) as on, ClientSession() as session:
        account_id = await account(on.app)
        new = NewPerson(email, "Alice", "Ek", basis=basis)
        (contact_id,) = await on.app.add(account_id, ADMIN, [new], FORM)
        async with listening(Starlette(routes=preference_routes(on.app))) as url:
            on.woken.clear()
            yield Desk(on.app, url, session, account_id, contact_id, on.woken)
