"""Contacts, bulk actions, imports, categories, activity and questions by API."""

from uuid import uuid4

import pytest

from assent.services.access import Role

from .served import Served

pytestmark = pytest.mark.asyncio(loop_scope="module")

PROOF = {"text": "Yes, write to me", "source": "fair 2026"}


async def created(served: Served, email: str, **members: object) -> str:
    """Create a contact; gives its id."""
    answer = await served.call("POST", "/contacts", {"email": email, **members})
    assert 201 == answer.status, answer.body
    return str(answer.json()["contact_id"])


async def test_a_contact_is_created_found_changed_and_told_about(served: Served) -> None:
    """From its creation to its history, with bases and categories by name and number."""
    ann = await created(
        served, "Ann@x.example", first_name="Ann", basis="consent", unsubscribed=[2], evidence=PROOF
    )
    found = (await served.call("POST", "/contacts/find", {"email": "ANN@x.example"})).json()
    assert (ann, "consent", "Ann@x.example") == (found["contact_id"], found["basis"], found["shown_email"])
    assert [True, False] == [one["subscribed"] for one in found["subscriptions"]]
    body = {
        "basis": "withdrawn",
        "subscriptions": [{"category": 2, "subscribed": True}],
        "first_name": "Anna",
        "revision": found["revision"],
    }
    changed = await served.call("PATCH", f"/contacts/{ann}", body)
    assert ("withdrawn", "Anna") == (changed.json()["basis"], changed.json()["first_name"])
    (await served.call("PATCH", f"/contacts/{ann}", body)).problem(409)
    listed = (
        await served.call("GET", "/contacts?text=anna&basis=withdrawn&subscribed=1&subscribed=2")
    ).json()
    assert [ann] == [one["contact_id"] for one in listed["items"]]
    assert {"count": 1} == (await served.call("GET", "/contacts/count?text=anna")).json()
    why = (await served.call("GET", f"/contacts/{ann}/why?category=1")).json()
    assert (False, "withdrawn") == (why["may"], why["reason"])
    past = (await served.call("GET", f"/contacts/{ann}/history?limit=1")).json()
    assert "set the legal basis from Consent to Withdrawn" in past["items"][0]["text"]
    assert past["next"]
    activity = (await served.call("GET", "/activity", key=served.keys[Role.READER])).json()
    assert activity["items"][0]["evidence"] is None


async def test_grants_need_evidence_and_mistakes_are_told_by_member(served: Served) -> None:
    """400 with what is wrong, where."""
    body = {"email": "eva@x.example", "basis": "consent"}
    assert "evidence" in (await served.call("POST", "/contacts", body)).problem(400)["detail"]
    wrong = (await served.call("POST", "/contacts", {"email": "e@x.example", "basis": "maybe"})).problem(400)
    assert ["#/basis"] == [one["pointer"] for one in wrong["errors"]]
    (await served.call("POST", "/contacts", {"email": "not an address"})).problem(400)
    (await served.call("GET", "/contacts?after=rubbish")).problem(400)
    (await served.call("GET", "/contacts?limit=501")).problem(400)
    (await served.call("GET", "/contacts?subscribed=61")).problem(400)


async def test_another_accounts_things_do_not_exist(served: Served) -> None:
    """Every id of ours is unknown with their key."""
    ann = await created(served, "mine@x.example")
    body = (await served.call("POST", "/imports?name=a.csv", b"Email\nz@x.example\n", headers=CSV)).json()
    theirs = served.other_key
    for method, path, sent in (
        ("GET", f"/contacts/{ann}", None),
        ("PATCH", f"/contacts/{ann}", {"basis": "withdrawn"}),
        ("GET", f"/contacts/{ann}/why", None),
        ("GET", f"/contacts/{ann}/history", None),
        ("POST", f"/contacts/{ann}/release", {}),
        ("GET", f"/contacts/{uuid4()}", None),
        ("GET", f"/imports/{body['import_id']}", None),
        ("POST", f"/imports/{body['import_id']}/preview", {}),
        ("POST", f"/imports/{body['import_id']}/discard", {}),
        ("GET", "/categories/60", None),
        ("POST", "/categories/60/archive", None),
        ("POST", "/questions/1/answer", {"grant": False}),
    ):
        (await served.call(method, path, sent, key=theirs)).problem(404)
    assert {"count": 0} == (await served.call("GET", "/contacts/count", key=theirs)).json()


