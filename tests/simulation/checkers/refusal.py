"""P2: where the newest act of a person was a refusal, everything of theirs says no in the end."""

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
    for entity in left:
        for field in FIELDS:
            deed = final.truth.newest_is_refusal([entity], field, NEVER)
            if deed is not None and final.says(entity).get(field, entity[0] == HUB):
                found.append(
                    f"{NAMES[field]} of {entity[0]}/{str(entity[1])[:8]} is not refused, against: {deed}"
                )
    return found
