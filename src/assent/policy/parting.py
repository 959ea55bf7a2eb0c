"""What a join that is taken apart gives back to either contact, and what it never gives back (I3, 5.3)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from assent.policy.identity import strictest
from assent.policy.permission import LegalBasis
from assent.policy.sides import PERMISSION, Contact


@dataclass(frozen=True, slots=True)
class Parted:
    """Both contacts once they are apart again."""

    left: Contact
    holder: Contact


def part(left: Contact, holder: Contact, unmoved: Mapping[int, int]) -> Parted:
    """Take a join apart: each keeps the strictest but for what the holder took over at the join.

    `unmoved` holds, by field, what the holder had before the join in fields it took over then and
    nobody moved since. A refusal made since stays on both, and so does one the holder had before: the
    rows that go back were written to with it. None is no grant to give back (T7).
    """
    own = holder
    for field, old in unmoved.items():
        if field != PERMISSION:
            own = replace(own, value=own.value | (field if old else 0))
        elif LegalBasis(old).positive:
            own = replace(own, basis=LegalBasis(old), refused_personally=False)
    both = strictest(left, own)
    basis = left.basis if both.basis.positive else both.basis
    personally = left.refused_personally or (own.refused_personally and basis is LegalBasis.WITHDRAWN)
    apart = replace(left, basis=basis, value=both.value, refused_personally=personally, hold=None)
    return Parted(apart, own)
