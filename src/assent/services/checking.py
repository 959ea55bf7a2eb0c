"""Asks the gate about the recipients of a send, thousands at a time, and keeps what it said."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection

from assent.engine.proof import UNKNOWN, Pages, Proof, Targets, judged
from assent.engine.run import Run
from assent.ledger.manifest import AskedOf
from assent.policy.gate import Facts, Message, Reason, Verdict, judge
from assent.policy.sending import RecipientState
from assent.policy.sides import PERMISSION
from assent.ports import Clock
from assent.services.gate import proved
from assent.services.jobs import AccountJobs
from assent.store import handing
from assent.store import recipients as listed
from assent.store.columns import microseconds
from assent.store.gate_facts import GateFacts
from assent.store.handing import Mark
from assent.store.manifests import note_asked
from assent.store.opening import Store
from assent.store.sends import StoredSend

#: How many recipients are judged, and what was said of them stored, at once.
CHECK_AT_ONCE = 5_000

#: A check is good for so long; then Dynamics is asked again before anybody is mailed (P1).
GOOD_FOR = timedelta(seconds=60)

#: Whoever could not be proved is tried again so often, for so long; then left out.
TRY_AGAIN = timedelta(seconds=10)
PATIENCE = timedelta(hours=1)


@dataclass(slots=True)
class Checking:
    """The checks of one go of a send: first of everybody, then again for whoever's check is too old.

    What Dynamics said is kept for a while, so that it is asked once for very many recipients.
    """

    store: Store
    jobs: AccountJobs
    clock: Clock
    _held: "_Held | None" = None

    async def check_new(self, account_id: int, send: StoredSend) -> "Checked | None":
        """Check the next who were not, or could not be proved; None where nobody is to be checked now."""
        now, database = self.clock.now(), self.store.database

        async def due(after: UUID | None = None) -> list[UUID]:
            return await database.read(
                lambda c: listed.unchecked(c, account_id, send.send_id, now, CHECK_AT_ONCE, after)
            )

        async def pages() -> Pages:
            ids = await due()
            while ids:
                yield await self.store.memory.standing(account_id, ids)
                ids = await due(ids[-1])

        if not (ids := await due()):
            return None
        count = await database.read(lambda c: listed.unchecked_count(c, account_id, send.send_id, now))
        return await self._check(account_id, send, ids, Targets(count, pages), everybody=True)

    async def check_stale(self, account_id: int, send: StoredSend, few: int) -> "Checked | None":
        """Check again, where the check of one of the `few` next to be mailed is too old."""
        before = self.clock.now() - GOOD_FOR
        database = self.store.database
        if send.draft.transactional or not await database.read(
            lambda c: listed.stale(c, account_id, send.send_id, before, few)
        ):
            return None
        ids = await database.read(lambda c: listed.stale(c, account_id, send.send_id, before, CHECK_AT_ONCE))

        async def pages() -> Pages:
            yield await self.store.memory.standing(account_id, ids)

        return await self._check(account_id, send, ids, Targets(len(ids), pages), everybody=False)

    async def _check(
        self, account_id: int, send: StoredSend, ids: Sequence[UUID], about: Targets, *, everybody: bool
    ) -> "Checked":
        held = await self._proof(account_id, send, about, everybody=everybody)
        proof, began = held.proof, held.began
        verdicts = {one.contact_id: one.verdict for one in await judged(held.run, proof, ids)}
        now = self.clock.now()
        patient = send.going_since is not None and now - send.going_since < PATIENCE
        marks = [_mark(key, verdict, now, patient=patient) for key, verdict in verdicts.items()]
        asked = [
            AskedOf(key, microseconds(one.since), one.method.value)
            for key, one in proof.asked.items()
            if one.error is None
        ]

        def keep(connection: Connection) -> None:
            handing.mark_checked(connection, account_id, send.send_id, marks, began)
            note_asked(connection, account_id, send.send_id, asked)

        await self.store.database.write(keep)
        return Checked(tuple(str(error) for error in proof.unreachable.values()))

    async def _proof(self, account_id: int, send: StoredSend, about: Targets, *, everybody: bool) -> "_Held":
        """What Dynamics said a moment ago, where it is good for these recipients, or says now."""
        held = self._held
        if held is None or not held.good_for(self.clock.now(), everybody=everybody):
            began, run = self.clock.now(), await self.jobs.run(account_id)
            message = Message(send.draft.category, send.draft.transactional)
            held = self._held = _Held(run, await proved(run, about, message), began, everybody)
        return held


@dataclass(frozen=True, slots=True)
class _Held:
    """A proof in hand; `everybody` tells whether it was about all who had not been checked."""

    run: Run
    proof: Proof
    began: datetime
    everybody: bool

    def good_for(self, now: datetime, *, everybody: bool) -> bool:
        """Whether it need not be asked again: neither too old nor about others, nor due another try."""
        age = now - self.began
        if self.proof.unreachable:
            return age < TRY_AGAIN
        return age < GOOD_FOR / 2 and (self.proof.universal or (everybody and self.everybody))


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check met: why connections could not be asked, for which nobody was proved."""

    unreachable: tuple[str, ...]


def _mark(contact_id: UUID, verdict: Verdict, now: datetime, *, patient: bool) -> Mark:
    if verdict.may:
        return Mark(contact_id, RecipientState.CHECKED, verdict.reason)
    if verdict.reason is Reason.UNVERIFIED and verdict != UNKNOWN and patient:
        return Mark(contact_id, RecipientState.WAITING, verdict.reason, due_at=now + TRY_AGAIN)
    return Mark(contact_id, RecipientState.LEFT_OUT, verdict.reason, verdict.detail)


def judge_here(facts: GateFacts, message: Message, categories: int) -> Verdict:
    """The gate's word on what is known here and now, with no age allowed; the CRM was asked before.

    Only for contacts a check has proved. What a row was last seen to refuse counts too, unless it is
    inactive, for then its refusal was counted when it was seen (I4).
    """
    rows = [link for link in facts.links if link.active]
    unsubscribed = 0
    for link in rows:
        unsubscribed |= link.unsubscribed
    return judge(
        Facts(
            basis=facts.basis,
            value=facts.value,
            suppressed=facts.suppressed,
            do_not_email=any(link.no_email for link in facts.links),
            blocked=facts.blocked,
            crm_refuses=any(link.refuses for link in rows),
            crm_unsubscribed=unsubscribed,
            hold=facts.hold,
            verified=True,
        ),
        message,
        categories=categories,
        permission=PERMISSION,
    )
