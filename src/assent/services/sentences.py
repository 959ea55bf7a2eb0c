"""What happened, in a sentence: every kind of ledger entry said in the words of marketing people."""

from collections.abc import Callable, Mapping

from assent.ledger import entries as ledger
from assent.ledger.entries import Entry, Scalar
from assent.policy.identity import Origin
from assent.policy.permission import BulkEmail, LegalBasis
from assent.policy.returning import Return
from assent.policy.sides import ADDRESS, CATEGORIES, PERMISSION, bits
from assent.ports import ActorKind
from assent.services.tables.words import BASIS_WORDS
from assent.services.words import DECISIONS, HOLD_SHORT, TOGGLE_WORDS
from assent.store.known_names import Known


def who(entry: Entry, known: Known) -> str:
    """Who stands behind an entry, by the name people know."""
    match entry.actor_kind:
        case ActorKind.USER.value:
            name, role = known.users.get(entry.actor, ("A user who is gone", ""))
            return f"{name} ({role})" if role else name
        case ActorKind.API_KEY.value:
            name = known.keys.get(entry.actor, "")
            return f"The API key “{name}”" if name else "An API key that is gone"
        case ActorKind.CONTACT.value:
            return "The person"
        case ActorKind.CONNECTION.value:
            return _connection(_number(entry.actor), known)
        case _:
            return "Assent"


def sentence(entry: Entry, known: Known) -> str:
    """Say what happened; the rule stands behind it. Nothing personal but names is in it."""
    say = SENTENCES.get(entry.kind)
    said = say(entry, known) if say else f"{who(entry, known)}: {entry.kind}"
    rule = rule_of(entry)
    return f"{said} (rule {rule})." if rule else f"{said}."


def rule_of(entry: Entry) -> str:
    """The rule an entry rests on; a toggle is always written as the legal basis projects it (T1)."""
    return "T1" if not entry.rule and entry.kind == ledger.WRITTEN and "toggle" in entry.new else entry.rule


def _created(entry: Entry, known: Known) -> str:
    basis = _basis(entry.new.get("basis"))
    refused = known.active & ~_mask(entry.new.get("value"))
    but = f" and No to {_names(refused, known)}" if refused else ""
    if entry.cause is not None:
        place = _connection(entry.cause.connection_id, known)
        return f"First seen in {place}: the contact was created with the legal basis {basis}{but}"
    imported = "by import " if entry.new.get("origin") == Origin.BULK.value else ""
    return f"{who(entry, known)} created the contact {imported}with the legal basis {basis}{but}"


def _acted(entry: Entry, known: Known) -> str:
    parts = []
    if entry.field & PERMISSION:
        parts.append(_set_basis(entry))
    if entry.field & CATEGORIES:
        parts += _set_categories(entry, known)
    if entry.field & ADDRESS:
        parts.append("changed the email address")
    if any(name.endswith("_name") for name in entry.personal):
        parts.append("changed the name")
    doer = who(entry, known)
    return f"{doer} {_listed(parts)}" if parts else f"{doer} changed the name"


def _changed(entry: Entry, known: Known) -> str:
    seen = _seen_in(entry, known)
    if entry.field & PERMISSION:
        old, new = _basis(entry.old.get("basis")), _basis(entry.new.get("basis"))
        return f"{seen}the legal basis went from {old} to {new}"
    if entry.field & ADDRESS:
        return f"{seen}the email address followed"
    yes = _mask(entry.new.get("value"))
    answers = [
        f"the answer for {_name(bit, known)} became {'Yes' if yes & bit else 'No'}"
        for bit in bits(entry.field & CATEGORIES)
    ]
    return f"{seen}{_listed(answers)}"


def _held(entry: Entry, known: Known) -> str:
    hold = entry.new.get("hold")
    if hold is None:
        return f"{who(entry, known)} released the contact: it is no longer held"
    return f"{who(entry, known)} held the contact: {HOLD_SHORT.get(str(hold), str(hold))}"


def _written(entry: Entry, known: Known) -> str:
    place, parts = _place(entry, known), []
    toggle = entry.new.get("toggle")
    if isinstance(toggle, int):
        parts.append(TOGGLE_WORDS[BulkEmail(toggle)])
    yes = _mask(entry.new.get("value"))
    parts += [
        f"{'Yes' if yes & bit else 'No'} to {_name(bit, known)}" for bit in bits(entry.field & CATEGORIES)
    ]
    if entry.field & ADDRESS:
        parts.append("the email address")
    return f"Assent wrote {_listed(parts) or 'a new row'} to the row in {place}"


def _moved(entry: Entry, known: Known) -> str:
    return f"The row in {_place(entry, known)} was linked to this contact; another had it before"


def _unlinked(entry: Entry, known: Known) -> str:
    return f"The row in {_place(entry, known)} is no longer linked to this contact"


def _voided(entry: Entry, known: Known) -> str:
    place = _connection(_number(entry.new.get("connection")), known)
    reason = str(entry.new.get("reason") or "the connection was restored or copied")
    return f"Every contact is compared afresh with {place}, the strictest holds: {reason.rstrip('.')}"


