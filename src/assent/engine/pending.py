"""Work is derived: whoever moved since the base is reconciled, step by step (design section 3)."""

from uuid import UUID

from assent.engine.reconcile import reconcile
from assent.engine.run import STEP, Report, Run

#: A contact that could not be settled is tried this often in one run before it waits for the next.
ROUNDS = 3


async def reconcile_pending(run: Run, *, step: int = STEP) -> Report:
    """Reconcile everybody whose sides moved since their bases, refusals first.

    Ends when nobody is pending, when a brake stops it, or when only contacts are left that were
    tried `ROUNDS` times: those stay pending, and visible.
    """
    report = Report()
    tries: dict[UUID, int] = {}
    while True:
        due = await run.memory.pending(run.account_id, step + len(tries))
        batch = [contact_id for contact_id in due if tries.get(contact_id, 0) < ROUNDS][:step]
        if not batch:
            return report
        part = await reconcile(run, batch)
        for contact_id in part.again:
            tries[contact_id] = tries.get(contact_id, 0) + 1
        report = report.without(frozenset(batch)) + part
        if part.braked is not None:
            return report
