"""The gate is no wall: whoever agreed everywhere may be mailed once all is settled."""

from assent.policy.gate import Reason
from assent.policy.permission import LegalBasis

from .final import Final

#: What may keep a contact out although both sides say yes: a person has to decide.
_HELD = frozenset({Reason.MAY, Reason.SUPPRESSED})


def complaints(final: Final) -> list[str]:
    """Contacts that are kept out of sends for no reason of theirs."""
    found: list[str] = []
    for person in final.checked:
        contact = person.contact
        verdict = final.verdicts[contact.contact_id]
        willing = contact.basis.positive and contact.hold is None and bool(contact.value & 3)
        if willing and verdict not in _HELD:
            found.append(f"{str(contact.contact_id)[:8]} agreed everywhere and is kept out: {verdict.value}")
        if not willing and verdict is Reason.MAY:
            why = "held" if contact.hold else LegalBasis(contact.basis).name
            found.append(f"{str(contact.contact_id)[:8]} may be mailed although {why}")
    return found
