"""Fills columns that are null beside a Yes or a positive basis: paced, resumable, last in line (T6)."""

from dataclasses import replace

from assent.engine.pending import reconcile_all
from assent.engine.run import STEP, Report, Run

#: Contacts to a round: their other rows go along, and all of them should fit one request.
_ROUND = STEP * 9 // 10


async def backfill(run: Run, connection_id: int) -> Report:
    """Write the hub's Yes, or Allow, wherever an active row of this connection holds null.

    Filling a blank lifts no refusal, yet every write is conditional on the version read (M6): who
    says No meanwhile is not overwritten. Ends when a round fills nothing more.
    """
    filling = replace(run, terms=replace(run.terms, fill=True))
    report = Report()
    while due := await run.memory.blanks(run.account_id, connection_id, _ROUND):
        part = await reconcile_all(filling, due)
        report += part
        await run.passes(len(due))
        if not part.written:
            return report
    return report
