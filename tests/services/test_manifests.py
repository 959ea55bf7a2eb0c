"""Manifests: what was decided about everybody before the first mail, and whether it still says so."""

import csv
import io
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import Connection, delete, update

from assent.errors import NotAllowed, Unknown
from assent.policy.permission import LegalBasis
from assent.services import ledger, manifests
from assent.services.access import Role, caller
from assent.services.manifests import Form
from assent.store.desk_schema import manifest_parts
from assent.store.desk_schema import manifests as table
from tests.app.world import ADMIN

from .mailroom import NEWS, Mailroom, mailroom


@pytest_asyncio.fixture
async def at(tmp_path: Path) -> AsyncIterator[Mailroom]:
    """Somewhere that can send."""
    async with mailroom(tmp_path) as made:
        yield made


async def content(at: Mailroom, send_id: int, form: Form) -> bytes:
    """The file whole."""
    found = await manifests.file(at.app, at.admin, send_id, form)
    return b"".join([chunk async for chunk in found.content])


async def checked(at: Mailroom) -> int:
    """A send to four people, two of whom may be mailed; delivered."""
    await at.people("a@x.example", "b@x.example")
    await at.people("no@x.example", basis=LegalBasis.WITHDRAWN)
    await at.people("off@x.example", refused=NEWS)
    send_id = await at.started()
    await at.ended(send_id)
    return send_id


async def test_a_manifest_says_who_is_mailed_who_not_and_why(at: Mailroom) -> None:
    """Counts, reasons, as-of marks and a digest that the ledger names (P7)."""
    send_id = await checked(at)
    found = await manifests.manifest(at.app, at.admin, send_id)
    assert {"may": 2, "left_out": 2} == found.header.outcomes
    assert {"unsubscribed": 1, "withdrawn": 1} == found.header.reasons
    (entry,) = [
        recorded.entry
        for recorded in await at.app.store.ledger.entries(at.account_id)
        if recorded.entry.kind == "send.checked"
    ]
    assert {"send": send_id, "digest": found.digest.hex(), "may": 2, "left_out": 2} == entry.new
    verified = await ledger.verify(at.app, at.admin)
    assert (True, 1, "") == (verified.holds, verified.manifests, verified.broken)


async def test_a_manifest_is_taken_away_as_csv_and_json(at: Mailroom) -> None:
    """A table for people and a signed document for programs, with the same lines."""
    send_id = await checked(at)
    rows = list(csv.DictReader(io.StringIO((await content(at, send_id, Form.CSV)).decode("utf-8-sig"))))
    told = json.loads(await content(at, send_id, Form.JSON))
    expected = {"a@x.example": "may", "b@x.example": "may", "no@x.example": "left_out"}
    expected["off@x.example"] = "left_out"
    assert expected == {row["Email"]: row["Outcome"] for row in rows}
    assert expected == {one["email"]: one["outcome"] for one in told["recipients"]}
    assert (4, send_id) == (told["manifest"]["lines"], told["manifest"]["send"])
    assert all(row["Proved as of"] for row in rows)


async def test_a_manifest_of_several_parts_is_whole(at: Mailroom, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are, memory holds one part at a time, and nobody is missing."""
    monkeypatch.setattr("assent.store.manifests.PART", 2)
    await at.people(*(f"p{number}@x.example" for number in range(5)))
    send_id = await at.started()
    await at.ended(send_id)
    assert 5 == (await manifests.manifest(at.app, at.admin, send_id)).header.lines
    assert 5 == len(json.loads(await content(at, send_id, Form.JSON))["recipients"])
    assert (await ledger.verify(at.app, at.admin)).holds


def _no_parts(connection: Connection) -> None:
    connection.execute(delete(manifest_parts))


def _other_lines(connection: Connection) -> None:
    connection.execute(update(manifest_parts).values(lines=b"\x90"))


def _other_header(connection: Connection) -> None:
    connection.execute(update(table).values(header=table.c.header + b" "))


def _other_signature(connection: Connection) -> None:
    connection.execute(update(table).values(signature=b"0" * 32))


def _gone(connection: Connection) -> None:
    connection.execute(delete(manifest_parts))
    connection.execute(delete(table))


@pytest.mark.parametrize("tamper", [_no_parts, _other_lines, _other_header, _other_signature, _gone])
async def test_a_manifest_that_was_tampered_with_is_named(
    at: Mailroom, tamper: Callable[[Connection], None]
) -> None:
    """Lines, sums and signature are all held to what the ledger says; so is that it exists."""
    send_id = await checked(at)
    await at.app.store.database.write(tamper)
    verified = await ledger.verify(at.app, at.admin)
    assert (False, None) == (verified.holds, verified.broken_seq)
    assert f"the manifest of send {send_id}" in verified.broken


async def test_a_draft_has_no_manifest_and_files_need_their_right(at: Mailroom) -> None:
    """404 until everybody was checked; addresses leave only with whoever may export them."""
    await at.people("a@x.example")
    send_id = await at.started()
    with pytest.raises(Unknown):
        await manifests.manifest(at.app, at.admin, send_id)
    with pytest.raises(NotAllowed):
        await manifests.file(at.app, caller(at.account_id, ADMIN, Role.READER), send_id, Form.CSV)
