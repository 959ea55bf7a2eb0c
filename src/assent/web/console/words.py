"""The console's own words: states and outcomes as people say them, with the tone they are shown in."""

import re
from collections.abc import Mapping
from enum import Enum

from assent.policy.audience import Audience
from assent.policy.bulk import Outcome
from assent.policy.gate import Reason
from assent.policy.permission import LegalBasis, OnAllow
from assent.policy.returning import Return
from assent.policy.sending import RecipientState, SendState
from assent.services import health, outgoing
from assent.services.access import Role
from assent.services.category_reach import Reach
from assent.services.connection_views import State
from assent.services.importing import ImportOutcome
from assent.services.setup_words import StepState
from assent.services.tables.words import BASIS_WORDS

WORDS: Mapping[Enum, str] = {
    **{basis: words for basis, words in BASIS_WORDS.items()},  # noqa: C416 - keys of a wider type
    Role.ADMIN: "Admin",
    Role.SUPPORT: "Support",
    Role.MARKETER: "Marketer",
    Role.PRIVACY: "Privacy officer",
    Role.READER: "Reader",
    Role.MAILER: "Mail provider",
    State.NEW: "Not set up",
    State.SETTING_UP: "Setting up",
    State.WAITS: "Waits for a decision",
    State.LIVE: "Live",
    State.PAUSED: "Paused",
    State.REMOVING: "Being removed",
    State.REMOVAL_STOPPED: "Removal stopped",
    SendState.DRAFT: "Draft",
    SendState.PLANNED: "Planned",
    SendState.CHECKING: "Checking everybody",
    SendState.SENDING: "Sending",
    SendState.PAUSED: "Paused",
    SendState.DONE: "Sent",
    SendState.STOPPED: "Stopped",
    SendState.FAILED: "Failed",
    RecipientState.WAITING: "Not checked yet",
    RecipientState.LEFT_OUT: "Left out",
    RecipientState.CHECKED: "May be mailed",
    RecipientState.HANDING: "Being handed over",
    RecipientState.SENT: "Sent",
    RecipientState.REFUSED: "Refused by the mail server",
    RecipientState.DEFERRED: "To be tried again",
    RecipientState.UNCERTAIN: "Not known whether sent",
    RecipientState.STOPPED: "Not sent: stopped before",
    Return.HARD: "Nobody has this mailbox",
    Return.SOFT: "Came back for now",
    Return.COMPLAINT: "Reported as spam",
    Reason.MAY: "May be mailed",
    Reason.SUPPRESSED: "Address takes no mail",
    Reason.WITHDRAWN: "Withdrawn",
    Reason.NO_BASIS: "No legal basis",
    Reason.UNSUBSCRIBED: "Unsubscribed",
    Reason.UNSUBSCRIBED_ALL: "Unsubscribed from everything",
    Reason.DO_NOT_EMAIL: "No email at all, says Dynamics",
    Reason.REFUSAL_PENDING: "Refusal just arrived",
    Reason.UNVERIFIED: "Not proved in time",
    Reason.HELD: "Held",
    OnAllow.CONSENT: "Consent",
    OnAllow.RESTORE: "Restore the basis held before",
    OnAllow.HOLD: "Ask a person here",
    outgoing.State.WAITING: "Waits",
    outgoing.State.DELIVERED: "Delivered",
    outgoing.State.FAILED: "Given up",
    Reach.THERE: "In Dynamics",
    Reach.COMING: "On its way",
    Reach.WAITS: "Setup waits for a decision",
    Reach.PAUSED: "Follows when resumed",
    Reach.NOT_SET_UP: "Follows with setup",
    Reach.KEPT: "Answers kept, hidden",
    Reach.NOWHERE: "Not in Dynamics",
    Outcome.CHANGED: "changed",
    Outcome.REPEATED: "refusing already: the refusal is recorded again",
    Outcome.UNCHANGED: "the same already: left alone",
    Outcome.KEPT_WITHDRAWN: "withdrawn: stays Withdrawn",
    Outcome.KEPT_NO: "said No themselves, or in Dynamics: stays unsubscribed",
    ImportOutcome.ERROR: "with errors: not imported",
    ImportOutcome.BARRED: "erased before: not created again",
    ImportOutcome.NEW: "new",
    ImportOutcome.NEW_WITHDRAWN: "new, but withdrawn before: starts Withdrawn",
    ImportOutcome.KEPT_WITHDRAWN: "withdrawn: stays Withdrawn",
    ImportOutcome.KEPT_NO: "unsubscribed from what the file says Yes to: stays so",
    ImportOutcome.CHANGED: "changed",
    ImportOutcome.UNCHANGED: "the same already: left alone",
}

