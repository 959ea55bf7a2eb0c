"""I6: whoever was erased is gone, nobody brings the address back, and what is left of them refuses."""

from assent.policy.sides import PERMISSION, Hold

from ..faults import Fault
from ..lab import row_says
from .final import Final


def complaints(final: Final) -> list[str]:
    """Contacts at erased addresses, and their rows that may still be mailed from Dynamics."""
    held = {person.contact.email: person.contact for person in final.people}
    found: list[str] = []
    for email, contact_id in final.truth.erased.items():
        if email in held and held[email].contact_id != contact_id:
            found.append(f"{email} was erased and is a contact again")
        if any(
            p.contact.contact_id == contact_id and p.contact.hold != Hold.ERASING.value for p in final.people
        ):
            found.append(f"{str(contact_id)[:8]} was erased and is still here")
    return found + (_rows(final) if Fault.RESTORED not in final.script.faults else [])


def _rows(final: Final) -> list[str]:
    return [
        f"{entity[0]}/{str(entity[1])[:8]} was an erased person's and says Allow"
        for entity, since in final.truth.erased_rows.items()
        if (row := final.rows.get(entity)) is not None
        and not row["statecode"]
        and row_says(dict(row)).get(PERMISSION, True)
        and not any(deed.yes and (deed.at or 0.0) > since for deed in final.truth.done(entity, PERMISSION))
    ]
