"""P1: a check lets nobody through whose newest act was a refusal before the check began."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from assent.policy.address import normalise
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
        at, refused = world.clock.seconds(), dict[UUID, Deed]()
        bearing: dict[str, list[Entity]] = {}
        for site in world.sites:
            for row_id, row in world.rows(site).items():
                if (email := normalise(row["emailaddress1"])) is not None:
                    world.truth.bears((site.connection_id, row_id), email)
                    bearing.setdefault(email, []).append((site.connection_id, row_id))
        emails = world.addresses()
        for contact_id, email in emails.items():
            if contact_id not in ids:
                continue
            entity: Entity = (HUB, contact_id)
            world.truth.bears(entity, email)
            for what in (PERMISSION, *([category] if category else [])):
                theirs = [entity, *bearing.get(email, [])]
                if (deed := world.truth.newest_is_refusal(theirs, what, at)) is not None:
                    refused[contact_id] = deed
        return cls(at, refused, subject, category)


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
