"""Why a contact may or may not be mailed, in words, with the facts the verdict rests on."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from uuid import UUID

from assent.errors import Unknown
from assent.policy.gate import Facts, Message, Reason, Verdict, judge
from assent.policy.sending import WHY
from assent.policy.sides import PERMISSION, bits
from assent.services.access import Caller, Right
from assent.services.application import Application
from assent.services.tables.words import BASIS_WORDS
from assent.services.words import HOLD_WORDS
from assent.store.categories import Category
from assent.store.gate_facts import GateFacts, GateReader, LinkFacts
from assent.store.whole import Place, places


@dataclass(frozen=True, slots=True)
class Fact:
    """Something the verdict rests on; `against` when it alone keeps mail back."""

    text: str
    against: bool = False


@dataclass(frozen=True, slots=True)
class Why:
    """A verdict in words. `live` tells whether Dynamics was asked just now, at `at`; `checked` says so."""

    contact_id: UUID
    may: bool
    reason: Reason
    text: str
    facts: tuple[Fact, ...]
    live: bool
    at: datetime
    checked: str


@dataclass(frozen=True, slots=True)
class _Ground:
    """What verdicts of one account are worded with."""

    categories: tuple[Category, ...]
    places: Mapping[int, Place]
    category: int

    @property
    def active(self) -> int:
        """The mask of active categories."""
        return reduce(or_, (c.bit for c in self.categories if c.active), 0)

    def name(self, bit: int) -> str:
        """The name of a category."""
        return next((c.name for c in self.categories if c.bit == bit), "a category")


async def why(app: Application, caller: Caller, contact_id: UUID, *, category: int = 0) -> Why:
    """Ask Dynamics now, as before a send, whether the contact may be mailed, about a category or at all.

    `category` is its bit. Raises Unknown for a contact or a category this account does not have.
    """
    caller.require(Right.READ)
    ground, known = await _ground(app, caller, [contact_id], category)
    if contact_id not in known:
        raise Unknown("this account has no such contact")
    at = app.clock.now()
    check = await app.check(caller.account_id, [contact_id], Message(category))
    ground, known = await _ground(app, caller, [contact_id], category)
    unasked = [
        Fact(f"{_place(ground, connection_id)} could not be asked: {error}", against=True)
        for connection_id, error in check.unreachable.items()
    ]
    said = "Checked in Dynamics just now." if ground.places else "Checked just now; no Dynamics is connected."
    if unasked:
        said = "Dynamics could not be asked just now; what follows is as last read."
    verdict = check.verdicts[contact_id]
    return _worded(known[contact_id], verdict, ground, unasked, _Checked(said, at, live=True))


async def standing(
    app: Application, caller: Caller, contact_ids: Collection[UUID], *, category: int = 0
) -> dict[UUID, Why]:
    """The same for many contacts by what was last read, without asking Dynamics; foreign ones are absent."""
    caller.require(Right.READ)
    ground, known = await _ground(app, caller, contact_ids, category)
    now = app.clock.now()
    found = {}
    for contact_id, facts in known.items():
        read_at = min((link.read_at for link in facts.links if link.read_at is not None), default=None)
        said = "As last read" + (f" at {read_at:%Y-%m-%d %H:%M} UTC." if read_at else " from the hub alone.")
        verdict = judge(_facts(facts), Message(category), categories=ground.active, permission=PERMISSION)
        found[contact_id] = _worded(facts, verdict, ground, [], _Checked(said, read_at or now, live=False))
    return found


@dataclass(frozen=True, slots=True)
class _Checked:
    said: str
    at: datetime
    live: bool


async def _ground(
    app: Application, caller: Caller, contact_ids: Collection[UUID], category: int
) -> tuple[_Ground, dict[UUID, GateFacts]]:
    reader, account_id = GateReader(app.store.accounts.marking), caller.account_id
    known = await app.store.database.read(lambda c: reader.run(c, account_id, contact_ids))
    at = await app.store.database.read(lambda c: places(c, account_id))
    categories = tuple(await app.store.accounts.categories(account_id))
    if category and category not in {c.bit for c in categories if c.active}:
        raise Unknown("this account has no such active category")
    return _Ground(categories, at, category), known


def _facts(facts: GateFacts) -> Facts:
    """What the gate would be told if every row still said what it last said."""
    refusing = [link for link in facts.links if link.active]
    return Facts(
        basis=facts.basis,
        value=facts.value,
        suppressed=facts.suppressed,
        do_not_email=any(link.no_email for link in facts.links),
        blocked=facts.blocked,
        crm_refuses=any(link.refuses for link in refusing),
        crm_unsubscribed=reduce(or_, (link.unsubscribed for link in refusing), 0),
        hold=facts.hold,
        verified=True,
    )


def _worded(
    facts: GateFacts, verdict: Verdict, ground: _Ground, more: Sequence[Fact], checked: _Checked
) -> Why:
    text = WHY[verdict.reason]
    if verdict.reason is Reason.HELD:
        text = f"Held: {HOLD_WORDS.get(verdict.detail, text)}"
    elif verdict.reason is Reason.UNSUBSCRIBED:
        text = f"Unsubscribed from {ground.name(ground.category)}."
    return Why(
        contact_id=facts.contact_id,
        may=verdict.may,
        reason=verdict.reason,
        text=text,
        facts=(*_hub_facts(facts, ground), *_row_facts(facts, ground), *more),
        live=checked.live,
        at=checked.at,
        checked=checked.said,
    )


def _hub_facts(facts: GateFacts, ground: _Ground) -> list[Fact]:
    said = [Fact(f"Legal basis in the hub: {BASIS_WORDS[facts.basis]}.", against=not facts.basis.positive)]
    active = facts.value & ground.active
    if ground.category:
        answer = "Yes" if active & ground.category else "No"
        name = ground.name(ground.category)
        said.append(Fact(f"{name} in the hub: {answer}.", against=not active & ground.category))
    elif ground.active:
        count, total = active.bit_count(), ground.active.bit_count()
        said.append(Fact(f"Subscribed in the hub to {count} of {total} categories.", against=not active))
    if facts.hold:
        said.append(Fact(f"Held: {HOLD_WORDS.get(facts.hold, facts.hold)}", against=True))
    if facts.suppressed:
        said.append(Fact(WHY[Reason.SUPPRESSED], against=True))
    if facts.blocked:
        said.append(
            Fact(WHY[Reason.REFUSAL_PENDING], against=bool(facts.blocked & (PERMISSION | ground.category)))
        )
    return said


def _row_facts(facts: GateFacts, ground: _Ground) -> list[Fact]:
    if not facts.links:
        return [Fact("No row in Dynamics is linked to this contact.")] if ground.places else []
    return [fact for link in facts.links for fact in _link_facts(link, ground)]


def _link_facts(link: LinkFacts, ground: _Ground) -> list[Fact]:
    place = _place(ground, link.key.connection_id)
    if link.read_at is None:
        return [Fact(f"The row in {place} was not read yet.")]
    when = f"read {link.read_at:%Y-%m-%d %H:%M} UTC"
    never = [Fact(f"No email at all, says {place} ({when}).", against=True)] if link.no_email else []
    if not link.active:
        return [Fact(f"The row in {place} is inactive ({when})."), *never]
    toggle = "Do not allow" if link.refuses else "no refusal"
    said = [*never, Fact(f"Bulk Email in {place}: {toggle} ({when}).", against=link.refuses)]
    refused = link.unsubscribed & (ground.category or ground.active)
    if refused:
        names = ", ".join(ground.name(bit) for bit in bits(refused))
        said.append(Fact(f"In {place} the person says No to {names}.", against=bool(ground.category)))
    return said


def _place(ground: _Ground, connection_id: int) -> str:
    place = ground.places.get(connection_id)
    return place.name if place else "Dynamics"
