"""Real time: a notice names a row, the row is read, its person reconciled (tier 2)."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from assent.engine.adopt import meet
from assent.engine.erase import finish_erasures
from assent.engine.forget import forget
from assent.engine.organisation import answering
from assent.engine.outward import create_rows
from assent.engine.pending import reconcile_all, reconcile_pending
from assent.engine.run import STEP, Report, Run
from assent.engine.sighting import by_connection, now
from assent.policy.sides import PERMISSION, LinkKey
from assent.ports import Notice


async def drain(run: Run) -> Report:
    """Deal with every waiting notice, then with what people changed in the hub.

    Organisations that do not answer, or not as themselves, are left out and raised at the end, so
    that the others' people need not wait for them.
    """
    run, errors = await answering(run)
    report = await deal(run)
    if errors:
        raise errors[0]
    return report


async def deal(run: Run) -> Report:
    """The same, of organisations that were asked who they are already.

    A notice ends when a merge has read its row (M8); one whose row turns out to be nobody's ends
    here. What could not be settled stays waiting, and blocks, until a later run succeeds.
    """
    report = await _drain_notices(run)
    report += await create_rows(run) + await reconcile_pending(run)
    await finish_erasures(run)
    return report


async def _drain_notices(run: Run) -> Report:
    report = Report()
    handled: set[int] = set()
    while True:
        waiting = await run.memory.notices(run.account_id, STEP + len(handled))
        batch = [notice for notice in waiting if notice.notice_id not in handled]
        if not batch:
            return report
        handled |= {notice.notice_id for notice in batch}
        keys = {LinkKey(n.connection_id, n.row_id) for n in batch if n.connection_id in run.crms}
        report += await _look(run, keys)
        linked = await run.memory.linked(run.account_id, keys)
        if linked:
            report += await reconcile_all(run, set(linked.values()))
        still_linked = await run.memory.linked(run.account_id, keys)
        over = [
            notice
            for notice in batch
            if (key := LinkKey(notice.connection_id, notice.row_id)) in keys and key not in still_linked
        ]
        await _hear(run, over)
        await run.memory.dismiss(run.account_id, [notice.notice_id for notice in over])


async def _hear(run: Run, notices: Sequence[Notice]) -> None:
    """A refusal in the pre-image of a row that was forgotten before it came counts all the same (I4)."""
    allowed = run.terms.categories | PERMISSION
    told = [replace(notice, refused=notice.refused & allowed) for notice in notices]
    if refusing := [notice for notice in told if notice.refused]:
        await run.memory.hear(run.account_id, refusing)


async def _look(run: Run, keys: Collection[LinkKey]) -> Report:
    """Read the named rows: known ones are sighted, new ones adopted, gone ones forgotten."""
    report = Report()
    for connection_id, row_ids in by_connection(keys).items():
        known = await run.memory.links(run.account_id, [LinkKey(connection_id, r) for r in row_ids])
        stamp = await now(run)
        rows = await run.crms[connection_id].read(row_ids)
        met = await meet(run, connection_id, list(rows.values()), stamp, create=True, known=known)
        report += met.report
        await forget(run, [LinkKey(connection_id, row_id) for row_id in row_ids if row_id not in rows])
    return report
