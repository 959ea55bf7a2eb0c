"""A process that dies while it sends: nobody is written to twice, nobody is lost (P6)."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from assent.policy.sending import RecipientState, SendState
from assent.services import sends
from assent.services.handing import HAND_AT_ONCE
from tests.app.world import KEY, until

from .mailroom import Mailroom, mailroom

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).parents[2]
KILLED_AT = (3, 90, 190)
PEOPLE = 300
PATIENCE_S = 180


@contextmanager
def courier(at: Mailroom, send_id: int) -> Iterator[subprocess.Popen[bytes]]:
    """A process that carries the send out; killed with SIGKILL when the block ends."""
    words = [str(at.app.settings.data), KEY, str(at.sink.port), str(at.account_id), str(send_id)]
    running = subprocess.Popen([sys.executable, "-m", "tests.services.courier", *words], cwd=ROOT)
    try:
        yield running
    finally:
        running.kill()
        running.wait()


async def test_a_process_killed_again_and_again_writes_to_everybody_at_most_once(tmp_path: Path) -> None:
    """kill -9 in the middle of three deliveries: the next process goes on.

    Whoever is told to have got the mail got it once; whoever got none is told to be uncertain.
    """
    async with mailroom(tmp_path) as at:
        at.sink.settings = type(at.sink.settings)(keep=10_000)
        await at.people(*[f"p{n}@x.example" for n in range(PEOPLE)])
        send_id = await at.started()
        for count in KILLED_AT:
            with courier(at, send_id):
                await until(partial(_arrived, at, count), PATIENCE_S, f"{count} mails")
        with courier(at, send_id):
            await until(partial(_ended, at, send_id), PATIENCE_S, "the end of the send")
        states = await every_state(at, send_id)
    arrived = Counter(mail.recipient for mail in at.sink.messages(limit=10_000))
    assert PEOPLE == len(states)
    assert {1} == set(arrived.values())
    assert {RecipientState.SENT, RecipientState.UNCERTAIN} >= set(states.values())
    sent = {email for email, state in states.items() if state is RecipientState.SENT}
    uncertain = states.keys() - sent
    assert sent <= arrived.keys()
    assert states.keys() - arrived.keys() <= uncertain
    assert len(uncertain) <= HAND_AT_ONCE * len(KILLED_AT)


async def _arrived(at: Mailroom, count: int) -> bool:
    return at.sink.count >= count


async def _ended(at: Mailroom, send_id: int) -> bool:
    return (await sends.read(at.app, at.admin, send_id)).state is SendState.DONE


async def every_state(at: Mailroom, send_id: int) -> dict[str, RecipientState]:
    """How far each mail got, by address, page by page."""
    found: dict[str, RecipientState] = {}
    after = ""
    while True:
        page = await sends.recipients(at.app, at.admin, send_id, after=after)
        found |= {one.email: one.state for one in page.items}
        after = page.next
        if not after:
            return found
