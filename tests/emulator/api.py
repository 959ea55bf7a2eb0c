"""A plain client, a clock that tests turn, and a receiver of webhooks."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from aiohttp import ClientSession, web
from yarl import URL

CONTACT = "Microsoft.Dynamics.CRM.contact"
CRLF = "\r\n"


class Clock:
    """Time that moves only when told."""

    def __init__(self) -> None:
        self.now = 1_760_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, headers and body of an answer."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> dict[str, Any]:
        """The body as an object."""
        found = json.loads(self.text)
        assert isinstance(found, dict)
        return found

    @property
    def value(self) -> list[dict[str, Any]]:
        """The rows of a collection."""
        rows: list[dict[str, Any]] = self.json["value"]
        return rows

    @property
    def error(self) -> tuple[int, str]:
        """Status and code of an error body."""
        return self.status, self.json["error"]["code"]

    @property
    def message(self) -> str:
        """The text of an error body."""
        return str(self.json["error"]["message"])


class Api:
    """Speaks to one emulator as one user."""

    def __init__(self, session: ClientSession, url: str, bearer: str | None = "rep-anna") -> None:
        self.session = session
        self._bearer = bearer
        self.url = url
        self.root = f"{url}/api/data/v9.2"

    def user(self, bearer: str | None) -> "Api":
        """The same emulator as somebody else."""
        return Api(self.session, self.url, bearer)

    async def call(
        self, method: str, path: str, body: object = None, *, raw: bytes | None = None, **headers: str
    ) -> Reply:
        """One request; `path` is below the service root unless it is a whole URL; headers use _ for -."""
        url = path if path.startswith("http") else f"{self.root}/{path}"
        url = quote(url, safe="/:?&=$(),'@%*!~;+")
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self._bearer is not None:
            sent.setdefault("Authorization", f"Bearer {self._bearer}")
        data = raw if raw is not None else (json.dumps(body).encode() if body is not None else None)
        async with self.session.request(method, URL(url, encoded=True), data=data, headers=sent) as reply:
            return Reply(reply.status, reply.headers, await reply.text())

    async def get(self, path: str, **headers: str) -> Reply:
        """GET."""
        return await self.call("GET", path, raw=None, **headers)

    async def post(self, path: str, body: object = None, **headers: str) -> Reply:
        """POST of JSON."""
        return await self.call("POST", path, body, raw=None, **headers)

    async def patch(self, path: str, body: object, **headers: str) -> Reply:
        """PATCH of JSON."""
        return await self.call("PATCH", path, body, raw=None, **headers)

    async def put(self, path: str, body: object, **headers: str) -> Reply:
        """PUT of JSON."""
        return await self.call("PUT", path, body, raw=None, **headers)

    async def delete(self, path: str, **headers: str) -> Reply:
        """DELETE."""
        return await self.call("DELETE", path, raw=None, **headers)

    async def add(self, **values: object) -> str:
        """A new contact's id."""
        reply = await self.post("contacts", values)
        assert reply.status == 204, reply.text
        return entity_id(reply)

    async def batch(self, body: str, **headers: str) -> Reply:
        """A $batch with boundary `b`."""
        kind = "multipart/mixed; boundary=b"
        return await self.call("POST", "$batch", raw=body.encode(), Content_Type=kind, **headers)


def entity_id(reply: Reply) -> str:
    """The guid in OData-EntityId."""
    return reply.headers["OData-EntityId"].rpartition("(")[2].rstrip(")")


def part(request: str, body: object = None, *, content_id: str | None = None, **headers: str) -> str:
    """One operation of a batch, without its boundary line."""
    lines = ["Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    lines += [f"Content-ID: {content_id}"] if content_id else []
    lines += ["", f"{request} HTTP/1.1", "Content-Type: application/json"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return CRLF.join([*lines, "", "" if body is None else json.dumps(body)])


def batch_of(*parts: str, boundary: str = "b") -> str:
    """The parts between their boundaries."""
    return "".join(f"--{boundary}{CRLF}{held}{CRLF}" for held in parts) + f"--{boundary}--{CRLF}"


def change_set(*parts: str) -> str:
    """A part that holds a change set."""
    return f"Content-Type: multipart/mixed; boundary=c{CRLF}{CRLF}{batch_of(*parts, boundary='c')}"


@dataclass
class Receiver:
    """Collects webhook posts; answers with the statuses it is given, then 200."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    requests: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        """Take one post."""
        self.requests.append((str(request.rel_url), request.headers.copy()))
        self.bodies.append(json.loads(await request.text()))
        await asyncio.sleep(0)
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)


def attributes(entity: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of an entity in a webhook body, by name."""
    return {pair["key"]: pair["value"] for pair in entity["Attributes"]}


def pairs(collection: list[dict[str, Any]]) -> dict[str, Any]:
    """A collection of key and value, by key."""
    return {pair["key"]: pair["value"] for pair in collection}
