"""Taking a join apart never grants what somebody refused since (I3, design 5.3)."""

from itertools import product
from uuid import UUID

from assent.policy.parting import part
from assent.policy.permission import BASIS_STANCE, LegalBasis, Stance
from assent.policy.sides import PERMISSION, Contact, Hold

NEWS = 1
CHOICES = list(product(LegalBasis, (0, NEWS), (False, True)))


def contact(number: int, basis: LegalBasis, value: int, personally: bool, hold: str | None = None) -> Contact:
    """One of the two."""
    return Contact(
        UUID(int=number),
        f"{number}@x.example",
        1,
        basis=basis,
        value=value,
        refused_personally=personally and basis is LegalBasis.WITHDRAWN,
        hold=hold,
    )


def test_without_anything_unmoved_nobody_is_granted_anything() -> None:
    """Every refusal stays on both, whatever either said; the one that left is held no more (I3)."""
    for (a, va, pa), (b, vb, pb) in product(CHOICES, CHOICES):
        left, holder = contact(1, a, va, pa, Hold.JOINED.value), contact(2, b, vb, pb)
        parted = part(left, holder, {})
        assert holder == parted.holder
        refused = Stance.NO in (BASIS_STANCE[a], BASIS_STANCE[b])
        assert (LegalBasis.WITHDRAWN if refused else a) is parted.left.basis
        assert va & vb == parted.left.value
        assert parted.left.refused_personally or not left.refused_personally
        assert parted.left.hold is None


def test_only_what_the_join_alone_moved_is_given_back_and_never_as_none() -> None:
    """The holder's own basis comes back; None over Withdrawn is none to give back (5.3, T7)."""
    left = contact(1, LegalBasis.WITHDRAWN, 0, True, Hold.JOINED.value)
    holder = contact(2, LegalBasis.WITHDRAWN, 0, True)
    for before in LegalBasis:
        parted = part(left, holder, {PERMISSION: int(before), NEWS: NEWS})
        assert (before if before.positive else LegalBasis.WITHDRAWN) is parted.holder.basis
        assert NEWS == parted.holder.value
        assert (LegalBasis.WITHDRAWN, 0) == (parted.left.basis, parted.left.value)
        assert parted.holder.refused_personally is not before.positive
