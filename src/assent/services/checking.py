"""Asks the gate about the recipients of a send, a thousand or so at a time, and keeps what it said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from assent.engine.presend import Check, check
from assent.engine.proof import UNKNOWN
from assent.errors import AssentError
from assent.policy.gate import Facts, Message, Reason, Verdict, judge
from assent.policy.sending import RecipientState
from assent.policy.sides import PERMISSION
from assent.ports import Clock
from assent.services.jobs import AccountJobs
from assent.store import handing
from assent.store import recipients as listed
from assent.store.gate_facts import GateFacts
from assent.store.handing import Mark
from assent.store.opening import Store
from assent.store.sends import StoredSend

#: How many recipients one check is about: it reads the set that refuses once for all of them.
CHECK_AT_ONCE = 2000

#: A check is good for so long; then Dynamics is asked again before anybody is mailed (P1).
GOOD_FOR = timedelta(seconds=60)

#: Whoever could not be proved is tried again so often, for so long; then left out.
TRY_AGAIN = timedelta(seconds=10)
PATIENCE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Checking:
    """The checks of sends: first of everybody, then again for whoever's check is too old."""

    store: Store
    jobs: AccountJobs
    clock: Clock

    async def check_new(self, account_id: int, send: StoredSend) -> "Checked | None":
        """Check the next who were not, or could not be proved; None where nobody is to be checked now."""
        now = self.clock.now()
        ids = await self.store.database.read(
            lambda c: listed.unchecked(c, account_id, send.send_id, now, CHECK_AT_ONCE)
        )
        return await self._check(account_id, send, ids) if ids else None

    async def check_stale(self, account_id: int, send: StoredSend, few: int) -> "Checked | None":
        """Check again, where the check of one of the `few` next to be mailed is too old."""
        before = self.clock.now() - GOOD_FOR
        database = self.store.database
        if send.draft.transactional or not await database.read(
            lambda c: listed.stale(c, account_id, send.send_id, before, few)
        ):
            return None
        ids = await database.read(lambda c: listed.stale(c, account_id, send.send_id, before, CHECK_AT_ONCE))
        return await self._check(account_id, send, ids)

    async def _check(self, account_id: int, send: StoredSend, ids: Sequence[UUID]) -> "Checked":
        began = self.clock.now()
        found = await self._ask(account_id, send, ids)
        patient = send.started_at is not None and began - send.started_at < PATIENCE
        marks = [_mark(key, verdict, began, patient=patient) for key, verdict in found.verdicts.items()]
        await self.store.database.write(
            lambda c: handing.mark_checked(c, account_id, send.send_id, marks, began)
        )
        return Checked(tuple(str(error) for error in found.unreachable.values()))

    async def _ask(self, account_id: int, send: StoredSend, ids: Sequence[UUID]) -> "_Found":
        if send.draft.transactional:  # it skips G1, G2 and G4; what is left is judged as it is handed over
            return _Found(dict.fromkeys(ids, Verdict(Reason.MAY)), {})
        message = Message(send.draft.category, send.draft.transactional)
        asked: Check = await check(await self.jobs.run(account_id), ids, message)
        return _Found(asked.verdicts, asked.unreachable)


@dataclass(frozen=True, slots=True)
class _Found:
    verdicts: Mapping[UUID, Verdict]
    unreachable: Mapping[int, AssentError]


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check met: why connections could not be asked, for which nobody was proved."""

    unreachable: tuple[str, ...]


def _mark(contact_id: UUID, verdict: Verdict, began: datetime, *, patient: bool) -> Mark:
    if verdict.may:
        return Mark(contact_id, RecipientState.CHECKED, verdict.reason)
    if verdict.reason is Reason.UNVERIFIED and verdict != UNKNOWN and patient:
        return Mark(contact_id, RecipientState.WAITING, verdict.reason, due_at=began + TRY_AGAIN)
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
