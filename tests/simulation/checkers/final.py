"""How a history ended: both systems, the ledger, the mails, and whether one more sweep moves anything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from assent.ledger.entries import Entry
from assent.policy.gate import Message, Reason
from assent.policy.permission import LegalBasis
from assent.policy.sides import CATEGORIES, PERMISSION, Person

from ..lab import row_says
from ..script import Script
from ..truth import HUB, Entity, Truth
from ..world import Mail, World
from .gate import Asked

FIELDS = (PERMISSION, 1, 2)
NAMES = {PERMISSION: "permission", 1: "newsletters", 2: "events"}


@dataclass(frozen=True, slots=True)
class Final:
    """What the judges look at."""

    truth: Truth
    script: Script
    people: Sequence[Person]
    rows: Mapping[Entity, Mapping[str, Any]]
    entries: Sequence[Entry]
    asked: Sequence[Asked]
    mails: Sequence[Mail]
    ledger_broken: str
    moved: str
    failures: Sequence[str]
    writes: int
    late: Sequence[str]
    verdicts: Mapping[UUID, Reason]
    checked: Sequence[Person]
    application_user: str

    def says(self, entity: Entity) -> dict[int, bool]:
        """What an entity says at the end, by field; nothing where it is silent."""
        if entity[0] != HUB:
            return row_says(dict(self.rows[entity]))
        contact = next(p.contact for p in self.people if p.contact.contact_id == entity[1])
        said = {field: bool(contact.value & field) for field in (1, 2)}
        if contact.basis is not LegalBasis.NONE:
            said[PERMISSION] = contact.basis.positive
        return said

    @property
    def entities(self) -> list[Entity]:
        """Everybody and every row that is left."""
        return [(HUB, p.contact.contact_id) for p in self.people] + list(self.rows)


async def seen(world: World, script: Script, asked: Sequence[Asked], late: Sequence[str]) -> Final:
    """Look at everything, and let one more sweep run."""
    people, rows = await world.everybody(), rows_of(world)
    for person in people:
        world.truth.bears((HUB, person.contact.contact_id), person.contact.email)
    for entity, row in rows.items():
        world.truth.bears(entity, row["emailaddress1"])
    found = await world.store.ledger.entries(world.account_id, limit=100_000)
    entries = [recorded.entry for recorded in found]
    return Final(
        truth=world.truth,
        script=script,
        people=people,
        rows=rows,
        entries=entries,
        asked=asked,
        mails=list(world.mailing.taken),
        ledger_broken=await _ledger(world, people),
        moved=await _moved(world),
        failures=world.engine.failures,
        writes=sum(1 for entry in entries if entry.kind == "row.written"),
        late=late,
        verdicts=await _verdicts(world, people),
        checked=await world.everybody(),  # a check looks at people, and may settle one who waited for that
        application_user=world.sites[0].organization.identity.application("app").user_id,
    )


async def _verdicts(world: World, people: Sequence[Person]) -> dict[UUID, Reason]:
    """What the gate says of everybody once all is settled."""
    ids = [person.contact.contact_id for person in people]
    found = await world.living[0].app.check(world.account_id, ids, Message())
    return {contact_id: verdict.reason for contact_id, verdict in found.verdicts.items()}


def rows_of(world: World) -> dict[Entity, dict[str, Any]]:
    """Every row of every organisation."""
    return {
        (site.connection_id, row_id): row for site in world.sites for row_id, row in world.rows(site).items()
    }


async def _ledger(world: World, people: Sequence[Person]) -> str:
    """What is wrong with the chain, or with what replaying it gives (P7)."""
    ledger = world.store.ledger
    if (verified := await ledger.verify(world.account_id)).broken is not None:
        return f"the chain does not verify: {verified.broken}"
    states = await ledger.replay(world.account_id)
    told = {k: (s.basis, s.value & CATEGORIES, s.email, s.hold) for k, s in states.items()}
    stand = {
        p.contact.contact_id: (p.contact.basis, p.contact.value, p.contact.email, p.contact.hold)
        for p in people
    }
    wrong = {
        str(k)[:8]: (told.get(k), stand.get(k)) for k in told.keys() | stand if told.get(k) != stand.get(k)
    }
    return f"replaying gives another state: {wrong}" if wrong else ""


async def _moved(world: World) -> str:
    """What one more sweep moves although nobody acted (P4)."""
    before = await _standing(world)
    await world.living[0].app.sweep(world.account_id)
    after = await _standing(world)
    return "; ".join(
        f"{name}: {before[name]} became {after[name]}" for name in before if before[name] != after[name]
    )


async def _standing(world: World) -> dict[str, object]:
    found = await world.store.ledger.entries(world.account_id, limit=100_000)
    return {
        "the hub's revision": await world.store.memory.revision(world.account_id),
        "the ledger's length": len(found),
        "row versions": {str(e[1])[:8]: row["versionnumber"] for e, row in rows_of(world).items()},
    }
