"""Questions only a person can answer; until then the stricter answer applies (T3, M3)."""

from dataclasses import dataclass
from uuid import UUID

from assent.errors import Invalid, Unknown
from assent.policy.permission import LegalBasis
from assent.policy.plan import Request
from assent.ports import Act, Evidence
from assent.services.access import Caller, Right
from assent.services.application import Application
from assent.services.contact_views import QuestionView, question_view
from assent.services.given import proven
from assent.store.acts import Acting
from assent.store.answering import Answering, question
from assent.store.known_names import labels
from assent.store.questions import open_questions

LIMIT = 500
NO_EVIDENCE = Evidence()


@dataclass(frozen=True, slots=True)
class Asked:
    """An open question and whom it is about."""

    question: QuestionView
    contact: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody answers: with `grant` mail may resume on `basis`, and for the categories named.

    Without it the refusal stands, and the question is over.
    """

    grant: bool
    basis: LegalBasis | None = LegalBasis.CONSENT
    subscribe: int = 0


async def open_ones(app: Application, caller: Caller, *, limit: int = LIMIT) -> tuple[Asked, ...]:
    """The oldest open questions of the account."""
    caller.require(Right.READ)
    account_id = caller.account_id
    found = await app.store.database.read(lambda c: open_questions(c, account_id, min(limit, LIMIT)))
    people: set[UUID] = {one.contact_id for one in found}
    names = await app.store.database.read(lambda c: labels(c, account_id, people))
    return tuple(Asked(question_view(one), names.get(one.contact_id, "")) for one in found)


async def answer(
    app: Application, caller: Caller, request_id: int, given: Answer, evidence: Evidence = NO_EVIDENCE
) -> None:
    """Answer a question; the act it comes to and its end are one.

    A grant needs evidence, but for one that was set aside and is now confirmed: there the question is
    the evidence (M3). Raises Unknown for a question that is not open, Conflict for a grant after somebody
    refused anew, and Invalid.
    """
    caller.require(Right.EDIT)
    asked = await app.store.database.read(lambda c: question(c, caller.account_id, request_id))
    act, proof = None, NO_EVIDENCE
    if given.grant:
        act = await _grant(app, caller, asked.contact_id, given)
        proof = proven(given.basis, _confirmation(asked.kind, evidence))
    memory, now = app.store.memory, app.clock.now()
    acting = Acting(memory.journal, memory.marking, caller.actor, proof, now)
    answering = Answering(acting, now)
    await app.store.database.write(lambda c: answering.run(c, caller.account_id, request_id, act))
    await app.work.wake(caller.account_id)


async def _grant(app: Application, caller: Caller, contact_id: UUID, given: Answer) -> Act:
    await _known(app, caller, given.subscribe)
    if given.basis is None and not given.subscribe:
        raise Invalid("Say what is granted: a legal basis, or the categories.")
    if given.basis is not None and not given.basis.positive:
        raise Invalid("A grant names one of the six legal bases that let mail through.")
    return Act(contact_id, basis=given.basis, answered=given.subscribe, value=given.subscribe)


def _confirmation(kind: Request, evidence: Evidence) -> Evidence:
    if kind is not Request.GRANT_SET_ASIDE or evidence.text.strip():
        return evidence
    text = "Confirmed: the permission given here before still stands."
    return Evidence(text, evidence.source or "question answered in Assent", evidence.ip)


async def _known(app: Application, caller: Caller, mask: int) -> None:
    if mask:
        categories = await app.store.accounts.categories(caller.account_id)
        if mask & ~sum(category.bit for category in categories):
            raise Unknown("this account has no such category")
