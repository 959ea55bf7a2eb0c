"""Bad requests and hostile ones: a clear problem document, nothing stored, nobody let in (P8)."""

import asyncio
import io
import json
from typing import Any
from uuid import uuid4

import pytest

from assent.store.organisations import NewConnection
from assent.web.server import LARGEST_BODY

from .room import Room, body, raw

pytestmark = pytest.mark.asyncio(loop_scope="module")

OTHER_ORGANISATION = str(uuid4())

RUBBISH: dict[str, tuple[Any, str]] = {
    "not JSON": (b"<no json>", "JSON"),
    "nothing at all": (b"", "JSON"),
    "bytes that are no text": (b"\xff\xfe\x00{", "JSON"),
    "JSON of another shape": ([1, 2, 3], "MessageName"),
    "nested deeper than any parser goes": (b"[" * 200_000, "JSON"),
    "an object without a row": ({"MessageName": "Update", "PrimaryEntityName": "contact"}, "PrimaryEntityId"),
    "another table": (body(PrimaryEntityName="account"), "contact"),
    "another operation": (body(MessageName="Assign"), "contact"),
    "another organisation": (body(OrganizationId=OTHER_ORGANISATION), "another organisation"),
    "no organisation": (body(OrganizationId=None), "GUID"),
    "a row that is no GUID": (body("42; DROP TABLE notices"), "GUID"),
    "a row that is a number": (body(PrimaryEntityId=42), "JSON"),
    "pairs that are none": (body(InputParameters={"Target": 1}), "JSON"),
}


@pytest.mark.parametrize("name", RUBBISH)
async def test_a_body_that_is_no_notice_of_ours_is_refused_in_words(served: Room, name: str) -> None:
    """400 with a text that says what was expected; nothing personal comes back, nothing is stored (P8)."""
    sent, says = RUBBISH[name]
    answer = await served.post(sent)
    assert 400 == answer.status
    assert says in answer.problem()["detail"]
    assert [] == served.stored()


async def test_a_body_larger_than_any_notice_is_refused(served: Room) -> None:
    """413 just above the limit, whether announced or streamed, and a padded notice below it is taken."""
    good = json.dumps(body()).encode()

    async def streamed() -> Any:
        for _ in range(LARGEST_BODY // 65536 + 1):
            yield b" " * 65536

    assert 204 == (await served.post(good + b" " * (LARGEST_BODY - len(good)))).status
    for size in (LARGEST_BODY - len(good) + 1, 8 * LARGEST_BODY):
        padded = io.BytesIO(good + b" " * size)
        answer = await served.call("POST", served.hook, padded, {"x-assent-key": served.key})
        assert 413 == answer.status
        assert "256 KB" in answer.problem()["detail"]
    chunked = await served.call("POST", served.hook, streamed(), {"x-assent-key": served.key})
    assert 413 == chunked.status
    assert 1 == len(served.stored())


@pytest.mark.parametrize("key", [None, "guess", " ", "é", "a" * 7000])
async def test_without_the_right_key_nobody_gets_in(served: Room, key: str | None) -> None:
    """A missing key and a wrong one, of any letters and length, give 401 and store nothing (P8)."""
    answer = await served.post(body(), key=key)
    assert 401 == answer.status
    assert "key" in answer.problem()["detail"]
    assert served.key.encode() not in answer.body
    assert [] == served.stored()


async def test_the_key_of_one_connection_opens_no_other(served: Room) -> None:
    """Nothing crosses accounts: the key of another account's connection is a wrong key."""
    other = await served.app.store.accounts.create("Other Ltd")
    organised = await served.app.store.accounts.connection(served.account_id, served.connection_id)
    new = NewConnection("Theirs", organised.url, "tenant", "app", "secret")
    theirs = await served.app.store.accounts.connect(other, new)
    assert 401 == (await served.post(body(), key=theirs.webhook_key)).status
    assert [] == served.stored()


async def test_a_replaced_key_stops_at_once(served: Room) -> None:
    """The old key is wrong from the moment there is a new one."""
    new = await served.app.store.accounts.new_webhook_key(served.account_id, served.connection_id)
    assert 401 == (await served.post(body())).status
    served.key = new
    assert 204 == (await served.post(body())).status


@pytest.mark.parametrize("number", ["0", "999999", str(2**31), str(2**62)])
async def test_an_unknown_connection_is_not_found(served: Room, number: str) -> None:
    """404 for a connection there is not, whatever the key."""
    answer = await served.post(body(), url=f"{served.url}/webhooks/dynamics/{number}")
    assert 404 == answer.status
    assert answer.problem()
    assert [] == served.stored()


@pytest.mark.parametrize("digits", [19, 5000])
async def test_a_connection_number_beyond_any_database_is_not_found(served: Room, digits: int) -> None:
    """404 for a number no column can hold; strangers may send it, so it must not count as our error."""
    answer = await served.post(body(), url=f"{served.url}/webhooks/dynamics/{'9' * digits}")
    assert 404 == answer.status
    assert answer.problem()


@pytest.mark.parametrize("path", ["/nowhere", "/webhooks/dynamics", "/webhooks/dynamics/one", "/..%2f"])
async def test_other_paths_are_not_found_and_say_so_in_the_same_shape(served: Room, path: str) -> None:
    """The framework's own 404 is a problem document too."""
    answer = await served.call("POST", served.url + path, b"{}")
    assert 404 == answer.status
    assert answer.problem()


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_are_refused_with_the_ones_allowed(served: Room, method: str) -> None:
    """405 names POST."""
    answer = await served.call(method, served.hook)
    assert 405 == answer.status
    assert "POST" == answer.headers["allow"]
    assert answer.problem()


async def test_a_post_that_breaks_off_stores_nothing_and_harms_nobody(served: Room) -> None:
    """A client that promises more than it sends is dropped; the next one is served."""
    path = f"/webhooks/dynamics/{served.connection_id}"
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\nx-assent-key: {served.key}\r\ncontent-length: 5000\r\n\r\n{{"
    with pytest.raises(TimeoutError):
        await raw_cut(served.url, head.encode())
    assert [] == served.stored()
    assert 204 == (await served.post(body())).status


async def raw_cut(url: str, request: bytes) -> None:
    """Send half a request, wait a moment for an answer that must not come, and leave."""
    await asyncio.wait_for(raw(url, request), 0.2)


async def test_no_answer_names_the_programs_inside(served: Room) -> None:
    """Answers carry no server header and no version to aim at."""
    for answer in (await served.post(b"x"), await served.call("GET", f"{served.url}/healthz")):
        assert "server" not in answer.headers
