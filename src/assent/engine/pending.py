"""Work is derived: whoever moved since the base is reconciled, step by step (design section 3)."""

from collections.abc import Collection
from uuid import UUID

from assent.engine.reconcile import reconcile
from assent.engine.run import ROUNDS, STEP, Report, Run

#: How long to wait before asking again for contacts another worker holds; doubles each time.
BUSY_S = 0.05


async def reconcile_all(
    run: Run, contact_ids: Collection[UUID], *, fresh: bool = False, patient: bool = True
) -> Report:
    """Reconcile contacts until they are settled, at most `ROUNDS` times.

    Contacts held by another worker are waited for: that worker may have read their rows before what
    brought us here happened. Who is not `patient` leaves them to that worker.
    """
    report, due, wait_s = Report(), frozenset(contact_ids), BUSY_S
    for turn in range(ROUNDS):
        # What failed a condition, or was not confirmed, must be read again (M6).
        part = await reconcile(run, due, fresh=fresh or turn > 0)
        report, due = report.without(due) + part, part.again if patient else part.again - part.busy
        if not due or part.braked is not None:
            break
        if part.busy:
            await run.clock.sleep(wait_s)
            wait_s *= 2
    return report


async def reconcile_pending(run: Run, *, step: int = STEP) -> Report:
    """Reconcile everybody whose sides moved since their bases, refusals first.

    Ends when nobody is pending, when a brake stops it, or when only contacts are left that this run
    could not settle, or that were settled and wait for a notice which came meanwhile.
    """
    report, passed, last = Report(), set[UUID](), set[UUID]()
    while True:
        due = await run.memory.pending(run.account_id, step + len(passed))
        passed |= last.intersection(due)
        batch = [contact_id for contact_id in due if contact_id not in passed][:step]
        if not batch:
            return report
        part = await reconcile_all(run, batch)
        report += part
        passed |= part.again
        last = set(batch)
        await run.passes(len(batch))
