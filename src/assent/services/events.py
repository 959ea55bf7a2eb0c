"""What of the ledger is told to others, and in which words; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from assent.ledger import entries as ledger
from assent.ledger.entries import Entry
from assent.policy.permission import LegalBasis
from assent.policy.sides import CATEGORIES, bits
from assent.store.categories import Category
from assent.store.reading import Recorded

CREATED = "contact.created"
PERMISSION_CHANGED = "contact.permission.changed"
SUBSCRIPTION_CHANGED = "contact.subscription.changed"
EMAIL_CHANGED = "contact.email.changed"
HELD = "contact.held"
RELEASED = "contact.released"
ERASED = "contact.erased"
PING = "assent.ping"

#: Every type of event, with what it tells; the documentation and the console list these.
TYPES: Mapping[str, str] = {
    CREATED: "A contact came to be, in the hub or from Dynamics.",
    PERMISSION_CHANGED: "The legal basis changed; subscriptions that changed with it are told along.",
    SUBSCRIPTION_CHANGED: "One or more subscriptions changed, the legal basis did not.",
    EMAIL_CHANGED: "The email address changed; the permission went with the person.",
    HELD: "The contact is kept out of sends until a person decides.",
    RELEASED: "The contact is no longer held.",
    ERASED: "The person was erased; the id is all that is left.",
    PING: "Somebody tests the endpoint.",
}


#: The kinds of entries that change a contact; of several things one changes, the first that holds is told.
_TOLD = (ledger.ACTED, ledger.CHANGED, ledger.HELD, ledger.PARTED, ledger.ERASING)


@dataclass(frozen=True, slots=True)
class About:
    """What an event needs beside its entry: the address the contact has now, and the categories."""

    email: str | None
    categories: Sequence[Category]


def kind_of(entry: Entry) -> str:
    """Which type of event an entry is; empty for what others are not told, as an act that changed nothing."""
    if entry.contact_id is None:
        return ""
    if entry.kind == ledger.CREATED:
        return CREATED
    if entry.kind == ledger.ERASED:
        return ERASED
    if entry.kind not in _TOLD:
        return ""
    if entry.old.get("basis") != entry.new.get("basis"):
        return PERMISSION_CHANGED
    if entry.old.get("value") != entry.new.get("value"):
        return SUBSCRIPTION_CHANGED
    if entry.personal.get("old_email") != entry.personal.get("new_email"):
        return EMAIL_CHANGED
    if "hold" in entry.new:
        return HELD if entry.new["hold"] else RELEASED
    return ""


def body_of(recorded: Recorded, kind: str, about: About) -> bytes:
    """The body that is signed and sent; the same entry gives the same body while its contact stays."""
    entry, place = recorded.entry, recorded.place
    data: dict[str, Any] = {
        "contact_id": str(entry.contact_id),
        "email": about.email,
        "rule": entry.rule or None,
        "actor": {"kind": entry.actor_kind},
        "ledger": {"seq": place.seq, "position": place.position},
    }
    if "basis" in entry.new:
        data["basis"] = {"old": _basis(entry.old.get("basis")), "new": _basis(entry.new["basis"])}
    if isinstance(entry.new.get("value"), int):
        data["subscriptions"] = _subscriptions(entry, about.categories)
    if kind in (HELD, RELEASED):
        data["hold"] = {"old": entry.old.get("hold"), "new": entry.new.get("hold")}
    return encoded(kind, recorded.at, data)


def encoded(kind: str, at: datetime, data: Mapping[str, Any]) -> bytes:
    """An event's type, time and data as Standard Webhooks lay them out."""
    timestamp = at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return msgspec.json.encode({"type": kind, "timestamp": timestamp, "data": data})


def _basis(code: object) -> str | None:
    return LegalBasis(code).name.lower() if isinstance(code, int) else None


def _subscriptions(entry: Entry, categories: Sequence[Category]) -> list[dict[str, Any]]:
    """The categories whose answer changed; of a new contact, all of them."""
    old, new = entry.old.get("value"), entry.new["value"]
    assert isinstance(new, int)
    moved = (old ^ new) & entry.field if isinstance(old, int) else entry.field
    named = {category.bit: category for category in categories}
    return [
        {
            "category": named[bit].schema_name,
            "name": named[bit].name,
            "old": bool(old & bit) if isinstance(old, int) else None,
            "new": bool(new & bit),
        }
        for bit in bits(moved & CATEGORIES)
        if bit in named and named[bit].active
    ]
