"""A served application with an account, somebody of every role, and a second account to keep out of."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, DummyCookieJar

from assent.app.application import serving
from assent.services import people
from assent.services.access import Role, operator
from assent.services.application import Application
from tests.app.world import account, office

from .operations import BODIES


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    def problem(self, status: int) -> dict[str, Any]:
        """The problem document this must be, with that status."""
        assert (status, "application/problem+json") == (self.status, self.headers["content-type"]), self.body
        found = dict(self.json())
        assert {"type", "title", "status", "detail"} <= set(found) <= {*PROBLEM}
        assert status == found["status"]
        assert b"Traceback" not in self.body
        return found


PROBLEM = ("type", "title", "status", "detail", "errors")


@dataclass
class Served:
    """The server, and keys of both accounts: one for each role."""

    app: Application
    url: str
    http: ClientSession
    account_id: int
    other_id: int
    keys: dict[Role, str]
    other_key: str

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Call an operation as an admin, with another key, or (None) with none; bytes go as they are."""
        sent = dict(headers or {})
        if key is not None:
            sent["authorization"] = f"Bearer {key or self.keys[Role.ADMIN]}"
        data = body
        if body is not None and not isinstance(body, bytes | BytesIO):
            data = json.dumps(body).encode()
            sent.setdefault("content-type", "application/json")
        url = f"{self.url}/api/v1{path}"
        async with self.http.request(method, url, data=data, headers=sent, allow_redirects=False) as reply:
            found = {name.lower(): value for name, value in reply.headers.items()}
            return Answer(reply.status, found, await reply.read())


@asynccontextmanager
async def served_application(folder: Path, *, database_url: str = "") -> AsyncIterator[Served]:
    """Serve an application whose wake-ups are noted instead of run."""
    async with (
        office(folder, database_url=database_url) as on,
        serving(on.app) as url,
        ClientSession(cookie_jar=DummyCookieJar(), skip_auto_headers=["content-type"]) as http,
    ):
        ours, theirs = await account(on.app), await account(on.app, "Other Ltd")
        keys = {
            role: (await people.make_key(on.app, operator(ours), role.value, role)).secret for role in Role
        }
        other = await people.make_key(on.app, operator(theirs), "theirs", Role.ADMIN)
        yield Served(on.app, url, http, ours, theirs, keys, other.secret)


@dataclass(frozen=True)
class Operation:
    """One operation of the document."""

    ident: str
    method: str
    path: str
    names: tuple[str, ...]

    def at(self, ids: Mapping[str, str]) -> str:
        """Its path with ids in it."""
        return self.path.format(**ids)


async def operations(served: Served) -> dict[str, Operation]:
    """Every operation the served document has."""
    document = (await served.call("GET", "/openapi.json", key=None)).json()
    found = {}
    for path, methods in document["paths"].items():
        names = tuple(re.findall(r"{(\w+)}", path))
        for method, operation in methods.items():
            ident = operation["operationId"]
            assert ident not in found, f"two operations are called {ident}"
            found[ident] = Operation(ident, method.upper(), path, names)
    return found


async def perform(served: Served, operation: Operation, ids: Mapping[str, str], key: str = "") -> Answer:
    """Call an operation with a body it takes."""
    body = BODIES.get(operation.ident)
    kind = "message/rfc822" if operation.ident == "report_message" else "text/csv"
    headers = {"content-type": kind} if isinstance(body, bytes) else {}
    return await served.call(operation.method, operation.at(ids), body, key=key, headers=headers)
