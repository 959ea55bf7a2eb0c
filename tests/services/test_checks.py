"""The gate for other senders: everybody they name gets a verdict, also whom the hub does not know (G4)."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio

from assent.errors import Invalid, NotAllowed
from assent.policy.gate import Message, Reason
from assent.policy.method import Method
from assent.policy.permission import LegalBasis
from assent.services import checks
from assent.services.access import RIGHTS, Caller, Right, Role, caller
from assent.services.checks import Answer, Answers, Question
from tests.app.world import ADMIN, add

from .joined import Joined, joined

NOBODY = UUID(int=9)


@pytest_asyncio.fixture
async def on(tmp_path: Path) -> AsyncIterator[Joined]:
    """An account with a live connection."""
    async with joined(tmp_path) as made:
        await made.live()
        yield made


async def ask(on: Joined, question: Question, by: Caller | None = None) -> tuple[Answers, list[Answer]]:
    """Ask, and read everything."""
    answers = await checks.ask(on.app, by or on.me, question)
    return answers, [one async for page in answers.verdicts for one in page]


async def test_everybody_named_is_answered_in_order(on: Joined) -> None:
    """Known, unknown to the hub but refused by a row, unknown to all, suppressed, and no contact at all."""
    (yes,) = await add(on.app, on.account_id, "yes@x.example", basis=LegalBasis.CONSENT)
    await on.rep.create({"emailaddress1": " Row@x.example", "donotbulkemail": True})
    await on.app.store.accounts.suppress(on.account_id, ["bounced@x.example"])
    asked = ("YES@x.example", "row@x.example", "new@x.example", "bounced@x.example", "yes@x.example")
    answers, found = await ask(on, Question(asked, (yes, NOBODY)))
    assert [*asked, str(yes), str(NOBODY)] == [one.asked for one in found]
    assert [
        Reason.MAY,
        Reason.WITHDRAWN,
        Reason.NO_BASIS,
        Reason.SUPPRESSED,
        Reason.MAY,
        Reason.MAY,
        Reason.UNVERIFIED,
    ] == [one.verdict.reason for one in found]
    assert found[0].facts is not None
    assert (yes, LegalBasis.CONSENT) == (found[0].contact_id, found[0].facts.basis)
    assert (None, None) == (found[2].contact_id, found[6].facts)
    (connection,) = answers.asked.values()
    assert Method.NOT_ASKED is not connection.method
    assert answers.began <= connection.since


async def test_a_refusal_nobody_swept_yet_stops_another_sender(on: Joined) -> None:
    """Dynamics is asked now; what it says is in the verdict and in its facts (G4, P1)."""
    (contact_id,) = await add(on.app, on.account_id, "ann@x.example", basis=LegalBasis.CONSENT)
    await on.drain()
    await on.control("choices", tracking_lag_s=600.0)
    (row,) = await on.rep.bearing("ann@x.example")
    await on.rep.save(row["contactid"], {"donotbulkemail": True})
    _, (one,) = await ask(on, Question(contact_ids=(contact_id,)))
    assert one.facts is not None
    assert (Reason.WITHDRAWN, True) == (one.verdict.reason, one.facts.crm_refuses)
    _, (one,) = await ask(on, Question(contact_ids=(contact_id,), message=Message(transactional=True)))
    assert one.verdict.may


async def test_a_deadline_that_passes_lets_nobody_through(on: Joined) -> None:
    """What could not be asked in time is unverified, and told so; plain refusals keep their reason."""
    await add(on.app, on.account_id, "yes@x.example", basis=LegalBasis.CONSENT)
    await add(on.app, on.account_id, "no@x.example", basis=LegalBasis.WITHDRAWN)
    await on.control("costs", latency_s=0.5)
    question = Question(("yes@x.example", "no@x.example"), within=timedelta(milliseconds=100))
    answers, found = await ask(on, question)
    assert [Reason.UNVERIFIED, Reason.WITHDRAWN] == [one.verdict.reason for one in found]
    assert "deadline" in str(next(iter(answers.asked.values())).error)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (Question(), "between 1 and"),
        (
            Question(("a@x.example", "no address", "@", "\ud800@x.example", "\0@x.example")),
            "Number 2, 3, 4, 5",
        ),
        (Question(tuple("?" for _ in range(12))), "and 2 more"),
        (Question(("a@x.example",), message=Message(1 << 40)), "no such category"),
        (Question(("a@x.example",), within=timedelta(0)), "seconds"),
        (Question(("a@x.example",), within=timedelta(days=1)), "seconds"),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused_whole(
    on: Joined, question: Question, said: str
) -> None:
    """Nobody is checked then: half an answer would pass for a whole one."""
    with pytest.raises(Invalid, match=said):
        await checks.ask(on.app, on.me, question)


async def test_only_who_may_send_may_ask(on: Joined) -> None:
    """It costs Dynamics as much as a send does."""
    for role in set(Role) - RIGHTS[Right.SEND]:
        with pytest.raises(NotAllowed):
            await checks.ask(on.app, caller(on.account_id, ADMIN, role), Question(("a@x.example",)))