#: What each role is for, beside its name in forms.
ROLE_MEANS: Mapping[Role, str] = {
    Role.ADMIN: "everything, also connections, users and keys",
    Role.MARKETER: "contacts, categories, imports and sends",
    Role.SUPPORT: "contacts, sweeps, retries, paused setups",
    Role.PRIVACY: "contacts, exports, erasures and the evidence in the ledger",
    Role.READER: "looks at everything, changes nothing",
}

#: The same for keys, one of which nobody signs in with.
KEY_ROLE_MEANS: Mapping[Role, str] = {
    **ROLE_MEANS,
    Role.MAILER: "reports bounces and complaints, and nothing else",
}

#: What a choice for T3 does, beside its name in forms.
ON_ALLOW_MEANS: Mapping[OnAllow, str] = {
    OnAllow.CONSENT: "A sales person's Allow counts as the person's consent.",
    OnAllow.RESTORE: "The last legal basis comes back; where there was none, somebody here is asked.",
    OnAllow.HOLD: "Do not allow is written back, and somebody here decides.",
}

#: How things look: good, wait, bad, info, or plain.
_TONES: Mapping[Enum, str] = {
    LegalBasis.WITHDRAWN: "bad",
    LegalBasis.NONE: "plain",
    State.NEW: "info",
    State.SETTING_UP: "info",
    State.WAITS: "bad",
    State.LIVE: "good",
    State.PAUSED: "wait",
    State.REMOVING: "wait",
    State.REMOVAL_STOPPED: "bad",
    health.State.WELL: "good",
    health.State.LATE: "wait",
    health.State.TROUBLED: "bad",
    health.State.EMPTY: "info",
    Reach.THERE: "good",
    Reach.COMING: "info",
    Reach.WAITS: "bad",
    Reach.PAUSED: "wait",
    SendState.PLANNED: "info",
    SendState.CHECKING: "info",
    SendState.SENDING: "info",
    SendState.DONE: "good",
    SendState.PAUSED: "wait",
    SendState.STOPPED: "wait",
    SendState.FAILED: "bad",
    RecipientState.SENT: "good",
    RecipientState.LEFT_OUT: "wait",
    RecipientState.CHECKED: "info",
    RecipientState.REFUSED: "bad",
    RecipientState.DEFERRED: "wait",
    RecipientState.UNCERTAIN: "bad",
    RecipientState.STOPPED: "wait",
    StepState.DONE: "good",
    StepState.RUNNING: "info",
    StepState.PAUSED: "bad",
    StepState.FAILED: "bad",
    outgoing.State.WAITING: "info",
    outgoing.State.DELIVERED: "good",
    outgoing.State.FAILED: "bad",
    Outcome.CHANGED: "info",
    Outcome.REPEATED: "info",
}

