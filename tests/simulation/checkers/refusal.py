"""P2: where the newest act of a person was a refusal, everything of theirs says no in the end."""

from uuid import UUID

from ..script import HARMLESS
from ..truth import HUB, Entity
from .final import FIELDS, NAMES, Final

NEVER = float("inf")


def complaints(final: Final) -> list[str]:
    """Refusals that did not hold, where they were made or on what is linked to it."""
    found: list[str] = []
    left = set(final.entities)
    for person in final.people:
        contact: Entity = (HUB, person.contact.contact_id)
        rows = [(link.key.connection_id, link.key.row_id) for link in person.links]
        theirs = [contact, *(row for row in rows if row in left)]
        for field in FIELDS:
            deed = final.truth.newest_is_refusal(theirs, field, NEVER)
            if deed is not None and final.says(contact).get(field, True):
                found.append(f"{NAMES[field]} of {str(contact[1])[:8]} is not refused, against: {deed}")
    found += _merged(final) + _deleted(final)
    for entity in left:
        for field in FIELDS:
            deed = final.truth.newest_is_refusal([entity], field, NEVER)
            if deed is not None and final.says(entity).get(field, entity[0] == HUB):
                found.append(
                    f"{NAMES[field]} of {entity[0]}/{str(entity[1])[:8]} is not refused, against: {deed}"
                )
    return found


def _merged(final: Final) -> list[str]:
    """What a merged row refused is refused by whoever has the surviving one (I4)."""
    owners = {(k.key.connection_id, k.key.row_id): p for p in final.people for k in p.links}
    found: list[str] = []
    for entity, row in final.rows.items():
        survivor = (entity[0], UUID(str(row["masterid"]))) if row["merged"] and row["masterid"] else None
        if survivor not in owners or entity not in final.truth.cast:
            continue
        contact: Entity = (HUB, owners[survivor].contact.contact_id)
        found += _unheard(final, [entity], contact, "the merged row")
    return found


def _deleted(final: Final) -> list[str]:
    """What a deleted row refused is refused by its contact, where every notice arrived (I4)."""
    found: list[str] = []
    if final.script.faults - HARMLESS:
        return found
    for entity in final.truth.cast - set(final.entities):
        kin = final.truth.kin(entity)
        contacts = [e for e in final.entities if e[0] == HUB and final.truth.kin(e) == kin]
        if len(contacts) == 1:
            found += _unheard(final, [entity], contacts[0], "the deleted row")
    return found


def _unheard(final: Final, rows: list[Entity], contact: Entity, what: str) -> list[str]:
    return [
        f"{NAMES[field]} of {str(contact[1])[:8]} is not refused, against {what}'s: {deed}"
        for field in FIELDS
        if (deed := final.truth.newest_is_refusal(rows, field, NEVER)) is not None
        and final.says(contact).get(field, True)
    ]
