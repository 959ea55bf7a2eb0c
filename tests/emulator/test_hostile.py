"""Senders that are slow, endless, torn or forged: the documented error, and the next one is served."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp import ClientSession

from dataverse_emulator import RunningEmulator, create_organization, running
from dataverse_emulator.connections import Connection
from dataverse_emulator.state.identity import User
from dataverse_emulator.wire import dispatch, transport
from dataverse_emulator.wire.answers import Call

from .api import CRLF, Api, batch_of, change_set, part

SENT = "Authorization: Bearer rep-anna\r\nHost: x\r\n"
MULTIPART = "multipart/mixed; boundary=b"


class Line:
    """A bare connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, text: str | bytes) -> None:
        """Some bytes, whatever becomes of them."""
        with contextlib.suppress(ConnectionError):
            self._writer.write(text.encode() if isinstance(text, str) else text)
            await self._writer.drain()

    async def status(self) -> int:
        """The status of the next answer."""
        head = await asyncio.wait_for(self._reader.readuntil(b"\r\n\r\n"), 10)
        return int(head.split(b" ", 2)[1])

    async def read_until(self, end: bytes) -> None:
        """Skip the rest of an answer."""
        await asyncio.wait_for(self._reader.readuntil(end), 10)

    async def closed(self) -> bool:
        """Whether the other side ends the connection, whatever it still says."""
        with contextlib.suppress(ConnectionError):
            await asyncio.wait_for(self._reader.read(), 10)
        return self._reader.at_eof()

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


@pytest_asyncio.fixture(loop_scope="session")
async def line(emulator: RunningEmulator) -> AsyncIterator[Line]:
    """A connection to the emulator."""
    port = int(emulator.url.rpartition(":")[2])
    found = Line(*await asyncio.open_connection("127.0.0.1", port))
    yield found
    found.close()


def head(length: int | None, path: str = "contacts") -> str:
    """The beginning of a POST whose body is said to have this length, or comes in chunks."""
    how = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    return f"POST /api/data/v9.2/{path} HTTP/1.1\r\n{SENT}Content-Type: application/json\r\n{how}\r\n\r\n"


async def test_a_body_announced_too_large_is_not_read(line: Line, api: Api) -> None:
    """413 before a byte of it is sent (2.8, 4.2), and the connection ends."""
    await line.send(head(transport.MAX_BODY + 1))
    assert await line.status() == 413
    assert (await api.get("WhoAmI")).status == 200


