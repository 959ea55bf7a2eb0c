"""P3: a permission given after an older refusal was settled stands: the sync loses no grants either."""

from assent.policy.permission import OnAllow
from assent.policy.sides import PERMISSION

from ..faults import Fault
from ..script import HARMLESS
from ..truth import HUB, Deed, Entity
from .final import FIELDS, NAMES, Final

#: After so many quiet seconds everything is settled where nothing goes wrong.
QUIET_S = 30.0
_UNCLEAR = frozenset({Fault.RESTORED, Fault.COLUMN_MISSING})


def complaints(final: Final) -> list[str]:
    """Grants that were lost although nothing spoke against them."""
    if final.script.faults & _UNCLEAR:
        return []
    found: list[str] = []
    for person in final.people:
        contact: Entity = (HUB, person.contact.contact_id)
        if not _simple(final, contact):
            continue
        for field in FIELDS:
            deed = _due(final, contact, field)
            if deed is not None and not final.says(contact).get(field, False):
                found.append(f"{NAMES[field]} of {str(contact[1])[:8]} is refused, against: {deed}")
    return found


def _simple(final: Final, contact: Entity) -> bool:
    """Whether the person is one contact, with the rows it began with, where it began."""
    truth = final.truth
    kin = truth.kin(contact)
    entities = [e for e in final.entities if truth.kin(e) == kin]
    rows = {e for e in entities if e[0] != HUB}
    began = {e for e in truth.cast if truth.kin(e) == kin}
    alone = [e for e in entities if e[0] == HUB] == [contact]
    asleep = any(final.rows[row]["statecode"] for row in rows)
    moved = any(deed.email is not None for deed in truth.deeds if truth.kin(deed.entity) == kin)
    silent = any(truth.kin(one) == kin for one in truth.silenced)
    return (
        not silent
        and alone
        and rows == began
        and not asleep
        and not moved
        and not truth.rehoused & (rows | {contact})
    )


def _due(final: Final, contact: Entity, field: int) -> Deed | None:
    """The newest act on a field, where it is a grant that nothing can speak against."""
    deeds = final.truth.done(contact, field)
    if not deeds or not deeds[-1].yes:
        return None
    newest = deeds[-1]
    at = newest.at or 0.0
    if newest.entity[0] != HUB and field == PERMISSION and final.script.on_allow is not OnAllow.CONSENT:
        return None
    refused = max((deed.at or 0.0 for deed in deeds if not deed.yes), default=0.0)
    settled = _settled(final, contact, refused, at)
    touches = [t for e, t in final.truth.touches if final.truth.kin(e) == final.truth.kin(contact)]
    # We write a refusal of another field without a condition (M6): the row may have been saved before that.
    touches += [deed.at or 0.0 for deed in final.truth.done(contact) if not deed.yes]
    if settled is None or any(settled < t and t != at for t in touches):
        return None
    return newest


def _settled(final: Final, contact: Entity, after: float, before: float) -> float | None:
    """A moment between two at which everything was settled for sure."""
    sweeps = [begun for begun, ended in final.truth.sweeps if after < begun and ended < before]
    if sweeps:
        return max(sweeps)
    if final.script.faults <= HARMLESS and final.script.slowness == 1:
        busy = [t for t in final.truth.stirred() if t < before]
        if before - max(busy, default=0.0) > QUIET_S:
            return before - 1.0
    return None
