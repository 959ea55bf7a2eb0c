"""Fills columns that are null beside a Yes or a positive basis: paced, resumable, last in line (T6)."""

from dataclasses import replace

from assent.engine.pending import reconcile_all
from assent.engine.run import STEP, Report, Run


async def backfill(run: Run, connection_id: int) -> Report:
    """Write the hub's Yes, or Allow, wherever an active row of this connection holds null.

    Filling a blank lifts no refusal, yet every write is conditional on the version read (M6): who
    says No meanwhile is not overwritten. Ends when a round fills nothing more.
    """
    filling = replace(run, terms=replace(run.terms, fill=True))
    report = Report()
    while due := await run.memory.blanks(run.account_id, connection_id, STEP):
        part = await reconcile_all(filling, due)
        report += part
        if not part.written:
            return report
    return report
