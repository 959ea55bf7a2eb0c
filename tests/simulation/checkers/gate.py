"""P1: a check lets nobody through whose newest act was a refusal before the check began."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from assent.policy.sides import PERMISSION

from ..truth import HUB, Deed, Entity
from ..world import World

if TYPE_CHECKING:
    from .final import Final


@dataclass(slots=True)
class Asked:
    """A check, the refusals that stood as it began, and whom it let through."""

    at: float
    refused: dict[UUID, Deed]
    subject: str = ""
    category: int = 0
    may: frozenset[UUID] = frozenset()
    answered_at: float = 0.0

    @classmethod
    def now(cls, world: World, ids: Sequence[UUID], category: int, subject: str = "") -> "Asked":
        """Note who refuses as a check begins: in the hub, or on a row that bears the address now."""
        at = world.clock.seconds()
        return cls(at, _refusing(world, ids, category, at), subject, category)

    def answered(self, world: World, may: Collection[UUID]) -> None:
        """Note whom the check let through, and that people whose addresses moved meanwhile are others now."""
        self.may, self.answered_at = frozenset(may), world.clock.seconds()
        still = _refusing(world, [*self.refused], self.category, self.at)
        self.refused = {one: still[one] for one in self.refused if one in still}


def _refusing(world: World, ids: Sequence[UUID], category: int, before: float) -> dict[UUID, Deed]:
    refused: dict[UUID, Deed] = {}
    bearing = world.bearing()
    for entity, email in ((e, email) for email, entities in bearing.items() for e in entities):
        world.truth.bears(entity, email)
    for contact_id, email in world.addresses().items():
        if contact_id not in ids:
            continue
        contact: Entity = (HUB, contact_id)
        world.truth.bears(contact, email)
        for what in (PERMISSION, *([category] if category else [])):
            theirs = [contact, *bearing.get(email, [])]
            if (deed := world.truth.newest_is_refusal(theirs, what, before)) is not None:
                refused[contact_id] = deed
    return refused


def complaints(final: "Final") -> list[str]:
    """Whoever was let through against a refusal that nobody granted over, and no restore undid, meanwhile."""
    return [
        f"a check begun at {asked.at:.3f} lets {str(contact_id)[:8]} through against: {deed}"
        for asked in final.asked
        for contact_id, deed in asked.refused.items()
        if contact_id in asked.may
        and not final.truth.granted_since(deed, asked.answered_at)
        and (deed.undone is None or deed.undone > asked.answered_at)
    ]
