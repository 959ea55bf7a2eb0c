"""P6, P7: every act is in the ledger exactly once, the chain verifies, and replaying gives what stands."""

from collections import Counter

from ..truth import HUB
from .final import Final


def complaints(final: Final) -> list[str]:
    """Acts that are missing or doubled, and what is wrong with the chain."""
    found = [final.ledger_broken] if final.ledger_broken else []
    told = Counter(
        (entry.personal.get("text", ""), entry.contact_id)
        for entry in final.entries
        if entry.kind != "row.written"
    )
    gone = set(final.truth.erased.values())  # what proved their acts can never be read again (I6)
    acts = [d for d in final.truth.deeds if d.marker and d.entity[0] == HUB and d.entity[1] not in gone]
    expected = Counter((deed.marker, deed.entity[1]) for deed in acts if deed.at is not None)
    found += [
        f"{marker} is in the ledger {told[marker, contact_id]} times instead of {count}"
        for (marker, contact_id), count in expected.items()
        if told[marker, contact_id] != count
    ]
    found += [
        f"{deed.marker} is in the ledger although it never took effect"
        for deed in acts
        if deed.at is None and told[deed.marker, deed.entity[1]] and not expected[deed.marker, deed.entity[1]]
    ]
    return found
