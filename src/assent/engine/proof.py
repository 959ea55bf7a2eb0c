"""What a check found out, and the verdicts that follow from it: on as many contacts as wanted (rule G4)."""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from assent.engine.run import Report, Run
from assent.errors import AssentError
from assent.policy.address import normalise
from assent.policy.gate import Facts, Message, Reason, Verdict, judge
from assent.policy.method import Choice, Method
from assent.policy.sides import CATEGORIES, NO_EMAIL, PERMISSION
from assent.ports import Standing

#: How many contacts are looked at together.
TOGETHER = 5_000

#: Verdicts on equal facts are kept, so that a million contacts need a handful of them; so many at most.
_KEPT = 10_000

UNKNOWN = Verdict(Reason.UNVERIFIED, "no such contact")


#: Contacts as they stand, in pieces, so that memory stays flat.
Pages = AsyncIterator[Sequence[Standing]]


@dataclass(frozen=True, slots=True)
class Targets:
    """Whom a check is about: how many, and who; these may be asked for more than once."""

    count: int
    pages: Callable[[], Pages]


def these(run: Run, contact_ids: Sequence[UUID]) -> Targets:
    """Targets that are at hand."""

    async def pages() -> Pages:
        for start in range(0, len(contact_ids), TOGETHER):
            yield await run.memory.standing(run.account_id, contact_ids[start : start + TOGETHER])

    return Targets(len(contact_ids), pages)


@dataclass(frozen=True, slots=True)
class Asked:
    """How one organisation was asked. Whatever was readable there at `since` is in the verdicts.

    `rows` refused something and were read besides the change feed; `choice` is None where nothing
    was read. `error` says why it could not be asked: then everybody is unverified (the gate fails closed).
    """

    since: datetime
    choice: Choice | None = None
    rows: int = 0
    error: AssentError | None = None

    @property
    def method(self) -> Method:
        """What was read of it."""
        return Method.NOT_ASKED if self.choice is None else self.choice.method


class Judged(NamedTuple):
    """What the gate says of one contact, and the facts it rests on; there are none of a stranger."""

    contact_id: UUID
    email: str
    verdict: Verdict
    facts: Facts | None


@dataclass(slots=True)
class Refusals:
    """What was read directly because a feed may lag: what each row refuses, by row and by address.

    `rows_asked` and `addresses_asked` hold whom was asked about, by connection; one that gave every
    row that refuses is not among them.
    """

    rows: dict[tuple[int, bytes], int] = field(default_factory=dict)
    addresses: dict[str, int] = field(default_factory=dict)
    rows_asked: dict[int, set[bytes]] = field(default_factory=dict)
    addresses_asked: dict[int, set[str]] = field(default_factory=dict)

    def add(self, connection_id: int, row_id: UUID, email: str | None, refused: int) -> None:
        """Take in one refusing row."""
        self.rows[connection_id, row_id.bytes] = refused
        if (address := normalise(email)) is not None:
            self.addresses[address] = self.addresses.get(address, 0) | refused

    def ask(self, connection_id: int, row_ids: Collection[bytes], addresses: Collection[str]) -> None:
        """Remember whom is asked about."""
        self.rows_asked.setdefault(connection_id, set()).update(row_ids)
        self.addresses_asked.setdefault(connection_id, set()).update(addresses)

    def about(self, one: Standing) -> int:
        """Everything refused by rows linked to the contact or bearing its address."""
        refused = self.addresses.get(one.email, 0)
        for key in one.rows:
            refused |= self.rows.get(key, 0)
        return refused

    def cover(self, one: Standing) -> bool:
        """Whether every row that could refuse for the contact as it stands now was read."""
        if not self.rows_asked:
            return True
        return all(one.email in asked for asked in self.addresses_asked.values()) and all(
            connection_id not in self.rows_asked or row_id in self.rows_asked[connection_id]
            for connection_id, row_id in one.rows
        )


@dataclass(frozen=True, slots=True)
class Proof:
    """What a check found out about a message, good for everybody it was about from `began` on.

    A verdict counts the stricter of the hub, as it stands when the verdict is given, and every row.
    """

    message: Message
    categories: int
    began: datetime
    asked: Mapping[int, Asked]
    refusals: Refusals = field(default_factory=Refusals)
    report: Report = field(default_factory=Report)
    _known: dict[tuple[object, ...], tuple[Facts, Verdict]] = field(default_factory=dict)

    @property
    def unreachable(self) -> dict[int, AssentError]:
        """Why organisations could not be asked."""
        return {key: one.error for key, one in self.asked.items() if one.error is not None}

    @property
    def universal(self) -> bool:
        """Whether it is good for anybody, not only for whom it was about."""
        return not self.refusals.rows_asked

    def judge(self, standings: Iterable[Standing]) -> list[Judged]:
        """Judge contacts as they stand."""
        reached = not self.unreachable
        return [self._judge(one, reached=reached) for one in standings]

    def _judge(self, one: Standing, *, reached: bool) -> Judged:
        refused = self.refusals.about(one)
        verified = reached and self.refusals.cover(one)
        same = (one.basis, one.value, one.hold, one.suppressed, one.no_email, one.blocked, refused, verified)
        found = self._known.get(same)
        if found is None:
            if len(self._known) >= _KEPT:
                self._known.clear()
            found = self._known[same] = self._decide(one, refused, verified=verified)
        return Judged(one.contact_id, one.email, found[1], found[0])

    def _decide(self, one: Standing, refused: int, *, verified: bool) -> tuple[Facts, Verdict]:
        """Decide anew. A row whose refusal a touched hub grant has just beaten was written before the
        refusing ones were read, unless that write failed, and then the refusal holds."""
        facts = Facts(
            basis=one.basis,
            value=one.value,
            suppressed=one.suppressed,
            do_not_email=one.no_email or bool(refused & NO_EMAIL),
            blocked=one.blocked,
            crm_refuses=bool(refused & PERMISSION),
            crm_unsubscribed=refused & CATEGORIES,
            hold=one.hold,
            verified=verified,
        )
        return facts, judge(facts, self.message, categories=self.categories, permission=PERMISSION)


def unproved(run: Run, message: Message, began: datetime, error: AssentError) -> Proof:
    """What is left of a check that could not be finished: nobody is verified (the gate fails closed)."""
    asked = {key: Asked(began, error=error) for key in run.connections}
    return Proof(message, run.terms.categories, began, asked)


async def judged(run: Run, proof: Proof, contact_ids: Sequence[UUID]) -> list[Judged]:
    """The verdict on each of these contacts in the order given, by the hub as it stands now.

    The hub is read last: what somebody said here while Dynamics was read counts too. An unknown id
    is an unverified contact.
    """
    found = {
        one.contact_id: one for one in proof.judge(await run.memory.standing(run.account_id, contact_ids))
    }
    return [found.get(key) or Judged(key, "", UNKNOWN, None) for key in contact_ids]
