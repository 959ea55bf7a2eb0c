"""Who is who across the two systems, and what becomes of a row (rules I1-I8, M7)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from uuid import UUID, uuid5

from assent.policy.address import normalise
from assent.policy.permission import BASIS_STANCE, BulkEmail, LegalBasis, Stance
from assent.policy.sides import ADDRESS, CATEGORIES, DISPUTED, Base, Contact, Hold, Link, Row


class RowAddress(Enum):
    """A row's address beside the base's."""

    SAME = "same"
    CHANGED = "changed"
    FOLLOWED = "changed to what the hub holds"
    CLEARED = "cleared"


class EmailMove(Enum):
    """What an address changed on one or both sides leads to (I3)."""

    LEAVE = "leave"
    ROW_FOLLOWS = "the row takes the hub's address"
    HUB_FOLLOWS = "the hub takes the row's address"
    CONFLICT = "the row's address is kept and the contact held"


#: Whether the hub's address changed since the base, and what the row's did.
EMAIL_MOVES: dict[tuple[bool, RowAddress], EmailMove] = {
    (False, RowAddress.SAME): EmailMove.LEAVE,
    (False, RowAddress.CHANGED): EmailMove.HUB_FOLLOWS,
    (False, RowAddress.FOLLOWED): EmailMove.LEAVE,
    (False, RowAddress.CLEARED): EmailMove.LEAVE,
    (True, RowAddress.SAME): EmailMove.ROW_FOLLOWS,
    (True, RowAddress.CHANGED): EmailMove.CONFLICT,
    (True, RowAddress.FOLLOWED): EmailMove.LEAVE,
    (True, RowAddress.CLEARED): EmailMove.LEAVE,  # a cleared address is not copied and unlinks nothing
}


class Placement(Enum):
    """Which contact a row whose address changed belongs to from now on (I3)."""

    STAY = "stays with its contact, whose address follows"
    SPLIT = "gets a contact of its own with a copy of the permission"
    MOVE = "joins the contact that holds the new address; the rest of its old contact stays"
    JOIN = "its whole contact joins the one that holds the new address, the strictest of both"


#: Whether other rows still bear the old address, and whether another contact holds the new one.
PLACEMENTS: dict[tuple[bool, bool], Placement] = {
    (False, False): Placement.STAY,
    (False, True): Placement.JOIN,
    (True, False): Placement.SPLIT,
    (True, True): Placement.MOVE,
}


def row_address(contact: Contact, base: Base, row: Row) -> RowAddress:
    """Compare a row's address with the base's; text that holds no address counts as cleared."""
    now = normalise(row.email)
    if now is None:
        return RowAddress.SAME if base.email is None else RowAddress.CLEARED
    if now == base.email:
        return RowAddress.SAME
    return RowAddress.FOLLOWED if now == contact.email else RowAddress.CHANGED


def follow_address(contact: Contact, link: Link) -> EmailMove:
    """Decide one link's address; on an inactive row nothing moves (I3, I4).

    Where there is no base nothing proves which side changed it, unless the row was seen to: after a
    restore both sides may have (M7).
    """
    if link.row is None or not link.row.active:
        return EmailMove.LEAVE
    if link.base is None:
        if normalise(link.row.email) in (None, contact.email):
            return EmailMove.LEAVE
        hub_moved, row_moved = bool(link.hub_touched & ADDRESS), bool(link.crm_touched & ADDRESS)
        if hub_moved and not row_moved:
            return EmailMove.ROW_FOLLOWS
        return EMAIL_MOVES[hub_moved or not row_moved, RowAddress.CHANGED]
    base_email = link.base.email
    hub_changed = bool(link.hub_touched & ADDRESS) or (base_email is not None and contact.email != base_email)
    return EMAIL_MOVES[hub_changed, row_address(contact, link.base, link.row)]


def last_agreed(contact: Contact, link: Link) -> str | None:
    """What a base tells of the address while the two sides keep different ones (I3).

    Without an earlier base it is what the row was seen to leave. Where nobody can tell which side
    changed it, as after a restore, neither may pass for what both agreed on: that would overwrite it.
    """
    if link.base is not None:
        return link.base.email
    match follow_address(contact, link):
        case EmailMove.HUB_FOLLOWS:
            return contact.email
        case EmailMove.CONFLICT:
            return DISPUTED
        case _:
            return None if link.row is None else normalise(link.row.email)


def place(contact: Contact, link: Link, others: Sequence[Link], taken: bool) -> Placement:
    """Decide which contact a row belongs to, judged on the final state of all rows of the pass (I3)."""
    if follow_address(contact, link) not in (EmailMove.HUB_FOLLOWS, EmailMove.CONFLICT):
        return Placement.STAY
    old = contact.email if link.base is None or link.base.email == DISPUTED else link.base.email
    bearing = [o for o in others if o.row is not None and normalise(o.row.email) == old]
    return PLACEMENTS[bool(bearing), taken]


def strictest(one: Contact, other: Contact) -> Contact:
    """Give `one` the strictest of two contacts' permission; a joined person keeps every refusal (I3).

    None beside a positive basis keeps the positive one: None is the absence of an opinion (T7). Being
    erased is nobody else's: that one was asked for (I6).
    """
    stances = {BASIS_STANCE[one.basis], BASIS_STANCE[other.basis]}
    basis = one.basis if BASIS_STANCE[one.basis] is not Stance.SILENT else other.basis
    if Stance.NO in stances:
        basis = LegalBasis.WITHDRAWN
    return replace(
        one,
        basis=basis,
        value=one.value & other.value,
        last_positive=one.last_positive or other.last_positive,
        refused_personally=one.refused_personally or other.refused_personally,
        hold=one.hold or (None if other.hold == Hold.ERASING.value else other.hold),
        acted=_newest(one.acted, other.acted),
    )


def _newest(one: Mapping[int, datetime], other: Mapping[int, datetime]) -> Mapping[int, datetime]:
    """The time of the last act per field, on either contact: no refusal is dated too early (M2)."""
    fields = one.keys() | other.keys()
    return {f: max(t for t in (one.get(f), other.get(f)) if t is not None) for f in fields}


class LinkState(Enum):
    """What the link to a row was before this sighting."""

    NONE = "no link"
    LIVE = "linked"
    ASLEEP = "linked, the row inactive"


class Seen(Enum):
    """What a sighting, a delta or a notice says became of a row."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    MERGED = "merged into another row"
    DELETED = "deleted"


