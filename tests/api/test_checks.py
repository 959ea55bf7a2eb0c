"""The gate by API: one document or a line for each verdict, and problems before anything is streamed."""

import json

import pytest

from assent.policy.permission import LegalBasis
from tests.app.world import add

from .served import Served

pytestmark = pytest.mark.asyncio(loop_scope="module")

NDJSON = {"accept": "application/x-ndjson"}


async def test_verdicts_come_as_a_document_or_as_lines(served: Served) -> None:
    """The same verdicts either way, with reason, facts and age; the counts come last."""
    (contact_id,) = await add(served.app, served.account_id, "may@checks.example", basis=LegalBasis.CONSENT)
    await add(served.app, served.account_id, "no@checks.example", basis=LegalBasis.WITHDRAWN)
    asked = {"addresses": ["May@checks.example", "no@checks.example", "new@checks.example"]}
    body = asked | {"contact_ids": [str(contact_id)], "deadline_s": 5}
    whole = await served.call("POST", "/checks", body)
    assert (200, "application/json") == (whole.status, whole.headers["content-type"])
    told = whole.json()
    assert ["may_mail", "withdrawn", "no_basis", "may_mail"] == [one["reason"] for one in told["verdicts"]]
    assert {"may_mail": 2, "withdrawn": 1, "no_basis": 1} == told["counts"]
    first = told["verdicts"][0]
    assert ("May@checks.example", str(contact_id), True) == (
        first["asked"],
        first["contact_id"],
        first["may"],
    )
    assert ("consent", False, True) == (
        first["facts"]["basis"],
        first["facts"]["dynamics_refuses"],
        first["facts"]["verified"],
    )
    assert told["began"] == first["as_of"]
    lines = await served.call("POST", "/checks", body, headers=NDJSON)
    assert "application/x-ndjson" == lines.headers["content-type"]
    head, *verdicts, counts = map(json.loads, lines.body.splitlines())
    assert {"began", "connections"} == head.keys()
    ageless = [{**one, "as_of": ""} for one in verdicts]
    assert ageless == [{**one, "as_of": ""} for one in told["verdicts"]]
    assert {"counts": told["counts"]} == counts


async def test_a_check_nobody_can_answer_is_a_problem(served: Served) -> None:
    """Nobody named, rubbish, too much patience, and members nobody knows."""
    for wrong in (
        {},
        {"addresses": ["rubbish"]},
        {"addresses": ["a\ud800@x.example"]},
        {"addresses": ["a@x.example"], "category": 59},
        {"addresses": ["a@x.example"], "deadline_s": 0},
        {"addresses": ["a@x.example"], "deadline_s": 1e9},
        {"contact_ids": ["nobody"]},
        {"addresses": ["a@x.example"], "more": 1},
    ):
        (await served.call("POST", "/checks", wrong)).problem(400)
    for headers in ({}, NDJSON):
        (await served.call("POST", "/checks", {"addresses": ["x"]}, headers=headers)).problem(400)


async def test_another_accounts_contact_is_nobody(served: Served) -> None:
    """Nothing crosses accounts."""
    (theirs,) = await add(served.app, served.other_id, "theirs@checks.example", basis=LegalBasis.CONSENT)
    body = {"addresses": ["theirs@checks.example"], "contact_ids": [str(theirs)]}
    told = (await served.call("POST", "/checks", body)).json()["verdicts"]
    assert [("no_basis", None), ("unverified", None)] == [(one["reason"], one["contact_id"]) for one in told]


async def test_a_manifest_is_missing_until_a_send_was_checked(served: Served) -> None:
    """A draft has none; its file has none either."""
    body = {"name": "May", "subject": "Hello", "body": "News"}
    number = (await served.call("POST", "/sends", body)).json()["send_id"]
    (await served.call("GET", f"/sends/{number}/manifest")).problem(404)
    for form in ("csv", "json"):
        (await served.call("GET", f"/sends/{number}/manifest/export?format={form}")).problem(404)
    (await served.call("GET", f"/sends/{number}/manifest/export?format=pdf")).problem(400)
