"""P4: left alone, the hub and every active row linked to it say the same; who bears an address is linked."""

from collections.abc import Mapping, Sequence
from typing import Any

from assent.policy.address import normalise
from assent.policy.permission import BASIS_STANCE, Stance
from assent.policy.sides import PERMISSION, Person

from ..lab import row_says
from ..truth import HUB, Entity
from .final import NAMES, Final


def differences(people: Sequence[Person], rows: Mapping[Entity, Mapping[str, Any]]) -> list[str]:
    """Where the hub and the active rows linked to it do not say the same."""
    return [
        one
        for person in people
        for link in person.links
        if (row := rows.get((link.key.connection_id, link.key.row_id))) is not None and not row["statecode"]
        for one in _differences(person, (link.key.connection_id, link.key.row_id), row)
    ]


def complaints(final: Final) -> list[str]:
    """Where the two sides differ, and rows that belong to nobody although somebody has their address."""
    found = differences(final.people, final.rows)
    linked: dict[Entity, Person] = {}
    for person in final.people:
        for link in person.links:
            entity = (link.key.connection_id, link.key.row_id)
            linked[entity] = person
            row = final.rows.get(entity)
            if row is None:
                found.append(f"a link to {entity[0]}/{str(entity[1])[:8]} outlived its row")
            elif not row["statecode"] and final.truth.kin(entity) != final.truth.kin(
                (HUB, person.contact.contact_id)
            ):
                found.append(f"{entity[0]}/{str(entity[1])[:8]} is linked to somebody else's contact (I1)")
    held = {person.contact.email: person for person in final.people}
    for entity, row in final.rows.items():
        email = normalise(row["emailaddress1"])
        if not row["statecode"] and entity not in linked and email in held:
            found.append(f"{entity[0]}/{str(entity[1])[:8]} bears a known address and is not linked")
        # The row of an erased person may have moved on before it was let go: nobody brings them back (I6).
        truth = final.truth
        gone = email in truth.erased or email in truth.barred or entity in truth.erased_rows
        wanted = final.script.create_in_hub and not gone
        if not row["statecode"] and entity not in linked and email is not None and wanted:
            found.append(f"{entity[0]}/{str(entity[1])[:8]} has an address and no contact")
    return found


def _differences(person: Person, entity: Entity, row: Mapping[str, Any]) -> list[str]:
    contact, says, who = person.contact, row_says(dict(row)), str(person.contact.contact_id)[:8]
    found = [
        f"{NAMES[field]} of {who}: hub {bool(contact.value & field)}, row {says.get(field)}"
        for field in (1, 2)
        if says.get(field, True) is not bool(contact.value & field)
    ]
    stance = BASIS_STANCE[contact.basis]
    allowed = says.get(PERMISSION, True)
    if (stance is Stance.NO and allowed) or (stance is not Stance.NO and not allowed):
        found.append(
            f"permission of {who}: hub {contact.basis.name}, row {'Allow' if allowed else 'Do not allow'} "
            f"({entity[0]}/{str(entity[1])[:8]}, hold {contact.hold})"
        )
    email = normalise(str(row["emailaddress1"])) if row["emailaddress1"] is not None else None
    if email is not None and email != contact.email and contact.hold is None:
        found.append(f"the address of {who}: hub {contact.email}, row {email}")
    return found
