"""Questions only a person can answer."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from assent.errors import Conflict, Invalid, NotAllowed, Unknown
from assent.policy.permission import BulkEmail, LegalBasis
from assent.policy.plan import FieldChange, Request
from assent.policy.sides import PERMISSION
from assent.ports import Act, Actor, ActorKind, Change, Evidence, NewPerson
from assent.services import contacts, questions
from assent.services.access import Role, caller
from assent.services.questions import Answer
from assent.services.words import REQUEST_WORDS
from assent.store.schema import requests
from tests.app.world import office

from .hub import CONSENT, EVENTS, NEWS, PROOF, WITHDRAWN, Desk, desk, row


@pytest.fixture
async def at(tmp_path: Path, database_url: str) -> AsyncIterator[Desk]:
    """A desk on each kind of database in turn."""
    given = "" if database_url.startswith("sqlite") else database_url
    async with office(tmp_path, database_url=given) as opened:
        yield await desk(opened.app, opened.woken)


async def asked(at: Desk, kind: Request, number: int = 1) -> UUID:
    """Let a merge have opened a question about a Withdrawn contact."""
    (ann,) = await at.add(NewPerson(f"ann{number}@x.example", "Ann", "Lind", WITHDRAWN, refused=NEWS))
    now: datetime = at.app.clock.now()
    values = {"request_id": number, "contact_id": ann, "kind": kind.value, "opened_at": now}
    statement = requests.insert().values(account_id=at.account_id, **values)
    await at.app.store.database.write(lambda c: c.execute(statement).rowcount)
    return ann


def test_every_question_has_its_words() -> None:
    """Nobody is asked a code."""
    assert REQUEST_WORDS.keys() == set(Request)


async def test_a_grant_is_an_act_and_ends_the_question(at: Desk) -> None:
    """A rep's Allow under the hold policy is decided here, with evidence (T3)."""
    ann = await asked(at, Request.GRANT_HELD)
    (one,) = await questions.open_ones(at.app, at.marketer)
    assert ("Ann Lind", ann, Request.GRANT_HELD) == (one.contact, one.question.contact_id, one.question.kind)
    with pytest.raises(Invalid, match="evidence"):
        await questions.answer(at.app, at.marketer, 1, Answer(grant=True))
    await questions.answer(at.app, at.marketer, 1, Answer(grant=True), PROOF)
    view = await contacts.read(at.app, at.marketer, ann)
    assert (CONSENT, ()) == (view.basis, view.questions)
    assert () == await questions.open_ones(at.app, at.marketer)
    with pytest.raises(Unknown):
        await questions.answer(at.app, at.marketer, 1, Answer(grant=True), PROOF)


async def test_a_grant_set_aside_is_confirmed_with_one_click(at: Desk) -> None:
    """The question itself is the evidence (M3)."""
    ann = await asked(at, Request.GRANT_SET_ASIDE)
    await questions.answer(at.app, at.marketer, 1, Answer(grant=True, subscribe=NEWS))
    view = await contacts.read(at.app, at.marketer, ann)
    assert (CONSENT, [True, True]) == (view.basis, [s.subscribed for s in view.subscriptions])
    last = (await at.app.store.ledger.entries(at.account_id, contact=ann))[-1].entry
    assert last.personal["text"].startswith("Confirmed")


@pytest.mark.parametrize("refusal", [Act(UUID(int=0), basis=WITHDRAWN), Act(UUID(int=0), answered=NEWS)])
async def test_a_refusal_after_the_question_is_not_lifted_by_its_answer(at: Desk, refusal: Act) -> None:
    """P2: whoever confirms an older grant, on a page that was open meanwhile, did not see the newer No."""
    ann = await asked(at, Request.GRANT_SET_ASIDE)
    herself = Actor(ActorKind.CONTACT, "preference-page")
    await at.app.act(at.account_id, herself, [replace(refusal, contact_id=ann)], Evidence())
    with pytest.raises(Conflict):
        await questions.answer(at.app, at.marketer, 1, Answer(grant=True, subscribe=NEWS))
    view = await contacts.read(at.app, at.marketer, ann)
    assert (WITHDRAWN, False) == (view.basis, view.subscriptions[0].subscribed)
    await questions.answer(at.app, at.marketer, 1, Answer(grant=False))
    assert () == await questions.open_ones(at.app, at.marketer)


