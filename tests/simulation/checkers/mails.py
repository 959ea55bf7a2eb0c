"""P1, P6: no mail against a refusal before its check, nor one known here since; nobody gets two."""

from collections import Counter

from assent.policy.sides import PERMISSION

from ..truth import HUB
from ..world import Mail
from .final import Final

#: How old the last look at the hub's own facts may be as a mail is handed over (handing.LOOK_GOOD_FOR),
#: with the time that a mail server takes for the envelope's first half.
LOOK_S = 2.5


def complaints(final: Final) -> list[str]:
    """Mails that should not have been."""
    counted = Counter((mail.to, mail.subject) for mail in final.mails)
    found = [f"{to} got {subject} {count} times" for (to, subject), count in counted.items() if count > 1]
    sent = {asked.subject: asked for asked in final.asked if asked.subject}
    for mail in final.mails:
        asked = sent[mail.subject]
        deed = asked.refused.get(mail.whose) if mail.whose is not None else None
        if deed is not None and deed.undone is not None and deed.undone <= mail.at:
            deed = None  # a restore took it back before the mail was handed over; nobody need have seen it
        bore = deed is not None and (deed.entity[0] == HUB or deed.entity in mail.rows)
        if deed is not None and bore and not final.truth.granted_since(deed, mail.at):
            found.append(f"{mail.to} got {mail.subject} at {mail.at:.3f} against: {deed}")
        found += _against_the_hub(final, mail, asked.category)
    return found


def _against_the_hub(final: Final, mail: Mail, category: int) -> list[str]:
    """A refusal durably received stops every mail not yet handed over."""
    if mail.whose is None:
        return []
    return [
        f"{mail.to} got a mail at {mail.at:.3f} against what the hub knew: {deed}"
        for field in (PERMISSION, *([category] if category else []))
        if (deed := final.truth.newest_is_refusal([(HUB, mail.whose)], field, mail.at - LOOK_S)) is not None
        and not final.truth.granted_since(deed, mail.at)
    ]
