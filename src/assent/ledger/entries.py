"""What is written down of a change, in one canonical form of bytes."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import msgspec

from assent.errors import Bug
from assent.policy.permission import LegalBasis
from assent.policy.sides import CATEGORIES, LinkKey
from assent.ports import Actor

# Kinds. A kind never changes meaning; new meanings get new kinds.
CREATED = "contact.created"  # a contact came to be, by a person or from a row (I5)
ACTED = "contact.acted"  # a person set something on a contact, repeated values included (M3)
CHANGED = "contact.changed"  # the sync changed one field of a contact
HELD = "contact.held"  # a contact's hold was set or lifted
WRITTEN = "row.written"  # we wrote to a CRM row
PARTED = "contact.parted"  # a person took a join apart again: what either contact is then (I3)
MOVED = "row.moved"  # a row's link went from one contact to another (I3, I4)
UNLINKED = "row.unlinked"  # a row's link was dropped (I4)
VOIDED = "connection.voided"  # every base of a connection was voided (M7)
CHECKED = "send.checked"  # everybody a send is for was checked; the digest of its manifest (G4)
DECIDED = "connection.decided"  # a person decided about a connection: setup, credentials, removal
RETURNED = "mail.returned"  # a mail came back, or was complained of; its address may be suppressed (G3)
LIFTED = "address.lifted"  # a person let mail go to an address again that had bounced (G3)
ERASING = "contact.erasing"  # somebody asked for a person to be erased: refused, held, address barred (I6)
ERASED = "contact.erased"  # a person was erased and their key destroyed (I6)

Scalar = int | str | None


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One change: who, what, where, from what to what, by which rule, because of which row.

    `field` is the mask of the fields concerned; `old` and `new` hold them by name: `basis`, `value`
    (categories, under the mask), `hold`, `toggle`. `place` is the CRM row changed, None the hub.
    `cause` is the row whose act led to it. `personal` is sealed and never part of the plain bytes.
    """

    kind: str
    actor_kind: str
    actor: str
    contact_id: UUID | None = None
    place: LinkKey | None = None
    field: int = 0
    old: Mapping[str, Scalar] = msgspec.field(default_factory=dict)
    new: Mapping[str, Scalar] = msgspec.field(default_factory=dict)
    rule: str = ""
    cause: LinkKey | None = None
    version: int = 0
    personal: Mapping[str, str] = msgspec.field(default_factory=dict)


def decision(actor: Actor, connection_id: int, choice: str, reason: str, told: Mapping[str, Scalar]) -> Entry:
    """What a person decided about a connection, and what setup had paused for."""
    return Entry(
        kind=DECIDED,
        actor_kind=actor.kind.value,
        actor=actor.ident,
        old={"reason": reason} if reason else {},
        new={"connection": connection_id, "choice": choice, **told},
    )


@dataclass(frozen=True, slots=True)
class State:
    """What the ledger says a contact is now; `email` is None once the person was erased."""

    basis: LegalBasis
    value: int
    email: str | None
    hold: str | None


_ENCODER = msgspec.json.Encoder(order="deterministic")
_ENTRY = msgspec.json.Decoder(Entry)
_PERSONAL = msgspec.json.Decoder(dict[str, str])


def plain_bytes(entry: Entry) -> bytes:
    """Give the part anybody may read, always the same bytes for the same entry."""
    return _ENCODER.encode(msgspec.structs.replace(entry, personal={}))


def personal_bytes(entry: Entry) -> bytes | None:
    """Give the part to be sealed; None where there is nothing personal."""
    return _ENCODER.encode(entry.personal) if entry.personal else None


def read_entry(plain: bytes, personal: bytes | None = None) -> Entry:
    """Read an entry back; raises Bug for bytes this program never wrote."""
    try:
        entry = _ENTRY.decode(plain)
        if personal is None:
            return entry
        return msgspec.structs.replace(entry, personal=_PERSONAL.decode(personal))
    except msgspec.MsgspecError:
        raise Bug("a ledger entry is not in the ledger's form; verify the ledger") from None


def replay(state: State | None, entry: Entry) -> State | None:
    """Take one entry into the state of its contact (P7); entries about rows change nothing here.

    None is left of who was erased.
    """
    if entry.kind == ERASED:
        return None
    if entry.kind == CREATED:
        state = State(LegalBasis.NONE, CATEGORIES, None, None)
    if state is None or entry.kind not in (CREATED, ACTED, CHANGED, HELD, PARTED, ERASING):
        return state
    new, mask = entry.new, entry.field & CATEGORIES
    basis, value, hold = new.get("basis"), new.get("value"), state.hold
    if "hold" in new:
        hold = None if new["hold"] is None else str(new["hold"])
    return State(
        basis=LegalBasis(basis) if isinstance(basis, int) else state.basis,
        value=(state.value & ~mask) | (value & mask) if isinstance(value, int) else state.value,
        email=entry.personal.get("new_email", state.email),
        hold=hold,
    )
