"""How a send and each of its recipients get on: closed sets of states, and every step between them."""

from enum import Enum

from assent.policy.gate import Reason


class SendState(Enum):
    """Where a send stands; the last three are its ends."""

    DRAFT = "draft"
    PLANNED = "planned"  # it starts by itself at its time
    CHECKING = "checking"  # the gate is asked about everybody
    SENDING = "sending"
    PAUSED = "paused"  # by a person; it can go on
    DONE = "done"
    STOPPED = "stopped"  # by a person
    FAILED = "failed"  # it cannot go on; its problem says why

    @property
    def under_way(self) -> bool:
        """Whether it still does something."""
        return self in (SendState.CHECKING, SendState.SENDING)

    @property
    def ended(self) -> bool:
        """Whether it never does anything again."""
        return self in (SendState.DONE, SendState.STOPPED, SendState.FAILED)


class Step(Enum):
    """What may befall a send."""

    EDIT = "edit"
    DISCARD = "discard"
    PLAN = "plan"  # to start at a time, or at another one
    CANCEL = "cancel"  # the plan: a draft again
    START = "start"
    CHECKED = "checked"  # the gate has spoken about everybody
    FINISH = "finish"  # nobody is left to write to
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    FAIL = "fail"


class RecipientState(Enum):
    """How far the mail to one recipient got."""

    WAITING = "waiting"  # not checked yet, or not provable when it was
    LEFT_OUT = "left_out"  # the gate said no; the reason says why
    CHECKED = "checked"  # may be mailed, as things stood then
    HANDING = "handing"  # about to be given to the mail server
    SENT = "sent"  # the mail server took it
    REFUSED = "refused"  # the mail server said no for good
    DEFERRED = "deferred"  # the mail server said later
    UNCERTAIN = "uncertain"  # it is not known whether it was sent; never repeated
    STOPPED = "stopped"  # the send ended before its turn

    @property
    def open(self) -> bool:
        """Whether something may still happen."""
        return self in _OPEN


_OPEN = frozenset(
    {RecipientState.WAITING, RecipientState.CHECKED, RecipientState.HANDING, RecipientState.DEFERRED}
)

_LEADS: dict[SendState, dict[Step, SendState]] = {
    SendState.DRAFT: {
        Step.EDIT: SendState.DRAFT,
        Step.DISCARD: SendState.DRAFT,
        Step.PLAN: SendState.PLANNED,
        Step.START: SendState.CHECKING,
    },
    SendState.PLANNED: {
        Step.PLAN: SendState.PLANNED,
        Step.CANCEL: SendState.DRAFT,
        Step.START: SendState.CHECKING,
        Step.FAIL: SendState.FAILED,
    },
    SendState.CHECKING: {
        Step.CHECKED: SendState.SENDING,
        Step.PAUSE: SendState.PAUSED,
        Step.STOP: SendState.STOPPED,
        Step.FAIL: SendState.FAILED,
    },
    SendState.SENDING: {
        Step.FINISH: SendState.DONE,
        Step.PAUSE: SendState.PAUSED,
        Step.STOP: SendState.STOPPED,
        Step.FAIL: SendState.FAILED,
    },
    # Whoever waited is checked anew, so it goes on where checking is.
    SendState.PAUSED: {Step.RESUME: SendState.CHECKING, Step.STOP: SendState.STOPPED},
}

#: What each step leads to from each state; None means that it cannot be done there.
NEXT: dict[SendState, dict[Step, SendState | None]] = {
    state: {step: _LEADS.get(state, {}).get(step) for step in Step} for state in SendState
}


def may_happen(step: Step) -> frozenset[SendState]:
    """The states in which a step can be done."""
    return frozenset(state for state, steps in NEXT.items() if steps[step] is not None)


#: What a reason means for the person who reads who was left out.
WHY: dict[Reason, str] = {
    Reason.MAY: "May be mailed.",
    Reason.SUPPRESSED: "The address takes no mail from us: it bounced, they complained, or it was erased.",
    Reason.WITHDRAWN: "Withdrawn: this person said no, here or in Dynamics.",
    Reason.NO_BASIS: "No legal basis is recorded.",
    Reason.UNSUBSCRIBED: "Unsubscribed from this category.",
    Reason.UNSUBSCRIBED_ALL: "Unsubscribed from every category.",
    Reason.DO_NOT_EMAIL: "Dynamics says that this person gets no email at all.",
    Reason.REFUSAL_PENDING: "A refusal arrived from Dynamics and is being taken in.",
    Reason.UNVERIFIED: "It could not be proved in time that this person still agrees.",
    Reason.HELD: "Held until somebody decides.",
}
