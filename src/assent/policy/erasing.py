"""What became of the rows of a person who is being erased: the refusal comes first (rule I6)."""

from enum import Enum

from assent.policy.permission import BulkEmail
from assent.policy.sides import Contact, Link


class RowEnd(Enum):
    """How a row stands, or stood when its person was erased."""

    REFUSED = "refused"  # it says Do not allow, as read after the erasure was asked for
    INACTIVE = "inactive"  # nothing is written to an inactive row (I4)
    DELETED = "deleted"  # it is gone in Dynamics
    WAITS = "waits"  # not written and read back yet
    UNCONFIRMED = "unconfirmed"  # it waited still when a person decided to go on without it


def row_end(contact: Contact, link: Link) -> RowEnd:
    """Tell how a linked row stood when it was last read.

    Asking for the erasure moved the contact, so a row read beside its present revision was read since.
    """
    row = link.row
    if row is None or link.read_revision < contact.revision:
        return RowEnd.WAITS
    if row.toggle is BulkEmail.DO_NOT_ALLOW:
        return RowEnd.REFUSED
    return RowEnd.WAITS if row.active else RowEnd.INACTIVE
