"""P6, P7: every act is in the ledger exactly once, the chain verifies, and replaying gives what stands."""

from collections import Counter

from ..truth import HUB
from .final import Final


def complaints(final: Final) -> list[str]:
    """Acts that are missing or doubled, and what is wrong with the chain."""
    found = [final.ledger_broken] if final.ledger_broken else []
    told = Counter(entry.personal.get("text", "") for entry in final.entries if entry.kind != "row.written")
    gone = set(final.truth.erased.values())  # what proved their acts can never be read again (I6)
    expected = Counter(
        deed.marker
        for deed in final.truth.deeds
        if deed.marker and deed.at is not None and deed.entity[0] == HUB and deed.entity[1] not in gone
    )
    for marker, count in expected.items():
        if told[marker] != count:
            found.append(f"{marker} is in the ledger {told[marker]} times instead of {count}")
    found += [
        f"{deed.marker} is in the ledger although it never took effect"
        for deed in final.truth.deeds
        if deed.marker and deed.at is None and told[deed.marker] and not expected[deed.marker]
    ]
    return found
