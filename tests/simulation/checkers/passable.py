"""The gate is no wall: whoever agreed everywhere may be mailed once all is settled."""

from assent.policy.address import normalise
from assent.policy.gate import Reason
from assent.policy.permission import LegalBasis
from assent.policy.sides import PERMISSION

from ..lab import row_says
from .final import Final

#: What may keep a contact out although both sides say yes: a person has to decide.
_HELD = frozenset({Reason.MAY, Reason.SUPPRESSED})


def complaints(final: Final) -> list[str]:
    """Contacts that are kept out of sends for no reason of theirs."""
    found: list[str] = []
    refused = _refused_by_rows(final)
    for person in final.checked:
        contact = person.contact
        verdict = final.verdicts[contact.contact_id]
        open_ = contact.value & 3 & ~refused.get(contact.email, 0)
        refuses = bool(refused.get(contact.email, 0) & PERMISSION)
        willing = contact.basis.positive and contact.hold is None and bool(open_) and not refuses
        if willing and verdict not in _HELD:
            found.append(f"{str(contact.contact_id)[:8]} agreed everywhere and is kept out: {verdict.value}")
        if not willing and verdict is Reason.MAY:
            why = "held" if contact.hold else LegalBasis(contact.basis).name
            found.append(f"{str(contact.contact_id)[:8]} may be mailed although {why}")
    return found


def _refused_by_rows(final: Final) -> dict[str, int]:
    """What active rows refuse, by the address they bear, whoever's they are (the gate's stricter reading)."""
    refused: dict[str, int] = {}
    for row in final.rows.values():
        if not row["statecode"] and (email := normalise(row["emailaddress1"])) is not None:
            for field, yes in row_says(dict(row)).items():
                refused[email] = refused.get(email, 0) | (0 if yes else field)
    return refused
