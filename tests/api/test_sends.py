"""Sends by API: drafted, previewed, started, stopped, listed."""

import pytest

from assent.policy.permission import LegalBasis
from assent.services.access import Role
from tests.app.world import add

from .served import Served

pytestmark = pytest.mark.asyncio(loop_scope="module")

BODY = {"name": "May", "subject": "Hello {{ first_name }}", "body": "News", "category": 1}


async def test_a_draft_is_made_replaced_previewed_and_removed(served: Served) -> None:
    """201, then what was sent comes back; a category goes by its number, an audience by its filters."""
    await add(served.app, served.account_id, "ada@sends.example", basis=LegalBasis.CONSENT)
    await add(served.app, served.account_id, "bob@sends.example", basis=LegalBasis.WITHDRAWN)
    made = await served.call("POST", "/sends", BODY | {"audience": {"text": "sends.example"}})
    assert 201 == made.status
    told = made.json()
    assert (1, "News", "draft") == (told["category"], told["category_name"], told["state"])
    assert {"text": "sends.example"} == told["audience"]
    path = f"/sends/{told['send_id']}"
    changed = await served.call("PUT", path, BODY | {"name": "June", "audience": told["audience"]})
    assert "June" == changed.json()["name"]
    seen = (await served.call("POST", f"{path}/preview")).json()
    assert (2, 1, {"withdrawn": 1}) == (seen["matched"], seen["may"], seen["left_out"])
    assert "ada@sends.example" == seen["mail_to"]
    assert "No mail server is set" in seen["obstacles"][0]
    assert changed.json()["revision"] == seen["revision"] != told["revision"]
    stale = await served.call("POST", f"{path}/start", {"revision": told["revision"]})
    assert "changed after you looked at it" in stale.problem(409)["detail"]
    assert told["send_id"] in [one["send_id"] for one in (await served.call("GET", "/sends")).json()["items"]]
    assert 204 == (await served.call("DELETE", path)).status
    (await served.call("GET", path)).problem(404)


async def test_what_cannot_be_done_is_a_problem_with_words(served: Served) -> None:
    """No mail server, nothing to stop, broken texts and filters, foreign sends, roles that may not."""
    made = (await served.call("POST", "/sends", BODY)).json()
    path, seen = f"/sends/{made['send_id']}", {"revision": made["revision"]}
    assert "No mail server" in (await served.call("POST", f"{path}/start", seen)).problem(400)["detail"]
    (await served.call("POST", f"{path}/stop")).problem(409)
    broken = await served.call("POST", "/sends", BODY | {"body": "{{ nobody }}"})
    assert "The text, line 1" in broken.problem(400)["detail"]
    for wrong in ({"category": 61}, {"category": 59}, {"audience": {"x": 1}}, {"subject": ""}, {"more": 1}):
        (await served.call("POST", "/sends", BODY | wrong)).problem(400)
    assert {"by_state": {}, "left_out": {}, "returned": {}} == {
        name: value
        for name, value in (await served.call("GET", f"{path}/result")).json().items()
        if name != "send"
    }
    assert [] == (await served.call("GET", f"{path}/recipients?state=sent&reason=withdrawn")).json()["items"]
    (await served.call("GET", f"{path}/recipients?state=lost")).problem(400)
    (await served.call("GET", f"{path}/recipients?after=x")).problem(400)
    for method, rest, body in (
        ("GET", "", None),
        ("POST", "/start", seen),
        ("POST", "/preview", None),
        ("GET", "/recipients", None),
        ("DELETE", "", None),
    ):
        (await served.call(method, f"{path}{rest}", body, key=served.other_key)).problem(404)
    (await served.call("POST", f"{path}/start", seen, key=served.keys[Role.READER])).problem(403)
    (await served.call("GET", "/sends/9223372036854775807")).problem(404)
