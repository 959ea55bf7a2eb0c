"""Delivers sends: everybody is checked, then mail goes out in small batches, judged at the last moment.

Crash safety (P6): a recipient is stored as being handed over before the mail server is spoken to, and
what became of it afterwards. Whoever is found in between after a crash is uncertain, and never repeated.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from assent.errors import Invalid
from assent.mail.opening import SmtpSettings
from assent.policy.gate import Message, Verdict
from assent.policy.sending import RecipientState, SendState, Step
from assent.ports import Clock
from assent.services.checking import GOOD_FOR, Checking, judge_here
from assent.services.drafts import draft_of
from assent.services.handing import HAND_AT_ONCE, NO_SERVER, Handing
from assent.services.jobs import AccountJobs
from assent.services.letters import Writer, sender_of, writer
from assent.services.links import links_of
from assent.services.manifests import close_manifest
from assent.services.return_paths import return_paths
from assent.services.settings import Settings
from assent.store import handing
from assent.store import recipients as listed
from assent.store import sends as stored
from assent.store.columns import EPOCH
from assent.store.gate_facts import GateFacts, GateReader
from assent.store.handing import Taking
from assent.store.opening import Store
from assent.store.recipients import Taken
from assent.store.sends import StoredSend


def mail_server(settings: Settings) -> SmtpSettings | None:
    """The mail server an operator set, or None; raises Invalid for settings that cannot work."""
    if not settings.smtp_host:
        return None
    return SmtpSettings(
        host=settings.smtp_host,
        port=settings.smtp_port,
        tls=settings.smtp_tls,
        username=settings.smtp_username,
        password=settings.smtp_password.get_secret_value(),
        connections=settings.smtp_connections,
        ca_file=settings.smtp_ca_file,
    )


def can_send(settings: Settings) -> bool:
    """Whether a mail server and a sender are set."""
    return bool(settings.smtp_host and settings.mail_from)


#: Waits within one go: growing, and short enough that a stop is heard; the tick goes on from there.
WAITS_S = (1.0, 2.0, 4.0, 8.0)

#: A domain's limit is waited for in pieces, so that a pause or stop is heard.
LONGEST_WAIT_S = 2.0

NOT_REACHED = (
    "Dynamics cannot be asked, so it is not proved that these people still agree, and nobody is written to. "
    "It is tried again for an hour. The reason: {reason}"
)

ARCHIVED = (
    "The category was archived while this was being sent: nobody can say yes or no to it any more. "
    "Whoever was not written to yet is not."
)


@dataclass(frozen=True, slots=True)
class SendErrands:
    """Carries out sends, and goes on with them where a process ended; may be run twice.

    Once `closing` is set they stop between two batches, so that nobody's mail is left uncertain by a
    process that ends in order; the next one finds them owed.
    """

    store: Store
    settings: Settings
    clock: Clock
    jobs: AccountJobs
    hands: Handing
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    async def owed(self) -> list[tuple[int, int]]:
        """Every send that was begun and has not ended, and those whose time has come."""
        now = self.clock.now()
        return await self.store.database.read(lambda c: stored.owed(c, now))

    async def perform(self, account_id: int, number: int) -> Mapping[str, Any]:
        """Bring a send as far as it goes now: to its end, or to a wait that the next tick takes up."""
        database, waits, rounds = self.store.database, iter(WAITS_S), 0
        lost = await database.write(lambda c: handing.orphans(c, account_id, number))
        letters: Writer | None = None
        checking = Checking(self.store, self.jobs, self.clock)
        while True:
            send = await database.read(lambda c: stored.read(c, account_id, number))
            if send.state is SendState.PLANNED and await self._begin(account_id, send):
                continue
            if not send.state.under_way or self.closing.is_set():
                break
            letters = letters or await self._writer(account_id, send)
            rounds += 1
            if letters is not None and await self._advance(account_id, send, letters, checking):
                waits = iter(WAITS_S)
                continue
            pause = next(waits, None)
            if pause is None:
                break
            await self.clock.sleep(pause)
        return {"lost": lost, "rounds": rounds}

    async def _begin(self, account_id: int, send: StoredSend) -> bool:
        """Start a planned send whose time has come; tells whether it was this one's turn to do so."""
        now, audience = self.clock.now(), draft_of(send.draft).audience
        if send.planned_at is None or send.planned_at > now:
            return False
        try:
            return await self.store.database.write(
                lambda c: handing.begin(c, account_id, send.send_id, audience, now)
            )
        except Invalid as error:  # nobody is in its audience by now
            return await self._end(account_id, send, Step.FAIL, str(error))

    async def _advance(self, account_id: int, send: StoredSend, letters: Writer, checking: Checking) -> bool:
        """Do one piece; tells whether something came of it, so that the next may follow at once."""
        checked = await checking.check_new(account_id, send)
        if checked is None and send.state is SendState.SENDING:
            checked = await checking.check_stale(account_id, send, HAND_AT_ONCE)
        if checked is not None:
            reasons = checked.unreachable
            return await self._tell(
                account_id, send, NOT_REACHED.format(reason=reasons[0]) if reasons else ""
            )
        if send.state is SendState.CHECKING:
            return await self._begin_sending(account_id, send)
        return await self._hand_over(account_id, send, letters)

    async def _begin_sending(self, account_id: int, send: StoredSend) -> bool:
        """Everybody who could be proved is: go over to sending with a manifest, unless all still wait."""
        standing = await self._standing(account_id, send)
        if RecipientState.WAITING in standing and RecipientState.CHECKED not in standing:
            return False
        return await close_manifest(self.store, self.clock, account_id, send.send_id)

    async def _hand_over(self, account_id: int, send: StoredSend, letters: Writer) -> bool:
        categories = await self.store.memory.categories(account_id)
        if send.draft.category & ~categories:
            return await self._end(account_id, send, Step.FAIL, ARCHIVED)
        if self.hands.mailer is None:
            return await self._tell(account_id, send, f"{NO_SERVER} The send goes on then.")
        taking, number, database = self._taking(send, categories), send.send_id, self.store.database
        taken = await database.write(lambda c: taking.run(c, account_id, number))
        if taken:

            async def still_may(to: Taken) -> bool:
                return await database.read(lambda c: taking.still_may(c, account_id, number, to))

            problem = await self.hands.hand_over((account_id, number), letters, taken, still_may)
            return await self._tell(account_id, send, problem)
        now = self.clock.now()
        if await database.write(lambda c: handing.retry_deferred(c, account_id, number, now)):
            return True
        if wait := self.hands.pace.wait_s(now):
            await self.clock.sleep(min(wait, LONGEST_WAIT_S))
            return True
        if any(state.open for state in await self._standing(account_id, send)):
            return False
        return await self._end(account_id, send, Step.FINISH, "")

    def _taking(self, send: StoredSend, categories: int) -> Taking:
        """Takes the next batch, judged on what is known in the very transaction that marks it."""
        message = Message(send.draft.category, send.draft.transactional)
        now = self.clock.now()

        def judge(facts: GateFacts) -> Verdict:
            return judge_here(facts, message, categories)

        since = EPOCH if send.draft.transactional else now - GOOD_FOR
        full = self.hands.pace.exhausted(now)
        return Taking(GateReader(self.store.accounts.marking), judge, since, HAND_AT_ONCE, now, full)

    async def _standing(self, account_id: int, send: StoredSend) -> set[RecipientState]:
        number = send.send_id
        counted = await self.store.database.read(lambda c: listed.counts(c, account_id, [number]))
        return {state for state, _ in counted.get(number, {})}

    async def _writer(self, account_id: int, send: StoredSend) -> Writer | None:
        """The letters of a send; None where something must be put right first, which is told."""
        draft = draft_of(send.draft)
        names = {c.bit: c.name for c in await self.store.accounts.categories(account_id)}
        try:
            sender = sender_of(self.settings.mail_from, dict(await self.store.accounts.all())[account_id])
            links = await links_of(self.store.accounts, self.settings.reached_at, account_id)
            paths = await return_paths(self.store.accounts, self.settings.return_path, account_id)
            made = writer(send.send_id, draft, names.get(draft.category, ""), sender, links)
            return replace(made, paths=paths)
        except Invalid as error:
            await self._tell(account_id, send, str(error))
            return None

    async def _tell(self, account_id: int, send: StoredSend, problem: str) -> bool:
        """Keep what a send waits for, for whoever looks at it; tells whether it waits for nothing."""
        if problem != send.problem:
            states, number = {SendState.CHECKING, SendState.SENDING}, send.send_id
            await self.store.database.write(
                lambda c: stored.move(c, account_id, number, states, problem=problem)
            )
        return not problem

    async def _end(self, account_id: int, send: StoredSend, step: Step, problem: str) -> bool:
        now = self.clock.now()
        return await self.store.database.write(
            lambda c: handing.end(c, account_id, send.send_id, step, problem, now)
        )