async def test_roles_decide_what_may_be_done(served: Served) -> None:
    """403 with the right that is missing."""
    reader = served.keys[Role.READER]
    for method, path, sent in (
        ("POST", "/contacts", {"email": "r@x.example"}),
        ("GET", "/contacts/export", None),
        ("POST", "/bulk/preview", {"audience": {}, "action": {"kind": "set_basis", "basis": "withdrawn"}}),
        ("GET", "/imports", None),
        ("POST", "/categories", {"name": "Nope"}),
    ):
        (await served.call(method, path, sent, key=reader)).problem(403)


async def test_a_bulk_action_is_previewed_and_applied(served: Served) -> None:
    """The token of the preview, once; 409 afterwards."""
    for name in ("b1", "b2"):
        await created(served, f"{name}@bulk.example")
    asked = {"audience": {"text": "@bulk.example"}, "action": {"kind": "set_basis", "basis": "consent"}}
    seen = (await served.call("POST", "/bulk/preview", asked)).json()
    assert (2, {"changed": 2}) == (seen["matched"], seen["counts"])
    (await served.call("POST", "/bulk/apply", {**asked, "token": seen["token"]})).problem(400)
    body = {**asked, "token": seen["token"], "evidence": PROOF}
    assert {"changed": 2} == (await served.call("POST", "/bulk/apply", body)).json()["counts"]
    (await served.call("POST", "/bulk/apply", body)).problem(409)
    (await served.call("POST", "/bulk/preview", {"audience": {"who": 1}, "action": {}})).problem(400)


CSV = {"content-type": "text/csv"}


async def test_a_file_is_imported_and_exported(served: Served) -> None:
    """Uploaded as it is, its columns chosen, looked at, applied; and read back as a file."""
    data = b"Mail;Namn;Grund\nnora@import.example;Nora;Samtycke\nbad;;\n"
    made = await served.call("POST", "/imports?name=fair.csv", data, headers=CSV)
    assert 201 == made.status, made.body
    path = f"/imports/{made.json()['import_id']}"
    choices = {"Mail": "email", "Namn": "first_name", "Grund": "legal_basis"}
    chosen = (await served.call("PUT", f"{path}/columns", {"choices": choices})).json()
    assert ["email", "first_name", "legal_basis"] == [one["meaning"] for one in chosen["columns"]]
    options = {"evidence": "Signed the list", "leave_out_errors": True}
    seen = (await served.call("POST", f"{path}/preview", options)).json()
    assert ({"new": 1, "error": 1}, [3]) == (seen["counts"], [one["line"] for one in seen["errors"]])
    body = {"token": seen["token"], "options": options}
    assert "applied" == (await served.call("POST", f"{path}/apply", body)).json()["state"]
    (await served.call("POST", f"{path}/apply", body)).problem(409)
    file = await served.call("GET", "/contacts/export?text=import.example")
    assert (200, "text/csv; charset=utf-8") == (file.status, file.headers["content-type"])
    assert "nora@import.example,Nora,,Consent,Yes,Yes" in file.body.decode()
    (await served.call("POST", "/imports?name=x", b"PK\x03\x04", headers=CSV)).problem(400)


async def test_categories_are_made_named_ordered_and_archived(served: Served) -> None:
    """By number; a name in use is a conflict."""
    made = await served.call("POST", "/categories", {"name": "Product news", "description": "Monthly"})
    assert (201, "asn_product_news") == (made.status, made.json()["column"])
    number = made.json()["number"]
    (await served.call("POST", "/categories", {"name": "PRODUCT NEWS"})).problem(409)
    changed = await served.call("PATCH", f"/categories/{number}", {"name": "Products"})
    assert ("Products", "Monthly") == (changed.json()["name"], changed.json()["description"])
    numbers = [one["number"] for one in (await served.call("GET", "/categories")).json()["items"]]
    turned = await served.call("PUT", "/categories/order", {"numbers": numbers[::-1]})
    assert numbers[::-1] == [one["number"] for one in turned.json()["items"]]
    (await served.call("PUT", "/categories/order", {"numbers": numbers[1:]})).problem(400)
    assert False is (await served.call("POST", f"/categories/{number}/archive")).json()["active"]
    assert True is (await served.call("POST", f"/categories/{number}/restore")).json()["active"]
    assert [] == (await served.call("GET", "/questions")).json()["items"]
