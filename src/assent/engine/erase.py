"""Erases people once their rows have the refusal: derived from what stands, so a crash ends nothing (I6)."""

from assent.engine.claiming import claimed
from assent.engine.run import STEP, Run


async def finish_erasures(run: Run) -> None:
    """Erase whoever was asked to be and whose rows refuse by now; the others wait for a later run.

    They are claimed first, so that nobody is about to write to a row that is let go.
    """
    due = await run.memory.erasing(run.account_id)
    for start in range(0, len(due), STEP):
        async with claimed(run, due[start : start + STEP]) as claims:
            await run.memory.erase(run.account_id, claims.mine)
