"""The check right before a send: catch up, then read who refuses (tier 4, rule G4)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from assent.engine.notices import deal
from assent.engine.pending import reconcile_all
from assent.engine.proof import Asked, Judged, Proof, Refusals, Targets, judged, these
from assent.engine.run import Report, Run
from assent.engine.sweep import catch_up
from assent.errors import AssentError, Retry
from assent.policy.gate import Message, Verdict
from assent.policy.method import Choice, Method, choose
from assent.policy.sides import NO_EMAIL, PERMISSION, Row
from assent.ports import STRANGER

#: Up to so many contacts are settled by themselves; a check of more waits for everything that is due.
FEW = 200


@dataclass(frozen=True, slots=True)
class Check:
    """The verdict on every contact asked about, and what the check rests on.

    `unreachable` names the connections that could not be caught up: everybody they might know of is
    unverified, and so left out (the gate fails closed).
    """

    verdicts: Mapping[UUID, Verdict]
    report: Report
    unreachable: Mapping[int, AssentError] = field(default_factory=dict)


async def check(
    run: Run,
    contact_ids: Sequence[UUID],
    message: Message,
    *,
    few: int = FEW,
    method: Method | None = None,
) -> Check:
    """Say of each contact whether this message may go to it now, and if not, why."""
    proof = await prove(run, these(run, contact_ids), message, few=few, method=method)
    return checked(proof, await judged(run, proof, contact_ids))


def checked(proof: Proof, verdicts: Iterable[Judged]) -> Check:
    """Put a proof and the verdicts that follow from it together."""
    return Check({one.contact_id: one.verdict for one in verdicts}, proof.report, proof.unreachable)


async def prove(
    run: Run,
    targets: Targets,
    message: Message,
    *,
    few: int = FEW,
    method: Method | None = None,
) -> Proof:
    """Find out from every organisation what the verdicts on these contacts need.

    The requests needed depend on what changed and on how many rows refuse, or on how many contacts are
    asked about where that is less, connection by connection; `method` takes that choice away.
    """
    began, categories = run.clock.now(), run.terms.categories
    if message.transactional:  # G4 does not concern it: what was last read of a row is enough (G3)
        return Proof(message, categories, began, {key: Asked(began) for key in run.connections})
    asked = {key: Asked(began, error=_closed()) for key in run.connections.keys() - run.crms.keys()}
    report = Report()
    for connection_id in run.crms:
        asked[connection_id] = Asked(run.clock.now())
        try:
            report += await catch_up(run, connection_id)
        except AssentError as error:
            asked[connection_id] = Asked(began, error=error)
    if not any(one.error for one in asked.values()):
        try:
            report += await _settle(run, targets, few)
        except AssentError as error:  # whose it was is not known, so nobody is verified
            asked = {key: Asked(began, error=error) for key in run.connections}
    # After that, so that a grant the lines above wrote is not met by the refusal it replaced.
    refusals = Refusals()
    for connection_id, one in asked.items():
        if one.error is None:
            reading = _Reading(run, connection_id, message, refusals)
            asked[connection_id] = await reading.read(targets, one, method)
    return Proof(message, categories, began, asked, refusals, report)


async def _settle(run: Run, targets: Targets, few: int) -> Report:
    """Bring to agreement whoever moved.

    Few people wait neither for whatever else is due nor for who is at theirs right now: their rows are
    read afterwards, and the stricter of both sides counts.
    """
    if targets.count > few:
        return await deal(run)
    report = Report()
    async for people in targets.pages():
        theirs = {one.contact_id for one in people} - {STRANGER}
        report += await reconcile_all(run, theirs, patient=False)
    return report


@dataclass(frozen=True, slots=True)
class _Reading:
    """Reads of one organisation what may refuse a message."""

    run: Run
    connection_id: int
    message: Message
    refusals: Refusals

    @property
    def fields(self) -> int:
        """What refuses this message: all of it (G1), its category, or all categories together (G2).

        Where the connection honours it, also whoever is to get no email at all (G3).
        """
        never = NO_EMAIL if self.run.connections[self.connection_id].honour_no_email else 0
        return PERMISSION | never | (self.message.category or self.run.terms.categories)

    async def read(self, targets: Targets, asked: Asked, method: Method | None) -> Asked:
        """Read it the cheapest way, or by `method`; tells how, and what went wrong."""
        memory, account_id = self.run.memory, self.run.account_id
        known = await memory.refusing(account_id, self.connection_id, self.fields)
        choice = choose(targets.count, known)
        if method is not None and method is not choice.method:
            choice = Choice(method, choice.other, choice.cost)
        try:
            if choice.method is Method.TARGETS:
                return Asked(asked.since, choice, await self._targets(targets))
            rows = await self._everybody()
        except AssentError as error:
            return Asked(asked.since, choice, error=error)
        if rows != known:
            await memory.count_refusing(account_id, self.connection_id, self.fields, rows)
        return Asked(asked.since, choice, rows)

    async def _everybody(self) -> int:
        """Every row that refuses: they are few, and it does not matter who is asked about."""
        count = 0
        async for page in self.run.crms[self.connection_id].refusing(self.fields):
            count += len(page)
            for row in page:
                self.refusals.add(self.connection_id, row.row_id, row.email, row.refused)
        return count

    async def _targets(self, targets: Targets) -> int:
        """The rows of those who are asked about, and every row that bears their addresses."""
        run, count = self.run, 0
        async for people in targets.pages():
            row_ids = {key[1] for one in people for key in one.rows if key[0] == self.connection_id}
            addresses = {one.email for one in people}
            self.refusals.ask(self.connection_id, row_ids, addresses)
            if not people:
                continue
            keys = [UUID(bytes=row_id) for row_id in row_ids]
            for row in await run.crms[self.connection_id].around(keys, addresses):
                if refused := _refused(row) & self.fields:
                    self.refusals.add(self.connection_id, row.row_id, row.email, refused)
                    count += 1
        return count


def _refused(row: Row) -> int:
    """What an active row says no to; an inactive one's refusal was counted when it was seen (I4)."""
    if not row.active:
        return 0
    return row.refused | (NO_EMAIL if row.no_email else 0)


def _closed() -> AssentError:
    """Of a connection that is live but cannot be opened here: nothing it knows can be verified."""
    return Retry("The connection could not be opened; see its page for the reason.")
