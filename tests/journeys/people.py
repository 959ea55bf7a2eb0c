"""People who act at random on both sides, and a judge who knows only what they did."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from uuid import UUID

from assent.errors import AssentError
from assent.policy.permission import LegalBasis
from assent.policy.plan import RowWrite
from assent.policy.sides import PERMISSION, Row
from assent.ports import Change, Crm, Memory, Settlement, Written

from ..engine.stage import StagedWorld
from ..engine.world import EVENTS, NEWS, PERSON, USER
from .sabotage import Port

POSITIVE = [basis for basis in LegalBasis if basis.positive]
COLUMNS = {PERMISSION: "donotbulkemail", NEWS.bit: "asn_news", EVENTS.bit: "asn_events"}


@dataclass(slots=True)
class Somebody:
    """One person in both systems, and every act on them: whether each was a grant, oldest first."""

    contact_id: UUID
    row_id: UUID
    start: LegalBasis
    acts: dict[int, list[tuple[str, bool]]] = field(default_factory=lambda: {f: [] for f in COLUMNS})
    bases: set[LegalBasis] = field(default_factory=set)
    story: list[str] = field(default_factory=list)

    def acted(self, side: str, what: int, grant: bool) -> None:
        """Write an act down."""
        self.acts[what].append((side, grant))
        self.story.append(f"{side} {COLUMNS[what]} {'yes' if grant else 'no'}")


@dataclass(slots=True)
class Crowd:
    """Everybody in one world, and the chance that drives them."""

    w: StagedWorld
    chance: Random
    people: list[Somebody] = field(default_factory=list)
    memory: Memory = field(init=False)
    crm: Crm = field(init=False)

    def __post_init__(self) -> None:
        """Begin with sound ports."""
        self.memory, self.crm = self.w.store.memory, self.w.office.real

    async def born(self, count: int) -> None:
        """Make people in both systems, any basis, and set the connection up."""
        for number in range(count):
            start = self.chance.choice(list(LegalBasis))
            contact_id, row_id = await self.w.pair(f"p{number}@x.example", start)
            self.people.append(Somebody(contact_id, row_id, start))
        await self.w.set_up()
        await self.w.notices()

    async def somebody_acts(self) -> None:
        """One act of one person, or of a rep on one row, with or without time in between."""
        who = self.chance.choice(self.people)
        if self.chance.random() < 0.5:
            self.rep_acts(who)
        else:
            await self.hub_acts(who)
        if self.chance.random() < 0.4:
            self.w.clock.pass_by(seconds=self.chance.choice([1, 3, 10, 60]))

    def rep_acts(self, who: Somebody | None = None) -> None:
        """A rep saves a form; a value saved as it was is no act (M3)."""
        who = who or self.chance.choice(self.people)
        if self.chance.random() < 0.15:
            self.w.rep.save(who.row_id, telephone1="1")
            return
        what = self.chance.choice(list(COLUMNS))
        grant = self.chance.random() < 0.5
        value = grant is not (what == PERMISSION)
        if self.w.office.row(who.row_id)[COLUMNS[what]] is not value:
            who.acted("rep", what, grant)
        self.w.rep.save(who.row_id, **{COLUMNS[what]: value})

    def dither(self, who: Somebody, what: int) -> None:
        """A rep grants something and takes it back at once."""
        for grant in (True, False):
            value = grant is not (what == PERMISSION)
            if self.w.office.row(who.row_id)[COLUMNS[what]] is not value:
                who.acted("rep", what, grant)
            self.w.rep.save(who.row_id, **{COLUMNS[what]: value})

    async def hub_acts(self, who: Somebody) -> None:
        """The person, or a user for them, sets something; repeated or not it is an act (M3)."""
        actor = self.chance.choice([PERSON, USER])
        what = self.chance.choice(list(COLUMNS))
        grant = self.chance.random() < 0.5
        who.acted("hub", what, grant)
        if what != PERMISSION:
            await self.w.act(who.contact_id, actor, answered=what, value=what if grant else 0)
            return
        basis = self.chance.choice(POSITIVE) if grant else LegalBasis.WITHDRAWN
        who.bases.add(basis)
        await self.w.act(who.contact_id, actor, basis=basis)

    def by_row(self, row_id: UUID) -> Somebody:
        """Whose row it is."""
        return next(who for who in self.people if who.row_id == row_id)

    def by_contact(self, contact_id: UUID) -> Somebody:
        """Whose contact it is."""
        return next(who for who in self.people if who.contact_id == contact_id)

    async def complaints(self) -> list[str]:
        """What must not be, judged from people's acts alone."""
        found: list[str] = []
        for who in self.people:
            contact = await self.w.contact(who.contact_id)
            row = self.w.office.row(who.row_id)
            hub = {f: bool(contact.value & f) for f in COLUMNS} | {
                PERMISSION: contact.basis is not LegalBasis.WITHDRAWN
            }
            crm = {f: row[name] is not (f == PERMISSION) for f, name in COLUMNS.items()}
            told = [f"{COLUMNS[f]}: hub {hub[f]}, crm {crm[f]}" for f in COLUMNS if hub[f] is not crm[f]]
            told += [f"{COLUMNS[f]}: {reason}" for f in COLUMNS if (reason := wrong(who, f, hub[f]))]
            if contact.basis.positive and contact.basis not in {*who.bases, who.start, LegalBasis.CONSENT}:
                told.append(f"nobody gave {contact.basis.name}")
            found += [f"{one} after {who.start.name}, {', '.join(who.story)}" for one in told]
        return found