#: The rules of permission in a sentence each, for whoever points at one.
RULES: Mapping[str, str] = {
    "T1": "Withdrawn is shown in Dynamics as Do not allow, a legal basis as Allow; None writes nothing.",
    "T2": "Do not allow in Dynamics means Withdrawn, whoever set it and whenever it is first seen.",
    "T3": "A real change from Do not allow to Allow in Dynamics counts as the connection's settings say.",
    "T4": "An echo of our own write is no change, in either direction.",
    "T5": "A row that merely says Allow, the default of new rows, grants nothing.",
    "T6": "An empty or unreadable field says nothing: it is neither a refusal nor a permission.",
    "T7": "None is the absence of an opinion; it never replaces Withdrawn.",
    "M1": "Only one side was changed since both last agreed, so that side counts.",
    "M2": "Several sides were changed: the later act counts where the order is proved, else the refusal.",
    "M3": "Somebody acted on this side since both last agreed, even if the value stayed the same.",
    "M4": "Both sides were read back and proved to agree.",
    "M5": "There was nothing both sides had agreed on yet, so the strictest holds.",
    "M6": "A write that could lift a refusal is made only if nobody moved since it was decided.",
    "M7": "The organisation was restored or copied, so everybody is compared afresh, the strictest holds.",
    "M8": "A refusal reported by Dynamics blocks mail at once, until the row is read and decided.",
    "I1": "Contacts and rows belong together by their email address, or by a link made before.",
    "I2": "All rows of a person are decided together; a newer act counts more than an older copy.",
    "I3": "The email address is synced too: the permission goes with the person, refusals stay strict.",
    "I4": "What happens to a row in Dynamics never grants; its last refusal counts once.",
    "I5": "New contacts are created on the other side with what they say.",
    "I6": "An erased person's address is barred until they sign up themselves.",
    "I7": "Imports and bulk actions never overwrite a refusal.",
    "I8": "Somebody first seen in one organisation becomes known to another only where an admin ticked it.",
    "S1": "Categories are made here; everybody starts at Yes.",
    "S2": "Subscriptions never change the legal basis, nor the reverse.",
    "S3": "Only the controls that were moved are touched; unsubscribing always counts.",
}


def tone(state: Enum) -> str:
    """How a state looks."""
    if isinstance(state, LegalBasis) and state.positive:
        return "good"
    return _TONES.get(state, "plain")


_RULE = re.compile(r" \(rule [A-Z]\d\)\.$")


def without_rule(text: str) -> str:
    """A sentence without the rule at its end, where the rule is shown beside it."""
    return _RULE.sub(".", text)


def sentence(text: str) -> str:
    """An error's text as a sentence of its own."""
    text = text.strip()
    ended = text if text.endswith((".", "!", "?")) else f"{text}."
    return ended[:1].upper() + ended[1:]


def plural(count: int, one: str, many: str = "") -> str:
    """A count with its noun."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def duration(seconds: float | None) -> str:
    """A time span as people say it."""
    if seconds is None:
        return "none"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.0f} h"
    return f"{seconds / 86400:.0f} days"


def size(count: int) -> str:
    """Bytes as people say them."""
    if count < 1000:
        return f"{count} bytes"
    return f"{count / 1000:,.0f} kB" if count < 1_000_000 else f"{count / 1_000_000:,.1f} MB"


def in_words(audience: Audience, categories: Mapping[int, str], connections: Mapping[int, str]) -> list[str]:
    """What an audience's filters say, one phrase each; empty for everybody."""
    said = [f"“{audience.text}” in the address or name"] if audience.text else []
    if audience.bases:
        said.append("legal basis " + " or ".join(BASIS_WORDS[basis] for basis in sorted(audience.bases)))
    said += [f"Yes to {name}" for bit, name in categories.items() if audience.subscribed & bit]
    said += [f"No to {name}" for bit, name in categories.items() if audience.unsubscribed & bit]
    if audience.linked is not None:
        place = connections.get(audience.connection or 0, "Dynamics")
        said.append(f"{'a' if audience.linked else 'no'} row in {place}")
    elif audience.connection is not None:
        said.append(f"a row in {connections.get(audience.connection, 'Dynamics')}")
    if audience.held is not None:
        said.append("held" if audience.held else "not held")
    if audience.pending is not None:
        said.append("waiting to be synced" if audience.pending else "not waiting to be synced")
    if audience.contact_ids is not None:
        said.append(plural(len(audience.contact_ids), "contact") + " picked by hand")
    return said
