"""P5: a basis loses its nuance only through a real change of permission."""

from assent.policy.permission import LegalBasis
from assent.policy.sides import PERMISSION

from ..truth import HUB, Entity
from .final import Final


def complaints(final: Final) -> list[str]:
    """Bases that are not what people set."""
    found: list[str] = []
    for person in final.people:
        entity: Entity = (HUB, person.contact.contact_id)
        basis, kin = person.contact.basis, final.truth.kin(entity)
        deeds = final.truth.done(entity, PERMISSION)
        first = {b for one, b in final.truth.first_basis.items() if final.truth.kin(one) == kin}
        given = {deed.basis for deed in deeds if deed.basis is not None} | first
        rows = [deed for deed in deeds if deed.entity[0] != HUB]
        if final.truth.unprovable(entity) or any(deed.yes for deed in rows):
            given.add(LegalBasis.CONSENT)
        if basis.positive and basis not in given:
            found.append(f"{str(entity[1])[:8]} has {basis.name}, which nobody gave")
        refused = [deed for deed in deeds if not deed.yes]
        silenced = any(final.truth.kin(one) == kin for one in final.truth.silenced)
        mine = [deed for deed in deeds if deed.entity == entity and deed.basis is not None]
        if (
            mine
            and not silenced
            and not refused
            and basis is not mine[-1].basis
            and len(first) == 1
            and LegalBasis.WITHDRAWN not in first
        ):
            found.append(f"{str(entity[1])[:8]} has {basis.name}, against: {mine[-1]}")
    return found