class RowAction(Enum):
    """What the sync does about it (I4, I5)."""

    ADOPT = "link to the contact with its address, or create one"
    ADOPT_KNOWN = "link to a contact that exists; create none"
    MERGE = "merge with the base"
    MERGE_AFRESH = "merge without base"
    COUNT_ONCE = "count its refusal once; write nothing to it"
    HAND_OVER = "move the link to the surviving row; the strictest holds"
    UNLINK_AND_HOLD = "merge its last refusal, unlink, hold the contact"
    IGNORE = "nothing is known of it"


LIFECYCLE: dict[tuple[LinkState, Seen], RowAction] = {
    (LinkState.NONE, Seen.ACTIVE): RowAction.ADOPT,
    (LinkState.NONE, Seen.INACTIVE): RowAction.ADOPT_KNOWN,
    (LinkState.NONE, Seen.MERGED): RowAction.ADOPT_KNOWN,
    (LinkState.NONE, Seen.DELETED): RowAction.IGNORE,
    (LinkState.LIVE, Seen.ACTIVE): RowAction.MERGE,
    (LinkState.LIVE, Seen.INACTIVE): RowAction.COUNT_ONCE,
    (LinkState.LIVE, Seen.MERGED): RowAction.HAND_OVER,
    (LinkState.LIVE, Seen.DELETED): RowAction.UNLINK_AND_HOLD,
    (LinkState.ASLEEP, Seen.ACTIVE): RowAction.MERGE_AFRESH,
    (LinkState.ASLEEP, Seen.INACTIVE): RowAction.COUNT_ONCE,
    (LinkState.ASLEEP, Seen.MERGED): RowAction.HAND_OVER,
    (LinkState.ASLEEP, Seen.DELETED): RowAction.UNLINK_AND_HOLD,
}


def seen(row: Row) -> Seen:
    """Classify a sighting of a row that exists."""
    if row.merged_into is not None:
        return Seen.MERGED
    return Seen.ACTIVE if row.active else Seen.INACTIVE


def link_state(link: Link | None) -> LinkState:
    """Classify a link by its base; a link without one has nothing asleep to wake."""
    if link is None:
        return LinkState.NONE
    return LinkState.LIVE if link.base is None or link.base.active else LinkState.ASLEEP


class NotCreated(Enum):
    """Why the sync did not create a counterpart."""

    NO_ADDRESS = "no_address"
    ERASED = "erased"  # the address is barred until the person signs up again (I6)
    SWITCHED_OFF = "switched_off"
    NOT_TICKED = "not_ticked"  # imports and bulk actions create only what their plan ticks (I5)
    DELETED = "deleted"  # its row was deleted in the CRM and is never created again (I4)
    JOINED = "joined"  # its person is with another contact now (I3)
    BORN_ELSEWHERE = "born_elsewhere"  # a contact of another connection (I8)
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class AddressMarks:
    """What the hub remembers of an address: a refusal left behind (I3), an erasure (I6), a bounce (G3).

    `complained` tells that it is suppressed because of a complaint too, which is a refusal.
    """

    refused: bool = False
    erased: bool = False
    suppressed: bool = False
    complained: bool = False

    @property
    def bounced_only(self) -> bool:
        """Whether nothing but a bounce keeps mail from it: only that may a person lift (G3)."""
        return self.suppressed and not (self.complained or self.erased)


