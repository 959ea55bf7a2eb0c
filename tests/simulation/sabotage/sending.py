"""Bugs on the way to a mail (G4, P1, P6)."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import assent.services.handing
import assent.store.handing
from assent.engine.proof import Proof
from assent.policy.sending import RecipientState
from assent.store.recipients import of_send

from ..faults import Fault
from ..script import Move, step, tale
from .planting import LINES, NOTICES, bug, replaced


@bug(
    "the gate lets through what it could not verify (G4)",
    tale(step(Move.TOGGLE, 0, yes=False), step(Move.CHECK, 0), faults=LINES | NOTICES, harshness=5),
    "gate",
    "mails",
)
def gate_fails_open() -> Iterator[None]:
    """Trouble with Dynamics counts as nobody refusing."""
    kept = Proof._decide

    def decide(*given: Any, verified: bool) -> Any:
        return kept(*given, verified=True)

    with replaced(Proof, "_decide", decide):
        yield


@bug(
    "a send looks once and never again (P1)",
    tale(step(Move.SEND), step(Move.OPT_OUT, 0, 1.5)),
    "mails",
)
def stale_look() -> Iterator[None]:
    """What was known when the batch was taken is good for an hour."""
    with replaced(assent.services.handing, "LOOK_GOOD_FOR", timedelta(hours=1)):
        yield


@bug(
    "mails whose end is not known are sent again (P6)",
    tale(step(Move.SEND), step(Move.CRASH, 0, 0.4), faults=frozenset({Fault.CRASH})),
    "mails",
)
def mails_repeated() -> Iterator[None]:
    """Whoever was being handed over as the process died comes first the next time."""

    def orphans(connection: Any, account_id: int, send_id: int) -> int:
        mine = of_send(account_id, send_id, RecipientState.HANDING)
        return assent.store.handing._restate(connection, mine, RecipientState.WAITING)

    with replaced(assent.store.handing, "orphans", orphans):
        yield
