"""A request sent again under its Idempotency-Key is answered, not repeated."""

import asyncio
import sqlite3
from contextlib import closing
from uuid import uuid4

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assent.services import people
from assent.services.access import Role, operator
from assent.web.api.idempotency import Idempotency
from assent.web.sessions import cookie_name, csrf_token

from .served import Answer, Served

pytestmark = pytest.mark.asyncio(loop_scope="module")

BODY = {"name": "Shop", "role": "reader"}


async def post(
    served: Served, key: str, body: object = None, *, caller: str = "", path: str = "/keys"
) -> Answer:
    """Make an API key under an idempotency key."""
    return await served.call("POST", path, body or BODY, key=caller, headers={"idempotency-key": key})


async def made(served: Served) -> int:
    """How many keys there are."""
    return len((await served.call("GET", "/keys")).json()["items"])


async def test_the_second_time_the_first_answer_comes_back(served: Served) -> None:
    """Status, type and body are the first one's, and a header says so; one key was made."""
    ident, before = str(uuid4()), await made(served)
    first, second = [await post(served, ident) for _ in range(2)]
    assert 201 == first.status
    assert (first.status, first.body) == (second.status, second.body)
    assert first.headers["content-type"] == second.headers["content-type"]
    assert (None, "true") == tuple(one.headers.get("idempotency-replayed") for one in (first, second))
    assert before + 1 == await made(served)


async def test_many_at_once_are_done_once(served: Served) -> None:
    """Those that come while the first runs are told to ask again, or get its answer."""
    ident, before = str(uuid4()), await made(served)
    answers = await asyncio.gather(*(post(served, ident) for _ in range(10)))
    assert before + 1 == await made(served)
    assert {201, 409} >= {one.status for one in answers}
    for one in answers:
        if one.status == 409:
            one.problem(409)


async def test_another_request_under_the_same_key_is_refused(served: Served) -> None:
    """Another body, or another path."""
    ident = str(uuid4())
    await post(served, ident)
    (await post(served, ident, {**BODY, "name": "Other"})).problem(422)
    user = {"email": "a@b.example", "name": "A", "role": "reader"}
    (await post(served, ident, user, path="/users")).problem(422)


async def test_keys_are_each_callers_own(served: Served) -> None:
    """Two callers may choose the same text; neither sees the other's answer."""
    ident = str(uuid4())
    first = await post(served, ident)
    other = await post(served, ident, caller=served.other_key)
    assert (201, 201) == (first.status, other.status)
    assert first.json()["secret"] != other.json()["secret"]


async def test_a_refusal_for_a_reason_that_passes_frees_the_key(served: Served) -> None:
    """What may be different next time is tried again; what is wrong in the request stays its answer."""
    ident = str(uuid4())
    (await post(served, ident, caller=served.keys[Role.READER])).problem(403)
    assert "idempotency-replayed" not in (await post(served, ident, caller=served.keys[Role.READER])).headers
    ident = str(uuid4())
    first, second = [await post(served, ident, {"name": ""}) for _ in range(2)]
    assert first.problem(400) == second.problem(400)
    assert "true" == second.headers["idempotency-replayed"]


@pytest.mark.parametrize("ident", ["", "x" * 201, "é"])
async def test_what_is_no_key_is_refused(served: Served, ident: str) -> None:
    """Before anything is done."""
    before = await made(served)
    (await post(served, ident)).problem(400)
    assert before == await made(served)


async def test_nobody_without_a_key_takes_one(served: Served) -> None:
    """Callers who are not known get 401 as ever."""
    answer = await served.call("POST", "/keys", BODY, key=None, headers={"idempotency-key": "x"})
    answer.problem(401)


async def test_a_request_that_never_ended_is_told(served: Served) -> None:
    """A server that was stopped in the midst of it: look first, then use another key."""
    ident = str(uuid4())
    await post(served, ident)
    with closing(sqlite3.connect(served.app.settings.data / "assent.sqlite")) as other, other:
        other.execute("UPDATE idempotency_keys SET status = NULL, answer = NULL WHERE key = ?", (ident,))
    assert "took effect" in (await post(served, ident)).problem(409)["detail"]