class BusyCrm(Port):
    """A CRM in which reps save the very rows we are about to write."""

    def __init__(self, target: Crm, crowd: Crowd) -> None:
        super().__init__(target)
        self.crowd = crowd

    async def write(self, writes: Sequence[RowWrite]) -> dict[UUID, Row | AssentError]:
        """Let some reps act first."""
        for write in writes:
            who, chance = self.crowd.by_row(write.key.row_id), self.crowd.chance
            for _ in range(chance.choice([0, 0, 1, 2])):
                self.crowd.rep_acts(who)
            written = [field for field in COLUMNS if field & write.touched]
            if written and chance.random() < 0.4:
                self.crowd.dither(who, chance.choice(written))
        result: dict[UUID, Row | AssentError] = await self.target.write(writes)
        return result


class BusyMemory(Port):
    """A hub in which people act right before we change or settle them."""

    def __init__(self, target: Memory, crowd: Crowd) -> None:
        super().__init__(target)
        self.crowd = crowd

    async def apply(self, account_id: int, changes: Sequence[Change]) -> dict[UUID, int]:
        """Let some act first."""
        await self._act(change.before.contact_id for change in changes)
        result: dict[UUID, int] = await self.target.apply(account_id, changes)
        return result

    async def settle(
        self, account_id: int, settlements: Sequence[Settlement], written: Sequence[Written]
    ) -> set[UUID]:
        """Let some act first."""
        await self._act(settlement.contact_id for settlement in settlements)
        result: set[UUID] = await self.target.settle(account_id, settlements, written)
        return result

    async def _act(self, contact_ids: Iterable[UUID]) -> None:
        for contact_id in contact_ids:
            if self.crowd.chance.random() < 0.2:
                await self.crowd.hub_acts(self.crowd.by_contact(contact_id))


def wrong(who: Somebody, what: int, says_yes: bool) -> str:
    """Why the end cannot be right: the last act refused, or nobody ever granted or refused (P2, P3)."""
    acts = who.acts[what]
    if says_yes and acts and not acts[-1][1]:
        return "the last act was a refusal"
    started_yes = what != PERMISSION or who.start is not LegalBasis.WITHDRAWN
    if says_yes and not started_yes and not any(grant for _, grant in acts):
        return "nobody granted it"
    if not says_yes and started_yes and all(grant for _, grant in acts):
        return "nobody refused it"
    return ""
