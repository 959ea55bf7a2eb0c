"""What belongs to another account does not exist: every id of every operation."""

import sqlite3
from contextlib import closing
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from assent.services import people
from assent.services.access import Role, operator
from tests.app.world import organisation_at

from .operations import NOBODYS, SOMEBODY
from .served import Operation, Served, operations, perform

pytestmark = pytest.mark.asyncio(loop_scope="module")

_AT = 1_700_000_000_000_000


async def seeded(served: Served) -> dict[str, str]:
    """One of everything in the other account; gives the ids, none of which is ours."""

    async def made(path: str, body: Any, **headers: str) -> Any:
        answer = await served.call("POST", path, body, key=served.other_key, headers=headers)
        assert 201 == answer.status, answer.body
        return answer.json()

    contact = await made("/contacts", {"email": "theirs@person.example", "basis": "withdrawn"})
    upload = await made("/imports", b"email\nx@person.example\n", **{"content-type": "text/csv"})
    category = await made("/categories", {"name": "Theirs"})
    send = await made("/sends", {"name": "Theirs", "subject": "Hello", "body": "Hello"})
    endpoint = await made("/webhook-endpoints", {"url": "https://hooks.example/theirs"})
    user = await made("/users", {"email": "theirs@team.example", "name": "Theirs", "role": "reader"})
    connection = await served.app.store.accounts.connect(
        served.other_id, organisation_at("http://127.0.0.1:9")
    )
    key = (await people.make_key(served.app, operator(served.other_id), "spare", Role.READER)).key.key_id
    contact_id, endpoint_id = UUID(contact["contact_id"]), endpoint["endpoint"]["endpoint_id"]
    _insert(served, contact_id, connection.connection_id, endpoint_id)
    return {
        "contact_id": str(contact_id),
        "import_id": str(upload["import_id"]),
        "number": str(category["number"]),
        "send_id": str(send["send_id"]),
        "endpoint_id": str(endpoint_id),
        "user_id": user["user"]["user_id"],
        "key_id": str(key),
        "connection_id": str(connection.connection_id),
        "cursor": f"{connection.connection_id}_{SOMEBODY}",
        "request_id": "5",
        "delivery_id": "5",
    }


def _insert(served: Served, contact_id: UUID, connection_id: int, endpoint_id: int) -> None:
    """What only the engine makes: a question, a trouble, a delivery."""
    with closing(sqlite3.connect(served.app.settings.data / "assent.sqlite")) as other, other:
        other.execute(
            "INSERT INTO requests (account_id, request_id, contact_id, kind, opened_at) "
            "VALUES (?, 5, ?, 'grant_held', ?)",
            (served.other_id, contact_id.bytes, _AT),
        )
        other.execute(
            "INSERT INTO troubles (account_id, connection_id, row_id, kind, message, first_at, last_at) "
            "VALUES (?, ?, ?, 'RowRefused', 'refused', ?, ?)",
            (served.other_id, connection_id, SOMEBODY.bytes, _AT, _AT),
        )
        other.execute(
            "INSERT INTO deliveries (account_id, delivery_id, endpoint_id, seq, position, kind, state, "
            "created_at) VALUES (?, 5, ?, 1, 0, 'contact.created', 'failed', ?)",
            (served.other_id, endpoint_id, _AT),
        )


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def theirs(served: Served) -> dict[str, str]:
    """Ids of the other account."""
    return await seeded(served)


#: Their answers tell the time of asking.
_TELLS_THE_TIME = ("explain_contact", "check_contact", "get_key")


async def _reading(served: Served) -> list[Operation]:
    """Every operation that reads one thing by its id."""
    return [one for one in (await operations(served)).values() if one.method == "GET" and one.names]


async def test_the_ids_are_real(served: Served, theirs: dict[str, str]) -> None:
    """For the account they belong to, everything that can be read is there."""
    for one in await _reading(served):
        answer = await perform(served, one, theirs, served.other_key)
        assert 200 == answer.status, (one, answer.body)


@pytest.mark.parametrize("name", NOBODYS)
async def test_an_id_of_another_account_is_unknown(served: Served, theirs: dict[str, str], name: str) -> None:
    """404 with a sentence, for reading and for changing, and nothing of theirs changes."""
    steady = [one for one in await _reading(served) if one.ident not in _TELLS_THE_TIME]
    before = [(await perform(served, one, theirs, served.other_key)).body for one in steady]
    walked = [one for one in (await operations(served)).values() if name in one.names]
    assert walked
    for one in walked:
        answer = await perform(served, one, theirs)
        assert 404 == answer.status, (one, answer.body)
        assert "theirs" not in answer.problem(404)["detail"].lower()
    assert before == [(await perform(served, one, theirs, served.other_key)).body for one in steady]
