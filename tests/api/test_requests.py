"""What cannot be right is refused before anything is done, in a problem document (P8)."""

import io
import json
import uuid
from typing import Any

import pytest

from assent.web.api.intake import DEEPEST, LARGEST_JSON
from tests.web.room import raw

from .served import Answer, Served

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = {"name": "Shop", "role": "reader"}
TYPE = {"content-type": "application/json"}


async def made(served: Served) -> int:
    """How many keys there are."""
    return len((await served.call("GET", "/keys")).json()["items"])


async def refused(served: Served, body: Any, status: int = 400, **headers: str) -> dict[str, Any]:
    """Try to make a key; gives the problem, and nothing was made."""
    before = await made(served)
    answer = await served.call("POST", "/keys", body, headers={**TYPE, **headers})
    found = answer.problem(status)
    assert before == await made(served)
    return found


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "#/name"),
        ({"name": "Shop"}, "#/role"),
        ({**KEY, "admin": True}, "#/admin"),
        ({**KEY, "name": " "}, "#/name"),
        ({**KEY, "name": "x" * 201}, "#/name"),
        ({**KEY, "name": None}, "#/name"),
        ({**KEY, "role": "owner"}, "#/role"),
        ([], "#"),
        ("text", "#"),
    ],
)
async def test_each_wrong_member_is_pointed_at(served: Served, body: Any, pointer: str) -> None:
    """By a JSON pointer into the body, and with what is expected there."""
    errors = (await refused(served, body))["errors"]
    assert pointer in [one["pointer"] for one in errors]
    assert {"body"} == {one["in"] for one in errors}
    assert all(one["detail"] for one in errors)


async def test_what_was_given_is_not_repeated(served: Served) -> None:
    """A secret in the wrong place stays out of the answer."""
    assert "hunter2" not in json.dumps(await refused(served, {**KEY, "role": "hunter2", "x": "hunter2"}))


DEEP = b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nonsense",
        b"\xff\xfe{}",
        '{"name": "Shop"}'.encode("utf-16"),
        b'{"name": "a\\u0000b", "role": "reader"}',
        b'{"na\\u0000me": "x"}',
        b'{"name": "\\ud800", "role": "reader"}',
        b'{"name": "one", "name": "two", "role": "reader"}',
        b'{"name": NaN}',
        b'{"name": 1e999}',
        b'{"name": 9223372036854775808}',
        b'{"name": ' + b"9" * 5000 + b"}",
        DEEP,
        b'{"name": ' + b"[" * DEEPEST + b"]" * DEEPEST + b"}",
    ],
    ids=lambda body: repr(body[:24]),
)
async def test_bodies_no_router_can_use_are_refused(served: Served, body: bytes) -> None:
    """No JSON, no UTF-8, NUL and half characters, members twice, numbers too large, too deep."""
    await refused(served, body)


async def test_an_escaped_backslash_is_no_nul(served: Served) -> None:
    """Text that merely spells one out is text."""
    answer = await served.call("POST", "/keys", b'{"name": "\\\\u0000", "role": "reader"}', headers=TYPE)
    assert (201, "\\u0000") == (answer.status, answer.json()["key"]["name"])


async def test_a_huge_body_is_refused_while_it_comes(served: Served) -> None:
    """413, whether its length was told or not."""
    await refused(served, io.BytesIO(b" " * (LARGEST_JSON + 1)), 413)


async def test_a_huge_body_without_an_end_is_refused(served: Served) -> None:
    """In chunks, at the limit, without waiting for the rest."""
    key = served.keys[next(iter(served.keys))]
    head = f"POST /api/v1/keys HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n"
    head += "content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    assert b"413" in (await raw(served.url, head.encode() + chunk * 33))[:16]


async def test_little_is_read_from_callers_nobody_knows(served: Served) -> None:
    """401 after the first 64 KB of a file, and the connection is closed, however much was to come."""
    head = "POST /api/v1/imports HTTP/1.1\r\nhost: x\r\nauthorization: Bearer guess\r\n"
    head += "content-type: text/csv\r\ncontent-length: 30000000\r\n\r\n"
    told = await raw(served.url, head.encode() + b"x" * 70_000)
    assert b"401" in told[:16]
    assert b"connection: close" in told.lower()


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data; boundary=x", ""])
async def test_another_content_type_is_refused(served: Served, kind: str) -> None:
    """415 that says which one is read; a browser cannot send JSON in disguise."""
    headers = {"content-type": kind} if kind else {}
    answer = await served.call("POST", "/keys", json.dumps(KEY).encode(), headers=headers)
    assert "application/json" in answer.problem(415)["detail"]


@pytest.mark.parametrize("query", ["?nonsense=1", "?limit=5&limit=6", "?after=%00", "?after=%ff", "?limit=x"])
async def test_queries_that_are_not_clear_are_refused(served: Served, query: str) -> None:
    """Unknown names, single ones twice, NUL, no UTF-8: passed over, they would select everybody."""
    (await served.call("GET", f"/sends{query}")).problem(400)


@pytest.mark.parametrize("ident", ["x", "1", "%00", "%ff", "..%2f..%2fme", "9" * 400])
async def test_ids_that_are_none_are_refused(served: Served, ident: str) -> None:
    """400 or 404, never an error of the server."""
    answer = await served.call("GET", f"/keys/{ident}")
    answer.problem(answer.status)
    assert answer.status in (400, 404)


@pytest.mark.parametrize("number", ["0", "-1", "9223372036854775808", "1" * 5000, "1.5", "0x1", "\u0661"])
async def test_numbers_that_are_none_are_refused(served: Served, number: str) -> None:
    """Also those the database cannot hold."""
    answer = await served.call("GET", f"/sends/{number}")
    answer.problem(answer.status)
    assert answer.status in (400, 404)


async def test_what_is_not_there_is_said_so(served: Served) -> None:
    """Unknown paths, and methods a path has not, with those it has."""
    (await served.call("GET", "/nonsense")).problem(404)
    answer = await served.call("DELETE", "/me")
    answer.problem(405)
    assert "GET" in answer.headers["allow"]
    (await served.call("OPTIONS", "/me")).problem(405)
    (await served.call("TRACE", "/me")).problem(405)


async def test_head_is_get_without_a_body(served: Served) -> None:
    """The same status and headers."""
    got, head = [await served.call(method, "/me") for method in ("GET", "HEAD")]
    assert (200, b"") == (head.status, head.body)
    assert got.headers["content-length"] == head.headers["content-length"]


async def test_every_answer_is_kept_by_nobody_and_framed_nowhere(served: Served) -> None:
    """Good ones and problems carry the headers."""
    answers: list[Answer] = [await served.call("GET", path) for path in ("/me", "/nonsense")]
    for answer in answers:
        assert "no-store" == answer.headers["cache-control"]
        assert "nosniff" == answer.headers["x-content-type-options"]
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


async def test_unknown_ids_are_told_without_repeating_them(served: Served) -> None:
    """404 with a sentence."""
    ident = str(uuid.UUID(int=7))
    found = (await served.call("GET", f"/keys/{ident}")).problem(404)
    assert ident not in json.dumps(found)