async def test_a_body_without_end(line: Line, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """In chunks, so that no length is announced: 413 once it is too large."""
    monkeypatch.setattr(transport, "MAX_BODY", 100_000)
    await line.send(head(None))
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    for _ in range(3):
        await line.send(chunk)
    assert await line.status() == 413
    assert (await api.get("WhoAmI")).status == 200


async def test_a_body_that_dribbles(line: Line, emulator: RunningEmulator) -> None:
    """408 when it is not complete in time; nothing of it is done, and others are served meanwhile."""
    emulator.application.body_timeout_s = 0.05
    await line.send(head(50) + '{"lastname":')
    assert await line.status() == 408
    assert len(emulator.organization.table("contact")) == 0
    assert emulator.application.switches.journal.entries[-1].status == 408


UNFINISHED = {
    "silence": "",
    "half a line": "GET /api/data/v9",
    "half a head": f"GET /api/data/v9.2/WhoAmI HTTP/1.1\r\n{SENT}X",
    "empty lines": CRLF * 3,
    "after an answer": f"GET /api/data/v9.2/WhoAmI HTTP/1.1\r\n{SENT}\r\n",
}


@pytest.mark.parametrize("text", UNFINISHED.values(), ids=UNFINISHED)
async def test_a_head_that_never_ends(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever begins a request and does not go on with it is told 408 and loses the connection."""
    monkeypatch.setattr(Connection, "head_timeout_s", 0.05)
    async with running(create_organization()) as emulator:
        line = Line(*await asyncio.open_connection("127.0.0.1", int(emulator.url.rpartition(":")[2])))
        await line.send(text)
        if text.endswith(CRLF * 2) and "WhoAmI" in text:
            assert await line.status() == 200
            await line.send("GET /api")
            await line.read_until(b"}")
        assert await line.status() == 408
        assert await line.closed()
        async with ClientSession() as session:
            assert (await Api(session, emulator.url).get("WhoAmI")).status == 200


async def test_a_head_without_end() -> None:
    """Headers are refused once they are too long to be meant."""
    async with running(create_organization()) as emulator:
        line = Line(*await asyncio.open_connection("127.0.0.1", int(emulator.url.rpartition(":")[2])))
        await line.send(f"GET /api/data/v9.2/WhoAmI HTTP/1.1\r\n{SENT}")
        for number in range(10):
            await line.send(f"X-{number}: {'x' * 65_536}\r\n")
        assert await line.status() == 400


async def test_a_sender_that_hangs_up(line: Line, emulator: RunningEmulator, api: Api) -> None:
    """What came is not taken for the whole, even where it could be read as such."""
    body = batch_of(part("POST contacts", {"lastname": "A"}))
    await line.send(head(len(body) + 1000, "$batch").replace("application/json", MULTIPART) + body)
    await api.get("WhoAmI")
    line.close()
    await asyncio.sleep(0.01)
    assert (await api.get("contacts")).value == []
    assert "/api/data/v9.2/$batch" not in emulator.application.switches.journal.by_path


@pytest.mark.parametrize(
    "garbage",
    [b"\x16\x03\x01\x02\x00\x01", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x00" * 4096],
    ids=["tls", "no path", "no such version", "zeros"],
)
async def test_no_http_at_all(garbage: bytes, line: Line, api: Api) -> None:
    """The connection ends; the next is served."""
    await line.send(garbage)
    assert await line.closed()
    assert (await api.get("WhoAmI")).status == 200


FORGED = (None, "", "Basic YTpi", "Bearer", "Bearer  ", "Bearer issued.nosuch", "bearer ~", "B\xe9arer x")


async def test_wrong_tokens() -> None:
    """401 with an empty body and where to get one (1.4); no user is made of it."""
    organization = create_organization(strict=True, clients={"app": "secret"})
    async with running(organization) as emulator:
        port = int(emulator.url.rpartition(":")[2])
        for bearer in FORGED:
            line = Line(*await asyncio.open_connection("127.0.0.1", port))
            sent = "" if bearer is None else f"Authorization: {bearer}\r\n"
            await line.send(f"GET /api/data/v9.2/WhoAmI HTTP/1.1\r\nHost: x\r\n{sent}\r\n".encode("latin-1"))
            assert await line.status() == 401, bearer
            line.close()
    assert set(organization.identity.users) == {organization.identity.system.user_id}


async def test_batch_of_too_many(api: Api) -> None:
    """More than 1,000 operations are refused whole (4.1)."""
    one = part("POST contacts", {"lastname": "A"})
    for body in (batch_of(*[one] * 1001), batch_of(change_set(*[
        part("POST contacts", {}, content_id=str(number)) for number in range(1001)
    ]))):  # fmt: skip
        reply = await api.batch(body)
        assert reply.status == 400
        assert "more than 1000" in reply.text
    assert (await api.get("contacts")).value == []


GOOD = batch_of(part("POST contacts", {"lastname": "A"}))


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (GOOD.replace(f"{CRLF}--b--", "\n--b--"), MULTIPART),
        (GOOD[:-5], MULTIPART),
        (GOOD, "multipart/mixed"),
        (GOOD, "multipart/form-data; boundary=b"),
        (GOOD, "application/json"),
        (GOOD, "multipart/mixed; boundary=other"),
        (GOOD.replace("application/http", "text/plain"), MULTIPART),
        (GOOD.replace("HTTP/1.1", ""), MULTIPART),
        (GOOD.replace("Content-Transfer-Encoding: binary", "no colon here"), MULTIPART),
        (GOOD.replace("--b--", "--b"), MULTIPART),
        ("", MULTIPART),
        ("--b--", MULTIPART),
        ("\x00" * 500, MULTIPART),
        (batch_of(change_set(part("POST contacts", {"lastname": "A"}))), MULTIPART),
        (batch_of("Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n"), MULTIPART),
    ],
)
async def test_torn_batches(api: Api, body: str, kind: str) -> None:
    """400 with the documented code, and no part of it is done (4.1)."""
    reply = await api.call("POST", "$batch", raw=body.encode(), Content_Type=kind)
    assert reply.status == 400
    assert json.loads(reply.text)["error"]["code"] in ("0x80048d19", "0x80060888")
    assert (await api.get("contacts")).value == []


DEEP = 20_000
HOSTILE_QUERIES = {
    "parentheses": f"$filter={'(' * 5000}statecode eq 0{')' * 5000}",
    "nots": f"$filter={'not ' * 5000}(statecode eq 0)",
    "long and": "$filter=" + " and ".join(["statecode eq 0"] * 1500),
    "wildcards": f"$filter=contains(fullname,'{'%25a' * 400}b')",
    "sets": f"$filter=contains(fullname,'{'[a-z]' * 400}')",
    "expands": f"$expand={'parentcustomerid_account($expand=' * 500}{')' * 500}",
    "lambda": "$filter=" + "contact_customer_contacts/any(o:" * 200 + "o/statecode eq 0" + ")" * 200,
    "commas": f"$select={',' * 9000}",
    "quotes": f"$filter=fullname eq '{chr(39) * 9000}",
    "number": f"$filter=statecode eq {'9' * 5000}",
    "cookie": "$skiptoken=" + "%3Ca%3E" * 3000,
    "top": f"$top={'9' * 4000}",
    "alias": "$filter=statecode eq @a&@a=@a",
}


@pytest.mark.parametrize("query", HOSTILE_QUERIES.values(), ids=HOSTILE_QUERIES)
def test_hostile_queries(query: str) -> None:
    """Deep, long and circular ones are answered or refused, and soon."""
    organization = create_organization(contacts=300)
    started = time.process_time()
    answer = dispatch.perform(organization, call_of(organization.identity.system, query=query))
    assert answer.status in (200, 400, 404, 501)
    assert time.process_time() - started < 5


HOSTILE_BODIES = {
    "deep": b"[" * DEEP + b"]" * DEEP,
    "deep objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "deep insert": b'{"parentcustomerid_account":' * 300 + b"{}" + b"}" * 300,
    "number": b'{"numberofchildren":' + b"9" * 5000 + b"}",
    "surrogate": b'{"lastname":"\\ud800"}',
    "not utf-8": b'{"lastname":"\xff\xfe"}',
    "twice": b'{"lastname":"A","lastname":5}',
    "nan": b'{"numberofchildren":NaN}',
    "long name": b'{"' + b"x" * 100_000 + b'":1}',
    "bom": b'\xef\xbb\xbf{"lastname":"A"}',
}


@pytest.mark.parametrize("body", HOSTILE_BODIES.values(), ids=HOSTILE_BODIES)
def test_hostile_bodies(body: bytes) -> None:
    """Every body is read or refused, without a trace of it left when refused."""
    organization = create_organization()
    answer = dispatch.perform(organization, call_of(organization.identity.system, "POST", body=body))
    assert answer.status in (204, 400, 501)
    assert len(organization.table("contact")) == (answer.status == 204)
    assert len(organization.table("account")) == 0


def call_of(user: User, method: str = "GET", *, query: str = "", body: bytes = b"") -> Call:
    """A call on contacts."""
    return Call(method, "contacts", query, {}, body, user, "http://x/api/data/v9.2")
