"""Predicates that stop a run before it writes (design promise 3, Brakes)."""

from collections.abc import Iterable
from dataclasses import dataclass

from assent.policy.plan import Plan


@dataclass(frozen=True, slots=True)
class BrakeSettings:
    """A run may grant to this share of the contacts it looks at, and always to this many."""

    share: float = 0.05
    always: int = 20


@dataclass(frozen=True, slots=True)
class Braked:
    """A run stopped before writing: it would have granted to `grants` of `contacts`."""

    grants: int
    contacts: int


def brake(plans: Iterable[Plan], contacts: int, settings: BrakeSettings) -> Braked | None:
    """Stop a run that would grant to too many; refusals are never braked."""
    grants = sum(plan.grants for plan in plans)
    if grants > settings.always and grants > settings.share * contacts:
        return Braked(grants, contacts)
    return None
