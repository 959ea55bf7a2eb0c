"""The gate for other senders: whoever they name, by address or by id, and what may be sent to them now."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from assent.engine.proof import TOGETHER, UNKNOWN, Asked, Judged, Pages, Targets
from assent.errors import Invalid
from assent.policy.address import normalise
from assent.policy.gate import Facts, Message, Verdict
from assent.policy.sending import WHY
from assent.ports import STRANGER, Standing
from assent.services.access import Caller, Right
from assent.services.application import Application
from assent.services.gate import proved
from assent.store.standings import Reader

MARKETING = Message()

#: So many may be asked about at once.
MOST = 50_000

#: How long Dynamics is waited for where nobody says otherwise, and the most that may be asked for.
WAIT, LONGEST_WAIT = timedelta(seconds=60), timedelta(minutes=10)

#: So many items that make no sense are named.
_NAMED = 10


@dataclass(frozen=True, slots=True)
class Question:
    """Whom somebody asks about, what they want to send, and how long they would wait for Dynamics."""

    addresses: Sequence[str] = ()
    contact_ids: Sequence[UUID] = ()
    message: Message = MARKETING
    within: timedelta = WAIT


@dataclass(frozen=True, slots=True)
class Answer:
    """The verdict on one item, as it was asked for. `contact_id` and `facts` are None where nobody is known.

    An address that nobody holds may still be suppressed, or refused by a row in Dynamics that bears it.
    """

    asked: str
    contact_id: UUID | None
    email: str
    verdict: Verdict
    why: str
    facts: Facts | None
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Answers:
    """What was found out: how each connection was asked, and the verdicts, given as they are read."""

    began: datetime
    asked: Mapping[int, Asked]
    verdicts: AsyncIterator[list[Answer]]


@dataclass(frozen=True, slots=True)
class _Named:
    """The items of a question, addresses normalised, in the order given."""

    app: Application
    account_id: int
    items: Sequence[tuple[str, str | UUID]]

    async def pages(self) -> AsyncIterator[list[tuple[str, Standing | None]]]:
        """Each item with whom it means right now; nobody for an id this account does not have."""
        reader, database = Reader(self.app.store.accounts.marking), self.app.store.database
        for start in range(0, len(self.items), TOGETHER):
            piece = self.items[start : start + TOGETHER]
            addresses = {key for _, key in piece if isinstance(key, str)}
            ids = {key for _, key in piece if isinstance(key, UUID)}
            held = await database.read(lambda c: reader.bearing(c, self.account_id, addresses))  # noqa: B023
            known = await database.read(lambda c: reader.run(c, self.account_id, ids))  # noqa: B023
            found: dict[str | UUID, Standing] = {one.contact_id: one for one in known}
            found.update(held)
            yield [(given, found.get(key)) for given, key in piece]

    async def standings(self) -> Pages:
        """Everybody who is meant."""
        async for page in self.pages():
            yield [one for _, one in page if one is not None]


async def ask(app: Application, caller: Caller, question: Question) -> Answers:
    """Ask Dynamics now, as before a send, and judge everybody who is named.

    Raises Invalid for nobody, too many, an address that is none, a category that is not in use, or a
    deadline out of bounds.
    """
    caller.require(Right.SEND)
    items = _items(question)
    if not timedelta(0) < question.within <= LONGEST_WAIT:
        raise Invalid(f"A check may take up to {LONGEST_WAIT.total_seconds():g} seconds, and more than none.")
    await _check_category(app, caller.account_id, question.message.category)
    named = _Named(app, caller.account_id, items)
    run = await app.jobs.run(caller.account_id)
    proof = await proved(run, Targets(len(items), named.standings), question.message, question.within)

    async def verdicts() -> AsyncIterator[list[Answer]]:
        async for page in named.pages():
            judged = iter(proof.judge([one for _, one in page if one is not None]))
            yield [_answer(given, None if one is None else next(judged), proof.began) for given, one in page]

    return Answers(proof.began, proof.asked, verdicts())


def _answer(given: str, judged: Judged | None, as_of: datetime) -> Answer:
    if judged is None:
        return Answer(given, None, "", UNKNOWN, "This account has no such contact.", None, as_of)
    contact_id = None if judged.contact_id == STRANGER else judged.contact_id
    why = WHY[judged.verdict.reason]
    return Answer(given, contact_id, judged.email, judged.verdict, why, judged.facts, as_of)


def _items(question: Question) -> list[tuple[str, str | UUID]]:
    found: list[tuple[str, str | UUID]] = []
    wrong: list[int] = []
    for number, given in enumerate(question.addresses, 1):
        address = normalise(given)
        if address is None or len(address) > 320 or not address.isprintable():
            wrong.append(number)
        else:
            found.append((given, address))
    if wrong:
        raise Invalid(f"{_listed(wrong)} of the addresses is no email address. Nobody was checked.")
    found += [(str(contact_id), contact_id) for contact_id in question.contact_ids]
    if not 0 < len(found) <= MOST:
        raise Invalid(f"Name between 1 and {MOST:,} addresses or contacts; this names {len(found):,}.")
    return found


def _listed(numbers: Collection[int]) -> str:
    told = ", ".join(f"{number:,}" for number in list(numbers)[:_NAMED])
    return f"Number {told}" + (f" and {len(numbers) - _NAMED:,} more" if len(numbers) > _NAMED else "")


async def _check_category(app: Application, account_id: int, category: int) -> None:
    if category and category & ~await app.store.memory.categories(account_id):
        raise Invalid("This account has no such category in use. Choose one of its categories, or none.")
