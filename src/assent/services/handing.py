"""Hands a small batch of mails over, and keeps what became of each."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection

from assent.errors import Invalid, Refused
from assent.mail.compose import compose
from assent.mail.outcome import Handed, Outcome
from assent.mail.pace import Pace
from assent.mail.smtp import Mailer
from assent.policy.gate import Reason
from assent.policy.returning import Return, nobody_there
from assent.policy.sending import RecipientState
from assent.ports import SYSTEM, Clock
from assent.services.letters import Writer
from assent.store import handing
from assent.store.handing import Mark
from assent.store.marks import address_of
from assent.store.opening import Store
from assent.store.recipients import Taken
from assent.store.returns import Came, Returning

#: How many mails one look at the facts is for.
HAND_AT_ONCE = 25

#: How long that look is good for: a mail not begun by then goes back and is judged anew, and one the mail
#: server takes its time over is judged once more before it is handed over (P1).
LOOK_GOOD_FOR = timedelta(seconds=2)

#: When a mail the server put off is tried again; after the last it is given up.
DELAYS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180))

NO_SERVER = (
    "No mail server is set, so nothing can be sent. The operator sets ASSENT_SMTP_HOST and ASSENT_MAIL_FROM, "
    "and starts Assent again."
)

#: Whether a recipient whose mail is being handed over may still be mailed.
StillMay = Callable[[Taken], Awaitable[bool]]


class CalledBack(Exception):
    """The recipient may be mailed no more; nothing was handed over."""


@dataclass(slots=True)
class Batch:
    """What became of the mails of one batch so far; `error` is one of ours that ended it."""

    waiting: deque[Taken]
    until: datetime
    still_may: StillMay
    marks: list[Mark] = field(default_factory=list)
    back: list[UUID] = field(default_factory=list)
    nobody: list[tuple[Taken, str]] = field(default_factory=list)
    problem: str = ""
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class Handing:
    """Hands mails over; `mailer` is None where no mail server is set."""

    store: Store
    clock: Clock
    mailer: Mailer | None
    delays: tuple[timedelta, ...] = DELAYS
    pace: Pace = field(default_factory=Pace)

    async def hand_over(
        self, send: tuple[int, int], letters: Writer, taken: Sequence[Taken], still_may: StillMay
    ) -> str:
        """Hand over what was taken of a send, named by account and number, and store the outcome.

        Gives what keeps the rest from going, if anything. Mails that were begun when this is cancelled, or
        that met an error of ours, stay as they are: it is not known what became of them.
        """
        batch = Batch(deque(taken), self.clock.now() + LOOK_GOOD_FOR, still_may)

        async def work() -> None:
            while batch.waiting:
                to = batch.waiting.popleft()
                if batch.problem or batch.error or self.clock.now() > batch.until:
                    batch.back.append(to.contact_id)
                    continue
                if not self.pace.take(to.email, self.clock.now()):
                    batch.back.append(to.contact_id)
                    continue
                try:
                    await self._one(letters, to, batch)
                except Exception as error:  # noqa: BLE001 - raised below, once nobody hands over any more
                    batch.error = error

        lines = self.mailer.connections if self.mailer else 1
        try:
            await asyncio.gather(*(work() for _ in range(lines)))
        finally:
            batch.back += [to.contact_id for to in batch.waiting]
            await self._store(*send, batch)
        if batch.error is not None:
            raise batch.error
        return batch.problem

    async def _one(self, letters: Writer, to: Taken, batch: Batch) -> None:
        assert self.mailer is not None
        try:
            message = compose(letters.letter(to, self.clock.now()))
        except Invalid as error:  # this address, or a name in it, cannot stand in a mail
            batch.marks.append(Mark(to.contact_id, RecipientState.REFUSED, Reason.MAY, str(error)))
            return

        async def last_look() -> None:
            if self.clock.now() > batch.until and not await batch.still_may(to):
                raise CalledBack

        try:
            outcome = await self.mailer.hand_over(message, to.email, last_look, letters.return_path(to))
        except CalledBack:
            batch.back.append(to.contact_id)
            return
        except (Invalid, Refused) as error:  # the settings or the sender: nothing was handed over
            batch.problem = str(error)
            batch.back.append(to.contact_id)
            return
        self._keep(to, outcome, batch)

    def _keep(self, to: Taken, outcome: Outcome, batch: Batch) -> None:
        said = f"{outcome.code} {outcome.text}".strip() if outcome.code else outcome.text
        match outcome.handed:
            case Handed.ACCEPTED:
                batch.marks.append(Mark(to.contact_id, RecipientState.SENT, Reason.MAY))
            case Handed.UNCERTAIN:
                batch.marks.append(Mark(to.contact_id, RecipientState.UNCERTAIN, Reason.MAY, said))
            case Handed.UNREACHABLE:
                batch.back.append(to.contact_id)
                batch.problem = f"{said} Nothing is lost: it is tried again until the mail server answers."
            case Handed.DEFERRED if to.attempts < len(self.delays):
                due = self.clock.now() + self.delays[to.attempts]
                batch.marks.append(Mark(to.contact_id, RecipientState.DEFERRED, Reason.MAY, said, due))
            case Handed.DEFERRED:
                gave_up = f"Given up after {to.attempts + 1} attempts: {said}"
                batch.marks.append(Mark(to.contact_id, RecipientState.REFUSED, Reason.MAY, gave_up))
            case Handed.REFUSED:
                batch.marks.append(Mark(to.contact_id, RecipientState.REFUSED, Reason.MAY, said))
                if nobody_there(said):
                    batch.nobody.append((to, said))

    async def _store(self, account_id: int, send_id: int, batch: Batch) -> None:
        now = self.clock.now()
        journal, marking = self.store.memory.journal, self.store.accounts.marking
        returning = Returning(journal, marking, SYSTEM, "mail server's answer", now)
        came = [
            Came(Return.HARD, to.contact_id, send_id, suppress=address_of(to.email), detail=said)
            for to, said in batch.nobody
        ]

        def work(connection: Connection) -> None:
            if came:
                returning.run(connection, account_id, came)
            handing.mark_handed(connection, account_id, send_id, batch.marks, batch.back, now)

        await self.store.database.write(work)
