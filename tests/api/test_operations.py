"""Connections, health, troubles, outgoing webhooks and the ledger by API."""

import json
from uuid import uuid4

import pytest

from assent.policy.permission import LegalBasis
from assent.services.access import RIGHTS, Right, Role
from dataverse_emulator import create_organization, running
from tests.app.world import SECRET, add
from tests.services.receiver import receiver

from .served import Served

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_an_organisation_is_verified_connected_and_set_up(served: Served) -> None:
    """201, 202, and a secret that is never given back."""
    async with running(create_organization(clients={"app": SECRET})) as emulator:
        body = {"name": "Meadow", "url": emulator.url, "tenant": "t", "client_id": "app", "secret": SECRET}
        body["authority"] = emulator.url
        verified = await served.call("POST", "/connections/verify", body)
        assert 200 == verified.status
        made = await served.call("POST", "/connections", body)
        assert 201 == made.status
        number = made.json()["connection_id"]
        assert verified.json()["organisation_id"] == made.json()["organisation_id"]
        asked = await served.call("POST", f"/connections/{number}/setup")
        assert (202, "setting_up") == (asked.status, asked.json()["state"])
        steps = (await served.call("GET", f"/connections/{number}/setup")).json()
        assert "identify" == steps[0]["step"]
        changed = await served.call("PATCH", f"/connections/{number}", {"on_allow": "hold"})
        assert "hold" == changed.json()["on_allow"]
        (await served.call("POST", f"/connections/{number}/pause")).problem(409)
        (await served.call("POST", f"/connections/{number}/setup/decision", {"choice": "skip"})).problem(409)
        listed = await served.call("GET", "/connections", key=served.keys[Role.READER])
        assert [number] == [one["connection_id"] for one in listed.json()["items"]]
        assert [] == (await served.call("GET", f"/connections/{number}/sweeps")).json()["items"]
        for answer in (verified, made, asked, changed, listed):
            assert SECRET.encode() not in answer.body
        for path in ("", "/setup", "/sweeps"):
            (await served.call("GET", f"/connections/{number}{path}", key=served.other_key)).problem(404)


async def test_health_is_told_to_every_role_that_may_look(served: Served) -> None:
    """A sentence, figures, and a day by the hour."""
    for role in RIGHTS[Right.READ]:
        answer = await served.call("GET", "/health", key=served.keys[role])
        assert 200 == answer.status
        told = answer.json()
        assert told["sentence"]
        assert 24 == len(told["hours"])
    assert [] == (await served.call("GET", "/troubles")).json()["items"]
    (await served.call("POST", f"/troubles/1_{uuid4()}/retry")).problem(404)
    (await served.call("PUT", "/troubles/nonsense/aside")).problem(404)
    (await served.call("POST", "/troubles/retry", key=served.keys[Role.READER])).problem(403)
    (await served.call("POST", "/sweeps", key=served.other_key)).problem(409)


async def test_an_endpoint_lives_and_ends(served: Served) -> None:
    """Added, tested, changed, rotated and removed; its secret is told when it is made and no more."""
    async with receiver() as found:
        made = await served.call("POST", "/webhook-endpoints", {"url": found.url})
        assert 201 == made.status
        found.secret, number = made.json()["secret"], made.json()["endpoint"]["endpoint_id"]
        path = f"/webhook-endpoints/{number}"
        assert (await served.call("POST", f"{path}/ping")).json()["taken"]
        assert ["assent.ping"] == found.types
        changed = await served.call("PATCH", path, {"active": False, "description": "CDP"})
        assert (False, "CDP") == (changed.json()["active"], changed.json()["description"])
        fresh = (await served.call("POST", f"{path}/secret")).json()["secret"]
        listed = await served.call("GET", "/webhook-endpoints")
        assert fresh.encode() not in listed.body
        assert [] == (await served.call("GET", f"{path}/deliveries?state=failed")).json()["items"]
        replayed = await served.call("POST", f"{path}/replay", {"since": "2026-01-01T00:00:00Z"})
        assert {"count": 0} == replayed.json()
        (await served.call("POST", f"{path}/replay", {"since": "yesterday"})).problem(400)
        (await served.call("GET", path, key=served.other_key)).problem(404)
        (await served.call("GET", path, key=served.keys[Role.SUPPORT])).problem(403)
        assert 204 == (await served.call("DELETE", path)).status
        (await served.call("GET", path)).problem(404)
    (await served.call("POST", "/webhook-deliveries/999/replay")).problem(404)
    (await served.call("POST", "/webhook-endpoints", {"url": "nonsense"})).problem(400)
    types = (await served.call("GET", "/webhook-events")).json()
    assert "contact.permission.changed" in {one["type"] for one in types}


async def test_the_ledger_is_verified_listed_exported_and_explained(served: Served) -> None:
    """By those who may read evidence; others, and other accounts, see nothing of it."""
    (ada,) = await add(served.app, served.account_id, "ada@api.example", basis=LegalBasis.CONSENT)
    privacy = served.keys[Role.PRIVACY]
    verified = (await served.call("GET", "/ledger/verification", key=privacy)).json()
    assert verified["holds"]
    page = (await served.call("GET", "/ledger/entries?limit=1", key=privacy)).json()
    assert 1 == len(page["items"])
    exported = await served.call("GET", "/ledger/export", key=privacy)
    lines = [json.loads(line) for line in exported.body.splitlines()]
    assert verified["entries"] == len(lines)
    assert "ada@api.example" in {line["personal"].get("new_email") for line in lines}
    told = (await served.call("GET", f"/ledger/contacts/{ada}", key=privacy)).json()
    assert ("consent", "ada@api.example") == (told["basis"], told["email"])
    assert ["contact.created"] == [one["kind"] for one in told["because"]]
    before = f"/ledger/contacts/{ada}?at=2020-01-01T00:00:00Z"
    (await served.call("GET", before, key=privacy)).problem(404)
    for path in ("/ledger/verification", "/ledger/entries", "/ledger/export", f"/ledger/contacts/{ada}"):
        (await served.call("GET", path, key=served.keys[Role.MARKETER])).problem(403)
    (await served.call("GET", f"/ledger/contacts/{ada}", key=served.other_key)).problem(404)
    (await served.call("GET", "/ledger/entries?after=x", key=privacy)).problem(400)
