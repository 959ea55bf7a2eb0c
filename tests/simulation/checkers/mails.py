"""P1, P6: no mail against a refusal before its check, nor one known here since; nobody gets two."""

from collections import Counter

from assent.policy.sides import PERMISSION

from ..truth import HUB
from .final import Final

#: How old the last look at the hub's own facts may be as a mail is handed over (handing.LOOK_GOOD_FOR),
#: with the time that a mail server takes for the envelope's first half.
LOOK_S = 2.5


def complaints(final: Final) -> list[str]:
    """Mails that should not have been."""
    counted = Counter((to, subject) for _, to, subject in final.mails)
    found = [f"{to} got {subject} {count} times" for (to, subject), count in counted.items() if count > 1]
    sent = {asked.subject: asked for asked in final.asked if asked.subject}
    for at, to, subject in final.mails:
        asked = sent[subject]
        for contact_id, deed in asked.refused.items():
            if asked.emails[contact_id] == to and not final.truth.granted_since(deed, at):
                found.append(f"{to} got {subject} at {at:.3f} against: {deed}")
        found += _against_the_hub(final, at, to, asked.category)
    return found


def _against_the_hub(final: Final, at: float, to: str, category: int) -> list[str]:
    """A refusal durably received stops every mail not yet handed over."""
    found: list[str] = []
    for person in final.people:
        entity = (HUB, person.contact.contact_id)
        if person.contact.email != to:
            continue
        for field in (PERMISSION, *([category] if category else [])):
            deed = final.truth.newest_is_refusal([entity], field, at - LOOK_S)
            if deed is not None:
                found.append(f"{to} got a mail at {at:.3f} against what the hub knew: {deed}")
    return found
