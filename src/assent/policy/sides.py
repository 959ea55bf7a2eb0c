"""What each side was seen to hold, and the base they were last proved to agree on.

A subscription is one bit of a 64-bit mask: `known` says which categories the side has a value for,
`value` what it is. Bits 0-59 belong to categories; the two fields of the contact itself have bits of
their own, so that one mask per side tells everything touched since the base.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from uuid import UUID

from assent.policy.permission import BulkEmail, LegalBasis

CATEGORY_LIMIT = 60
CATEGORIES = (1 << CATEGORY_LIMIT) - 1
PERMISSION = 1 << 60
ADDRESS = 1 << 61
#: What only the gate reads: a row that says no to any email at all. It is never merged (G3).
NO_EMAIL = 1 << 62
#: A base's address where the sides never agreed on one: beside it, both count as changed (I3, M7).
DISPUTED = ""


class Hold(Enum):
    """Why a contact is kept out of sends until a person or a rule decides."""

    EMAIL_CONFLICT = "email_conflict"  # changed on both sides (I3)
    ADDRESS_TAKEN = "address_taken"  # its row's new address is another contact's, or barred (I3, I6)
    CRM_DELETED = "crm_deleted"  # its CRM row was deleted (I4)
    JOINED = "joined"  # its rows went to the contact that held their new address (I3)
    ERASING = "erasing"  # its rows get their last refusal; then nothing is left of it (I6)


def bits(mask: int) -> Iterator[int]:
    """Yield the single-bit masks set in `mask`, lowest first."""
    while mask:
        low = mask & -mask
        yield low
        mask ^= low


@dataclass(frozen=True, slots=True)
class LinkKey:
    """Where a CRM row lives: connection and row id (the table is always contact)."""

    connection_id: int
    row_id: UUID


@dataclass(frozen=True, slots=True)
class Row:
    """A sighting of a CRM contact: what it held, at which version.

    `known` lacks the categories whose column was null or missing; `unread` names the missing ones
    (column security), which are reported and never taken for cleared (T6). `no_email` is the CRM's own
    "Do not allow Emails", which no merge looks at and only some gates honour (G3).
    """

    row_id: UUID
    version: int
    email: str | None = None
    toggle: BulkEmail = BulkEmail.NULL
    known: int = 0
    value: int = 0
    unread: int = 0
    active: bool = True
    merged_into: UUID | None = None
    modified_at: datetime | None = None
    modified_by: UUID | None = None
    first_name: str = ""
    last_name: str = ""
    no_email: bool = False

    @property
    def refused(self) -> int:
        """The fields it says No or Do not allow in."""
        toggle = PERMISSION if self.toggle is BulkEmail.DO_NOT_ALLOW else 0
        return (self.known & ~self.value) | toggle


@dataclass(frozen=True, slots=True)
class Base:
    """What was proved to have coexisted on both sides, with each side's version then (M4).

    `value` is the hub's; `known` says for which categories the row held the same. The base of an
    inactive row records what the row held instead, so that its refusals count once (I4).
    """

    hub_revision: int
    crm_version: int
    basis: LegalBasis
    toggle: BulkEmail
    known: int
    value: int
    email: str | None
    active: bool = True


@dataclass(frozen=True, slots=True)
class Link:
    """A CRM row tied to a contact: last sighting, base, and what was touched since.

    `same_at` is the start of the last read that still showed the values before they were touched: an act
    on this row came after it. `toggled_by` is who had last modified the row when its toggle was first
    seen to have moved. `read_at` and `read_revision` tell when the sighting's read began, on the hub's
    clock and by the account's revision counter. `intended` names the fields of a write of ours whose end
    is not known yet, `intended_value` what it wrote (M4: our own Allow is not taken for a rep's) and
    `intended_both` those where an earlier one of that kind wrote the opposite. `refused` names the fields
    a fast-lane notice reported refused and `refused_version` the version it told (M8). `told` names the
    intended fields whose write the ledger knows of already.
    """

    key: LinkKey
    row: Row | None
    base: Base | None = None
    hub_touched: int = 0
    crm_touched: int = 0
    same_at: datetime | None = None
    read_at: datetime | None = None
    read_revision: int = 0
    intended: int = 0
    intended_value: int = 0
    refused: int = 0
    refused_version: int = 0
    toggled_by: UUID | None = None
    told: int = 0
    intended_both: int = 0


@dataclass(frozen=True, slots=True)
class Contact:
    """A person in the hub, as a merge sees them.

    `acted` holds the time of the last act per field, `synced` the fields whose present value the
    sync itself wrote: that is nobody's act (M3). `last_positive` is the last positive basis held.
    """

    contact_id: UUID
    email: str
    revision: int
    basis: LegalBasis = LegalBasis.NONE
    value: int = CATEGORIES
    last_positive: LegalBasis | None = None
    refused_personally: bool = False
    hold: str | None = None
    synced: int = 0
    acted: Mapping[int, datetime] = field(default_factory=dict)

    @property
    def refused(self) -> int:
        """The fields it refuses: the permission where its basis is Withdrawn, and categories."""
        permission = PERMISSION if self.basis is LegalBasis.WITHDRAWN else 0
        return permission | (CATEGORIES & ~self.value)


@dataclass(frozen=True, slots=True)
class Person:
    """A hub contact and all its CRM rows, of all connections: one merge of n + 1 sides (I2)."""

    contact: Contact
    links: tuple[Link, ...] = ()
