"""When a whole contact joins the one that holds its rows' new address, and with what (rule I3)."""

from dataclasses import dataclass, replace
from functools import reduce
from operator import or_

from assent.policy.address import normalise
from assent.policy.identity import EmailMove, follow_address, strictest
from assent.policy.plan import FieldChange
from assent.policy.sides import PERMISSION, Contact, Hold, Link, LinkKey, Person, bits


@dataclass(frozen=True, slots=True)
class Joined:
    """Both contacts after a join: the holder with the strictest of both, the other held and without rows."""

    holder: Contact
    changes: tuple[FieldChange, ...]
    left: Contact


def join(person: Person, holder: Person) -> Joined | None:
    """Join a person to the holder of their rows' new address; None where a person must decide.

    Judged on rows just read: every row of the one bears the address, no row of the other is about to
    leave it, and neither is held. A join that would give the holder a permission it has not is
    nobody's grant, so it is left to a person too.
    """
    contact, other = person.contact, holder.contact
    if other.hold is not None or contact.hold not in (None, Hold.ADDRESS_TAKEN.value):
        return None
    if not person.links or not all(_arrived(contact, link, other.email) for link in person.links):
        return None
    if not all(_stays(other, link) for link in holder.links):
        return None
    both = strictest(other, contact)
    if both.basis.positive and not other.basis.positive:
        return None
    changes = _taken_over(other, both, person.links[0].key)
    moved = reduce(or_, (change.field for change in changes), 0)
    # Taking a refusal over is an act of the person it came from, not the sync's own write (M3).
    after = replace(both, hold=None, synced=other.synced & ~moved)
    return Joined(after, changes, replace(contact, hold=Hold.JOINED.value))


def _arrived(contact: Contact, link: Link, address: str) -> bool:
    """Whether a row went to the address in the CRM alone; changed on both sides is a conflict."""
    if link.row is None or normalise(link.row.email) != address:
        return False
    return follow_address(contact, link) is EmailMove.HUB_FOLLOWS


def _stays(holder: Contact, link: Link) -> bool:
    return link.row is not None and follow_address(holder, link) is EmailMove.LEAVE


def _taken_over(holder: Contact, both: Contact, cause: LinkKey) -> tuple[FieldChange, ...]:
    changes = [FieldChange(field, 1, 0, "I3", cause) for field in bits(holder.value ^ both.value)]
    if both.basis is not holder.basis:
        changes.append(FieldChange(PERMISSION, int(holder.basis), int(both.basis), "I3", cause))
    return tuple(changes)
