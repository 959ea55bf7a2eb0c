"""One action on many contacts: refusals always, grants never over a refusal (I7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from assent.errors import Invalid
from assent.policy.audience import mask_of, numbers_of
from assent.policy.permission import LegalBasis


class BulkKind(Enum):
    """What can be done to many contacts at once."""

    SET_BASIS = "set_basis"
    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"


class Outcome(Enum):
    """What an action does to one contact."""

    CHANGED = "changed"
    REPEATED = "repeated"  # it refuses already, and says so again, which is an act (M3)
    UNCHANGED = "unchanged"
    KEPT_WITHDRAWN = "kept_withdrawn"  # a grant in bulk never lifts Withdrawn (I7)
    KEPT_NO = "kept_no"  # nor a No of the person, or one that came from Dynamics


#: The outcomes that are acts.
ACTS = frozenset({Outcome.CHANGED, Outcome.REPEATED})


@dataclass(frozen=True, slots=True)
class BulkAction:
    """The action: a basis to set, or a mask of categories to subscribe to or unsubscribe from."""

    kind: BulkKind
    basis: LegalBasis = LegalBasis.NONE
    categories: int = 0

    def __post_init__(self) -> None:
        if (self.kind is BulkKind.SET_BASIS) == bool(self.categories):
            raise Invalid("A bulk action sets a legal basis, or names the categories it is about.")
        if self.categories and self.basis is not LegalBasis.NONE:
            raise Invalid("A bulk action about categories sets no legal basis.")

    @property
    def grants(self) -> bool:
        """Whether it lets mail through that was kept back; such an action needs evidence."""
        return self.kind is BulkKind.SUBSCRIBE or self.basis.positive

    def plain(self) -> dict[str, object]:
        """The action as JSON holds it."""
        if self.kind is BulkKind.SET_BASIS:
            return {"kind": self.kind.value, "basis": self.basis.name.lower()}
        return {"kind": self.kind.value, "categories": numbers_of(self.categories)}


@dataclass(frozen=True, slots=True)
class Target:
    """What an action rests on of one contact; `ours` are the answers that users and keys gave here."""

    basis: LegalBasis
    value: int
    ours: int = 0


def lifted(action: BulkAction, target: Target) -> int:
    """The categories whose No an action may turn to Yes: those no person or CRM said (5.3, I7)."""
    return action.categories & ~target.value & target.ours


def outcome(action: BulkAction, target: Target) -> Outcome:
    """Decide what an action does to one contact."""
    withdrawn = target.basis is LegalBasis.WITHDRAWN
    match action.kind:
        case BulkKind.UNSUBSCRIBE:
            return Outcome.CHANGED if target.value & action.categories else Outcome.REPEATED
        case BulkKind.SUBSCRIBE:
            if not action.categories & ~target.value:
                return Outcome.UNCHANGED
            if withdrawn:
                return Outcome.KEPT_WITHDRAWN
            return Outcome.CHANGED if lifted(action, target) else Outcome.KEPT_NO
        case BulkKind.SET_BASIS:
            if withdrawn:
                again = action.basis is LegalBasis.WITHDRAWN
                return Outcome.REPEATED if again else Outcome.KEPT_WITHDRAWN
            return Outcome.UNCHANGED if action.basis is target.basis else Outcome.CHANGED


def read_action(plain: Mapping[str, object]) -> BulkAction:
    """Read an action from its JSON form; raises Invalid, saying what is wrong."""
    kinds = {kind.value: kind for kind in BulkKind}
    kind = kinds.get(str(plain.get("kind")))
    if kind is None:
        raise Invalid(f"A bulk action is one of: {', '.join(kinds)}.")
    if kind is not BulkKind.SET_BASIS:
        numbers = plain.get("categories")
        return BulkAction(kind, categories=mask_of(numbers if isinstance(numbers, list) else []))
    bases = {basis.name.lower(): basis for basis in LegalBasis}
    basis = bases.get(str(plain.get("basis")))
    if basis is None:
        raise Invalid(f"A legal basis is one of: {', '.join(bases)}.")
    return BulkAction(kind, basis=basis)