def _decided(entry: Entry, known: Known) -> str:
    place = _connection(_number(entry.new.get("connection")), known)
    choice = str(entry.new.get("choice"))
    told = [str(entry.new[name]) for name in ("form", "tab", "column") if entry.new.get(name)]
    details = f" ({', '.join(told)})" if told else ""
    return f"{who(entry, known)} decided for {place}: {DECISIONS.get(choice, choice)}{details}"


def _parted(entry: Entry, known: Known) -> str:
    doer, parts = who(entry, known), []
    if entry.field & PERMISSION:
        old, new = _basis(entry.old.get("basis")), _basis(entry.new.get("basis"))
        parts.append(f"the legal basis went from {old} to {new}")
    yes = _mask(entry.new.get("value"))
    parts += [
        f"the answer for {_name(bit, known)} became {'Yes' if yes & bit else 'No'}"
        for bit in bits(entry.field & CATEGORIES)
    ]
    then = f"; {_listed(parts)}" if parts else ""
    if "hold" in entry.new:
        return f"{doer} took the join with another contact apart: the contact is on its own again{then}"
    return f"{doer} took the join of another contact with this one apart{then}"


def _returned(entry: Entry, known: Known) -> str:
    said = {
        Return.HARD.value: "A mail came back: nobody has this mailbox",
        Return.SOFT.value: "A mail came back, for a reason that may pass",
        Return.COMPLAINT.value: "A mail was reported as spam",
    }[str(entry.new.get("returned"))]
    send = entry.new.get("send")
    told = f"{said} (send {send})" if send else said
    return f"{told}; the address takes no mail any more" if entry.new.get("suppressed") else told


def _lifted(entry: Entry, known: Known) -> str:
    return f"{who(entry, known)} let mail go to the address again, which had bounced"


def _erasing(entry: Entry, known: Known) -> str:
    return f"{who(entry, known)} asked for the person to be erased: withdrawn, held, and the address barred"


def _erased(entry: Entry, known: Known) -> str:
    return f"{who(entry, known)} erased the person; the address is barred until they sign up themselves"


def _checked(entry: Entry, known: Known) -> str:
    may, others = _number(entry.new.get("may")), _number(entry.new.get("left_out"))
    waiting = _number(entry.new.get("waiting"))
    said = (
        f"Everybody was checked for send {entry.new['send']}: {may:,} may be mailed, {others:,} are left out"
    )
    return f"{said}, {waiting:,} could not be proved yet" if waiting else said


#: How each kind is said; a test asks for every kind there is.
SENTENCES: Mapping[str, Callable[[Entry, Known], str]] = {
    ledger.CREATED: _created,
    ledger.ACTED: _acted,
    ledger.CHANGED: _changed,
    ledger.HELD: _held,
    ledger.WRITTEN: _written,
    ledger.MOVED: _moved,
    ledger.UNLINKED: _unlinked,
    ledger.VOIDED: _voided,
    ledger.DECIDED: _decided,
    ledger.PARTED: _parted,
    ledger.CHECKED: _checked,
    ledger.RETURNED: _returned,
    ledger.LIFTED: _lifted,
    ledger.ERASING: _erasing,
    ledger.ERASED: _erased,
}


def _set_basis(entry: Entry) -> str:
    old, new = entry.old.get("basis"), entry.new.get("basis")
    if old == new:
        return f"confirmed the legal basis {_basis(new)}"
    return f"set the legal basis from {_basis(old)} to {_basis(new)}"


def _set_categories(entry: Entry, known: Known) -> list[str]:
    new = _mask(entry.new.get("value"))
    answered = entry.field & CATEGORIES
    said = [("subscribed to", answered & new), ("unsubscribed from", answered & ~new)]
    return [f"{verb} {_names(mask, known)}" for verb, mask in said if mask]


def _seen_in(entry: Entry, known: Known) -> str:
    """What somebody did in Dynamics, where that is what led to the change."""
    if entry.cause is None:
        return "Assent brought both sides together: "
    place = _connection(entry.cause.connection_id, known)
    if entry.field & PERMISSION:
        refused = entry.new.get("basis") == LegalBasis.WITHDRAWN
        return f"{place}: Bulk Email says {'Do not allow' if refused else 'Allow'}, so "
    if entry.field & ADDRESS:
        return f"{place}: the row has another address, so "
    return f"{place}: the row says so, and "


def _place(entry: Entry, known: Known) -> str:
    return "Dynamics" if entry.place is None else _connection(entry.place.connection_id, known)


def _connection(connection_id: int, known: Known) -> str:
    return known.connections.get(connection_id, "Dynamics")


def _basis(value: Scalar) -> str:
    return BASIS_WORDS[LegalBasis(value)] if isinstance(value, int) else BASIS_WORDS[LegalBasis.NONE]


def _mask(value: Scalar) -> int:
    return value if isinstance(value, int) else 0


def _number(value: Scalar) -> int:
    return int(value) if isinstance(value, int) or (value and value.isdecimal()) else 0


def _name(bit: int, known: Known) -> str:
    return known.categories.get(bit, "a category that is gone")


def _names(mask: int, known: Known) -> str:
    return _listed([_name(bit, known) for bit in bits(mask)])


def _listed(parts: list[str]) -> str:
    return " and ".join(part for part in (", ".join(parts[:-1]), *parts[-1:]) if part)
