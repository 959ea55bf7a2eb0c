"""One action on many contacts: looked at first, then done to exactly those that were looked at."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from assent.errors import Conflict, Invalid, Unknown
from assent.policy.audience import Audience
from assent.policy.bulk import ACTS, BulkAction, BulkKind, Outcome, Target, lifted, outcome
from assent.ports import Act, Evidence
from assent.services.access import Caller, Right
from assent.services.application import Application
from assent.services.given import checked_evidence
from assent.store.acts import Acting
from assent.store.counters import lock_account
from assent.store.known_names import labels
from assent.store.targets import targets

#: More contacts than this are not changed in one go: every other change would have to wait for it.
LIMIT = 50_000
SAMPLE = 5

OUTCOME_WORDS: Mapping[Outcome, str] = {
    Outcome.CHANGED: "will be changed",
    Outcome.REPEATED: "refuse already; the refusal is recorded again",
    Outcome.UNCHANGED: "are so already and stay as they are",
    Outcome.KEPT_WITHDRAWN: "have withdrawn and stay Withdrawn",
    Outcome.KEPT_NO: "said No themselves, or in Dynamics, and stay unsubscribed",
}


@dataclass(frozen=True, slots=True)
class Sampled:
    """One of the contacts looked at."""

    contact_id: UUID
    name: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class BulkPreview:
    """What an action would do; `token` lets exactly this be applied."""

    matched: int
    counts: Mapping[Outcome, int]
    sample: tuple[Sampled, ...]
    token: str

    @property
    def acts(self) -> int:
        """How many contacts it does something to."""
        return sum(count for found, count in self.counts.items() if found in ACTS)


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What an action did."""

    matched: int
    counts: Mapping[Outcome, int]


async def preview(app: Application, caller: Caller, audience: Audience, action: BulkAction) -> BulkPreview:
    """Tell what an action would do to an audience. Raises Invalid above `LIMIT` contacts, and Unknown."""
    caller.require(Right.BULK)
    await _known(app, caller, action)

    def work(connection: Connection) -> BulkPreview:
        look = _look(connection, caller.account_id, audience, action)
        chosen = look.sample()
        names = labels(connection, caller.account_id, chosen)
        sample = tuple(Sampled(contact_id, names[contact_id], found) for contact_id, found in chosen.items())
        return BulkPreview(len(look.outcomes), look.counts, sample, look.token)

    return await app.store.database.read(work)


async def apply(
    app: Application,
    caller: Caller,
    audience: Audience,
    action: BulkAction,
    token: str,
    evidence: Evidence = Evidence(),  # noqa: B008 - a frozen value
) -> BulkResult:
    """Do what a preview told, all of it or nothing; Dynamics hears of it afterwards.

    A grant needs evidence. Raises Conflict where the contacts meant, or what would be done to one of
    them, are no longer what the preview with this token told.
    """
    caller.require(Right.BULK)
    await _known(app, caller, action)
    proof = checked_evidence(evidence)
    if action.grants and not (proof.text and proof.source):
        raise Invalid(
            "An action that lets mail through needs evidence for all of these people: what they were told "
            "or agreed to, and where that is from."
        )
    memory = app.store.memory
    acting = Acting(memory.journal, memory.marking, caller.actor, proof, app.clock.now())

    def work(connection: Connection) -> BulkResult:
        lock_account(connection, caller.account_id)
        look = _look(connection, caller.account_id, audience, action)
        if look.token != token:
            raise Conflict("Contacts changed since you looked. Nothing was done; look again and then apply.")
        acting.run(connection, caller.account_id, look.acts())
        return BulkResult(len(look.outcomes), look.counts)

    done = await app.store.database.write(work)
    await app.work.wake(caller.account_id)
    return done


@dataclass(frozen=True, slots=True)
class _Look:
    """An audience looked at, with what an action does to each of its contacts."""

    action: BulkAction
    targets: Mapping[UUID, Target]
    outcomes: Mapping[UUID, Outcome]
    token: str

    @property
    def counts(self) -> Mapping[Outcome, int]:
        """How many contacts have each outcome; those nobody has are left out."""
        found = Counter(self.outcomes.values())
        return {each: found[each] for each in Outcome if found[each]}

    def sample(self) -> dict[UUID, Outcome]:
        """A few contacts of every outcome."""
        left = dict.fromkeys(Outcome, SAMPLE)
        chosen = {}
        for contact_id, found in self.outcomes.items():
            if left[found]:
                left[found] -= 1
                chosen[contact_id] = found
        return chosen

    def acts(self) -> list[Act]:
        """The acts it comes to."""
        return [self._act(contact_id) for contact_id, found in self.outcomes.items() if found in ACTS]

    def _act(self, contact_id: UUID) -> Act:
        match self.action.kind:
            case BulkKind.SET_BASIS:
                return Act(contact_id, basis=self.action.basis)
            case BulkKind.UNSUBSCRIBE:
                return Act(contact_id, answered=self.action.categories)
            case BulkKind.SUBSCRIBE:
                mask = lifted(self.action, self.targets[contact_id])
                return Act(contact_id, answered=mask, value=mask)


def _look(connection: Connection, account_id: int, audience: Audience, action: BulkAction) -> _Look:
    found = targets(connection, account_id, audience, action, LIMIT + 1)
    if len(found) > LIMIT:
        raise Invalid(
            f"This is about more than {LIMIT:,} contacts, which is too many for one action. "
            "Narrow the audience and do it in parts."
        )
    outcomes = {contact_id: outcome(action, target) for contact_id, target in found.items()}
    return _Look(action, found, outcomes, _token(account_id, audience, action, found))


def _token(account_id: int, audience: Audience, action: BulkAction, found: Mapping[UUID, Target]) -> str:
    """A digest of everything the outcomes rest on: it is another one as soon as any of it moves."""
    asked = msgspec.json.encode([account_id, audience.plain(), action.plain()], order="deterministic")
    digest = hashlib.sha256(asked)
    for contact_id, target in found.items():
        said = (target.value & action.categories, target.ours & action.categories)
        digest.update(contact_id.bytes)
        digest.update(b"%d %d %d;" % (target.basis, *said))
    return digest.hexdigest()


async def _known(app: Application, caller: Caller, action: BulkAction) -> None:
    """Raise Unknown for a category this account does not have."""
    if action.categories:
        categories = await app.store.accounts.categories(caller.account_id)
        if action.categories & ~sum(category.bit for category in categories):
            raise Unknown("this account has no such category")
