"""Sends and their recipients as people and programs see them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from assent.mail.template import Rendered
from assent.policy.gate import Reason
from assent.policy.returning import Return
from assent.policy.sending import WHY, RecipientState, SendState
from assent.services.drafts import Draft, draft_of
from assent.store.categories import Category
from assent.store.recipients import Counts, ListedRecipient
from assent.store.sends import StoredSend


@dataclass(frozen=True, slots=True)
class SendView:
    """A send as it stands; `counts` tells how many recipients stand where, `problem` what it waits for.

    `revision` names the draft: whoever starts the send says which one they looked at.
    """

    send_id: int
    draft: Draft
    revision: str
    category_name: str
    state: SendState
    problem: str
    created_by: str
    created_at: datetime
    planned_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    counts: Mapping[RecipientState, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """How many people it was for when it was started."""
        return sum(self.counts.values())

    @property
    def settled(self) -> int:
        """For how many of them nothing more happens."""
        return sum(number for state, number in self.counts.items() if not state.open)

    @property
    def sent(self) -> int:
        """How many mails the mail server took."""
        return self.counts.get(RecipientState.SENT, 0)

    @property
    def left_out(self) -> int:
        """How many people the gate kept it from."""
        return self.counts.get(RecipientState.LEFT_OUT, 0)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a send: recipients by state, those left out by reason, and mails that came back."""

    send: SendView
    by_state: Mapping[RecipientState, int]
    left_out: Mapping[Reason, int]
    returned: Mapping[Return, int]


@dataclass(frozen=True, slots=True)
class Recipient:
    """One recipient: how far the mail got, and why not farther."""

    contact_id: UUID
    email: str
    name: str
    state: RecipientState
    reason: Reason
    detail: str
    why: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Preview:
    """What a send would do if it were started now, found out without writing to anybody.

    `left_out` counts by the gate's reason and `sample` shows some people of each reason, and some who
    may be mailed. `mail` is the mail as `mail_to` would get it. `obstacles` says what keeps it from being
    started, and `unreachable` that Dynamics did not answer, so that nobody could be proved. `revision` names
    the draft that was looked at.
    """

    revision: str
    matched: int
    may: int
    left_out: Mapping[Reason, int]
    sample: tuple[Recipient, ...]
    mail: Rendered
    mail_to: str
    obstacles: tuple[str, ...]
    unreachable: bool


def view_of(send: StoredSend, names: Mapping[int, Category], counted: Counts) -> SendView:
    totals: Counter[RecipientState] = Counter()
    for (state, _), number in counted.get(send.send_id, {}).items():
        totals[state] += number
    category = names.get(send.draft.category)
    return SendView(
        send_id=send.send_id,
        draft=draft_of(send.draft),
        revision=send.draft.revision,
        category_name=category.name if category else "",
        state=send.state,
        problem=send.problem,
        created_by=send.created_by,
        created_at=send.created_at,
        planned_at=send.planned_at,
        started_at=send.started_at,
        finished_at=send.finished_at,
        counts=dict(totals),
    )


def recipient_of(one: ListedRecipient) -> Recipient:
    name = f"{one.first_name} {one.last_name}".strip()
    return Recipient(one.contact_id, one.email, name, one.state, one.reason, one.detail, why(one), one.at)


def why(one: ListedRecipient) -> str:
    """In words, what became of the mail to one recipient."""
    match one.state:
        case RecipientState.WAITING:
            return "Not checked yet."
        case RecipientState.LEFT_OUT:
            return WHY[one.reason]
        case RecipientState.CHECKED | RecipientState.HANDING:
            return "May be mailed; its turn comes."
        case RecipientState.SENT:
            return "The mail server took the mail."
        case RecipientState.REFUSED:
            return f"The mail server refused the mail: {one.detail}"
        case RecipientState.DEFERRED:
            return f"The mail server asked to try again later: {one.detail}"
        case RecipientState.UNCERTAIN:
            return "It is not known whether the mail went out. It is not repeated: nobody gets it twice."
        case RecipientState.STOPPED:
            return "The send ended before its turn."