async def through(
    served: Served, inner: ASGIApp, ident: str, body: bytes = b"", **headers: str
) -> list[Message]:
    """Let an application of a test answer behind the keys; gives what it sent."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    given = headers or {"authorization": f"Bearer {served.keys[Role.ADMIN]}"}
    named = {"host": served.url.removeprefix("http://"), **given, "idempotency-key": ident}
    scope: Scope = {
        "type": "http",
        "method": "POST",
        "scheme": "http",
        "path": "/keys",
        "query_string": b"",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in named.items()],
        "state": {"body": body},
    }
    await Idempotency(inner, application=served.app)(scope, receive, send)
    return sent


async def test_a_request_that_is_cancelled_in_its_midst_is_not_done_again(served: Served) -> None:
    """A server that ends may have done it: the key stays taken, and the answer tells to look first (P6)."""
    ident = str(uuid4())

    async def stopped(scope: Scope, receive: Receive, send: Send) -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await through(served, stopped, ident)
    (await post(served, ident)).problem(422)  # not the same request, and taken


@pytest.mark.parametrize("broken", [False, True])
async def test_what_failed_after_it_wrote_is_not_done_again(served: Served, broken: bool) -> None:
    """It may have been done, though the answer says 503 or breaks off: the key stays taken (P6)."""
    ident, done = str(uuid4()), list[int]()

    async def fails_late(scope: Scope, receive: Receive, send: Send) -> None:
        await served.app.store.database.write(lambda connection: done.append(1))
        if broken:
            await send({"type": "http.response.start", "status": 201, "headers": []})
        else:
            await JSONResponse({}, 503)(scope, receive, send)

    await through(served, fails_late, ident)
    again = await through(served, fails_late, ident)
    assert (409, [1]) == (again[0]["status"], done)
    assert b"took effect" in again[1]["body"]


async def test_what_failed_before_it_wrote_is_tried_again_under_its_key(served: Served) -> None:
    """Nothing was done: a program that repeats a 503 needs no other key."""
    ident, tried = str(uuid4()), list[int]()

    async def fails_early(scope: Scope, receive: Receive, send: Send) -> None:
        await served.app.store.database.read(lambda connection: tried.append(1))
        await JSONResponse({}, 503)(scope, receive, send)

    for _ in range(2):
        assert 503 == (await through(served, fails_early, ident))[0]["status"]
    assert [1, 1] == tried


async def test_a_form_that_carries_its_token_is_read_by_the_operation_too(served: Served) -> None:
    """Who looked for the token in the body of a form leaves the body as it was."""
    invited = await people.invite(
        served.app, operator(served.account_id), f"{uuid4().hex}@team.example", "Ann", Role.ADMIN
    )
    secret = (await people.sign_in_once(served.app, invited.token)).secret
    body = f'--x\r\ncontent-disposition: form-data; name="csrf"\r\n\r\n{csrf_token(secret)}\r\n--x--\r\n'
    kind = "multipart/form-data; boundary=x"
    cookie = f"{cookie_name(served.app)}={secret}"

    async def echo(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(await Request(scope, receive).body())(scope, receive, send)

    sent = await through(served, echo, str(uuid4()), body.encode(), cookie=cookie, content_type=kind)
    assert (200, body.encode()) == (sent[0]["status"], sent[1]["body"])


async def test_kept_answers_cannot_be_read_in_the_database(served: Served) -> None:
    """They hold secrets shown once."""
    secret = (await post(served, str(uuid4()))).json()["secret"]
    database = (served.app.settings.data / "assent.sqlite").read_bytes()
    log = (served.app.settings.data / "assent.sqlite-wal").read_bytes()
    assert secret.encode() not in database + log


async def test_reading_takes_no_key(served: Served) -> None:
    """A key sent with GET is passed over: reading twice is fine."""
    headers = {"idempotency-key": "x"}
    for _ in range(2):
        answer = await served.call("GET", "/me", headers=headers)
        assert (200, None) == (answer.status, answer.headers.get("idempotency-replayed"))
