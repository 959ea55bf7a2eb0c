"""A request sent again under its Idempotency-Key is answered, not repeated."""

import asyncio
import sqlite3
from contextlib import closing
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest
from starlette.types import Message, Receive, Scope, Send

from assent.services.access import Role
from assent.web.api.idempotency import Idempotency

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


async def test_a_request_that_is_cancelled_in_its_midst_is_not_done_again(served: Served) -> None:
    """A server that ends may have done it: the key stays taken, and the answer tells to look first (P6)."""
    ident, state = str(uuid4()), {"body": b""}

    async def stopped(scope: Scope, receive: Receive, send: Send) -> None:
        raise asyncio.CancelledError

    async def nothing(message: Message | None = None) -> Message:
        return {"type": "http.request"}

    headers = [(b"authorization", f"Bearer {served.keys[Role.ADMIN]}".encode())]
    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "path": "/keys",
        "query_string": b"",
        "state": state,
    }
    scope["headers"] = [*headers, (b"idempotency-key", ident.encode())]
    scope["app"] = SimpleNamespace(state=SimpleNamespace(application=served.app))
    with pytest.raises(asyncio.CancelledError):
        await Idempotency(stopped, application=served.app)(scope, nothing, cast("Send", nothing))
    (await post(served, ident)).problem(422)  # not the same request, and taken


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
