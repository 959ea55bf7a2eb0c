"""One of everything in an account, made as its programs would."""

import sqlite3
from contextlib import closing
from typing import Any
from uuid import UUID

from assent.services import people
from assent.services.access import Role, operator
from tests.app.world import organisation_at

from .operations import SOMEBODY
from .served import Served

_AT = 1_700_000_000_000_000


async def seeded(served: Served, account_id: int, key: str) -> dict[str, str]:
    """Make one of everything with an admin's key; gives the ids."""

    async def made(path: str, body: Any, **headers: str) -> Any:
        answer = await served.call("POST", path, body, key=key, headers=headers)
        assert 201 == answer.status, answer.body
        return answer.json()

    contact = await made("/contacts", {"email": "seeded@person.example", "basis": "withdrawn"})
    upload = await made("/imports", b"email\nx@person.example\n", **{"content-type": "text/csv"})
    category = await made("/categories", {"name": "Seeded"})
    form = await made("/forms", {"name": "Seeded", "text": "Write to me"})
    send = await made("/sends", {"name": "Seeded", "subject": "Hello", "body": "Hello"})
    endpoint = await made("/webhook-endpoints", {"url": "https://hooks.example/seeded"})
    user = await made("/users", {"email": "seeded@team.example", "name": "Seeded", "role": "reader"})
    connection = await served.app.store.accounts.connect(
        account_id, organisation_at("no address")
    )  # told at once
    spare = (await people.make_key(served.app, operator(account_id), "spare", Role.READER)).key.key_id
    contact_id, endpoint_id = UUID(contact["contact_id"]), endpoint["endpoint"]["endpoint_id"]
    _insert(served, account_id, contact_id, connection.connection_id, endpoint_id)
    return {
        "contact_id": str(contact_id),
        "import_id": str(upload["import_id"]),
        "number": str(category["number"]),
        "form_id": str(form["form_id"]),
        "send_id": str(send["send_id"]),
        "endpoint_id": str(endpoint_id),
        "user_id": user["user"]["user_id"],
        "key_id": str(spare),
        "connection_id": str(connection.connection_id),
        "cursor": f"{connection.connection_id}_{SOMEBODY}",
        "request_id": "5",
        "delivery_id": "5",
        "erasure_id": "5",
    }


def _insert(served: Served, account_id: int, contact_id: UUID, connection_id: int, endpoint_id: int) -> None:
    """What only the engine makes: a question, a trouble, a delivery, somebody who was erased."""
    with closing(sqlite3.connect(served.app.settings.data / "assent.sqlite")) as other, other:
        other.execute(
            "INSERT INTO requests (account_id, request_id, contact_id, kind, opened_at) "
            "VALUES (?, 5, ?, 'grant_held', ?)",
            (account_id, contact_id.bytes, _AT),
        )
        other.execute(
            "INSERT INTO troubles (account_id, connection_id, row_id, kind, message, first_at, last_at) "
            "VALUES (?, ?, ?, 'RowRefused', 'refused', ?, ?)",
            (account_id, connection_id, SOMEBODY.bytes, _AT, _AT),
        )
        other.execute(
            "INSERT INTO deliveries (account_id, delivery_id, endpoint_id, seq, position, kind, state, "
            "created_at) VALUES (?, 5, ?, 1, 0, 'contact.created', 'failed', ?)",
            (account_id, endpoint_id, _AT),
        )
        other.execute(
            "INSERT INTO erasures (account_id, erasure_id, contact_id, actor_kind, actor, asked_at, "
            "finished_at) VALUES (?, 5, ?, 'system', 'assent', ?, ?)",
            (account_id, SOMEBODY.bytes, _AT, _AT),
        )
