"""Real time: a notice names a row, the row is read, its person reconciled (tier 2)."""

from assent.engine.adopt import meet
from assent.engine.outward import create_rows
from assent.engine.pending import reconcile_all, reconcile_pending
from assent.engine.run import STEP, Report, Run
from assent.engine.sighting import now
from assent.policy.sides import LinkKey


async def drain(run: Run) -> Report:
    """Deal with every waiting notice, then with what people changed in the hub.

    A notice ends when a merge has read its row (M8); one whose row turns out to be nobody's ends
    here. What could not be settled stays waiting, and blocks, until a later run succeeds.
    """
    report = await _drain_notices(run)
    return report + await create_rows(run) + await reconcile_pending(run)


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
        report += await _meet_strangers(run, keys)
        linked = await run.memory.linked(run.account_id, keys)
        if linked:
            report += await reconcile_all(run, set(linked.values()), fresh=True)
        still_linked = await run.memory.linked(run.account_id, keys)
        over = [
            n.notice_id
            for n in batch
            if (key := LinkKey(n.connection_id, n.row_id)) in keys and key not in still_linked
        ]
        await run.memory.dismiss(run.account_id, over)


async def _meet_strangers(run: Run, keys: set[LinkKey]) -> Report:
    """Read rows no contact is linked to, and link or create one for each (I5)."""
    report = Report()
    linked = await run.memory.linked(run.account_id, keys)
    strangers = keys - linked.keys()
    for connection_id, crm in run.crms.items():
        row_ids = [key.row_id for key in strangers if key.connection_id == connection_id]
        if not row_ids:
            continue
        stamp = await now(run)
        rows = await crm.read(row_ids)
        report += (await meet(run, connection_id, list(rows.values()), stamp, create=True)).report
    return report
