"""How people act over HTTP while the processes behind it die: an answer that was lost leaves a maybe."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector
from aiohttp.client_exceptions import ClientConnectorError

from assent.errors import Retry
from assent.services.links import Links

from .people import PERMISSION, Act, Crowd, Sent, Somebody, now
from .products import Door

NEWCOMERS = 25
GIVE_UP_S = 90.0
BASES = ("consent", "contract", "legitimate_interest")

_REVISION = re.compile(r'name="revision" value="(\d+)"')
_WERE_ON = re.compile(r'name="were_on" value="(\d+)"')


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; status 0 where the answer was lost, after the request was on its way."""

    status: int
    location: str = ""
    text: str = ""
    data: Any = None

    @property
    def lost(self) -> bool:
        """Whether it may or may not have been done."""
        return self.status == 0 or self.status >= 500

    @property
    def done(self) -> bool:
        """Whether it was done for certain."""
        return 200 <= self.status < 400


@dataclass(eq=False)
class Dynamics:
    """The emulator as a rep's program sees it."""

    http: ClientSession
    url: str
    columns: dict[str, str]

    async def call(
        self, method: str, path: str, body: Any = None, rep: str = "rep-anna", **headers: str
    ) -> tuple[int, Any]:
        """One request in a rep's name; waits as long as the service asks."""
        named = {"Authorization": f"Bearer {rep}", **{k.replace("_", "-"): v for k, v in headers.items()}}
        url = f"{self.url}/api/data/v9.2/{path}"
        while True:
            async with self.http.request(method, url, json=body, headers=named) as answer:
                if answer.status != 429:
                    return answer.status, await answer.json(
                        content_type=None
                    ) if answer.status != 204 else None
                await asyncio.sleep(float(answer.headers.get("Retry-After", "1")))

    async def rows(self) -> list[dict[str, Any]]:
        """Every row, as it is now."""
        names = ",".join(["contactid", "emailaddress1", "versionnumber", *self.columns.values()])
        status, found = await self.call("GET", f"contacts?$select={names}", rep="judge")
        assert status == 200, found
        assert "@odata.nextLink" not in found
        return list(found["value"])


