"""P3: every value is explained by somebody's act, by how things began, or by a default the rules name."""

from assent.policy.permission import LegalBasis
from assent.policy.sides import PERMISSION

from ..truth import HUB, Entity
from .final import FIELDS, NAMES, Final


def complaints(final: Final) -> list[str]:
    """Permission nobody gave, and refusals nobody made."""
    found: list[str] = []
    for entity in final.entities:
        says = final.says(entity)
        for field in FIELDS:
            if field in says and not _explained(final, entity, field, yes=says[field]):
                what = "granted" if says[field] else "refused"
                found.append(
                    f"{NAMES[field]} of {entity[0]}/{str(entity[1])[:8]} is {what}, and nobody did that"
                )
    return found


def _explained(final: Final, entity: Entity, field: int, *, yes: bool) -> bool:
    truth, kin = final.truth, final.truth.kin(entity)
    if any(deed.yes is yes for deed in truth.done(entity, field)):
        return True
    began = [said for (one, f), said in truth.beginnings.items() if f == field and truth.kin(one) == kin]
    bases = [basis for one, basis in truth.first_basis.items() if truth.kin(one) == kin]
    if field != PERMISSION:
        return yes or False in began  # every category starts at Yes for everybody
    if not yes:
        return False in began or LegalBasis.WITHDRAWN in bases
    if entity[0] == HUB:
        # An Allow put back and saved past the version known of its row passes for a rep's: nothing tells.
        return any(basis.positive for basis in bases) or truth.unprovable(entity)
    # A row that merely is Allow grants nothing: the default of a new row, and what None leaves alone (T5).
    # Of people who swapped addresses one may have begun so, whatever the other did.
    return True in began or any(basis is not LegalBasis.WITHDRAWN for basis in bases) or not bases