def contact_from_row(
    row: Row, contact_id: UUID, *, marks: AddressMarks, switched_on: bool
) -> Contact | NotCreated:
    """Create the hub contact of a row first seen: what the row says, never more (I5, T5).

    Withdrawn if Do not allow, else None; a category is No where the row says No, else Yes; a
    remembered refusal makes it start Withdrawn (I3).
    """
    email = normalise(row.email)
    if email is None:
        return NotCreated.NO_ADDRESS
    if marks.erased:
        return NotCreated.ERASED
    if not switched_on:
        return NotCreated.SWITCHED_OFF
    if not row.active:
        return NotCreated.INACTIVE
    refused = row.toggle is BulkEmail.DO_NOT_ALLOW or marks.refused
    return Contact(
        contact_id=contact_id,
        email=email,
        revision=0,
        basis=LegalBasis.WITHDRAWN if refused else LegalBasis.NONE,
        value=CATEGORIES & ~(row.known & ~row.value),
    )


class Origin(Enum):
    """Where a hub contact, or its change of address, came from."""

    PERSON = "person"  # a sign-up, a person's software, a console user
    BULK = "bulk"  # an import or a bulk action
    OTHER_CONNECTION = "other_connection"


def row_wanted(
    contact: Contact, origin: Origin, *, marks: AddressMarks, switched_on: bool, ticked: bool = False
) -> NotCreated | None:
    """Tell why a contact gets no CRM row, or None when one is due (I5, I6, I8).

    `ticked` is the plan's tick for an import or a bulk action, or an admin's for a contact born in
    another connection.
    """
    if marks.erased:
        return NotCreated.ERASED
    if contact.hold == Hold.CRM_DELETED.value:
        return NotCreated.DELETED
    if contact.hold == Hold.JOINED.value:
        return NotCreated.JOINED
    if normalise(contact.email) is None:
        return NotCreated.NO_ADDRESS
    if not switched_on:
        return NotCreated.SWITCHED_OFF
    if origin is Origin.BULK and not ticked:
        return NotCreated.NOT_TICKED
    if origin is Origin.OTHER_CONNECTION and not ticked:
        return NotCreated.BORN_ELSEWHERE
    return None


_ROW_NAMESPACE = UUID("8f1c7f8e-5a60-5a0b-9d0e-3c1f5e0f7a11")


def row_id_for(account_id: int, contact_id: UUID) -> UUID:
    """Derive the CRM row's id, so that a create tried again cannot double it (I5)."""
    return uuid5(_ROW_NAMESPACE, f"{account_id}/{contact_id}")


def imported_basis(current: LegalBasis, incoming: LegalBasis | None) -> LegalBasis:
    """What an import leaves: it never overwrites Withdrawn and never turns a blank into anything (I7)."""
    if current is LegalBasis.WITHDRAWN or incoming is None or incoming is LegalBasis.NONE:
        return current
    return incoming


def imported_value(current: int, answered: int, value: int) -> int:
    """What an import leaves of subscriptions: blanks are not answers, and a No is not overwritten (I7)."""
    refused = answered & ~value
    return current & ~refused


class Suspicion(Enum):
    """Why every base of a connection is void: a restore or a copied environment (M7)."""

    OTHER_ORGANISATION = "the organisation id is not the connected one"
    OLDER_VERSION = "a row has a lower version than its base"
    FUTURE_TOKEN = "the change token is from the organisation's future"  # noqa: S105 - no password
    HUB_BEHIND_LEDGER = "the hub is older than its own ledger"


def suspect(
    *,
    connected_organisation: UUID,
    organisation: UUID,
    links: Sequence[Link] = (),
    token_from_future: bool = False,
    hub_position: int = 0,
    ledger_position: int = 0,
) -> Suspicion | None:
    """Look for signs of a restore or a copy; any one voids all bases of the connection (M7)."""
    if organisation != connected_organisation:
        return Suspicion.OTHER_ORGANISATION
    if any(k.row and k.base and k.row.version < k.base.crm_version for k in links):
        return Suspicion.OLDER_VERSION
    if token_from_future:
        return Suspicion.FUTURE_TOKEN
    return Suspicion.HUB_BEHIND_LEDGER if hub_position < ledger_position else None