@dataclass(eq=False)
class Actors:
    """Everybody's ways to act on both systems."""

    crowd: Crowd
    door: Door
    dynamics: Dynamics
    links: Links
    key: str
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def act(self, until: int, pause_s: float) -> None:
        """Act on people one after the other until so many acts are certain."""
        chance, crowd = self.crowd.chance, self.crowd
        ways: list[Callable[[Somebody], Awaitable[None]]] = [self._rep, self._api, self._page, self._click]
        while crowd.counts["acts"] < until:
            await asyncio.sleep(chance.uniform(0.2, 1.8) * pause_s)
            if chance.random() < 0.05 and crowd.counts["newcomers"] < NEWCOMERS:
                crowd.counts["newcomers"] += 1
                await self._newcomer()
                continue
            who, way = crowd.free(), chance.choices(ways, weights=[40, 25, 25, 10])[0]
            async with who.busy:
                await way(who)

    async def send(self) -> None:
        """Start a send to everybody every few seconds, until it is over."""
        while not self.over.is_set():
            await asyncio.sleep(self.crowd.chance.uniform(3, 9))
            category = self.crowd.chance.choice([None, 1, 2])
            subject = f"Send {self.crowd.marker()}"
            draft = {"name": subject, "subject": subject, "body": "Hello", "category": category}
            made = await self.insist("POST", "/sends", {**draft, "audience": {}})
            if made is None:
                continue
            self.crowd.sends.append(Sent(subject, now(), None if category is None else str(category)))
            started = {"revision": made["revision"]}
            await self.insist("POST", f"/sends/{made['send_id']}/start", started)

    async def insist(self, method: str, path: str, body: Any = None) -> Any:
        """Call the API under one idempotency key until it answers; None where it never says."""
        name, deadline = self.crowd.marker(), now() + GIVE_UP_S
        while now() < deadline:
            answer = await self.call(method, path, body, idempotency_key=name)
            if not answer.lost:
                if answer.status == 409 and "Idempotency-Key" in answer.text:
                    return None  # the first request ended with its process: nobody can tell what it did
                if not answer.done:
                    self._odd(f"{method} {path.split('/')[1]} {answer.status} {answer.text[:160]}")
                return answer.data if answer.done else None
            await asyncio.sleep(0.5)
        self.crowd.counts["gave_up"] += 1
        return None

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One call of the API in an admin's name."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named["authorization"] = f"Bearer {self.key}"
        return await self.request(method, f"/api/v1{path}", json=body, headers=named)

    async def request(self, method: str, path: str, *, machine: str = "127.0.0.1", **how: Any) -> Answer:
        """One request to whichever process runs; one that could not even connect is tried elsewhere."""
        deadline = now() + GIVE_UP_S
        while True:
            try:
                async with (
                    ClientSession(
                        connector=TCPConnector(local_addr=(machine, 0)), timeout=ClientTimeout(30)
                    ) as http,
                    http.request(
                        method, self.door.somewhere() + path, allow_redirects=False, **how
                    ) as answer,
                ):
                    text = await answer.text()
                    data = await answer.json() if answer.content_type == "application/json" else None
                    return Answer(answer.status, answer.headers.get("location", ""), text, data)
            except (ClientConnectorError, Retry):
                if now() > deadline:
                    raise
                await asyncio.sleep(0.1)
            except (ClientError, OSError, TimeoutError):
                return Answer(0)

    async def _rep(self, who: Somebody) -> None:
        """A rep changes a value of the row, if it is there and still as it was read."""
        chance = self.crowd.chance
        what = chance.choice([PERMISSION, PERMISSION, "1", "2"])
        column, rep = self.dynamics.columns[what], chance.choice(("rep-anna", "rep-bo", "rep-cem"))
        who.row_id = who.row_id or await self._row_of(who)
        if who.row_id is None:
            return
        path = f"contacts({who.row_id})"
        status, row = await self.dynamics.call("GET", f"{path}?$select={column}", rep=rep)
        if status != 200 or row[column] is None:
            return
        value, sent = not row[column], now()
        status, told = await self.dynamics.call(
            "PATCH", path, {column: value}, rep, If_Match=row["@odata.etag"]
        )
        if status == 204:
            grant = value is not (what == PERMISSION)
            self.crowd.said(who, what, Act("rep", grant, sent, now(), True))
        elif status != 412:
            self._odd(f"rep {status} {told}")

    async def _row_of(self, who: Somebody) -> str | None:
        status, found = await self.dynamics.call("GET", f"contacts?$filter=emailaddress1 eq '{who.email}'")
        rows = found["value"] if status == 200 else []
        return str(rows[0]["contactid"]) if rows else None

    async def _api(self, who: Somebody) -> None:
        """A marketer sets something on the contact; half of those who hear nothing ask again."""
        chance, marker = self.crowd.chance, self.crowd.marker()
        if who.contact_id is None:
            found = await self.call("POST", "/contacts/find", {"email": who.email})
            who.contact_id = UUID(found.data["contact_id"]) if found.done else None
            return
        what, grant = chance.choice([PERMISSION, PERMISSION, "1", "2"]), chance.random() < 0.5
        body: dict[str, Any] = {"evidence": {"text": "said so", "source": marker}}
        if what == PERMISSION:
            body["basis"] = chance.choice(BASES) if grant else "withdrawn"
        else:
            body["subscriptions"] = [{"category": int(what), "subscribed": grant}]
        sent, path = now(), f"/contacts/{who.contact_id}"
        answer = await self.call("PATCH", path, body, idempotency_key=marker)
        while answer.lost and chance.random() < 0.7:
            await asyncio.sleep(0.5)
            answer = await self.call("PATCH", path, body, idempotency_key=marker)
        told_maybe = (
            answer.lost or answer.status == 409
        )  # the key is taken by a request that ended with its process
        if answer.done or told_maybe:
            self.crowd.said(who, what, Act("api", grant, sent, now(), answer.done, marker))
        else:
            self._odd(f"api {answer.status} {answer.text[:160]}")

    async def _page(self, who: Somebody) -> None:
        """The person opens the page and presses one of its buttons."""
        if who.contact_id is None:
            return
        chance, machine = self.crowd.chance, self.crowd.address()
        path = f"/p/{self.links.token(who.contact_id)}"
        page = await self.request("GET", path)
        if page.status != 200:
            return
        found = _REVISION.search(page.text)
        assert found is not None, page.text
        form: list[tuple[str, str]] = [("revision", found[1])]
        choice, on = chance.choice(["stop", "1", "2", "resume"]), _WERE_ON.findall(page.text)
        if choice == "stop":
            what, grant = PERMISSION, False
            form.append(("stop", "all"))
        elif choice == "resume":
            if 'name="resume" value="yes"' not in page.text:
                return
            what, grant = PERMISSION, True
            form.append(("resume", "yes"))
        else:
            what, grant = choice, choice not in on
            form += [("shown", number) for number in ("1", "2")] + [("were_on", number) for number in on]
            form += [("on", number) for number in {*on} ^ {choice}]
        sent = now()
        answer = await self.request("POST", path, data=form, machine=machine)
        if answer.done and re.search(r"done=(late|nothing)|\.late", answer.location):
            self.crowd.counts["late"] += 1
        elif answer.done or answer.lost:
            self.crowd.said(who, what, Act("page", grant, sent, now(), answer.done, machine))
        else:
            self._odd(f"page {answer.status}")

    async def _click(self, who: Somebody) -> None:
        """A mail program's one click (RFC 8058)."""
        if who.contact_id is None:
            return
        machine, sent = self.crowd.address(), now()
        data = {"List-Unsubscribe": "One-Click"}
        path = f"/u/{self.links.token(who.contact_id)}"
        answer = await self.request("POST", path, data=data, machine=machine)
        if answer.done or answer.lost:
            self.crowd.said(who, PERMISSION, Act("click", False, sent, now(), answer.done, machine))
        else:
            self._odd(f"click {answer.status}")

    async def _newcomer(self) -> None:
        """Somebody new, in the hub or in Dynamics; the other system is to get them by itself (I5)."""
        marker = self.crowd.marker()
        email, yes = f"{marker}@new.example", self.crowd.chance.random() < 0.7
        if self.crowd.chance.random() < 0.5:
            row = {"emailaddress1": email, "donotbulkemail": not yes, "lastname": marker}
            status, made = await self.dynamics.call("POST", "contacts", row, Prefer="return=representation")
            assert status == 201, made
            self.crowd.people.append(Somebody(email, yes, row_id=made["contactid"]))
            return
        body = {
            "email": email,
            "evidence": {"text": "said so", "source": marker},
            "basis": "consent" if yes else "withdrawn",
        }
        made = await self.insist("POST", "/contacts", body)
        who = Somebody(email, yes, UUID(made["contact_id"]) if made else None, born_in=marker)
        self.crowd.people.append(who)

    def _odd(self, text: str) -> None:
        self.crowd.counts["odd"] += 1
        if len(self.crowd.odd) < 20:
            self.crowd.odd.append(text)