@pytest.mark.parametrize("field", [PERMISSION, NEWS])
async def test_a_refusal_the_sync_merged_after_the_question_is_not_lifted(at: Desk, field: int) -> None:
    """P2: a rep who allowed and then refused again has spoken last, and no act in the hub tells of it."""
    ann = await asked(at, Request.GRANT_SET_ASIDE)
    for basis, yes in ((CONSENT, True), (WITHDRAWN, False)):
        (found,) = await at.app.store.memory.people(at.account_id, [ann])
        before, value = found.contact, found.contact.value
        value = value | NEWS if yes else value & ~NEWS
        after = replace(before, basis=basis) if field == PERMISSION else replace(before, value=value)
        change = Change(before, after, (FieldChange(field, 0, 0, "M1", None),))
        assert await at.app.store.memory.apply(at.account_id, [change])
    with pytest.raises(Conflict, match="refused after this question"):
        await questions.answer(at.app, at.marketer, 1, Answer(grant=True, subscribe=NEWS))
    other = Answer(True, None, NEWS) if field == PERMISSION else Answer(grant=True)
    await questions.answer(at.app, at.marketer, 1, other)


async def test_the_merge_that_asks_is_not_newer_than_its_question(at: Desk) -> None:
    """What it set aside is what is confirmed (M3)."""
    (ann,) = await at.add(NewPerson("ann@x.example", "Ann", "Lind", CONSENT))
    (found,) = await at.app.store.memory.people(at.account_id, [ann])
    aside = replace(found.contact, basis=WITHDRAWN)
    told = (FieldChange(PERMISSION, 0, 0, "M3", None),)
    change = Change(found.contact, aside, told, (Request.GRANT_SET_ASIDE,))
    assert await at.app.store.memory.apply(at.account_id, [change])
    (one,) = await questions.open_ones(at.app, at.marketer)
    await questions.answer(at.app, at.marketer, one.question.request_id, Answer(grant=True))
    assert CONSENT is (await contacts.read(at.app, at.marketer, ann)).basis


@pytest.mark.parametrize(
    ("changed_by", "minutes", "stands"), [("rep", 1, True), ("rep", -1, False), ("us", 1, False)]
)
async def test_a_refusing_row_somebody_changed_since_is_not_overruled(
    at: Desk, changed_by: str, minutes: int, stands: bool
) -> None:
    """M3: they may have refused anew, which leaves no trace in the hub; our own writes are no act."""
    connection, us = await at.connect(), UUID(int=7)
    await at.app.store.accounts.set_organisation(at.account_id, connection, UUID(int=1), us)
    ann = await asked(at, Request.GRANT_SET_ASIDE)
    seen = replace(
        row(1, "ann1@x.example", BulkEmail.DO_NOT_ALLOW),
        modified_at=at.app.clock.now() + timedelta(minutes=minutes),
        modified_by=us if changed_by == "us" else UUID(int=8),
    )
    await at.link(ann, connection, seen)
    if stands:
        with pytest.raises(Conflict, match="row in Dynamics"):
            await questions.answer(at.app, at.marketer, 1, Answer(grant=True))
    else:
        await questions.answer(at.app, at.marketer, 1, Answer(grant=True))


async def test_without_a_grant_the_refusal_stands(at: Desk) -> None:
    """The question is over; nothing else happens."""
    ann = await asked(at, Request.GRANT_HELD)
    before = len(await at.app.store.ledger.entries(at.account_id))
    await questions.answer(at.app, at.marketer, 1, Answer(grant=False))
    assert WITHDRAWN is (await contacts.read(at.app, at.marketer, ann)).basis
    assert before == len(await at.app.store.ledger.entries(at.account_id))
    assert () == await questions.open_ones(at.app, at.marketer)


async def test_an_answer_that_says_nothing_leaves_the_question_open(at: Desk) -> None:
    """A grant names a basis that lets mail through, or categories of this account."""
    await asked(at, Request.GRANT_HELD)
    for given in (Answer(True, None), Answer(True, LegalBasis.NONE), Answer(True, WITHDRAWN)):
        with pytest.raises(Invalid):
            await questions.answer(at.app, at.marketer, 1, given, PROOF)
    with pytest.raises(Unknown):
        await questions.answer(at.app, at.marketer, 1, Answer(True, subscribe=1 << 50), PROOF)
    assert 1 == len(await questions.open_ones(at.app, at.marketer))
    await questions.answer(at.app, at.marketer, 1, Answer(True, None, EVENTS), Evidence())


async def test_rights_and_foreign_questions(at: Desk) -> None:
    """Readers look; another account's questions do not exist."""
    await asked(at, Request.GRANT_HELD)
    assert 1 == len(await questions.open_ones(at.app, at.as_(Role.READER)))
    with pytest.raises(NotAllowed):
        await questions.answer(at.app, at.as_(Role.READER), 1, Answer(grant=False))
    stranger = caller(await at.app.store.accounts.create("Other"), at.admin.actor, Role.ADMIN)
    assert () == await questions.open_ones(at.app, stranger)
    with pytest.raises(Unknown):
        await questions.answer(at.app, stranger, 1, Answer(grant=False))
